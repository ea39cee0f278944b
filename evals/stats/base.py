"""An interval, and how the words of a verdict agree with it.

Shares and differences are between −1 and 1 throughout this room; points are for people.
"""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def reaching(self, value: float) -> Interval:
        """The same, and `value` if it is not in it. An interval that grew covers no less than it did."""
        return Interval(min(self.low, value), max(self.high, value))


def abstention_score(right: float, abstained: float, wrong: float, c: float) -> float | None:
    """(right − c·wrong) / all: what answering is worth to somebody whom a wrong answer costs `c` right ones, and who
    loses nothing by no answer. −c to 1; None where there was nothing to answer.

    With c = 0 it is the accuracy; a writer that declines everything has 0 of what it could have answered. After the
    penalised scores of selective prediction: Chow, C. K. (1970), On optimum recognition error and reject tradeoff,
    IEEE Transactions on Information Theory 16, 41–46.
    """
    total = right + abstained + wrong
    return (right - c * wrong) / total if total else None
