"""A run on the terminal: what came of it by kind and tag, its figures, what to look at, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from evals.comparing.gate import broken_promises
from evals.log.records import CaseRecord, RunHeader
from evals.outcome import RESULTS, result_of
from evals.report.case_rows import merge_repeats, repeats_named
from evals.report.dialects import dialect_of
from evals.report.figures import about, abstention_figure, figures, sentence, verdict
from evals.report.reading import LOST, Report, read_report
from evals.report.tree_difference import differences_of
from evals.summary.base import Summary
from evals.summary.tally import Tally
from evals.wording import between, milliseconds, percent
from nl2sql.terminal import Page

# Of each list so many are shown: two screens of wrong answers are as many as anybody reads at once.
SHOWN = 20
# A statement of more lines is looked at in the page.
SQL_LINES = 40
HEADER = ("kind", "tag", "answers", *RESULTS, "accuracy", "95 %", "coverage", "right/answered", "median")
NUMBERS = frozenset(range(2, len(HEADER)))
STYLES = {"wrong": "bold red", "failed": "bold red", "refused": "yellow", "declined": "yellow"}


def print_run(log: Path, stream: TextIO, against: Path | None = None) -> None:
    """`against` is the log of another run: with it, what flipped and the verdict are there too. Lists are cut, and say
    how to see the rest. Raises LogInvalid, RunsNotComparable."""
    report = read_report(log, against)
    page = Page(stream)
    _print_head(page, report.summary)
    for notice in report.notices:
        page.line(notice, "yellow")
    if report.flips:
        lost = [each for each in report.records if report.flips.get(each.id) == LOST and not each.is_right]
        _print_wrong(page, "No longer right", lost, report, log)
    _print_lists(page, report, log)
    _print_end(page, report.summary)
    if report.comparison is not None:
        told, how = verdict(report.comparison)
        page.line(told, "bold")
        page.line(how, "dim")


def _print_head(page: Page, summary: Summary) -> None:
    header = summary.header
    told = [f"{name} {value}" for name, value in about(header, summary) if value and name != "label"]
    page.line(f"{header.suite}: {', '.join(told)}", "bold")
    page.line()
    rows = _rows(summary)
    if page.on_terminal:
        _draw_table(page, rows)
    else:
        page.table(HEADER, rows, NUMBERS)
    page.line()
    _print_figures(page, summary)


def _print_figures(page: Page, summary: Summary) -> None:
    """Scores are wide: they would push all other figures to the right."""
    told = figures(summary)
    names, values = max(len(each.name) for each in told), max(len(each.value) for each in told)
    for each in told:
        line = f"{each.name:<{names}}  {each.value:>{values}}  {each.note}".rstrip()
        page.line(line, "bold red" if each.mood == "bad" else "")
    score = abstention_figure(summary)
    page.line(f"{score.name:<{names}}  {score.value}  {score.note}")


def _rows(summary: Summary) -> list[list[str]]:
    """A row for each kind; above that of the answerable ones, one for each tag; the last is the sum."""
    rows = []
    for kind, of_kind in summary.by_kind.items():
        if kind == "answerable":
            rows += [_row(kind, tag, each) for tag, each in summary.by_tag.items() if each.coverage is not None]
        rows.append(_row(kind, "all", of_kind))
    return [*rows, _row("all", "all", summary.total)]


def _row(kind: str, tag: str, counts: Tally) -> list[str]:
    numbers = (counts.trials, *(getattr(counts, each) for each in RESULTS))
    shares = (percent(counts.accuracy), between(counts.accuracy_interval, 0))
    answered = (percent(counts.coverage), percent(counts.selective_accuracy))
    return [kind, tag, *(f"{number:,}" for number in numbers), *shares, *answered, milliseconds(counts.median_ms)]


def _draw_table(page: Page, rows: Sequence[Sequence[str]]) -> None:
    """Fits 80 columns: kind and tag share one, a kind closes its tags, and what is left out stands in the figures."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    names = ("cases", *RESULTS, "accuracy", "95 %")
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("tag, kind", min_width=12, overflow="ellipsis", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for kind, tag, *numbers in rows:
        is_sum = tag == "all"
        cells = [
            Text(number, style="dim" if number == "0" or name == "95 %" else STYLES.get(name, ""))
            for name, number in zip(names, numbers, strict=False)
        ]
        title = Text(kind if is_sum else tag)
        table.add_row(title, *cells, style="bold" if is_sum else "", end_section=is_sum and kind == "answerable")
    page.console.print(table)


def _print_lists(page: Page, report: Report, log: Path) -> None:
    by_result: dict[str, list[CaseRecord]] = {result: [] for result in RESULTS}
    for record in report.records:
        if report.flips.get(record.id) != LOST:
            by_result[result_of(record.outcome)].append(record)
    _print_wrong(page, "Wrong", by_result["wrong"], report, log)
    for result, title in (("declined", "Declined"), ("refused", "Refused"), ("failed", "Failed")):
        _print_unanswered(page, result, title, by_result[result], report.header, log)


def _print_wrong(page: Page, title: str, wrong: Sequence[CaseRecord], report: Report, log: Path) -> None:
    if not wrong:
        return
    page.line()
    page.line(f"{title} ({len(wrong):,})", STYLES["wrong"])
    merged = merge_repeats(wrong)
    for each, repeats in merged[:SHOWN]:
        page.line()
        page.line(f"  {each.id}{repeats_named(report.header, repeats)}: {each.question}", "bold")
        page.line(f"    {each.reason or each.outcome}", "red")
        for words in differences_of(each, dialect_of(report.header)):
            page.line(f"    ≠ {words}", "red")
        if each.gold is not None:
            page.line(_indented("gold", each.gold.sql))
        before = report.base.get(each.key)
        if before is not None and before.said.sql:
            page.line(_indented("base run", before.said.sql))
        page.line(_indented("ran", each.said.sql or "(no SQL)"))
    _print_rest(page, len(merged), log)


def _print_unanswered(
    page: Page, result: str, title: str, unanswered: Sequence[CaseRecord], header: RunHeader, log: Path
) -> None:
    if not unanswered:
        return
    page.line()
    page.line(f"{title} ({len(unanswered):,})", STYLES[result])
    merged = merge_repeats(unanswered)
    for each, repeats in merged[:SHOWN]:
        said = each.said
        page.line(f"  {each.id}{repeats_named(header, repeats)}: {each.question}")
        if each.outcome == "failed":  # a gold that does not run, a provider: that says nothing of the answer
            page.line(f"    {each.reason or said.headline}", "dim")
            continue
        words = f" (not understood: {', '.join(said.unknown_words)})" if said.unknown_words else ""
        page.line(f"    {said.code}: {each.reason or said.headline}{words}", "dim")
    _print_rest(page, len(merged), log)


def _print_rest(page: Page, count: int, log: Path) -> None:
    if count > SHOWN:
        page.line(f"  … and {count - SHOWN:,} more: nl2sql eval report {log} --html FILE", "dim")


def _print_end(page: Page, summary: Summary) -> None:
    page.line()
    for broken in broken_promises(summary):
        page.line(broken, "bold red")
    page.line(sentence(summary), "bold")


def _indented(title: str, sql: str) -> str:
    found = sql.strip().splitlines()
    more = [f"      … and {len(found) - SQL_LINES:,} lines more"] if len(found) > SQL_LINES else []
    return "\n".join([f"    {title}:", *(f"      {line[:2_000]}" for line in found[:SQL_LINES]), *more])
