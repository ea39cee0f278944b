"""Weekdays and times of day: "on Sundays", "at weekends", "after 6 pm", "by hour of the day", "busiest weekday".

All of them read a part of the moment that dates the rows, in UTC as it is stored. Stretches of the day that people
bound differently (morning, evening, night) are asked back.
"""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    DatePart,
    Dimension,
    FieldRef,
    Operator,
    Part,
    QueryPlan,
)
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.points import WEEKDAYS
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    DimensionSense,
    FieldSense,
    FilterSense,
    NumberSense,
    Placer,
)

WEEKEND, WORKING_DAYS = (6, 7), (1, 2, 3, 4, 5)
_NAMES: dict[str, DatePart] = {
    "weekday": "weekday",
    "hour": "hour",
    "day of the month": "day",
    "month of the year": "month",
    "quarter of the year": "quarter",
}
_PHRASES: dict[tuple[str, str], str] = {
    ("daypart", "weekday"): "weekday | day of the week | day of week | week day | dow",
    ("daypart", "hour"): (
        "hour of the day | hour of day | hour | time of the day | time of day | hourly | hour by hour"
    ),
    ("daypart", "day of the month"): "day of the month | day of month",
    ("daypart", "month of the year"): "month of the year | month of year",
    ("daypart", "quarter of the year"): "quarter of the year",
    ("days", "6 7"): "weekend | the weekend",
    ("days", "1 2 3 4 5"): "working day | business day | workday",
    ("clock", "12"): "noon | midday",
    ("clock", "24"): "midnight",
    ("half", "am"): "am | a.m",
    ("half", "pm"): "pm | p.m | o clock",
    ("stretch", "6 12"): "in the morning | morning | mornings",
    ("stretch", "12 18"): "in the afternoon | afternoon | afternoons",
    ("stretch", "18 24"): "in the evening | evening | evenings",
    ("stretch", "22 6"): "at night | night | nights | overnight",
    ("busy", "max"): "busiest | most active | peak",
    ("busy", "min"): "quietest | slowest | least busy | least active",
    **{
        ("days", str(number)): " | ".join(name for name, n in WEEKDAYS.items() if n == number and len(name) > 3)
        for number in range(1, 8)
    },
}
_KINDS = ("daypart", "days", "clock", "half", "stretch", "busy")
# What stands before a grouping; before anything else the same word restricts.
_GROUPS = ("by", "list")
_ASKS = ("what", "which", "whichever")


