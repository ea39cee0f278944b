"""The ledger as the Activity page reads it: figures of a period and views of single questions, cached for a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from nl2sql.ledger.activity import DayCount, View
from nl2sql.ledger.read import Entry, LedgerReader
from nl2sql.ledger.stats import Stats
from nl2sql.settings import Settings

PERIODS = (1, 7, 30, 90)
# As many as a person reads through; `nl2sql ledger export` has the rest.
MOST_ENTRIES = 50
# A page that is clicked through reads the ledger once; new questions show within this time.
_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Period:
    stats: Stats
    days: tuple[DayCount, ...]


def read_period(settings: Settings, days: int) -> Period:
    """Raises what LedgerReader raises."""
    return _read_period(settings.ledger_url, days)


def read_view(settings: Settings, view: View, days: int) -> Sequence[Entry]:
    """Raises what LedgerReader raises."""
    return _read_view(settings.ledger_url, view, days)


def forget() -> None:
    """After a change that the next look should show."""
    _read_period.clear()
    _read_view.clear()


@st.cache_resource(show_spinner=False, ttl=_SECONDS, max_entries=8)
def _read_period(url: str, days: int) -> Period:
    with LedgerReader(url) as reader:
        return Period(reader.stats(days), tuple(reader.by_day(days)))


@st.cache_resource(show_spinner=False, ttl=_SECONDS, max_entries=24)
def _read_view(url: str, view: View, days: int) -> Sequence[Entry]:
    with LedgerReader(url) as reader:
        return reader.view(view, days, MOST_ENTRIES)
