"""What one browser session remembers: the conversation, and the request that is on its way."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from nl2sql.answer.base import Answer
from nl2sql.answer.turns import MAX_TURNS, turn_of
from nl2sql.question import Turn
from streamlit_app.store.base import Request

_KEY = "conversation"

# Each entry holds a result of up to a thousand rows; a working day seldom sees fifty questions.
MAX_ENTRIES = 50


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
        return tuple(turn_of(e.request.text, e.answer) for e in answered[-MAX_TURNS:])


def conversation() -> Conversation:
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Conversation()
    found: Conversation = st.session_state[_KEY]
    return found


def request(
    text: str, is_sql: bool = False, fresh: bool = False, accept_cost: bool = False, plan: str = "", corrects: str = ""
) -> None:
    """For button callbacks."""
    conversation().ask(Request(text, is_sql, fresh, accept_cost, plan, corrects))
