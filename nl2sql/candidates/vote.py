"""From the ballots to what they decide. Differing results are doubt, whatever the majority: then it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from nl2sql.candidates.aspects import is_compared, words_of
from nl2sql.candidates.base import Ballot, Reading
from nl2sql.candidates.equal import says_the_same
from nl2sql.writers.base import CannotAnswer, Clarification


@dataclass(frozen=True, slots=True)
class Agreed:
    """All results are equal. `reading` is the one to show; `count` drafts of those that were asked for gave it.
    `is_chance`: they found nothing, by readings that are described differently. Whatever is read wrongly finds nothing,
    so that such results say little for each other."""

    reading: Reading
    count: int
    is_chance: bool = False


@dataclass(frozen=True, slots=True)
class Differing:
    """What stands for each different result, that of the most drafts first; at least two."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class InWords:
    """Most drafts ask back, or cannot answer."""

    draft: Clarification | CannotAnswer


def vote(ballots: Sequence[Ballot]) -> Agreed | Differing | InWords:
    """At least one ballot, in the order in which they were drawn. A question back or a “cannot” counts when more than
    half say so, or when nobody has a result; a question back then goes first, because it can be answered."""
    readings = [each for each in ballots if isinstance(each, Reading)]
    for kind in (Clarification, CannotAnswer):
        said = [each for each in ballots if isinstance(each, kind)]
        if said and (2 * len(said) > len(ballots) or not readings):
            return InWords(said[0])
    groups = _groups(readings)
    if len(groups) > 1:
        return Differing(tuple(_best(group) for group in groups))
    return Agreed(_best(groups[0]), len(readings), is_chance=_found_nothing(readings))


def _groups(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Equal to every one of its group: being equal up to a tolerance, or but for more columns, does not carry over."""
    groups: list[list[Reading]] = []
    for each in readings:
        home = next((group for group in groups if all(says_the_same(each, other) for other in group)), None)
        if home is None:
            groups.append([each])
        else:
            home.append(each)
    return sorted(groups, key=len, reverse=True)


def _found_nothing(readings: Sequence[Reading]) -> bool:
    told = {tuple(sorted(words_of(line) for line in each.lines if is_compared(line))) for each in readings}
    return len(told) > 1 and all(_is_nothing(each.result.table) for each in readings)


def _is_nothing(table: pa.Table) -> bool:
    """No rows, or one that counts and sums nothing."""
    return table.num_rows == 0 or (
        table.num_rows == 1 and all(value is None or value == 0 for value in table.to_pylist()[0].values())
    )


def _best(group: Sequence[Reading]) -> Reading:
    """The surest. Between equals the wider result, which loses nothing and may have the name beside the ID; then the
    one that was drawn first."""
    return max(group, key=lambda each: (each.draft.confidence or 0.0, each.result.table.num_columns))
