"""Why an answer may be believed: somebody verified it, or how often answers like it were right, or neither.

Read off evaluation runs by `evals.summary.trust`. The label stands beside an answer and must never break it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.errors import StreamlitAPIException

from evals.summary.trust import Asked, Standing, fingerprint_of, standing
from nl2sql.answer.base import Answer
from nl2sql.answer.kinds import Kind, kind_of_sql
from nl2sql.errors import Nl2SqlError
from nl2sql.settings import load_settings
from nl2sql.writers.verified.base import verification_of
from streamlit_app import widgets
from streamlit_app.safe import as_html, as_markdown
from streamlit_app.services import Ready
from streamlit_app.words import say, say_count

log = logging.getLogger(__name__)

Level = Literal["verified", "measured", "unverified"]
ICONS: dict[Level, str] = {
    "verified": ":material/verified:",
    "measured": ":material/fact_check:",
    "unverified": ":material/help:",
}
# How long a finished evaluation may take to show up beside answers; a look into the folder costs milliseconds.
_SECONDS = 60
_WRITTEN_BY_HAND = {"sql": "trust.typed", "plan": "trust.edited"}


@dataclass(frozen=True, slots=True)
class Label:
    """`words` on the badge, `details` behind it: the first of these is the statement, the rest stands small."""

    level: Level
    words: str
    details: tuple[str, ...]
    has_run: bool = False


@dataclass(frozen=True, slots=True)
class _House:
    """Where runs are kept, and what the semantic model and its policy are now."""

    folder: Path
    fingerprint: str


def trust_label(answer: Answer, ready: Ready, key: str = "") -> None:
    """A badge for an answer with a result. `key` names it where the same answer stands twice on a page."""
    if answer.outcome != "answered":
        return
    try:
        label = label_of(answer, ready)
        _draw(label, ready, key or answer.id)
    except Exception:  # a badge is no reason to lose the answer beside it
        log.exception("no trust label")


def label_of(answer: Answer, ready: Ready) -> Label:
    """For the language of whoever looks."""
    origin = answer.origin
    known = verification_of(origin.detail) if origin.writer == "verified" else None
    if known is not None:
        _, who, day = known
        return Label(
            "verified",
            say("trust.verified"),
            (say("trust.verified_by", who=who, day=widgets.spoken_day(day)), say("trust.verified_means")),
        )
    if origin.writer in _WRITTEN_BY_HAND:
        return Label("unverified", say("trust.unverified"), (say(_WRITTEN_BY_HAND[origin.writer]),))
    kind = kind_of_sql(answer.sql, ready.pipeline.engine.dialect)
    found = _standing(origin.writer, origin.detail, kind)
    if found is None:
        return Label("unverified", say("trust.unverified"), (say("trust.unmeasured"), say("trust.check_it")))
    return _measured(found, kind)


def _measured(found: Standing, kind: Kind | None) -> Label:
    measured = found.measured
    counts = {"right": f"{measured.right:,}", "answered": f"{measured.answered:,}"}
    badge = "trust.measured" if found.kind is not None else "trust.measured_all"
    return Label("measured", say(badge, **counts), tuple(_details(found, kind, counts)), has_run=True)


def _details(found: Standing, kind: Kind | None, counts: dict[str, str]) -> Iterator[str]:
    measured, header = found.measured, found.record.header
    yield say(
        "trust.questions_like_this" if found.kind is not None else "trust.questions_of_all_kinds",
        kind=_kind_words(kind),
        day=widgets.spoken_day(found.record.day.date()),
        low=f"{measured.interval.low * 100:.0f}",
        high=f"{measured.interval.high * 100:.0f}",
        **counts,
    )
    for each in found.differs:
        yield say(f"trust.differs.{each}")
    if measured.unanswered:
        yield say_count("trust.unanswered", measured.unanswered)
    yield say("trust.interval_means")
    yield say("trust.run", suite=header.suite, label=header.label)


def _kind_words(kind: Kind | None) -> str:
    if kind is None:
        return "–"
    return say(f"trust.form.{kind.form}", measure=say(f"trust.measure.{kind.measure}"))


# Shared by all sessions: what was measured is no secret of a role, and holds no row of anybody's data.
@st.cache_resource(show_spinner=False, ttl=_SECONDS, max_entries=500)
def _standing(writer: str, detail: str, kind: Kind | None) -> Standing | None:
    house = _house()
    if house is None:
        return None
    return standing(house.folder, Asked(writer, detail, house.fingerprint, _version()), kind)


def _house() -> _House | None:
    try:
        settings = load_settings()
    except Nl2SqlError:
        return None
    files = [settings.path(settings.model), settings.path(settings.policy)]
    return _House(settings.path(settings.evals), fingerprint_of(files))


@cache
def _version() -> str:
    try:
        return version("nl2sql")
    except PackageNotFoundError:
        return ""


def _draw(label: Label, ready: Ready, key: str) -> None:
    name = f"trust-{label.level}-{key}" if key else None
    with st.popover(as_markdown(label.words), type="tertiary", icon=ICONS[label.level], key=name):
        first, *more = label.details
        also = "".join(f'<p class="also">{as_html(each)}</p>' for each in more)
        st.html(f'<div class="trust-detail"><p>{as_html(first)}</p>{also}</div>')
        if label.has_run and "quality" in ready.person.may:
            _link()


def _link() -> None:
    """Nothing where the page is not there for this person."""
    try:
        st.page_link("app_pages/quality.py", label=say("trust.to_quality"), icon=":material/monitoring:")
    except StreamlitAPIException:
        return
