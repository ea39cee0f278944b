"""The figures of a period: a row of numbers, questions by day, who asks most, and why there was no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from nl2sql.answer.figure import LOOKS
from nl2sql.ledger.activity import DayCount
from nl2sql.ledger.stats import Stats
from streamlit_app import widgets
from streamlit_app.activity.reading import Period
from streamlit_app.safe import as_html
from streamlit_app.showing.charts import PAGE_FONT, page_theme
from streamlit_app.words import say

_DAY_WIDTH = 0.8 * 86_400_000  # milliseconds: bars of neighbouring days do not touch
OUTCOMES = ("answered", "explanation", "clarification", "declined", "refused", "failed")


def show_figures(period: Period) -> None:
    stats = period.stats
    cells = "".join(f"<div><dt>{as_html(name)}</dt><dd>{as_html(value)}</dd></div>" for name, value in _numbers(stats))
    st.html(f'<dl class="activity-figures">{cells}</dl>')
    if stats.lost:
        widgets.notice(say("activity.lost", count=f"{stats.lost:,}"), warning=True)
    if len({each.day for each in period.days}) > 1:
        _by_day(period.days)
    left, right = st.columns(2, gap="medium")
    with left:
        widgets.label(say("activity.people"))
        _table(
            {
                say("activity.column.user"): [each.user for each in stats.users],
                say("activity.column.questions"): [each.questions for each in stats.users],
                say("activity.column.cost"): [money(each.cost) for each in stats.users],
            }
        )
    with right:
        if stats.failures:
            widgets.label(say("activity.reasons"))
            _table(
                {
                    say("activity.column.outcome"): [outcome_words(each.outcome) for each in stats.failures],
                    say("activity.column.code"): [each.code.replace("_", " ") for each in stats.failures],
                    say("activity.column.questions"): [each.questions for each in stats.failures],
                }
            )


def _numbers(stats: Stats) -> list[tuple[str, str]]:
    answered = stats.outcomes.get("answered", 0)
    judged = stats.good + stats.bad
    return [
        (say("activity.figure.questions"), f"{stats.questions:,}"),
        (say("activity.figure.people"), f"{stats.askers:,}"),
        (say("activity.figure.answered"), _share(answered, stats.questions)),
        (say("activity.figure.cached"), _share(stats.cached, answered)),
        (say("activity.figure.half"), _time(stats.p50_ms)),
        (say("activity.figure.most"), _time(stats.p95_ms)),
        (say("activity.figure.cost"), money(stats.cost) or say("activity.figure.unknown")),
        (
            say("activity.figure.liked"),
            f"{stats.good:,} / {judged:,}" if judged else say("activity.figure.nobody"),
        ),
    ]


def _by_day(days: Sequence[DayCount]) -> None:
    """On an axis of time: a day without questions is a gap."""
    import plotly.graph_objects as go

    look = LOOKS[page_theme()]
    drawn = go.Figure()
    for colour, outcome in zip(look.colours, OUTCOMES, strict=False):
        counts = {each.day: each.questions for each in days if each.outcome == outcome}
        if counts:
            name = outcome_words(outcome)
            drawn.add_bar(x=list(counts), y=list(counts.values()), name=name, marker_color=colour, width=_DAY_WIDTH)
    drawn.update_layout(
        template="none",
        barmode="stack",
        height=260,
        margin={"l": 36, "r": 8, "t": 8, "b": 28},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": PAGE_FONT, "size": 12, "color": look.faint},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": look.ink}},
        showlegend=True,
        hovermode="x unified",
        hoverlabel={"bgcolor": look.paper, "bordercolor": look.grid, "font": {"color": look.ink}},
        dragmode=False,
    )
    drawn.update_xaxes(showgrid=False, fixedrange=True, tickformat="%-d %b", nticks=6)
    drawn.update_yaxes(gridcolor=look.grid, fixedrange=True, rangemode="tozero", tickformat=",d", nticks=5)
    widgets.label(say("activity.by_day"))
    st.plotly_chart(
        drawn, theme=None, key="activity-days", config={"displayModeBar": False}, alt=say("activity.by_day")
    )


def _table(columns: Mapping[str, Sequence[object]]) -> None:
    st.dataframe(pd.DataFrame(dict(columns)), hide_index=True, height="content")


def outcome_words(outcome: str) -> str:
    return say(f"activity.outcome.{outcome}") if outcome in OUTCOMES else outcome


def money(cost: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{_amount(amount)} {currency}" for currency, amount in sorted(cost.items()))


def _amount(amount: Decimal) -> str:
    """A question can cost less than a cent: four digits that count."""
    return f"{amount:,.2f}" if amount == 0 or abs(amount) >= 1 else f"{Decimal(f'{amount:.4g}').normalize():f}"


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _time(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else widgets.duration(milliseconds)
