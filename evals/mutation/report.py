"""Mutation scores on a terminal, and as JSON: by operator, what survives with its gold beside it, and the total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evals.mutation.score import Judged, Score, by, pick, score, survivors
from evals.stats.base import Interval
from evals.stats.proportion import mean_interval
from evals.wording import between, percent

if TYPE_CHECKING:
    from nl2sql.terminal import Page

# Survivors are shown to be read; --json has all of them.
SHOWN_SURVIVORS = 20


@dataclass(frozen=True, slots=True)
class MutationReport:
    """`pool` are the names of all databases, the base first; `chosen` those that the suite runs on; `not_mutated` are
    cases without mutants, and why; `notes` say why the base stands alone."""

    suite: str
    judged: tuple[Judged, ...]
    pool: tuple[str, ...]
    chosen: tuple[str, ...]
    not_mutated: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def total(self) -> Score:
        return score(self.judged, self.chosen)

    @property
    def base(self) -> Score:
        return score(self.judged, self.pool[:1])

    @property
    def survivors(self) -> list[Judged]:
        return survivors(self.judged, self.chosen)

    @property
    def interval(self) -> Interval:
        """Mutants of one case are caught together: cases are the independent trials."""
        scores = [score(each, self.chosen) for each in by(self.judged, lambda each: each.case).values()]
        told = [each for each in scores if each.wrong]
        return mean_interval([each.caught for each in told], [each.wrong for each in told], self.total.wrong)

    def picked(self, most: int, target: float) -> tuple[str, ...]:
        return pick(self.judged, self.pool[0], self.pool[1:], most, target)


def print_report(report: MutationReport, most: int, target: float, page: Page) -> None:
    _print_operators(report, page)
    _print_survivors(report, page)
    for case, reason in report.not_mutated:
        page.line(f"not mutated: {case}: {reason}", "yellow")
    for note in report.notes:
        page.line(note, "yellow")
    page.line()
    total, cases = report.total, len(by(report.judged, lambda each: each.case))
    page.line(
        f"{total.mutants:,} mutants of {cases:,} cases: {total.failed:,} do not run; {total.presumed_equal:,} are told"
        f" apart by none of {len(report.pool)} databases, and presumed to mean the same; {total.wrong:,} are wrong."
        f" {report.seconds:.0f} s."
    )
    page.line(f"Mutation score on {report.pool[0]} alone: {_share(report.base)}.")
    page.line(f"Mutation score on {len(report.chosen)} databases: {_share(total)}{_interval(report)}.", "bold")
    _print_picked(report, most, target, page)


def _print_operators(report: MutationReport, page: Page) -> None:
    rows = []
    for name, judged in sorted(by(report.judged, lambda each: each.mutant.operator).items()):
        each = score(judged, report.chosen)
        counts = (each.mutants, each.failed, each.presumed_equal, each.wrong, each.caught)
        rows.append((name, *(f"{count:,}" for count in counts), percent(each.share)))
    header = ("mistake", "mutants", "no run", "same", "wrong", "caught", "score")  # fits 80 columns
    page.table(header, rows, right=frozenset(range(1, 7)))


def _print_survivors(report: MutationReport, page: Page) -> None:
    groups = by(report.survivors, lambda each: each.case)
    if groups:
        page.line()
        page.line("Wrong, and the suite does not see it; a row that tells the two apart is missing:", "bold")
    shown = 0
    for case, judged in groups.items():
        if shown >= SHOWN_SURVIVORS:
            page.line(f"  … and {len(report.survivors) - shown:,} more")
            return
        page.line(f"{case}")
        for each in judged[: SHOWN_SURVIVORS - shown]:
            page.line(f"  {each.mutant.operator}: {each.mutant.where}")
            page.line(f"    gold   {' '.join(each.gold.split())}")
            page.line(f"    mutant {' '.join(each.mutant.sql.split())}")
            page.line(f"    told apart by {', '.join(each.told_apart_by)}")
        shown += len(judged[: SHOWN_SURVIVORS - shown])


def _print_picked(report: MutationReport, most: int, target: float, page: Page) -> None:
    picked = report.picked(most, target)
    reached = score(report.judged, (report.pool[0], *picked))
    if not picked:
        page.line(f"{report.pool[0]} alone reaches it: no other database catches more.")
        return
    page.line(
        f"Fewest databases for {percent(target, 0)}: {report.pool[0]} and {len(picked)} more reach {_share(reached)}:"
    )
    page.line(f"  --seeds {','.join(each.rpartition('-')[2] for each in picked)}", "bold")
    if reached.share is not None and reached.share < target:
        page.line(
            f"That is less than {percent(target, 0)}: look at what survives, or allow more with --pick.", "yellow"
        )


def _share(each: Score) -> str:
    return "no mutant is wrong" if each.share is None else f"{percent(each.share)} ({each.caught:,} of {each.wrong:,})"


def _interval(report: MutationReport) -> str:
    if report.total.share is None:
        return ""
    return f", 95 % interval {between(report.interval)}"


def as_json(report: MutationReport, most: int, target: float) -> dict[str, Any]:
    picked = report.picked(most, target)
    interval = report.interval
    return {
        "summary": {
            "suite": report.suite,
            **_counts(report.total),
            "interval": [interval.low, interval.high],
            "base_score": report.base.share,
            "databases": list(report.chosen),
            "pool": list(report.pool),
            "picked": list(picked),
            "picked_score": score(report.judged, (report.pool[0], *picked)).share,
            "seconds": round(report.seconds, 1),
            "by_operator": _grouped(report, [each.mutant.operator for each in report.judged]),
            "by_case": _grouped(report, [each.case for each in report.judged]),
        },
        "survivors": [_survivor(each) for each in report.survivors],
        "not_mutated": [{"id": case, "reason": reason} for case, reason in report.not_mutated],
        "notes": list(report.notes),
    }


def _counts(each: Score) -> dict[str, Any]:
    return {
        "mutants": each.mutants,
        "failed": each.failed,
        "presumed_equal": each.presumed_equal,
        "wrong": each.wrong,
        "caught": each.caught,
        "score": each.share,
    }


def _grouped(report: MutationReport, names: Sequence[str]) -> dict[str, Any]:
    groups: dict[str, list[Judged]] = {}
    for name, each in zip(names, report.judged, strict=True):
        groups.setdefault(name, []).append(each)
    return {name: _counts(score(groups[name], report.chosen)) for name in sorted(groups)}


def _survivor(each: Judged) -> dict[str, Any]:
    return {
        "id": each.case,
        "operator": each.mutant.operator,
        "where": each.mutant.where,
        "gold": each.gold,
        "mutant": each.mutant.sql,
        "told_apart_by": list(each.told_apart_by),
    }
