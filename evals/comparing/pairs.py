"""The same cases of two runs, side by side; and which cases cannot be paired, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from evals.errors import RunsNotComparable
from evals.log.records import CaseRecord, Run, RunHeader, Shown

# What must be the same for a pair of answers to be answers to the same question about the same data.
_SAME = (("as_of", "as of"), ("database", "database"), ("instances", "instances"))


@dataclass(frozen=True, slots=True)
class PairedCase:
    """One case in both runs, with all its repeats in each: at least one."""

    first: tuple[CaseRecord, ...]
    second: tuple[CaseRecord, ...]

    @property
    def about(self) -> CaseRecord:
        return self.second[0]

    @property
    def id(self) -> str:
        return self.about.id

    @property
    def change(self) -> Fraction:
        """How much more of it the second run has right: −1 to 1."""
        return _share_right(self.second) - _share_right(self.first)

    @property
    def is_single(self) -> bool:
        return len(self.first) == len(self.second) == 1


@dataclass(frozen=True, slots=True)
class Pairing:
    """Ids of cases that only one run has, and of `changed` ones: other words, another gold, or other gold rows."""

    cases: tuple[PairedCase, ...]
    only_first: tuple[str, ...] = ()
    only_second: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def pair(first: Run, second: Run, *, force: bool = False, partial: bool = False) -> Pairing:
    """In the order of the second run. `force` pairs also what was asked of other data, or on another day; `partial`
    also runs that did not go through all their cases. Raises RunsNotComparable."""
    warnings = [*_partly(first, second, partial), *_unlike(first.header, second.header, force)]
    same_suite = first.header.suite_fingerprint == second.header.suite_fingerprint
    ones, others = _by_id(first.records), _by_id(second.records)
    both = {name: PairedCase(ones[name], others[name]) for name in others if name in ones}
    changed = [name for name, each in both.items() if _is_changed(each, same_suite)]
    suites = f"{first.header.suite} and {second.header.suite}"
    if first.header.suite != second.header.suite:
        warnings.append(f"The runs are of the suites {suites}: only what both ask in the same way is compared.")
    elif not same_suite:
        warnings.append("The suite has changed between the runs: questions that changed are left out.")
    cases = tuple(each for name, each in both.items() if name not in set(changed))
    if not cases:
        told = "All questions have changed between the runs." if changed else "The runs have no question in common."
        raise RunsNotComparable(told, hint=f"They are of the suites {suites}.")
    failed = sum(any(each.outcome == "failed" for each in (*case.first, *case.second)) for case in cases)
    if failed:
        what = "a question" if failed == 1 else f"{failed} questions"
        warnings.append(f"In {what} the provider, the database or the product failed: that counts as not right.")
    return Pairing(
        cases,
        tuple(name for name in ones if name not in others),
        tuple(name for name in others if name not in ones),
        tuple(changed),
        tuple(warnings),
    )


def _by_id(records: Iterable[CaseRecord]) -> dict[str, tuple[CaseRecord, ...]]:
    found: dict[str, tuple[CaseRecord, ...]] = {}
    for record in records:
        found[record.id] = (*found.get(record.id, ()), record)
    return found


def _share_right(records: Sequence[CaseRecord]) -> Fraction:
    return Fraction(sum(record.is_right for record in records), len(records))


def _partly(first: Run, second: Run, partial: bool) -> list[str]:
    parts = [run.header.label for run in (first, second) if not run.is_complete]
    if not parts:
        return []
    names = " and ".join(parts)
    if partial:
        return [f"Not all was asked in {names}: what is compared may differ from the whole."]
    raise RunsNotComparable(
        f"Not all was asked in {names}.", hint="Let the run go on to its end, or compare what is there with --partial."
    )


def _unlike(first: RunHeader, second: RunHeader, force: bool) -> list[str]:
    unlike = [
        f"{name} {_spelled(getattr(first, key))} and {_spelled(getattr(second, key))}"
        for key, name in _SAME
        if getattr(first, key) != getattr(second, key)
    ]
    if not unlike:
        return []
    told = f"The runs were not asked of the same data: {'; '.join(unlike)}."
    if force:
        return [told]
    raise RunsNotComparable(told, hint="A difference could come from that alone. --force compares them all the same.")


def _spelled(value: str | tuple[str, ...]) -> str:
    return (value if isinstance(value, str) else ", ".join(value)) or "(none)"


def _is_changed(case: PairedCase, same_suite: bool) -> bool:
    """In one suite only the data can have changed. A gold that another answer was found equal to is no change there."""
    one, other = case.first[0], case.second[0]
    asked = [(each.question, each.kind, each.turns, each.role) for each in (one, other)]
    if asked[0] != asked[1]:
        return True
    if one.gold is None or other.gold is None:
        return not same_suite and (one.gold is None) != (other.gold is None)
    if one.gold.sql == other.gold.sql:
        return not _same_rows(one.gold.table, other.gold.table)
    return not same_suite


def _same_rows(one: Shown, other: Shown) -> bool:
    """As far as the log has them: of a long result the first rows need not be the same ones."""
    if (one.columns, one.row_count) != (other.columns, other.row_count):
        return False
    if len(one.rows) < one.row_count:
        return True
    return Counter(map(repr, one.rows)) == Counter(map(repr, other.rows))
