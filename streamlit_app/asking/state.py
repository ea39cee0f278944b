"""What one browser session remembers: the conversation, and the request that is on its way.

Each answer is kept in the store as it is recorded. The address of the page names the conversation (`?c=`) and, where a
link led to one, the answer (`?answer=`), so that a page that is loaded again shows the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote
from uuid import uuid4

import streamlit as st

from nl2sql.answer.base import Answer
from nl2sql.answer.turns import MAX_TURNS, turn_of
from nl2sql.question import Principal, Question, Turn
from streamlit_app.services import Ready
from streamlit_app.store.base import KeptAnswer, Request
from streamlit_app.store.errors import StoreError, StoreUnreachable
from streamlit_app.store.limits import UNREADABLE
from streamlit_app.words import say

_KEY = "conversation"

# Each entry holds a result of up to a thousand rows; a working day seldom sees fifty questions.
MAX_ENTRIES = 50
# Of an answer that is not shown to this role: what it holds was computed for another one.
OTHER_ROLE = "other_role"

Address = tuple[str, str]  # the conversation's id and the answer's, as the page's address names them


@dataclass(frozen=True, slots=True)
class Entry:
    """A request and what came of it. `number` is unique in the session and names the entry's widgets; `place` is its
    number in the store."""

    number: int
    request: Request
    answer: Answer
    seconds: float
    place: int = 0


@dataclass(slots=True)
class Conversation:
    """`waiting` is not yet taken up; `running` was taken up and, seen on a later run, was interrupted;
    `broken` met an unexpected error. `notice` says why the last request has no entry.

    `linked` is the number of the entry that a link led to; 0: none. `unkept` are answers that the store did not take
    yet, of earlier conversations too. `principal` is whom the entries may be shown to, and `keep` the store for them:
    both None until a page has bound them, and nothing is kept before that.
    """

    entries: list[Entry] = field(default_factory=list)
    waiting: Request | None = None
    running: Request | None = None
    notice: str = ""
    broken: Request | None = None
    count: int = 0
    id: str = field(default_factory=lambda: uuid4().hex)
    linked: int = 0
    unkept: list[KeptAnswer] = field(default_factory=list)
    principal: Principal | None = None
    keep: Callable[[KeptAnswer], None] | None = None
    address: Address = ("", "")
    unresolved: bool = False  # the store was away when the address was looked up: it stays, to be tried again

    def ask(self, request: Request) -> None:
        self.waiting, self.running, self.broken, self.notice = request, None, None, ""

    def take(self) -> Request | None:
        if self.waiting is not None:
            self.running, self.waiting = self.waiting, None
            return self.running
        return None

    def record(self, request: Request, answer: Answer, seconds: float) -> None:
        self.count += 1
        entry = Entry(self.count, request, answer, seconds, self._next_place())
        self.entries = [*self.entries, entry][-MAX_ENTRIES:]
        self.running, self.linked, self.unresolved = None, 0, False
        if self.keep is not None:
            role = (self.principal or answer.question.principal).role
            at = datetime.now(UTC).replace(tzinfo=None)
            kept = KeptAnswer(self.id, entry.place, request, answer, seconds, role, at)
            self.unkept = [*self.unkept, kept][-MAX_ENTRIES:]
            self.keep_waiting()

    def keep_waiting(self) -> None:
        """Gives the store what it did not take yet. What it cannot take stays, and is said on the page."""
        if self.keep is None:
            return
        left, is_away = [], False
        for each in self.unkept:
            try:
                if not is_away:
                    self.keep(each)
                    continue
            except StoreUnreachable:
                is_away = True
            except StoreError:  # this one alone: the others may fit
                pass
            left.append(each)
        self.unkept = left

    def reject(self, sentence: str) -> None:
        """The request never became a question; `sentence` says why."""
        self.running, self.notice = None, sentence

    def give_up(self, sentence: str) -> None:
        """Something broke on the way; the request can be made again."""
        self.running, self.broken, self.notice = None, self.running, sentence

    def clear(self) -> None:
        """A new conversation. The one before stays in the store."""
        self.open(uuid4().hex, ())

    def open(self, conversation_id: str, kept: Iterable[KeptAnswer]) -> None:
        """Takes the place of what was here. Entries get numbers that the session has not had: widgets of those before
        keep what was typed into them."""
        self.id, self.entries, self.linked, self.unresolved = conversation_id, [], 0, False
        self.waiting, self.running, self.broken, self.notice = None, None, None, ""
        for each in kept:
            self.count += 1
            entry = Entry(self.count, each.request, each.answer, each.seconds, each.number)
            if not _may_see(each, self.principal):
                entry = _without_result(entry, OTHER_ROLE)
            elif each.answer.code == UNREADABLE:
                entry = _without_result(entry, UNREADABLE)
            self.entries.append(entry)

    def bind(self, principal: Principal, keep: Callable[[KeptAnswer], None]) -> None:
        """Who looks at it now. What was computed for another role, or another person, is not shown to this one."""
        before, self.principal, self.keep = self.principal, principal, keep
        if before is None or before == principal:
            return
        if before.user != principal.user:
            self.unkept = []
            self.clear()
        self.entries = [_without_result(each, OTHER_ROLE) for each in self.entries]

    def turns(self) -> tuple[Turn, ...]:
        answered = [e for e in self.entries if e.answer.outcome == "answered" and not e.request.is_sql]
        return tuple(turn_of(e.request.text, e.answer) for e in answered[-MAX_TURNS:])

    def shown_address(self) -> Address:
        """What the page's address is to name."""
        if self.unresolved:
            return self.address
        linked = next((each.answer.id for each in self.entries if each.number == self.linked), "")
        return (self.id if self.entries else "", linked)

    def _next_place(self) -> int:
        """The milliseconds of the clock: two windows with the same conversation never take each other's place."""
        return max([time.time_ns() // 1_000_000, *(each.place + 1 for each in self.entries)])


def _may_see(kept: KeptAnswer, principal: Principal | None) -> bool:
    """The rows of an answer are those that its role and the attributes of its asker let through."""
    if principal is None:
        return False
    then = kept.answer.question.principal
    return kept.role == principal.role and dict(then.attributes) == dict(principal.attributes)


def _without_result(entry: Entry, code: str) -> Entry:
    """The request alone: asked again, it is answered for whoever asks now."""
    told = Answer(
        Question(entry.request.text), "failed", say(f"history.{code}"), code, hint=say(f"history.{code}_hint")
    )
    return replace(entry, answer=told)


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


def restore_from_link(ready: Ready) -> None:
    """At the top of the page: shows the conversation and answer that its address names, binds the conversation to the
    store, and keeps the address in step with it.

    The address is read when the browser changed it (a link, a reload, back), and written when the conversation did.
    Where it names nothing that this person has, `Conversation.notice` says so, the same whether it exists or not.
    """
    talk = conversation()
    talk.bind(ready.principal, partial(ready.store.keep, ready.principal.user))
    if talk.unkept:
        talk.keep_waiting()
    asked = (st.query_params.get("c", ""), st.query_params.get("answer", ""))
    if asked != talk.address or talk.unresolved:
        talk.address = asked
        _follow(ready, talk, *asked)
    _write(talk, asked)


def open_conversation(ready: Ready, conversation_id: str) -> None:
    """For button callbacks. `Conversation.notice` says where it could not be opened."""
    talk = conversation()
    try:
        kept = ready.store.answers(ready.principal.user, conversation_id)
    except StoreUnreachable:
        talk.notice = say("history.cannot_open")
        return
    if kept:
        talk.open(conversation_id, kept)
    else:
        talk.notice = say("history.not_here")


def link_to(answer_id: str) -> str:
    """The address of an answer, for its owner: whole where the browser told its own, else relative to the Ask page."""
    return f"{st.context.url or ''}?answer={quote(answer_id, safe='')}"


def _follow(ready: Ready, talk: Conversation, conversation_id: str, answer_id: str) -> None:
    """Opens what the address names, unless it is here already."""
    if not answer_id and conversation_id in ("", talk.id):
        talk.linked, talk.unresolved = 0, False
        return
    owner = ready.principal.user
    try:
        linked = ready.store.answer(owner, answer_id) if answer_id else None
        wanted = linked.conversation if linked is not None else conversation_id
        kept = ready.store.answers(owner, wanted) if wanted else ()
    except StoreUnreachable:
        talk.notice, talk.unresolved = say("history.cannot_open"), True
        return
    if kept and wanted != talk.id:
        talk.open(wanted, kept)
    talk.unresolved = False
    if linked is not None:
        talk.linked = next((e.number for e in talk.entries if e.place == linked.number), 0)
    if not kept or (answer_id and linked is None):
        talk.notice = say("history.not_here")


def _write(talk: Conversation, there: Address) -> None:
    talk.address = talk.shown_address()
    for name, value, is_there in zip(("c", "answer"), talk.address, there, strict=True):
        if value and value != is_there:
            st.query_params[name] = value
        elif is_there and not value:
            st.query_params.pop(name, None)
