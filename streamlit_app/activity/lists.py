"""Single questions of the ledger: the slowest, those without an answer, and what readers said of answers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from nl2sql.ledger.activity import View
from nl2sql.ledger.read import Entry
from streamlit_app import widgets
from streamlit_app.activity.figures import money, outcome_words
from streamlit_app.activity.reading import MOST_ENTRIES
from streamlit_app.words import say


def show_list(view: View, entries: Sequence[Entry]) -> None:
    if not entries:
        widgets.small(say(f"activity.none.{view}"))
        return
    rows = [each.row for each in entries]
    columns: dict[str, list[object]] = {
        "at": [row.at for row in rows],
        "user": [row.user for row in rows],
        "question": [row.question or row.sql for row in rows],
        "outcome": [outcome_words(row.outcome) for row in rows],
        "code": ["" if row.code == "ok" else row.code.replace("_", " ") for row in rows],
        "writer": [widgets.writer_name(row.writer) for row in rows],
        "seconds": [row.milliseconds / 1000 for row in rows],
        "rows": [row.rows for row in rows],
        "cost": [money({row.currency: row.cost}) if row.cost is not None else "" for row in rows],
    }
    st.dataframe(
        pd.DataFrame({say(f"activity.column.{name}"): values for name, values in columns.items()}),
        hide_index=True,
        height="content" if len(rows) <= 12 else 460,
        column_config={
            say("activity.column.at"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            say("activity.column.seconds"): st.column_config.NumberColumn(format="%.2f"),
            say("activity.column.question"): st.column_config.TextColumn(width="large"),
        },
        key=f"activity-{view}",
    )
    if len(entries) == MOST_ENTRIES:
        widgets.small(say("activity.first", count=MOST_ENTRIES))
