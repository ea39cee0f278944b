"""How good the answers are: the newest evaluation in a sentence, how it went before, and what was not right."""

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
from streamlit_app.quality.runs import MAX_RUNS, Digest, Head, find_runs, read_digests

# As many as fit on a screen; the rest stand in a table below.
MAX_TAGS = 12
# Damaged logs are named, but not a hundred of them.
MAX_PROBLEMS = 5


def page() -> None:
    widgets.heading("How good are the answers?", "Measured on questions whose right answers are known.")
    try:
        settings = load_settings()
    except Nl2SqlError as error:
        widgets.notice(error.user_message, more=error.hint, warning=True)
        return
    found = find_runs(settings.path(settings.evals))
    heads = _of_one_suite(found.heads)
    digests, damaged = read_digests(heads[:MAX_RUNS])
    complete = [each for each in digests if each.is_complete]
    if complete:
        _run(_chosen(complete), complete, settings)
    else:
        _nothing_yet(settings)
    _remarks([each for each in digests if not each.is_complete], [*found.problems, *damaged])


def _of_one_suite(heads: Sequence[Head]) -> list[Head]:
    """Runs of different suites say nothing of each other."""
    suites = list(dict.fromkeys(head.suite for head in heads))
    chosen = suites[0] if suites else ""
    if len(suites) > 1:
        chosen = st.selectbox("Suite of questions", suites, key="quality-suite") or chosen
    return [head for head in heads if head.suite == chosen]


def _chosen(complete: Sequence[Digest]) -> Digest:
    """The newest, unless somebody wants to see another."""
    names = {str(each.head.log.path): each for each in complete}
    if len(names) == 1:
        return complete[0]
    picked = st.selectbox("Run", list(names), format_func=lambda path: words.run_name(names[path]), key="quality-run")
    return names.get(picked or "", complete[0])


def _run(digest: Digest, complete: Sequence[Digest], settings: Settings) -> None:
    widgets.headline(f"{digest.head.suite} · {words.series(digest.head)}", words.headline(digest))
    widgets.small(f"{words.certainty(digest.total)} {words.about(digest)}")
    for text in words.alarms(digest.cases):
        widgets.problem(text)
    if len(complete) > 1:
        st.subheader("How it went over time", anchor=False)
        show_trend(complete)
        widgets.small(words.HOW_SURE)
    _tags(digest)
    st.subheader("What was not right", anchor=False)
    show_not_right(digest, settings.asking().role)
    if len(complete) > 1:
        st.subheader("For whoever changes prompts and settings", anchor=False)
        show_comparison(complete, digest)
    show_downloads(digest)


def _tags(digest: Digest) -> None:
    shares = _by_tag(digest.cases)
    if not shares:
        return
    st.subheader("Which kinds of questions work", anchor=False)
    shown = dict(list(shares.items())[:MAX_TAGS])
    show_tags(dict(sorted(shown.items(), key=lambda item: -(item[1].accuracy or 0.0))))
    widgets.small("Right ones out of all of that kind. Where there were few, the bars are long: little is known.")
    if len(shares) > len(shown):
        with st.expander(f"All {len(shares)} kinds of questions", key="all-tags"):
            rows = [
                (words.tag_words(tag), one.right, one.trials, words.between(one.accuracy_interval))
                for tag, one in shares.items()
                if one.accuracy_interval is not None
            ]
            frame = pd.DataFrame(rows, columns=["Kind of question", "Right", "Of", "True share, likely"])
            st.dataframe(frame, hide_index=True, height="content")


def _by_tag(cases: Iterable[CaseTally]) -> dict[str, Tally]:
    """A question with two tags counts for both; the tags with the most questions first."""
    tagged: dict[str, list[CaseTally]] = {}
    for case in cases:
        for tag in case.tags:
            tagged.setdefault(tag, []).append(case)
    tallies = {tag: tally(found) for tag, found in tagged.items()}
    return dict(sorted(tallies.items(), key=lambda item: (-item[1].cases, item[1].accuracy or 0.0, item[0])))


def _nothing_yet(settings: Settings) -> None:
    widgets.notice(
        "Nothing has been measured yet.",
        more=f"“make eval” asks the questions of a suite and keeps what came of it in {settings.evals}; this page then "
        "says how many were answered right. Suites of your own: nl2sql eval run FILE.",
    )


def _remarks(unfinished: Sequence[Digest], problems: Sequence[str]) -> None:
    for each in unfinished[:MAX_PROBLEMS]:
        widgets.small(words.unfinished(each))
    for text in problems[:MAX_PROBLEMS]:
        widgets.small(f"Passed over: {text}")
    if len(problems) > MAX_PROBLEMS:
        widgets.small(f"Passed over: {len(problems) - MAX_PROBLEMS:,} more files that cannot be read.")


page()
