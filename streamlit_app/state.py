"""What one browser session remembers: the conversation, and the request that is on its way."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from nl2sql.answer.base import Answer
from nl2sql.question import Turn
from streamlit_app.safe import shorten

_KEY = "conversation"

# Each entry holds a result of up to a thousand rows; a working day seldom sees fifty questions.
MAX_ENTRIES = 50
# A follow-up refers to what was just said; older turns cost tokens and mislead.
MAX_TURNS = 3
# A shape goes into prompts. More columns, or longer names, than a person would name when asking on cost tokens only.
MAX_SHAPE_COLUMNS, MAX_SHAPE_NAME = 12, 40


@dataclass(frozen=True, slots=True)
class Request:
    """What the person wants next: a question, SQL they typed, or an edited `plan` (JSON text), of which `text` are the
    words. `fresh` bypasses the cache; `accept_cost` is a yes to the price that was told."""

    text: str
    is_sql: bool = False
    fresh: bool = False
    accept_cost: bool = False
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A request and what came of it. `number` is unique in the session and names the entry's widgets."""

    number: int
    request: Request
    answer: Answer
    seconds: float


@dataclass(slots=True)
class Conversation:
    """`waiting` is not yet taken up; `running` was taken up and, seen on a later run, was interrupted;
    `broken` met an unexpected error. `notice` says why the last request has no entry."""

    entries: list[Entry] = field(default_factory=list)
    waiting: Request | None = None
    running: Request | None = None
    notice: str = ""
    broken: Request | None = None
    count: int = 0

    def ask(self, request: Request) -> None:
        self.waiting, self.running, self.broken, self.notice = request, None, None, ""

    def take(self) -> Request | None:
        if self.waiting is not None:
            self.running, self.waiting = self.waiting, None
            return self.running
        return None

    def record(self, request: Request, answer: Answer, seconds: float) -> None:
        self.count += 1
        self.entries = [*self.entries, Entry(self.count, request, answer, seconds)][-MAX_ENTRIES:]
        self.running = None

    def reject(self, sentence: str) -> None:
        """The request never became a question; `sentence` says why."""
        self.running, self.notice = None, sentence

    def give_up(self, sentence: str) -> None:
        """Something broke on the way; the request can be made again."""
        self.running, self.broken, self.notice = None, self.running, sentence

    def clear(self) -> None:
        self.entries, self.waiting, self.running, self.broken, self.notice = [], None, None, None, ""

    def turns(self) -> tuple[Turn, ...]:
        answered = [e for e in self.entries if e.answer.outcome == "answered" and not e.request.is_sql]
        return tuple(_turn(e) for e in answered[-MAX_TURNS:])


def _turn(entry: Entry) -> Turn:
    """Of a follow-up, the whole question: the turns before it may be forgotten by then."""
    answer = entry.answer
    return Turn(answer.standalone or entry.request.text, answer.sql, answer.plan, shape_of(answer))


def shape_of(answer: Answer) -> str:
    """ "12 rows: month, gmv": what the result looked like, without any of its values; empty where there is none."""
    if answer.table is None:
        return ""
    names, count = answer.table.table.column_names, answer.table.row_count
    shown = [shorten(name, MAX_SHAPE_NAME) for name in names[:MAX_SHAPE_COLUMNS]]
    if len(names) > len(shown):
        shown.append(f"and {len(names) - len(shown)} more columns")
    rows = f"{count:,} {'row' if count == 1 else 'rows'}{' of more' if answer.table.truncated else ''}"
    return f"{rows}: {', '.join(shown)}"


def conversation() -> Conversation:
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Conversation()
    found: Conversation = st.session_state[_KEY]
    return found


def request(text: str, is_sql: bool = False, fresh: bool = False, accept_cost: bool = False, plan: str = "") -> None:
    """For button callbacks."""
    conversation().ask(Request(text, is_sql, fresh, accept_cost, plan))
