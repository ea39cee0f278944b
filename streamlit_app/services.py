"""Opens the one pipeline that all browser sessions share, and says in a sentence why it could not."""

from __future__ import annotations

import hashlib
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import streamlit as st
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from nl2sql import collector
from nl2sql.crash import redact
from nl2sql.errors import Nl2SqlError
from nl2sql.question import Principal
from nl2sql.settings import Settings, load_settings
from streamlit_app.safe import without_folders
from streamlit_app.signing_in.gate import whoever, without_settings
from streamlit_app.signing_in.person import Person
from streamlit_app.signing_in.refusal import Refusal
from streamlit_app.store.base import Store
from streamlit_app.store.memory import MemoryStore
from streamlit_app.store.open import open_store
from streamlit_app.words import messages, say

if TYPE_CHECKING:
    from nl2sql.pipeline import Pipeline

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ready:
    """`takes_feedback`: there is a ledger to keep it in. `suggestions` are verified questions for newcomers."""

    pipeline: Pipeline
    person: Person
    store: Store
    takes_feedback: bool = True
    suggestions: tuple[str, ...] = ()

    @property
    def principal(self) -> Principal:
        return self.person.principal


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who was let in, and what they keep: all that the frame needs, before any pipeline is opened."""

    person: Person
    store: Store

    @property
    def principal(self) -> Principal:
        return self.person.principal


@dataclass(frozen=True, slots=True)
class NotReady:
    """Why there is nothing to ask yet: a sentence, and what to do about it."""

    sentence: str
    remedy: str
    code: str


def who_is_here() -> Present | Refusal:
    """For the frame. Settings that cannot be read are told by the page, to whoever sits at this machine."""
    try:
        settings = load_settings()
    except Nl2SqlError as error:
        found = without_settings(error)
        return found if isinstance(found, Refusal) else Present(found, MemoryStore())
    person = whoever(settings)
    if isinstance(person, Refusal):
        return person
    try:
        return Present(person, _store(settings))
    except Nl2SqlError:  # the page tells it
        return Present(person, MemoryStore())


def start() -> Ready | NotReady:
    """Tried again on every page run until it succeeds, so that a mended cause needs no restart. A part of a page that
    runs on its own (a fragment, a callback) calls it anew: who was let in a minute ago may be out by now."""
    try:
        settings = load_settings()
    except Nl2SqlError as error:
        return _not_ready(error, without_settings(error))
    person = whoever(settings)
    if isinstance(person, Refusal):
        return _refused(person)
    try:
        stamp = _stamp(settings)
        pipeline = _open_pipeline(stamp, settings)
        suggestions = _suggestions(stamp, settings)
        store = _store(settings)
    except Nl2SqlError as error:
        return _not_ready(error, person)
    return Ready(pipeline, person, store, settings.ledger != "off", suggestions)


def _refused(refusal: Refusal) -> NotReady:
    return NotReady(say(f"sign_in.{refusal.reason}.title"), "", refusal.reason)


def _not_ready(error: Nl2SqlError, person: Person | Refusal) -> NotReady:
    """Where the server keeps its files is told to those who may see how the app is set up."""
    if isinstance(person, Refusal):
        return _refused(person)
    told = (error.user_message, error.hint or _remedy(error.code))
    sentence, remedy = told if "settings" in person.may else map(without_folders, told)
    return NotReady(sentence, remedy, error.code)


def _remedy(code: str) -> str:
    """What to do when an error brings no hint of its own."""
    key = f"common.remedy.{code}"
    return say(key) if key in messages() else ""


# Two entries: a changed settings or model file opens a second pipeline while sessions may still use the first.
@st.cache_resource(show_spinner="Opening the database…", max_entries=2)
def _open_pipeline(stamp: str, _settings: Settings) -> Pipeline:
    from nl2sql.bootstrap import build_pipeline  # the heaviest import: after the frame is on screen

    pipeline = build_pipeline(_settings)
    try:
        _touch(pipeline)
    except Nl2SqlError:
        pipeline.close()
        raise
    collector.settle()
    return pipeline


def _store(settings: Settings) -> Store:
    """One for all sessions. Raises SettingsInvalid."""
    return _open_store(settings.app_database_url, settings.app_days, settings)


def _close(store: Store) -> None:
    store.close()


# Two entries, as above. A session that still has the one that was closed connects again.
@st.cache_resource(show_spinner=False, max_entries=2, on_release=_close)
def _open_store(url: str, days: int, _settings: Settings) -> Store:
    return open_store(_settings)


@st.cache_data(show_spinner=False, max_entries=2)
def _suggestions(stamp: str, _settings: Settings) -> tuple[str, ...]:
    from nl2sql.bootstrap import verified_suggestions

    return verified_suggestions(_settings)


def _touch(pipeline: Pipeline) -> None:
    """Engines connect when they are first used; reading one value tells now whether there is anything to read."""
    first = pipeline.model.datasets[0]
    column = first.primary_key[0] if first.primary_key else first.fields[0].expression
    pipeline.engine.distinct_values(first.table, column, 1)


def _stamp(settings: Settings) -> str:
    """Changes when the settings, a file they name, or the database *file* is another one (not: has new rows)."""
    watched = _watched(settings)
    parts = [repr(getattr(settings, each.name)) for each in fields(settings)]
    parts += [_file_stamp(path, lambda s: (s.st_mtime_ns, s.st_size)) for path in watched]
    database = _database_file(settings)
    if database:
        parts.append(_file_stamp(database, lambda s: (s.st_ino, s.st_dev)))
    # Hashed, because the settings hold a key.
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _watched(settings: Settings) -> list[Path]:
    """The model with what lies beside it (verified queries), the prompt templates, and single files that are named."""
    model = settings.path(settings.model)
    named = [settings.policy if settings.policy != "none" else "", settings.llm_prices]
    files = [settings.path(each) for each in named if each] + ([settings.replayed] if settings.replayed else [])
    folder = settings.path(settings.prompts)
    return [model, *sorted(model.parent.rglob("*.yaml")), *sorted(folder.rglob("*.md")), *files]


def _file_stamp(path: Path, read: Callable[..., tuple[int, int]]) -> str:
    try:
        return f"{path}:{read(path.stat())}"
    except OSError:
        return f"{path}:missing"


def _database_file(settings: Settings) -> Path | None:
    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        return None
    return Path(url.database) if url.database and url.get_backend_name() in ("sqlite", "duckdb") else None


@contextmanager
def shielded(show: Callable[[str], None]) -> Iterator[None]:
    """What nobody foresaw becomes a sentence with a reference, and a traceback in the log under that reference."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the last resort: a person never sees a traceback
        reference = uuid4().hex[:8]
        log.error("unexpected error, reference %s\n%s", reference, redact("".join(traceback.format_exception(error))))
        show(
            "Something unexpected went wrong here. Nothing was changed in your data. "
            f"Please try again; if it happens again, pass on the reference {reference}."
        )
