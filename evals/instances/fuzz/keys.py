"""New values for key columns, never the same twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from evals.instances.fuzz.moments import Form
from evals.instances.fuzz.values import Draw, Value

# After so many draws that gave nothing new, a key is made from an old one and a number.
PATIENCE = 20
# Above it, counting on would leave what SQLite can store; below it there is room that the base does not use.
LARGEST = 2**62


def new_keys(draw: Draw, random: Random) -> Iterator[Value]:
    """Some of the base's own, so that literals of questions find their rows, and others. Without an end."""
    own = list(draw.distinct)
    random.shuffle(own)
    # A few are left out: what a query joins to need not be there.
    yield from own[: max(1, len(own) * 4 // 5)]
    if len(draw.numbers) == len(own) and (own or "INT" in draw.declared.upper()):
        yield from _numbers(int(max(draw.numbers, default=0)), random)
    elif draw.form is not None and draw.form.has_day and own:
        yield from _days(draw.form, draw.moments[-1], random)
    else:
        yield from _texts(draw, random)


def _numbers(highest: int, random: Random) -> Iterator[Value]:
    if highest > LARGEST:
        highest = 0
    while True:
        highest += random.choice((1, 1, 1, 2, 5))
        yield highest


def _days(form: Form, last: datetime, random: Random) -> Iterator[Value]:
    """After the last one, in its form; before the first one where the calendar ends."""
    step = timedelta(days=1 if last.year < 9000 else -1)
    while True:
        last += step * random.choice((1, 1, 2))
        yield form.write(last)


def _texts(draw: Draw, random: Random) -> Iterator[Value]:
    made: set[Value] = set(draw.distinct)
    number = 0
    while True:
        fresh = next((each for each in (draw.fresh(random) for _ in range(PATIENCE)) if each not in made), None)
        if fresh is None:
            number += 1
            old = draw.fresh(random)
            fresh = old + bytes(str(number), "ascii") if isinstance(old, bytes) else f"{old}{number}"
        made.add(fresh)
        yield fresh
