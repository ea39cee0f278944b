"""Lines of the log on standard error: one for each record whatever it holds, with the id of the question it is about.

Secrets are cut out, and what could move a terminal or forge a line is spelled out.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, TextIO

from nl2sql.crash import redact

Format = Literal["text", "json"]
NAME = "nl2sql"
# Far more than any sentence of the product or a usual traceback; redaction of less takes milliseconds.
LONGEST_MESSAGE = 4_000
LONGEST_EXCEPTION = 8_000
LONGEST_ID = 100

_question_id: ContextVar[str] = ContextVar("nl2sql_question_id", default="")


@contextmanager
def numbered(question_id: str) -> Iterator[None]:
    """Lines written inside, in this thread, carry the question's id."""
    token = _question_id.set(question_id)
    try:
        yield
    finally:
        _question_id.reset(token)


def configure_logging(format: Format | str = "text", level: int = logging.WARNING) -> bool:
    """Whether the log is ours. A host that gave the root logger handlers of its own is left alone. May be called again,
    also with another format."""
    root = logging.getLogger()
    if any(handler.get_name() != NAME for handler in root.handlers):
        return False
    formatter = JsonLine() if format == "json" else TextLine()
    if root.handlers:
        root.handlers[0].setFormatter(formatter)
        return True
    handler = _StandardError()
    handler.set_name(NAME)
    handler.setFormatter(formatter)
    root.addHandler(handler)
    root.setLevel(level)
    return True


class _StandardError(logging.StreamHandler[TextIO]):
    """Standard error as it is now, so that a program may replace it later."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:
        """A log that cannot be written is not worth a traceback on the same stream."""


class _Line(logging.Formatter):
    def fields(self, record: logging.LogRecord) -> dict[str, str]:
        moment = datetime.fromtimestamp(record.created, UTC)
        fields = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": _cut(_message(record), LONGEST_MESSAGE),
        }
        if question_id := _question_id.get():
            fields["question_id"] = question_id[:LONGEST_ID]
        if exception := _exception(record):
            fields["exception"] = _cut_head(exception, LONGEST_EXCEPTION)
        return {name: redact(value) for name, value in fields.items()}


class JsonLine(_Line):
    def format(self, record: logging.LogRecord) -> str:
        # ASCII alone: escapes of a terminal, line separators and halves of characters are all spelled out.
        return json.dumps(self.fields(record), ensure_ascii=True).replace("\x7f", "\\u007f")


class TextLine(_Line):
    def format(self, record: logging.LogRecord) -> str:
        fields = {name: _spelled(value) for name, value in self.fields(record).items()}
        line = "{time} {level} {logger}: {message}".format_map(fields)
        more = [f"{name}={fields[name]}" for name in ("question_id", "exception") if name in fields]
        return " ".join([line, *more])


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - whatever a foreign object's text raises; the log goes on
        return f"{record.msg!r:.400} (its arguments do not fit)"


def _exception(record: logging.LogRecord) -> str:
    """The traceback, and the stack where one was asked for."""
    parts = []
    if record.exc_info and record.exc_info[0] is not None:
        parts.append(logging.Formatter().formatException(record.exc_info))
    elif record.exc_text:
        parts.append(record.exc_text)
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(parts)


def _cut(text: str, most: int) -> str:
    """At a space: half a secret is one that redaction does not know."""
    if len(text) <= most:
        return text
    kept = text[:most]
    space = max(kept.rfind(" "), kept.rfind("\n"))
    return (kept[:space] if space > 0 else "") + " …"


def _cut_head(text: str, most: int) -> str:
    """Of a traceback the end counts."""
    if len(text) <= most:
        return text
    kept = text[-most:]
    spaces = [place for place in (kept.find(" "), kept.find("\n")) if place >= 0]
    return "… " + (kept[min(spaces) :].lstrip() if spaces else "")


def _spelled(text: str) -> str:
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
