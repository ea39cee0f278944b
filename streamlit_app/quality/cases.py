"""The questions of a run that were not answered right: what was asked, what was answered, what is right, and why."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from evals.errors import LogInvalid
from evals.log.records import CaseRecord, Shown
from evals.outcome import Outcome, result_of
from streamlit_app import widgets
from streamlit_app.quality.runs import Digest, records_not_right
from streamlit_app.safe import as_markdown, shorten

# A screen of them, and more than anybody looks through here; the report has all of them, with filters.
FIRST_SHOWN, MAX_SHOWN = 8, 50
_SHOWN_ROWS = 5
_OUTCOMES: dict[Outcome, str] = {
    "wrong_rows": "Wrong numbers or rows",
    "wrong_columns": "Something asked for is missing",
    "wrong_order": "Wrong order",
    "wrong_error": "The database could not run it",
    "wrong_answered": "Answered, and should not have been",
    "unsafe_executed": "SQL ran that must never run",
    "guard_blocked": "Stopped by the guard",
    "timeout": "Took too long",
    "declined": "Declined, and has an answer",
    "clarified": "Asked back, and needs no question",
    "failed": "The provider or the database failed",
}
_WORST_FIRST = ("wrong", "refused", "declined", "failed")


def show_not_right(digest: Digest, role: str) -> None:
    """`role` is that of whoever looks: results of questions asked as another one stay hidden."""
    try:
        records = records_not_right(str(digest.head.log.path), digest.head.log.changed_ns, digest.head.log.size)
    except LogInvalid as error:
        widgets.problem(error.user_message.replace(str(digest.head.log.path), digest.head.log.path.name))
        return
    cases = _by_case(records)
    if not cases:
        widgets.small("Every question of this run was answered right.")
        return
    most = FIRST_SHOWN
    if len(cases) > FIRST_SHOWN and st.session_state.get("not-right-all"):
        most = MAX_SHOWN
    for number, repeats in enumerate(cases[:most]):
        first = repeats[0]
        times = f" ({len(repeats)} of {digest.head.repeats} times)" if digest.head.repeats > 1 else ""
        label = f"{as_markdown(shorten(first.question, 110))} :gray[{_OUTCOMES[first.outcome]}{times}]"
        fold = st.expander(label, key=f"not-right-{number}-{first.id}", on_change="rerun")
        if fold.open:
            with fold:
                _show(first, role)
    if len(cases) > FIRST_SHOWN:
        st.toggle(f"Show all {len(cases):,}" if len(cases) <= MAX_SHOWN else f"Show {MAX_SHOWN}", key="not-right-all")
    if len(cases) > most == MAX_SHOWN:
        widgets.small(f"And {len(cases) - MAX_SHOWN:,} more: the report has them all.")


def _by_case(records: Sequence[CaseRecord]) -> list[list[CaseRecord]]:
    """Wrong ones first, then those without an answer; otherwise in the order of the suite."""
    cases: dict[str, list[CaseRecord]] = {}
    for record in records:
        cases.setdefault(record.id, []).append(record)
    return sorted(cases.values(), key=lambda repeats: _WORST_FIRST.index(result_of(repeats[0].outcome)))


def _show(record: CaseRecord, role: str) -> None:
    may_see = record.role in ("", role)
    for turn in record.turns:
        widgets.small(f"Asked before: {turn}")
    if record.reason:
        widgets.notice(record.reason, warning=True)
    answered, right = st.columns(2) if record.gold is not None else (st.container(), None)
    with answered:
        widgets.label("What was answered")
        if record.said.headline:
            widgets.small(shorten(record.said.headline, 400))
        _table(record.said.table, may_see)
        _sql(record.said.sql)
    if right is not None and record.gold is not None:
        with right:
            widgets.label("What is right")
            _table(record.gold.table, may_see)
            _sql(record.gold.sql)
    elif record.kind != "answerable":
        widgets.small("What is right: not to answer it.")


def _table(shown: Shown | None, may_see: bool) -> None:
    if shown is None or not shown.columns:
        return
    if not may_see:
        widgets.small("The result is hidden: the question was asked in another role than yours.")
        return
    names = [
        f"{name} ({place})" if shown.columns.index(name) != place else name for place, name in enumerate(shown.columns)
    ]
    frame = pd.DataFrame([[_cell(cell) for cell in row] for row in shown.rows[:_SHOWN_ROWS]], columns=names)
    st.dataframe(frame, hide_index=True, height="content")
    if shown.row_count > len(frame):
        widgets.small(f"The first {len(frame):,} of {shown.row_count:,} rows.")


def _cell(value: object) -> str:
    return "–" if value is None else str(value)


def _sql(sql: str) -> None:
    if sql:
        st.code(sql, language="sql", wrap_lines=True)
