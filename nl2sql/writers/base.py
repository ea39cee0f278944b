"""What a writer may say: SQL, a question back, an explanation in words, or an honest "cannot"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from nl2sql.context.base import Context
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, Usage
from nl2sql.prompt.base import EarlierTry
from nl2sql.question import Question

# not_understood: words the writer has no reading for. unanswerable: understood, but the data does not hold it.
# unsafe: asks to change something. sensitive: asks for what the policy hides. unavailable: the writer itself is down.
CannotCode = Literal["not_understood", "unanswerable", "unsafe", "sensitive", "unavailable"]


# The writer that is a language model: it alone draws differently when it is asked again, and can act on a hint.
LANGUAGE_MODEL: Final = "llm"


@dataclass(frozen=True, slots=True)
class Origin:
    """Which writer spoke, and with what: shown to the person who asked, and part of cache keys."""

    writer: str  # "offline", "llm", "verified", "sql" (typed by an analyst), "plan" (edited)
    detail: str = ""  # model name and prompt version for "llm"
    note: str = ""  # why an earlier writer of the chain did not answer


NO_ORIGIN = Origin("none")


@dataclass(frozen=True, slots=True)
class SqlDraft:
    """SQL in the engine's dialect, not yet trusted. `interpretation` says in words how the question was read.

    `usage` is what language models were paid for it in this process; nothing when it comes from a cache. `plan` is the
    query plan that it was compiled from, as JSON text; empty for SQL that was written directly. `confidence` is how
    sure the writer is of its reading, from 0 to 1; None where it does not say. `standalone` is a follow-up as a whole
    question, and "" where the question was one.
    """

    sql: str
    origin: Origin
    interpretation: str = ""
    assumptions: tuple[str, ...] = ()
    usage: Usage = NO_USAGE
    plan: str = ""
    confidence: float | None = None
    standalone: str = ""


@dataclass(frozen=True, slots=True)
class Clarification:
    """Several readings are possible: `message` asks, each of `choices` is a whole question that settles it."""

    message: str
    origin: Origin
    choices: tuple[str, ...] = ()
    usage: Usage = NO_USAGE


@dataclass(frozen=True, slots=True)
class CannotAnswer:
    """`message` is the reason in a sentence; `unknown_words` are those of the question nothing was found for."""

    message: str
    code: CannotCode
    origin: Origin
    unknown_words: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = field(default=())
    usage: Usage = NO_USAGE


@dataclass(frozen=True, slots=True)
class Explanation:
    """An answer in words about the data itself – what a term means, what can be asked – for which no SQL is needed.
    `message` may have several lines; `suggestions` are questions that can be asked next."""

    message: str
    origin: Origin
    suggestions: tuple[str, ...] = ()
    usage: Usage = NO_USAGE


Draft = SqlDraft | Clarification | CannotAnswer | Explanation


@dataclass(frozen=True, slots=True)
class Repair:
    """The drafts of the same question that could not be used, the oldest first; at least one."""

    tries: tuple[EarlierTry, ...]


class Writer(Protocol):
    """`version` changes when the same question could get another draft; it is part of cache keys."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    def write(
        self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL
    ) -> Draft: ...
