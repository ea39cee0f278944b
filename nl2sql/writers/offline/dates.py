"""Periods in words → half-open ranges of days: named stretches (`points`), and what lies between or around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from nl2sql.plan.periods import Period, period_of, say_day
from nl2sql.writers.offline.points import (
    MONTHS,
    UNITS,
    WEEKDAYS,
    Point,
    count_of,
    find_point,
    is_digits,
    past,
    unit_of,
    year_of,
)
from nl2sql.writers.offline.tokens import Token

# No period is said in more words than these.
_LONGEST = 18
_LEADS = frozenset("in on during for of the throughout from".split())
# These compare numbers as well ("over 2000"): they lead to a period only before words like "the past".
_LOOSE_LEADS = frozenset("over within across at".split())
_AFTER_LOOSE = frozenset("the all last past previous prior preceding this current".split())
_TO = ("to", "until", "till", "through", "and", "-", "up")
_SINCE = ("since", "starting", "beginning", "from")
_UNTIL = ("until", "till", "through", "by")


# Every word that a period can begin with; most words of a question are none of them.
_OPENERS = (
    frozenset(
        (
            "in on during for of the throughout over within at across from between since starting beginning until till "
            "through by after before up prior no as more longer less under q1 q2 q3 q4 h1 h2 first second third fourth "
            "today yesterday day week month year all whole entire calendar full last previous preceding this current "
            "present ongoing past ytd mtd qtd wtd quarter so a an final"
        ).split()
    )
    | frozenset(MONTHS)
    | frozenset(WEEKDAYS)
)


# A day or a count begins a period only before one of these; a year may stand alone.
_BEHIND_NUMBERS = frozenset("to - of and until till through up fortnight decade half hour , the".split()) | frozenset(
    (*MONTHS, *UNITS)
)


@dataclass(frozen=True, slots=True)
class FoundPeriod:
    """`length` tokens were read."""

    period: Period
    length: int


def find_period(tokens: tuple[Token, ...], at: int, as_of: date) -> FoundPeriod | None:
    """The longest period that begins at token `at`."""
    if tokens[at].number is None and tokens[at].norm not in _OPENERS and not tokens[at].norm[:1].isdigit():
        return None
    following = tokens[at + 1].norm if at + 1 < len(tokens) else ""
    if tokens[at].number is not None and len(tokens[at].norm) < 4 and following not in _BEHIND_NUMBERS:
        return None
    words = [_plain(token) for token in tokens[at : at + _LONGEST]]
    found = [read(words, as_of) for read in (_between, _bounded, _long_ago, _either, _alone)]
    return max((f for f in found if f), key=lambda f: f.length, default=None)


Read = Callable[[list[str], date], FoundPeriod | None]


def _plain(token: Token) -> str:
    """Numbers as digits, also those written out; anything else as it is matched."""
    if token.number is not None and not token.unit and token.number == int(token.number):
        return str(int(token.number))
    return token.norm


def _alone(words: list[str], as_of: date) -> FoundPeriod | None:
    """in 2025 · over the past year · on 5 March 2025 · Q1 (and Q2 2025)"""
    skip = _leads(words)
    point = find_point(words[skip:], as_of)
    if point is None:
        return None
    year = _year_behind(words[skip + point.length :], as_of) if point.open_year else None
    point = find_point(words[skip:], as_of, year)
    return FoundPeriod(point.period, skip + point.length) if point else None


def _either(words: list[str], as_of: date) -> FoundPeriod | None:
    """in 2024 or 2025 · 2023, 2024 or 2025: one period where they follow each other"""
    skip = _leads(words)
    first = find_point(words[skip:], as_of)
    if first is None:
        return None
    at, joint = skip + first.length, ""
    start, end = first.period.start, first.period.end
    while at < len(words) and words[at] in ("or", ","):
        joint = words[at] if words[at] == "or" else joint
        lead = at + 1 + _leads(words[at + 1 :])
        after = find_point(words[lead:], as_of)
        if after is None or (after.period.start != end and joint == "or"):
            return None
        if after.period.start != end:
            break
        at, end = lead + after.length, after.period.end
    if joint != "or" or start is None or end is None:
        return None
    return FoundPeriod(period_of(start, end), at)


def _between(words: list[str], as_of: date) -> FoundPeriod | None:
    """between A and B · from A to B · A to B · 5 to 10 June · January–March 2025"""
    skip = 1 if words and words[0] in ("between", "from") else 0
    announced = words[0] if skip else ""
    for first, joint in _firsts(words[skip:], as_of):
        at = skip + joint
        second_at, joined = _joint(words, at, announced)
        if second_at is None:
            continue
        second = find_point(words[second_at:], as_of)
        if second is None or second.period.end is None:
            continue
        found = _stretch(words[skip:], first, second, as_of, joined)
        if found:
            return FoundPeriod(found, second_at + second.length)
    return None


def _firsts(words: list[str], as_of: date) -> list[tuple[Point | int, int]]:
    """What may stand first: a named stretch, or the bare day of "5 to 10 June"; and the words it takes."""
    found: list[tuple[Point | int, int]] = []
    while words[:1] == ["the"]:
        return [(first, length + 1) for first, length in _firsts(words[1:], as_of)]
    point = find_point(words, as_of)
    if point:
        found.append((point, point.length))
    if words and is_digits(words[0]) and 1 <= int(words[0]) <= 31:
        found.append((int(words[0]), 1))
    return found


def _joint(words: list[str], at: int, announced: str) -> tuple[int | None, bool]:
    """Where the second begins, and whether a word joins the two."""
    if at >= len(words):
        return None, False
    if words[at] in _TO and not (words[at] == "and" and announced != "between"):
        after = at + 1
        if words[at] == "up":
            after = at + 2 if words[at + 1 : at + 2] in (["to"], ["until"]) else len(words)
        while after < len(words) and words[after] in ("the", "end", "of"):
            after += 1
        return after, True
    return at, False


def _stretch(words: list[str], first: Point | int, second: Point, as_of: date, joined: bool) -> Period | None:
    end = second.period.end
    if end is None or second.period.start is None:
        return None
    if isinstance(first, int):  # "5 to 10 June": both in the month of the second
        if not joined and words[1:2] not in ([w] for w in MONTHS):
            return None
        try:
            start = second.period.start.replace(day=first)
        except ValueError:
            return None
        return period_of(start, end) if second.period.is_one("day") and start < second.period.start else None
    if not joined and not _are_joined_by_a_dash(first, second):
        return None
    if first.open_year and first.period.start is not None:
        last_day = end - timedelta(days=1)
        moved = find_point(words, as_of, last_day.year)
        if moved and moved.period.start and moved.period.start >= end:
            moved = find_point(words, as_of, last_day.year - 1)
        first = moved or first
    elif second.open_year and first.period.start and second.period.start < first.period.start:
        end = end.replace(year=end.year + 1) if end.year < first.period.start.year + 1 else end
    start_day = first.period.start
    return period_of(start_day, end) if start_day and start_day < end else None


def _are_joined_by_a_dash(first: Point, second: Point) -> bool:
    """ "Jan–Mar 2025", "2024-2025": dashes are not words; only stretches of one kind are joined by them."""
    kinds = ("day", "month", "quarter", "year")
    same = any(first.period.is_one(kind) and second.period.is_one(kind) for kind in kinds)
    return same and first.length == 1 and bool(first.period.start and second.period.end)


def _bounded(words: list[str], as_of: date) -> FoundPeriod | None:
    """since A · from A on · after A · before A · until the end of A · by A · up to A"""
    if not words:
        return None
    lead, skip = words[0], 1
    if words[:2] in (["up", "to"], ["up", "until"], ["prior", "to"], ["no", "later"], ["as", "from"]):
        lead, skip = {"up": "until", "prior": "before", "no": "until", "as": "since"}[words[0]], 2
        skip += words[2:3] == ["than"]
    if lead not in (*_SINCE, *_UNTIL, "after", "before"):
        return None
    while skip < len(words) and words[skip] in ("in", "on", "the", "from", "with"):
        skip += 1
    edge = ""
    if words[skip : skip + 1] and words[skip] in ("start", "beginning", "end") and words[skip + 1 : skip + 2] == ["of"]:
        edge, skip = words[skip], skip + 2
    point = find_point(words[skip:], as_of)
    if point is None:
        return None
    length = skip + point.length
    if lead == "from":
        if words[length : length + 1] not in (["on"], ["onward"], ["onwards"], ["forward"]):
            return None
        length += 1
    period = _bound(lead, edge, point.period)
    return FoundPeriod(period, length) if period else None


def _bound(lead: str, edge: str, inner: Period) -> Period | None:
    start, end = inner.start, inner.end
    if start is None or end is None:
        return None
    if edge:  # what happens at an edge is seen from that edge alone
        start, end = (end, end) if edge == "end" else (start, start)
    if lead in _SINCE:
        return Period(start, None, f"since {say_day(start)}")
    if lead == "after":
        return Period(end, None, f"from {say_day(end)} on")
    if lead == "before":
        return Period(None, start, f"before {say_day(start)}")
    if lead == "by" and not edge:
        return None  # "by March" may group as well
    return Period(None, end, f"until {say_day(end - timedelta(days=1))}")


def _long_ago(words: list[str], as_of: date) -> FoundPeriod | None:
    """more than 30 days ago · over a year ago · at least 6 months ago · less than a week ago"""
    leads = (["more", "than"], ["over"], ["longer", "than"], ["at", "least"], ["less", "than"], ["under"])
    lead = next((each for each in leads if words[: len(each)] == each), None)
    if lead is None:
        return None
    rest = words[len(lead) :]
    number = count_of(rest[0]) if rest else None
    found = unit_of(rest[1:])
    if number is None or found is None or rest[1 + found[2] : 2 + found[2]] != ["ago"]:
        return None
    recent = past(as_of, found[0], number * found[1])
    if recent is None or recent.start is None:
        return None
    length = len(lead) + found[2] + 2
    if lead[0] in ("less", "under"):
        return FoundPeriod(recent, length)
    return FoundPeriod(Period(None, recent.start, f"before {say_day(recent.start)}"), length)


def _leads(words: list[str]) -> int:
    skip = 0
    while skip < len(words) and (
        words[skip] in _LEADS
        or (words[skip] in _LOOSE_LEADS and words[skip + 1 : skip + 2] and words[skip + 1] in _AFTER_LOOSE)
    ):
        skip += 1
    return skip


def _year_behind(words: list[str], as_of: date) -> int | None:
    """ "Q1 and Q2 2025": the year of the later is that of the former."""
    if not words or words[0] not in ("and", "or", ",", "versus", "vs", "with", "to"):
        return None
    second = find_point(words[1 + _leads(words[1:]) :], as_of)
    if second is None:
        return None
    if second.open_year:
        return _year_behind(words[1 + _leads(words[1:]) + second.length :], as_of)
    taken = words[1 : 1 + _leads(words[1:]) + second.length]
    return year_of(taken[-1]) if len(taken) > 1 else None
