"""What became of mutants, and the mutation score: of the mutants that are wrong, the share that chosen databases catch.

An answer passes where one accepted gold equals it on all databases. So a mutant is wrong when each accepted gold of its
case is told from it by some database of the pool. One for which none does is presumed to mean the same. One that does
not run is caught by anything, and proves nothing: it is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from evals.mutation.base import Mutant


@dataclass(frozen=True, slots=True)
class Judged:
    """`apart` has a set for each accepted gold: the databases on which the mutant differs from it. Where the base tells
    it from all of them, no other was asked. `ran`: it ran on the base."""

    case: str
    gold: str
    mutant: Mutant
    ran: bool
    apart: tuple[frozenset[str], ...] = ()

    @property
    def is_wrong(self) -> bool:
        return bool(self.apart) and all(self.apart)

    def is_caught_by(self, names: Set[str]) -> bool:
        return bool(self.apart) and not any(map(names.isdisjoint, self.apart))

    @property
    def told_apart_by(self) -> tuple[str, ...]:
        """Databases each of which is enough; where none is, those that are together."""
        enough = frozenset[str].intersection(*self.apart) if self.apart else frozenset()
        return tuple(sorted(enough or frozenset().union(*self.apart)))


@dataclass(frozen=True, slots=True)
class Score:
    mutants: int
    failed: int
    presumed_equal: int
    wrong: int
    caught: int

    @property
    def share(self) -> float | None:
        return self.caught / self.wrong if self.wrong else None


def score(judged: Iterable[Judged], chosen: Iterable[str]) -> Score:
    """`chosen` are the names of the databases that the suite runs on, the base among them."""
    names, every = frozenset(chosen), list(judged)
    wrong = [each for each in every if each.is_wrong]
    failed = sum(not each.ran for each in every)
    return Score(
        mutants=len(every),
        failed=failed,
        presumed_equal=len(every) - failed - len(wrong),
        wrong=len(wrong),
        caught=sum(each.is_caught_by(names) for each in wrong),
    )


def survivors(judged: Iterable[Judged], chosen: Iterable[str]) -> list[Judged]:
    """Wrong, and not caught by the chosen databases."""
    names = frozenset(chosen)
    return [each for each in judged if each.is_wrong and not each.is_caught_by(names)]


def by(judged: Iterable[Judged], name: Callable[[Judged], str]) -> dict[str, list[Judged]]:
    groups: dict[str, list[Judged]] = {}
    for each in judged:
        groups.setdefault(name(each), []).append(each)
    return groups


def pick(judged: Sequence[Judged], base: str, pool: Sequence[str], most: int, target: float) -> tuple[str, ...]:
    """Which databases of the pool to take besides the base: each time the one that helps most with what is not caught
    yet, the earlier one where two help as much; until the target is reached, `most` are taken, or none helps."""
    wrong = sum(each.is_wrong for each in judged)
    picked: list[str] = []
    while len(picked) < most:
        taken = frozenset({base, *picked})
        waiting = survivors(judged, taken)
        if not waiting or 1 - len(waiting) / wrong >= target:
            break
        open_sets = [each for mutant in waiting for each in mutant.apart if taken.isdisjoint(each)]
        gains = {name: sum(name in each for each in open_sets) for name in pool if name not in taken}
        best = max(gains, key=lambda name: gains[name], default="")
        if not best or not gains[best]:
            break
        picked.append(best)
    return tuple(picked)
