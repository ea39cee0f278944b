"""Two runs of a suite beside each other, for whoever changes a prompt, a model or a setting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from evals.comparing.base import Comparison
from evals.comparing.compare import compare_runs
from evals.comparing.pairs import PairedCase
from evals.comparing.words import how_sentence, verdict_sentence
from evals.errors import LogInvalid, RunsNotComparable
from evals.log.records import CaseRecord, Run
from evals.report.light import read_light_run
from evals.summary.tally import percentile
from evals.wording import milliseconds, money
from streamlit_app import widgets
from streamlit_app.quality import words
from streamlit_app.quality.eyes import Eyes
from streamlit_app.quality.runs import Digest, Head
from streamlit_app.safe import as_markdown, shorten
from streamlit_app.words import say

# More flips than anybody reads here; “nl2sql eval compare” prints them all.
MAX_FLIPS = 20


def show_comparison(complete: Sequence[Digest], chosen: Digest, eyes: Eyes) -> None:
    """Folded, and not computed before it is opened. The run that is shown above is judged, by the one before it."""
    fold = st.expander(as_markdown(say("quality.compare.title")), key="quality-compare", on_change="rerun")
    if not fold.open:
        return
    with fold:
        baseline, judged = _picked(complete, chosen)
        if baseline is judged:
            widgets.small(say("quality.compare.same"))
            return
        try:
            (comparison,) = compare_runs(_read(baseline), [_read(judged)])
        except RunsNotComparable as error:
            widgets.notice(error.user_message, more=error.hint if "--" not in error.hint else "")
            return
        except LogInvalid as error:
            widgets.problem(error.user_message.replace(f"{baseline.head.log.path.parent}/", ""))
            return
        _verdict(comparison)
        _figures(baseline, judged)
        heads = (baseline.head, judged.head)
        _flips(say("quality.compare.lost"), comparison.lost, heads, eyes)
        _flips(say("quality.compare.gained"), comparison.gained, heads, eyes)


def _picked(complete: Sequence[Digest], chosen: Digest) -> tuple[Digest, Digest]:
    """`complete` has the newest first."""
    names = {str(each.head.log.path): each for each in complete}
    paths = list(names)
    place = paths.index(str(chosen.head.log.path))
    before = min(place + 1, len(paths) - 1) if place + 1 < len(paths) else max(0, place - 1)
    first = _select(say("quality.compare.a"), names, before, "quality-a")
    second = _select(say("quality.compare.b"), names, place, "quality-b")
    return first, second


def _select(label: str, names: dict[str, Digest], index: int, key: str) -> Digest:
    paths = list(names)
    picked = st.selectbox(
        as_markdown(label), paths, index=index, format_func=lambda path: words.run_name(names[path]), key=key
    )
    return names.get(picked or "", names[paths[index]])


def _read(digest: Digest) -> Run:
    log = digest.head.log
    return _light_run(str(log.path), log.changed_ns, log.size)


@st.cache_resource(show_spinner=False, max_entries=8)
def _light_run(path: str, changed_ns: int, size: int) -> Run:
    return read_light_run(Path(path))


def _verdict(comparison: Comparison) -> None:
    said = verdict_sentence(comparison, "B")
    widgets.notice(f"{said[:1].upper()}{said[1:]}.", more=how_sentence(comparison))
    for text in comparison.pairing.warnings:
        widgets.small(text)
    pairing = comparison.pairing
    if left_out := len(pairing.only_first) + len(pairing.only_second) + len(pairing.changed):
        widgets.small(say("quality.compare.left_out", count=f"{left_out:,}"))


def _figures(baseline: Digest, judged: Digest) -> None:
    """What each of them got right, took and cost."""
    rows = []
    for name, each in (("A", baseline), ("B", judged)):
        per_right = each.cost / each.total.right if each.cost is not None and each.total.right else None
        rows.append(
            (
                name,
                words.series(each.head),
                say("quality.of", count=f"{each.total.right:,}", total=f"{each.total.trials:,}"),
                milliseconds(percentile(each.times, 50)),
                milliseconds(percentile(each.times, 95)),
                money(each.cost, each.currency) if each.cost is not None else "–",
                money(per_right, each.currency) if per_right is not None else "–",
            )
        )
    columns = [say(f"quality.column.{name}") for name in ("run", "who", "right", "half", "most", "cost", "each")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, height="content")


def _flips(title: str, cases: Sequence[PairedCase], heads: tuple[Head, Head], eyes: Eyes) -> None:
    if not cases:
        return
    widgets.label(f"{title}: {len(cases):,}")
    for case in cases[:MAX_FLIPS]:
        about = case.about
        fold = st.expander(as_markdown(shorten(about.question, 110)), key=f"flip-{about.id}", on_change="rerun")
        if fold.open:
            with fold:
                sides = zip(st.columns(2), "AB", (case.first, case.second), heads, strict=True)
                for column, name, records, head in sides:
                    with column:
                        _side(name, records, head, eyes)
    if len(cases) > MAX_FLIPS:
        widgets.small(say("quality.compare.more", count=f"{len(cases) - MAX_FLIPS:,}"))


def _side(name: str, records: Sequence[CaseRecord], head: Head, eyes: Eyes) -> None:
    """Of several repeats, one that went as most of them did."""
    right = sum(record.is_right for record in records)
    shown = next(record for record in records if record.is_right == (2 * right >= len(records)))
    may_see = eyes.see(head, shown.role)
    times = f", {say('quality.times_right', count=right, total=len(records))}" if len(records) > 1 else ""
    outcome = say(f"quality.outcome.{shown.outcome}")
    widgets.label(f"{name}: {outcome}{times}")
    if shown.said.sql:
        st.code(shown.said.sql, language="sql", wrap_lines=True)
    elif shown.said.headline and may_see:
        widgets.small(shorten(shown.said.headline, 300))
    if shown.reason and may_see:
        widgets.small(shown.reason)
