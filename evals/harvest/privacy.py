"""What must not be committed unseen: names of users, addresses of people, values of private columns.

Rules see forms, not meanings: a person's name in a question that names no user of the product goes unnoticed, which is
why a person reviews every file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from nl2sql.catalog.model import SemanticModel
from nl2sql.question import Principal

_EMAIL = re.compile(r"[^\s@\"'“”‘’<>(),;]+@[^\s@\"'“”‘’<>(),;]+")
# Of a telephone, an account or a card: nine digits in a row, or seven after a plus. Days and money have fewer.
_LONG_NUMBER = re.compile(r"\+\d(?:[ ()/-]?\d){6,}|\d{9,}")
# Shorter names are words of any text ("al", "de").
_SHORTEST_NAME = 3
_HIDDEN = "(…)"


def names_pattern(users: Iterable[str]) -> re.Pattern[str] | None:
    """The names of users as whole words; None where there are none but the one of a machine without sign-in."""
    names = {user for user in users if len(user) >= _SHORTEST_NAME and user != Principal().user}
    if not names:
        return None
    spelled = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)", re.IGNORECASE)


def without_people(text: str, names: re.Pattern[str] | None) -> str:
    """A reader's comment without users' names, addresses and long numbers."""
    text = names.sub(_HIDDEN, text) if names else text
    return _LONG_NUMBER.sub(_HIDDEN, _EMAIL.sub(_HIDDEN, text))


def warnings_of(
    question: str, statements: Iterable[str], model: SemanticModel, grammar: str, names: re.Pattern[str] | None
) -> tuple[str, ...]:
    """Sentences on what a reviewer must look at before the question and its statements go anywhere."""
    texts = (question, *statements)
    found = []
    if any(_EMAIL.search(text) for text in texts):
        found.append("It holds what looks like an e-mail address.")
    if any(_LONG_NUMBER.search(text) for text in texts):
        found.append("It holds a long number, such as a telephone or an account has.")
    if names is not None and any(names.search(text) for text in texts):
        found.append("It holds the name of a user.")
    if private := sorted({name for text in texts[1:] for name in _private_in(text, model, grammar)}):
        found.append(f"Its SQL names what is private: {', '.join(private)}.")
    return tuple(found)


def _private_in(sql: str, model: SemanticModel, grammar: str) -> set[str]:
    """By the names of columns alone: one of the same name in another table is told as well."""
    private = {field.expression.lower() for dataset in model.datasets for field in dataset.fields if field.sensitive}
    try:
        tree = parse_one(sql, dialect=grammar)
    except (SqlglotError, ValueError, RecursionError):
        return set()
    return {column.name for column in tree.find_all(exp.Column) if column.name.lower() in private}
