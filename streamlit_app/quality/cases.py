"""The questions of a run that were not answered right: what was asked, what was answered, what is right, and why."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from evals.errors import LogInvalid
from evals.log.records import CaseRecord, Shown
from evals.outcome import result_of
from nl2sql.export.cells import unique_names
from streamlit_app import widgets
from streamlit_app.quality.eyes import Eyes
from streamlit_app.quality.runs import Digest, records_not_right
from streamlit_app.safe import as_markdown, shorten
from streamlit_app.words import say

# A screen of them, and more than anybody looks through here; the report has all of them, with filters.
FIRST_SHOWN, MAX_SHOWN = 8, 50
_SHOWN_ROWS = 5
_WORST_FIRST = ("wrong", "refused", "declined", "failed")


def show_not_right(digest: Digest, eyes: Eyes) -> None:
    """Results that were computed for others than whoever looks stay hidden."""
    try:
        records = records_not_right(str(digest.head.log.path), digest.head.log.changed_ns, digest.head.log.size)
    except LogInvalid as error:
        widgets.problem(error.user_message.replace(str(digest.head.log.path), digest.head.log.path.name))
        return
    cases = _by_case(records)
    if not cases:
        widgets.small(say("quality.all_right"))
        return
    most = FIRST_SHOWN
    if len(cases) > FIRST_SHOWN and st.session_state.get("not-right-all"):
        most = MAX_SHOWN
    for number, repeats in enumerate(cases[:most]):
        first = repeats[0]
        times = say("quality.times", count=len(repeats), total=digest.head.repeats) if digest.head.repeats > 1 else ""
        outcome = " ".join(part for part in (say(f"quality.outcome.{first.outcome}"), times) if part)
        label = f"{as_markdown(shorten(first.question, 110))} :gray[{as_markdown(outcome)}]"
        fold = st.expander(label, key=f"not-right-{number}-{first.id}", on_change="rerun")
        if fold.open:
            with fold:
                _show(first, eyes.see(digest.head, first.role))
    if len(cases) > FIRST_SHOWN:
        say_all = say("quality.show_all", count=f"{len(cases):,}")
        say_some = say("quality.show_some", count=MAX_SHOWN)
        st.toggle(as_markdown(say_all if len(cases) <= MAX_SHOWN else say_some), key="not-right-all")
    if len(cases) > most == MAX_SHOWN:
        widgets.small(say("quality.more_in_report", count=f"{len(cases) - MAX_SHOWN:,}"))


def _by_case(records: Sequence[CaseRecord]) -> list[list[CaseRecord]]:
    """Wrong ones first, then those without an answer; otherwise in the order of the suite."""
    cases: dict[str, list[CaseRecord]] = {}
    for record in records:
        cases.setdefault(record.id, []).append(record)
    return sorted(cases.values(), key=lambda repeats: _WORST_FIRST.index(result_of(repeats[0].outcome)))


def _show(record: CaseRecord, may_see: bool) -> None:
    """What the headline and the reason say are values of a result as well."""
    for turn in record.turns:
        widgets.small(say("quality.asked_before", question=turn))
    if record.reason and may_see:
        widgets.notice(record.reason, warning=True)
    answered, right = st.columns(2) if record.gold is not None else (st.container(), None)
    with answered:
        widgets.label(say("quality.answered"))
        if record.said.headline and may_see:
            widgets.small(shorten(record.said.headline, 400))
        _table(record.said.table, may_see)
        _sql(record.said.sql)
    if right is not None and record.gold is not None:
        with right:
            widgets.label(say("quality.right"))
            _table(record.gold.table, may_see)
            _sql(record.gold.sql)
    elif record.kind != "answerable":
        widgets.small(say("quality.right_not_to_answer"))


def _table(shown: Shown | None, may_see: bool) -> None:
    if shown is None or not shown.columns:
        return
    if not may_see:
        widgets.small(say("quality.hidden"))
        return
    names = unique_names(shown.columns)
    frame = pd.DataFrame([[_cell(cell) for cell in row] for row in shown.rows[:_SHOWN_ROWS]], columns=names)
    st.dataframe(frame, hide_index=True, height="content")
    if shown.row_count > len(frame):
        widgets.small(say("quality.first_rows", count=f"{len(frame):,}", total=f"{shown.row_count:,}"))


def _cell(value: object) -> str:
    return "–" if value is None else str(value)


def _sql(sql: str) -> None:
    if sql:
        st.code(sql, language="sql", wrap_lines=True)
