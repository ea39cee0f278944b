"""What the guard said to a corpus, as a table: on a terminal, in a pipe, and as a page of the docs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from nl2sql.guard.corpus import Counts, counts_by
from nl2sql.terminal import Page

if TYPE_CHECKING:
    from nl2sql.guard.corpus import CorpusLine, CorpusResult
    from nl2sql.trial.run import TrialReport

FIGURES: Final = ("statements", "refused", "accepted", "as expected", "unexpected")
_RIGHT: Final = frozenset(range(1, len(FIGURES) + 1))
_SHOWN: Final = 20  # of statements that were judged otherwise than expected; --json has all
_SQL_CHARS: Final = 160
_REASONS_SHOWN: Final = 5  # of statements that the database did not run


def total_of(results: Sequence[CorpusResult]) -> Counts:
    return counts_by(results, lambda line: "").get("", Counts())


def print_scorecard(results: Sequence[CorpusResult], skipped: int, stream: TextIO) -> None:
    """By category, by dialect where there are several, then what was not as expected, then one sentence."""
    page = Page(stream)
    _table(page, "category", results, lambda line: line.category)
    if len({result.line.dialect for result in results}) > 1:
        page.line()
        _table(page, "dialect", results, lambda line: line.dialect)
    wrong = [result for result in results if result.unexpected]
    if wrong:
        page.line()
    for result in wrong[:_SHOWN]:
        page.line(f"{result.line.id} was {result.verdict}, not {result.line.expect}", "bold red")
        page.line(f"    {_short(result.line.sql)}")
        if result.reason:
            page.line(f"    {result.code}: {result.reason}", "dim")
    if len(wrong) > _SHOWN:
        page.line(f"… and {len(wrong) - _SHOWN:,} more (use --json)", "dim")
    page.line()
    page.line(sentence(total_of(results), skipped), "bold red" if wrong else "bold green")


def sentence(total: Counts, skipped: int) -> str:
    judged = f"{total.statements:,} statements: {total.refused:,} refused, {total.accepted:,} accepted"
    left = f"; {skipped:,} of other dialects skipped" if skipped else ""
    if total.unexpected:
        return f"{judged}{left}. {total.unexpected:,} not as expected."
    if total.as_expected and total.as_expected == total.statements:
        return f"{judged}{left}. All as expected."
    return f"{judged}{left}."


def print_trial(report: TrialReport, stream: TextIO) -> None:
    page = Page(stream)
    failed = f", {len(report.failed):,} failed to run" if report.failed else ""
    what = "something changed" if report.changes else "nothing changed"
    page.line(f"{report.executed:,} executed{failed}, {what}.", "bold red" if report.changes else "bold green")
    page.line(f"  compared before and after: {', '.join(report.compared)}", "dim")
    for change in report.changes:
        page.line(f"  {change}", "red")
    for each in report.failed[:_REASONS_SHOWN]:
        page.line(f"  {each.id}: {each.reason}")
    if len(report.failed) > _REASONS_SHOWN:
        page.line(f"  … and {len(report.failed) - _REASONS_SHOWN:,} more (use --json)", "dim")


def markdown(results: Sequence[CorpusResult], first: str, key: Callable[[CorpusLine], str]) -> str:
    """A table for the docs."""
    rows = _rows(counts_by(results, key), total_of(results))
    lines = [f"| {' | '.join([first, *FIGURES])} |", "|---|" + "---:|" * len(FIGURES)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def _table(page: Page, first: str, results: Sequence[CorpusResult], key: Callable[[CorpusLine], str]) -> None:
    counts = counts_by(results, key)
    rows = _rows(counts, total_of(results))
    styles = {number: "red" for number, each in enumerate(counts.values()) if each.unexpected}
    page.table((first, *FIGURES), rows, _RIGHT, {**styles, len(counts): "bold"})


def _rows(counts: Mapping[str, Counts], total: Counts) -> list[list[str]]:
    return [[name, *_figures(each)] for name, each in [*counts.items(), ("all", total)]]


def _figures(counts: Counts) -> list[str]:
    """A category that expects nothing has no last two."""
    plain = [f"{n:,}" for n in (counts.statements, counts.refused, counts.accepted)]
    if not counts.as_expected and not counts.unexpected:
        return [*plain, "–", "–"]
    return [*plain, f"{counts.as_expected:,}", f"{counts.unexpected:,}"]


def _short(sql: str) -> str:
    line = " ".join(sql.split())
    return line if len(line) <= _SQL_CHARS else f"{line[:_SQL_CHARS]}…"
