"""What goes on, for whoever looks after the product: use, cost, what was slow or failed, and what readers said."""

from __future__ import annotations

import streamlit as st

from nl2sql.errors import Nl2SqlError
from nl2sql.ledger.activity import View
from nl2sql.settings import Settings, load_settings
from streamlit_app import widgets
from streamlit_app.activity.figures import show_figures
from streamlit_app.activity.lists import show_list
from streamlit_app.activity.queue import show_queue
from streamlit_app.activity.reading import PERIODS, read_period, read_view
from streamlit_app.services import Present, shielded, who_is_here
from streamlit_app.signing_in.person import Person
from streamlit_app.words import say, say_count

# What somebody has to do something about comes first.
VIEWS: tuple[View, ...] = ("bad", "failed", "refused", "declined", "slow", "good")
USUAL_DAYS = 7


def page() -> None:
    here = who_is_here()
    if not isinstance(here, Present):
        return
    widgets.heading(say("activity.title"), say("activity.lead"))
    try:
        settings = load_settings()
        if settings.ledger == "off":
            widgets.notice(say("activity.ledger_off"), more=say("activity.ledger_off_more"))
            return
        _page(settings, here.person)
    except Nl2SqlError as error:
        widgets.notice(error.user_message, more=error.hint, warning=error.code != "database_missing")


def _page(settings: Settings, person: Person) -> None:
    days = st.segmented_control(
        say("activity.period"),
        PERIODS,
        default=USUAL_DAYS,
        required=True,
        format_func=lambda count: say_count("activity.days", count),
        key="activity-days-back",
        label_visibility="collapsed",
    )
    period = read_period(settings, days)
    if not period.stats.questions:
        widgets.notice(say("activity.nothing"), more=say("activity.nothing_more"))
        return
    show_figures(period)
    view = st.segmented_control(
        say("activity.title"),
        VIEWS,
        default=VIEWS[0],
        required=True,
        format_func=lambda each: say(f"activity.view.{each}"),
        key="activity-view",
        label_visibility="collapsed",
    )
    with shielded(widgets.problem):
        entries = read_view(settings, view, days)
        if view == "bad":
            show_queue(entries, settings, person)
        else:
            show_list(view, entries)


page()
