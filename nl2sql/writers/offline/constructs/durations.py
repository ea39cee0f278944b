"""How long something took, and what happened within so long of something else.

"average time between closing and payment", "how many hours until the first bid", "sold within 7 days of being listed",
"bids in the last 10 minutes before the end", "auctions that ran for more than 10 days". Where a question names only
one moment, the other is the start of what is asked about, and that is said.
"""

from __future__ import annotations

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.how_long import HowLong
from nl2sql.writers.offline.constructs.moments import GRAIN_UNITS
from nl2sql.writers.offline.constructs.within import Within
from nl2sql.writers.offline.senses import Chunk, NumberSense

_PHRASES: dict[tuple[str, str], str] = {
    ("span", ""): (
        "time | duration | delay | gap | lag | time span | amount of time | length of time | elapsed time | interval | "
        "waiting time | turnaround"
    ),
    ("how long", ""): "how long | how much time | how quickly | how fast | how soon",
    ("how long", "days"): "how many days | number of days",
    ("how long", "hours"): "how many hours | number of hours",
    ("how long", "minutes"): "how many minutes | number of minutes",
    ("longest", "max"): "longest | slowest",
    ("longest", "min"): "shortest | quickest | fastest",
    ("unit", "minutes"): "minute | min",
    ("unit", "seconds"): "second | sec",
    ("unit", "hours"): "hour | hr",
    (
        "lasts",
        "",
    ): "last | lasted | lasting | run for | ran for | run | ran | running for | stay open | stayed open | was open for",
    ("takes", ""): (
        "do it take | does it take | did it take | take | took | it take | pass | passed | elapse | elapsed | go by | "
        "lie | lay"
    ),
    ("within", ""): "within | no later than | in less than | inside of",
    ("length", ""): "length | lifetime | run time | running time",
}


def read_durations(question: Linked, inner: Inner) -> QueryPlan | None:
    if not any(_is_duration_word(chunk) for chunk in question.chunks):
        return None
    done = _Rewriting(question).all()
    if done is None:
        return None
    plan = inner(done)
    question.settle((*done, *(c for c in question.chunks if c.has(NumberSense))))
    return plan


def _is_duration_word(chunk: Chunk) -> bool:
    grain = chunk.word("grain")
    kinds = ("span", "how long", "unit", "within", "length")
    return any(chunk.word(kind) for kind in kinds) or (grain is not None and grain.argument in GRAIN_UNITS)


class _Rewriting(HowLong, Within):
    """Puts made chunks where durations were said; None where none was."""

    def all(self) -> tuple[Chunk, ...] | None:
        while self.at < len(self.chunks):
            if not (self.asks_how_long() or self.bounds()):
                self.done.append(self.chunks[self.at])
                self.at += 1
        return tuple(self.done) if self.changed else None


DURATIONS = Construct("durations", read_durations, _PHRASES)
