"""Answers that readers found wrong, one by one: each can become a draft case, or with a correction a verified query.

Nothing is learned without a person: what is written here are files, for somebody to review and commit.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from evals.harvest.collect import Harvest, Wanted, harvest
from evals.harvest.evidence import SIGNS
from evals.harvest.verified import named_reviewer
from evals.lint.tags import guess_tags
from nl2sql.errors import Nl2SqlError
from nl2sql.ledger.read import Entry
from nl2sql.settings import Settings
from streamlit_app import services, widgets
from streamlit_app.activity.reading import forget
from streamlit_app.safe import as_markdown, shorten, without_folders
from streamlit_app.signing_in.person import Person
from streamlit_app.words import messages, say

# Beside the settings, where `nl2sql eval harvest` writes by default.
FOLDER = "harvest"
_TOLD = "activity-told"
_REASON = "reason: "  # how feedback begins where a reason was picked


def show_queue(entries: Sequence[Entry], settings: Settings, person: Person) -> None:
    if not entries:
        widgets.small(say("activity.none.bad"))
        return
    for entry in entries:
        with st.expander(as_markdown(shorten(entry.row.question or entry.row.sql, 120)), key=f"queue-{entry.row.id}"):
            _one(entry, settings, person)


def _one(entry: Entry, settings: Settings, person: Person) -> None:
    row = entry.row
    day = f"{entry.feedback_at or row.at:%Y-%m-%d %H:%M}"
    widgets.small(say("activity.said", who=row.user, day=day))
    st.text(_comment(entry.comment))
    if row.sql:
        widgets.label(say("activity.answered_with"))
        st.code(row.sql, language="sql", wrap_lines=True)
    if told := st.session_state.get(_TOLD, {}).get(row.id):
        for text in told:
            widgets.notice(text)
    if "review" not in person.may:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button(
            say("activity.make_case"),
            key=f"case-{row.id}",
            help=as_markdown(say("activity.make_case_help", folder=FOLDER)),
            on_click=_make_case,
            args=(row.id, settings, person),
        )
        reviewer = st.text_input(
            say("activity.reviewer"), placeholder=say("activity.reviewer_hint"), max_chars=50, key=f"by-{row.id}"
        )
        st.button(
            say("activity.verify"),
            key=f"verify-{row.id}",
            help=as_markdown(say("activity.verify_help")),
            disabled=not (reviewer or "").strip(),
            on_click=_verify,
            args=(row.id, settings, person),
        )


def _comment(text: str) -> str:
    """A reason that was picked, in words, and what was typed beside it."""
    reason, _, said = text.removeprefix(_REASON).partition("; ")
    key = f"feedback.reason.{reason}"
    if not text.startswith(_REASON) or key not in messages():
        return text or say("activity.no_words")
    return f"{say(key)}: {said}" if said else say(key)


def _make_case(question_id: str, settings: Settings, person: Person) -> None:
    _write(question_id, settings, person, "")


def _verify(question_id: str, settings: Settings, person: Person) -> None:
    _write(question_id, settings, person, str(st.session_state.get(f"by-{question_id}") or ""))


def _write(question_id: str, settings: Settings, person: Person, reviewer: str) -> None:
    here = services.who_is_here()  # the page may have been open for a day
    if not isinstance(here, services.Present) or here.person.user != person.user or "review" not in here.person.may:
        return
    try:
        wanted = Wanted(
            settings.base / FOLDER,
            include=frozenset(SIGNS),
            reviewer=named_reviewer(_signed(reviewer, here.person)) if reviewer else "",
            only=(question_id,),
        )
        with st.spinner(say("activity.working")):
            found = harvest(settings, wanted, guess_tags)
    except Nl2SqlError as error:
        told = [without_folders(" ".join(part for part in (error.user_message, error.hint) if part))]
    else:
        told = _told(found)
    st.session_state.setdefault(_TOLD, {})[question_id] = told
    forget()


def _signed(reviewer: str, person: Person) -> str:
    """A role or a team can be typed by anybody; who did so is added where somebody signed in."""
    return reviewer if person.how == "local" else f"{reviewer.strip()} ({person.name[:40]})"


def _told(found: Harvest) -> list[str]:
    """Files by their name alone: the whole path is the server's own."""
    told = [say("activity.verified_written", file=each.path.name, rows=f"{each.rows:,}") for each in found.verified]
    if found.path is not None:
        told.append(say("activity.case_written", file=f"{FOLDER}/{found.path.name}"))
        told += [say("activity.case_waiting", missing=each.missing) for each in found.drafts if each.missing]
    told += [say("activity.left_out", reason=each.reason) for each in found.left_out]
    return told or [say("activity.nothing_made")]
