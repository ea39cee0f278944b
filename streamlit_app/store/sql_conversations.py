"""Statements about conversations and their answers, each within the transaction that it is given."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, delete, func, insert, or_, select, update

from nl2sql.answer.base import Answer
from nl2sql.answer.plain_json import from_plain, to_plain
from nl2sql.answer.storing import StoredAnswerUnreadable, answer_from_bytes, answer_to_bytes, without_table
from nl2sql.question import Question
from streamlit_app.store.base import ConversationHead, KeptAnswer, Request
from streamlit_app.store.errors import TooMuch
from streamlit_app.store.limits import ANSWER_BYTES, MOST_ANSWERS, REQUEST_CHARS, UNDO, UNREADABLE, check_kept, cut
from streamlit_app.store.tables import answers, conversations

log = logging.getLogger(__name__)

# Each transaction of a purge is over in some milliseconds.
_PURGED_AT_ONCE: Final = 100
Values = dict[str, Any]


def packed(kept: KeptAnswer) -> Values:
    """As parameters. An answer that is too large goes without its table, and says so. Raises TooMuch."""
    check_kept(kept)
    request = json.dumps(to_plain(kept.request))
    if len(request) > REQUEST_CHARS:
        raise TooMuch("This question is too long to be kept.")
    answer = answer_to_bytes(kept.answer)
    if len(answer) > ANSWER_BYTES:
        answer = answer_to_bytes(without_table(kept.answer))
    if len(answer) > ANSWER_BYTES:
        raise TooMuch("This answer is too long to be kept.")
    return {
        "answer_id": kept.answer.id,
        "request": request,
        "answer": answer,
        "seconds": kept.seconds,
        "role_name": cut(kept.role),
        "at": kept.at,
    }


def keep(connection: Connection, owner_key: str, kept: KeptAnswer, values: Values) -> None:
    """Into a conversation that was deleted meanwhile too: whoever goes on with it did not mean it to be lost."""
    this = and_(conversations.c.owner_key == owner_key, conversations.c.id == kept.conversation)
    newest = connection.scalar(select(conversations.c.at).where(this))
    if newest is None:
        head = {"owner_key": owner_key, "id": kept.conversation, "title": cut(kept.request.text), "at": kept.at}
        connection.execute(insert(conversations), head)
    else:
        connection.execute(update(conversations).where(this).values(at=max(newest, kept.at), deleted_at=None))
    key = {"owner_key": owner_key, "conversation": kept.conversation, "number": kept.number}
    place = and_(*(answers.c[name] == value for name, value in key.items()))
    if connection.scalar(select(answers.c.number).where(place)) is None:
        connection.execute(insert(answers), key | values)
    else:
        connection.execute(update(answers).where(place).values(values))


def heads(connection: Connection, owner_key: str, limit: int) -> list[ConversationHead]:
    own = and_(answers.c.owner_key == conversations.c.owner_key, answers.c.conversation == conversations.c.id)
    count = select(func.count()).select_from(answers).where(own).scalar_subquery()
    listed = (
        select(conversations.c.id, conversations.c.title, conversations.c.at, count)
        .where(conversations.c.owner_key == owner_key, conversations.c.deleted_at.is_(None))
        .order_by(conversations.c.at.desc(), conversations.c.id)
        .limit(limit)
    )
    return [ConversationHead(*row) for row in connection.execute(listed)]


def rows_of(connection: Connection, owner_key: str, conversation: str) -> list[Row[Any]]:
    """The newest answers of it, in order."""
    newest = _seen_by(owner_key).where(answers.c.conversation == conversation).order_by(answers.c.number.desc())
    return list(reversed(connection.execute(newest.limit(MOST_ANSWERS)).all()))


def row_of(connection: Connection, owner_key: str, answer_id: str) -> Row[Any] | None:
    return connection.execute(_seen_by(owner_key).where(answers.c.answer_id == answer_id).limit(1)).first()


def unpacked(row: Row[Any]) -> KeptAnswer:
    """What can no longer be read keeps its place and its question."""
    try:
        request = from_plain(Request, json.loads(row.request))
    except ValueError:
        request = Request("")
    try:
        answer = answer_from_bytes(row.answer)
    except StoredAnswerUnreadable as error:
        log.warning("A kept answer cannot be read: %s", error.sentence)
        answer = Answer(Question(request.text), "failed", error.sentence, UNREADABLE, id=row.answer_id)
    return KeptAnswer(row.conversation, row.number, request, answer, row.seconds, row.role_name, row.at)


def rename(connection: Connection, owner_key: str, conversation: str, title: str) -> None:
    connection.execute(update(conversations).where(_this(owner_key, conversation)).values(title=title))


def hide(connection: Connection, owner_key: str, conversation: str, now: datetime) -> None:
    shown = and_(_this(owner_key, conversation), conversations.c.deleted_at.is_(None))
    connection.execute(update(conversations).where(shown).values(deleted_at=now))


def bring_back(connection: Connection, owner_key: str, conversation: str, now: datetime) -> None:
    recently = and_(_this(owner_key, conversation), conversations.c.deleted_at > now - UNDO)
    connection.execute(update(conversations).where(recently).values(deleted_at=None))


def purge(connection: Connection, now: datetime, days: int) -> int:
    """Forgets some of what nobody added to for so many days, and of what was deleted a day ago: how many."""
    old = or_(conversations.c.at < now - timedelta(days=days), conversations.c.deleted_at < now - UNDO)
    found = connection.execute(
        select(conversations.c.owner_key, conversations.c.id).where(old).limit(_PURGED_AT_ONCE)
    ).all()
    for owner_key, conversation in found:
        # Once more, under the row's lock: somebody may have added to it meanwhile.
        if connection.execute(delete(conversations).where(_this(owner_key, conversation), old)).rowcount:
            own = and_(answers.c.owner_key == owner_key, answers.c.conversation == conversation)
            connection.execute(delete(answers).where(own))
    return len(found)


def _this(owner_key: str, conversation: str) -> Any:
    return and_(conversations.c.owner_key == owner_key, conversations.c.id == conversation)


def _seen_by(owner_key: str) -> Select[Any]:
    """Answers of conversations that are not deleted."""
    own = and_(answers.c.owner_key == conversations.c.owner_key, answers.c.conversation == conversations.c.id)
    shown = and_(answers.c.owner_key == owner_key, conversations.c.deleted_at.is_(None))
    return select(answers).select_from(answers.join(conversations, own)).where(shown)
