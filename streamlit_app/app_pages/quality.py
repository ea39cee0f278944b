"""How good the answers are: the newest evaluation in a sentence, how it went before, and what was not right; and for
whoever changes prompts, a run that is started here and an editor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
import streamlit as st

from evals.summary.tally import CaseTally, Tally, tally
from nl2sql.errors import Nl2SqlError
from nl2sql.settings import Settings, load_settings
from streamlit_app import widgets
from streamlit_app.quality import words
from streamlit_app.quality.cases import show_not_right
from streamlit_app.quality.charts import show_tags, show_trend
from streamlit_app.quality.compare import show_comparison
from streamlit_app.quality.downloads import show_downloads
from streamlit_app.quality.eyes import Eyes
from streamlit_app.quality.job_view import STARTED, show_job
from streamlit_app.quality.jobs import all_jobs
from streamlit_app.quality.prompt_editor import show_prompts
from streamlit_app.quality.runs import MAX_RUNS, Digest, Head, find_runs, read_digests
from streamlit_app.quality.start import VIEW, show_start
from streamlit_app.safe import as_markdown, without_folders
from streamlit_app.services import Present, who_is_here
from streamlit_app.words import say

VIEWS = ("runs", "start", "prompts")
# As many as fit on a screen; the rest stand in a table below.
MAX_TAGS = 12
# Damaged logs are named, but not a hundred of them.
MAX_PROBLEMS = 5
_SUITE, _RUN = "quality-suite", "quality-run"


def page() -> None:
    here = who_is_here()
    if not isinstance(here, Present):
        return
    widgets.heading(say("quality.title"), say("quality.lead"))
    try:
        settings = load_settings()
        view = "runs"
        if "evaluate" in here.person.may:
            view = _view()
            show_job(settings)
        if view == "start":
            show_start(settings)
        elif view == "prompts":
            show_prompts(settings)
        else:
            _runs(settings, Eyes(here.principal, settings))
    except Nl2SqlError as error:
        widgets.notice(error.user_message, more=error.hint, warning=True)


def _view() -> str:
    st.session_state.setdefault(VIEW, VIEWS[0])
    chosen = st.segmented_control(
        as_markdown(say("quality.view.label")),
        VIEWS,
        required=True,
        format_func=lambda each: as_markdown(say(f"quality.view.{each}")),
        key=VIEW,
        label_visibility="collapsed",
    )
    return chosen or VIEWS[0]


def _runs(settings: Settings, eyes: Eyes) -> None:
    found = find_runs(settings.path(settings.evals))
    _choose_what_was_started(found.heads)
    heads = _of_one_suite(found.heads)
    with st.spinner(say("quality.reading")):
        digests, damaged = read_digests(heads[:MAX_RUNS])
    complete = [each for each in digests if each.is_complete]
    if complete:
        _run(_chosen(complete), complete, eyes)
    else:
        widgets.notice(say("quality.nothing"), more=say("quality.nothing_more", folder=without_folders(settings.evals)))
    _remarks([each for each in digests if not each.is_complete], [*found.problems, *damaged])


def _choose_what_was_started(heads: Sequence[Head]) -> None:
    """Once it has ended: the suite of the run that this session started, of which it is the newest run."""
    started, job = st.session_state.get(STARTED), all_jobs().current
    if job is not None and job.state == "running":
        return
    for head in heads:
        if str(head.log.path) == started:
            st.session_state[_SUITE] = head.suite
            st.session_state.pop(_RUN, None)
            st.session_state.pop(STARTED)


def _of_one_suite(heads: Sequence[Head]) -> list[Head]:
    """Runs of different suites say nothing of each other."""
    suites = list(dict.fromkeys(head.suite for head in heads))
    chosen = suites[0] if suites else ""
    if len(suites) > 1:
        chosen = st.selectbox(as_markdown(say("quality.suite")), suites, key=_SUITE) or chosen
    return [head for head in heads if head.suite == chosen]


def _chosen(complete: Sequence[Digest]) -> Digest:
    """The newest, unless somebody wants to see another."""
    names = {str(each.head.log.path): each for each in complete}
    if len(names) == 1:
        return complete[0]
    picked = st.selectbox(
        as_markdown(say("quality.run")), list(names), format_func=lambda path: words.run_name(names[path]), key=_RUN
    )
    return names.get(picked or "", complete[0])


def _run(digest: Digest, complete: Sequence[Digest], eyes: Eyes) -> None:
    widgets.headline(f"{digest.head.suite} · {words.series(digest.head)}", words.headline(digest))
    widgets.small(f"{words.certainty(digest.total)} {words.about(digest)}")
    for text in words.alarms(digest.cases):
        widgets.problem(text)
    if len(complete) > 1:
        _subheader(say("quality.over_time"))
        show_trend(complete)
        widgets.small(say("quality.how_sure"))
    _tags(digest)
    _subheader(say("quality.not_right"))
    show_not_right(digest, eyes)
    if len(complete) > 1:
        _subheader(say("quality.for_engineers"))
        show_comparison(complete, digest, eyes)
    show_downloads(digest, eyes)


def _tags(digest: Digest) -> None:
    shares = _by_tag(digest.cases)
    if not shares:
        return
    _subheader(say("quality.kinds"))
    shown = dict(list(shares.items())[:MAX_TAGS])
    show_tags(dict(sorted(shown.items(), key=lambda item: -(item[1].accuracy or 0.0))))
    widgets.small(say("quality.kinds_more"))
    if len(shares) > len(shown):
        with st.expander(as_markdown(say("quality.all_kinds", count=len(shares))), key="all-tags"):
            rows = [
                (words.tag_words(tag), one.right, one.trials, words.between(one.accuracy_interval))
                for tag, one in shares.items()
                if one.accuracy_interval is not None
            ]
            names = [say(f"quality.column.{name}") for name in ("kind", "right", "trials", "interval")]
            st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, height="content")


def _by_tag(cases: Iterable[CaseTally]) -> dict[str, Tally]:
    """A question with two tags counts for both; the tags with the most questions first."""
    tagged: dict[str, list[CaseTally]] = {}
    for case in cases:
        for tag in case.tags:
            tagged.setdefault(tag, []).append(case)
    tallies = {tag: tally(found) for tag, found in tagged.items()}
    return dict(sorted(tallies.items(), key=lambda item: (-item[1].cases, item[1].accuracy or 0.0, item[0])))


def _remarks(unfinished: Sequence[Digest], problems: Sequence[str]) -> None:
    for each in unfinished[:MAX_PROBLEMS]:
        widgets.small(words.unfinished(each))
    for text in problems[:MAX_PROBLEMS]:
        widgets.small(say("quality.passed_over", what=text))
    if len(problems) > MAX_PROBLEMS:
        widgets.small(say("quality.passed_over_more", count=f"{len(problems) - MAX_PROBLEMS:,}"))


def _subheader(text: str) -> None:
    st.subheader(as_markdown(text), anchor=False)


page()