def read_dayparts(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not any(c.word(kind) for c in chunks for kind in _KINDS):
        return None
    done = _Rewriting(question).all()
    plan = inner(done)
    question.settle((*done, *(c for c in chunks if not c.has(FieldSense))))
    return plan


class _Rewriting:
    """Puts made chunks where days and hours were said."""

    def __init__(self, question: Linked) -> None:
        self.chunks = question.chunks
        self.text = question.text
        self.model = question.model
        self.at = 0
        self.done: list[Chunk] = []

    def all(self) -> tuple[Chunk, ...]:
        while self.at < len(self.chunks):
            chunk = self.chunks[self.at]
            if chunk.word("busy"):
                self._busy(chunk)
            elif (part := chunk.word("daypart")) and not self._restricts(part.argument):
                self._dimension(chunk, _NAMES[part.argument])
            elif chunk.word("days") or chunk.word("daypart"):
                self._days()
            elif chunk.word("stretch"):
                self._stretch(chunk)
            elif not self._clock():
                self.done.append(chunk)
                self.at += 1
        return tuple(self.done)

    # -- groupings ---------------------------------------------------------------------------------------------------

    def _restricts(self, part: str) -> bool:
        """ "on weekdays" are the working days; "by weekday" and "each weekday" group."""
        before = self.done[-1] if self.done else None
        typed = self.chunks[self.at].words.lower()
        on = before is not None and before.words.lower() in ("on", "during", "only on")
        return part == "weekday" and typed == "weekdays" and on

    def _dimension(self, chunk: Chunk, part: DatePart) -> None:
        if self.done and self.done[-1].words.lower() in _ASKS:
            self.done[-1] = word("which", "list", "")
        self.done.append(Chunk(chunk.words, (DimensionSense(_grouping(part, chunk.words)),)))
        self.at += 1

    def _busy(self, chunk: Chunk) -> None:
        """ "the busiest weekday for bids" = "which weekday has the most bids"."""
        direction = chunk.word("busy")
        at, following = self.at + 1, self.chunks[self.at + 1 :]
        if direction is None or not following or not (following[0].word("daypart") or following[0].word("grain")):
            raise NotUnderstood(f"“{chunk.words}” by what? Please name what is counted.", (chunk.words,))
        self.done.append(word("which", "list"))
        if part := following[0].word("daypart"):
            self.at = at
            self._dimension(following[0], _NAMES[part.argument])
        else:
            self.done.append(following[0])
            self.at = at + 1
        while self.at < len(self.chunks) and _links(self.chunks[self.at]):
            self.at += 1
        rest = self.chunks[self.at : self.at + 1]
        if not rest or not rest[0].has(DatasetSense, FilterSense):
            raise NotUnderstood(f"“{chunk.words}” by what? Please name what is counted.", (chunk.words,))
        self.done.append(word("has the most" if direction.argument == "max" else "fewest", "most", direction.argument))

    # -- restrictions ------------------------------------------------------------------------------------------------

    def _days(self) -> None:
        """One or several days, with "or" and "and" between: a moment is on one of them."""
        days: list[int] = []
        words: list[str] = []
        while self.at < len(self.chunks):
            chunk = self.chunks[self.at]
            said = chunk.word("days")
            numbers = [int(n) for n in said.argument.split()] if said else []
            if chunk.word("daypart") and chunk.words.lower() == "weekdays":
                numbers = list(WORKING_DAYS)
            if not numbers:
                break
            days += numbers
            words.append(chunk.words)
            self.at += 1
            joint = self.chunks[self.at : self.at + 1]
            after = self.chunks[self.at + 1 : self.at + 2]
            if not (joint and after and after[0].word("days") and _joins(joint[0])):
                break
            self.at += 1
        values = tuple(str(n) for n in sorted(set(days)))
        self._condition("weekday", lambda part: [Comparison(part, "in" if len(values) > 1 else "=", values)], words)

    def _stretch(self, chunk: Chunk) -> None:
        said = chunk.word("stretch")
        start, _, end = said.argument.partition(" ") if said else ("", "", "")
        choices = {
            "6 12": ("between 6 am and noon", "between 5 am and noon"),
            "12 18": ("between noon and 6 pm", "between noon and 5 pm"),
            "18 24": ("between 6 pm and 10 pm", "between 6 pm and midnight"),
            "22 6": ("between 10 pm and 6 am", "between midnight and 6 am"),
        }[f"{start} {end}"]
        typed = f"in the {chunk.words}" if f"in the {chunk.words}" in self.text else chunk.words
        texts = tuple(self.text.replace(typed, choice) for choice in choices)
        raise SeveralReadings(f"“{chunk.words}”: between which hours?", texts)

    def _clock(self) -> bool:
        """between 6 pm and 10 pm · from 8 to 10 am · after 6 pm · before noon · at 8 pm"""
        first = self._hour(self.at)
        lead = self.chunks[self.at]
        name = lead.words.lower()
        if first is not None and not lead.word("clock") and self._half(self.at + 1) is None and not _is_clock(lead):
            first = None
        if first is not None:
            return self._hours("=", first[0], None, first[1])
        if name not in ("between", "from", "after", "before", "at", "since", "until", "past") and not lead.word(
            "compare"
        ):
            return False
        start = self._hour(self.at + 1)
        if start is None:
            return False
        if name in ("between", "from"):
            joint = self.chunks[start[1] : start[1] + 1]
            end = self._hour(start[1] + 1) if joint and joint[0].words.lower() in ("and", "to", "until") else None
            if end is None or not (self._says_clock(self.at + 1, start[1]) or self._says_clock(start[1] + 1, end[1])):
                return False
            opening = start[0]
            if not self._says_clock(self.at + 1, start[1]) and end[0] > 12 and opening < 12:
                opening += 12  # "from 6 to 10 pm"
            return self._hours("between", opening, end[0], end[1])
        if not self._says_clock(self.at + 1, start[1]):
            return False
        operators = {"after": ">=", "since": ">=", "past": ">=", "before": "<", "until": "<", "at": "="}
        return name in operators and self._hours(operators[name], start[0], None, start[1])

    def _says_clock(self, begin: int, end: int) -> bool:
        return any(c.word("clock") or c.word("half") or _is_clock(c) for c in self.chunks[begin:end])

    def _hour(self, at: int) -> tuple[int, int] | None:
        """The hour said at a chunk, 0 to 24, and where it ends. Only whole hours are read."""
        if at >= len(self.chunks):
            return None
        chunk = self.chunks[at]
        if said := chunk.word("clock"):
            return int(said.argument), at + 1
        numbers = chunk.of(NumberSense)
        if not numbers or numbers[0].unit or numbers[0].value != int(numbers[0].value):
            return None
        hour, end = int(numbers[0].value), at + 1
        if end < len(self.chunks) and self.chunks[end].words == "00":
            end += 1
        half = self._half(end)
        if half is not None:
            if not 1 <= hour <= 12:
                return None
            hour, end = hour % 12 + (12 if half == "pm" else 0), end + 1
        return (hour, end) if 0 <= hour <= 24 else None

    def _half(self, at: int) -> str | None:
        said = self.chunks[at].word("half") if at < len(self.chunks) else None
        return said.argument if said else None

    def _hours(self, operator: str, first: int, last: int | None, end: int) -> bool:
        words = [c.words for c in self.chunks[self.at : end]]
        self.at = end
        self._condition("hour", lambda part: _hour_conditions(part, operator, first, last), words)
        return True

    def _condition(self, part: DatePart, make: Callable[[Part], list[Condition]], words: list[str]) -> None:
        """A date named before ("ending on a Sunday") is the one that is meant; else what dates the rows."""
        while self.done and self.done[-1].words.lower() in ("on", "at", "during", "in", "a", "the", "over", "only"):
            self.done.pop()
        fields: tuple[FieldSense, ...] = ()
        if self.done:
            previous = self.done[-1]
            fields = tuple(f for f in previous.of(FieldSense) if self.model.dataset(f.dataset).field(f.field).is_time)
            if fields and len(fields) == len(previous.of(FieldSense)) and not previous.has(FilterSense, DatasetSense):
                words = [self.done.pop().words, *words]
            else:
                fields = ()
        said = " ".join(words)

        def bind(placer: Placer, scope: Scope) -> list[Condition]:
            return make(Part(_moment(placer, scope, fields, said), part))

        self.done.append(Chunk(said, (ConditionSense(bind),)))


def _is_clock(chunk: Chunk) -> bool:
    return chunk.words == "00"


def _links(chunk: Chunk) -> bool:
    return chunk.words.lower() in ("for", "of", "in", "terms", "in terms of", "by", "for placing", "number of", "the")


def _joins(chunk: Chunk) -> bool:
    return bool(chunk.word("and") or chunk.word("or") or chunk.word("comma"))


def _moment(placer: Placer, scope: Scope, fields: tuple[FieldSense, ...], words: str) -> FieldRef:
    if fields:
        return placer.place(fields, scope, words)
    if scope.time is None:
        raise NotUnderstood(f"I do not know what “{words}” dates here.", (words,))
    return scope.time()


def _grouping(part: DatePart, words: str) -> Callable[[Placer, Scope], Dimension]:
    def bind(placer: Placer, scope: Scope) -> Dimension:
        return Dimension(
            part if part in ("weekday", "hour") else f"{part}_number", Part(_moment(placer, scope, (), words), part)
        )

    return bind


def _hour_conditions(part: Part, operator: str, first: int, last: int | None) -> list[Condition]:
    """Half-open: until 10 pm ends at 21:59. Past midnight is two stretches."""
    if operator != "between" or last is None:
        compared: dict[str, Operator] = {">=": ">=", "<": "<", "=": "="}
        return [Comparison(part, compared[operator], (str(first % 24 if operator == "=" else first),))]
    late: Condition = Comparison(part, ">=", (str(first),))
    early: Condition = Comparison(part, "<", (str(last),))
    if last == 24:
        return [late]
    return [AllOf((late, early))] if first < last else [AnyOf((late, early))]


DAYPARTS = Construct("dayparts", read_dayparts, _PHRASES)
