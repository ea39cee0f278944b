"""Only listed functions may be called, however the call is written.

The names are read off the tokens, not off the tree: the parser turns many calls into classes of its own, some of which
print under another name. Every word before a bracket is a call unless grammar says otherwise; because the rendered
text goes through the same rule, what is called in the end is on the list too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rapidfuzz import process
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from nl2sql.guard.calls import called_name
from nl2sql.guard.function_lists import allowed_functions, growing_functions
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

_QUALIFIERS: Final = frozenset({TokenType.DOT, TokenType.COLON})
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*\Z")
# REPLACE inside REPLACE multiplies the length of a text each time.
_MAX_GROWING: Final = 6


def _named_with_columns(statement: Statement) -> frozenset[str]:
    """WITH t(a, b) and AS t(a, b): these names stand before a bracket, too."""
    return frozenset(
        alias.name.lower() for alias in statement.tree.find_all(exp.TableAlias) if alias.args.get("columns")
    )


def _calls(statement: Statement) -> Iterator[tuple[str, bool]]:
    """Lower-case names of what is called, and whether the name was qualified."""
    tokens = statement.tokens
    named = _named_with_columns(statement)
    for index in range(1, len(tokens)):
        name = called_name(tokens, index)
        if name and name not in named:
            yield name, index > 1 and tokens[index - 2].token_type in _QUALIFIERS


def _refused(name: str, statement: Statement) -> Violation:
    near = process.extractOne(name, allowed_functions(statement.dialect.name), score_cutoff=80)
    suggestion = f" Did you mean {near[0].upper()}?" if near else " Use a common aggregate, date or text function."
    return Violation(
        "function",
        statement.fragment(f"{name.upper()}()"),
        f"The function {name.upper()[:60]} is not one that queries may use here.",
        f"Do not call {name.upper()[:60]}.{suggestion}",
    )


def allowed_calls(statement: Statement) -> list[Violation]:
    allowed = allowed_functions(statement.dialect.name)
    violations: dict[str, Violation] = {}
    growing = 0
    for name, qualified in _calls(statement):
        if qualified or name not in allowed or not _NAME.match(name):
            violations.setdefault(name, _refused(name, statement))
        growing += name in growing_functions()
    for call in statement.tree.find_all(exp.Anonymous, exp.AnonymousAggFunc):
        name = str(call.this).lower()  # a call the tokens do not show, for example through other syntax
        if name not in allowed or not _NAME.match(name):
            violations.setdefault(name, _refused(name, statement))
        else:
            call.set("this", name)  # never printed as it was written: quoted names can hold anything
    if not violations and growing > _MAX_GROWING:
        message = f"At most {_MAX_GROWING} calls that lengthen text (REPLACE and the like) may be in one query."
        return [Violation("too_complex", "", message, f"{message} Call fewer of them.")]
    return list(violations.values())[:5]
