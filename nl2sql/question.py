"""Who asks what, and what was asked before. Knows nothing of catalogs, SQL or models."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from random import Random
from types import MappingProxyType

from nl2sql.errors import QuestionInvalid

# A question is a sentence or three. Past 2,000 characters it is a pasted document, and its cost grows with length.
MAX_QUESTION_CHARS = 2_000
# "Today" and the calendar around it must stay within what dates can say; no business data lies outside.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)


def looks_like_sql(text: str) -> bool:
    """Whether a statement was typed where a question was expected."""
    words = text.lower().split()
    return words[:1] in (["select"], ["with"]) and "from" in words


_RANDOM = Random()  # noqa: S311 - see new_question_id: no secret
os.register_at_fork(after_in_child=_RANDOM.seed)  # else a child would give the ids of its parent again


def new_question_id() -> str:
    """Thirty-two hexadecimal digits that no other question has. Not a secret."""
    return f"{_RANDOM.getrandbits(128):032x}"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `role` selects the policy; `attributes` fill its row filters."""

    user: str = "local"
    role: str = "analyst"
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the same conversation and the SQL that answered it, if any did. `plan` is the query plan
    of that SQL as JSON text; empty where it has none. `shape` says in words what the result looked like, without any
    of its values ("12 rows: month, gmv"). A follow-up's `question` is the whole question that it was read as."""

    question: str
    sql: str | None = None
    plan: str = ""
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A cleaned question. `as_of` is the day called "today"; None means the pipeline's own setting."""

    text: str
    principal: Principal = field(default_factory=Principal)
    history: tuple[Turn, ...] = ()
    as_of: date | None = None

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        principal: Principal | None = None,
        history: tuple[Turn, ...] = (),
        as_of: date | None = None,
    ) -> Question:
        """Clean what a person typed. Raises QuestionInvalid when nothing, or far too much, is left, and for a day
        that no calendar of this product reaches."""
        if as_of is not None and not FIRST_DAY <= as_of <= LAST_DAY:
            raise QuestionInvalid(f"“Today” must lie between {FIRST_DAY} and {LAST_DAY}, and {as_of} does not.")
        visible = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFKC", text))
        cleaned = " ".join(visible.split())
        if not any(c.isalnum() for c in cleaned):
            raise QuestionInvalid("Please type a question, for example “How many listings were sold last month?”")
        if len(cleaned) > MAX_QUESTION_CHARS:
            raise QuestionInvalid(
                f"That is {len(cleaned):,} characters long; a question can have at most {MAX_QUESTION_CHARS:,}. "
                "Please ask it in a sentence or two."
            )
        return cls(cleaned, principal or Principal(), history, as_of)
