"""Readings of one question whose results differ: what to ask, and a whole question for each of them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nl2sql.answer.base import Labels, ReceiptLine
from nl2sql.answer.grammar import listed, mid, opening
from nl2sql.candidates.aspects import ASPECTS, SHOWS, Aspect, is_compared, kind_of, words_of
from nl2sql.question import MAX_QUESTION_CHARS, Question

# More than three readings of one question are no choice that a person can make.
MAX_READINGS: Final = 3
# What stands beside the question itself in a choice.
_MAX_WORDS_CHARS: Final = 400
_COUNTS: Final = "number of "


@dataclass(frozen=True, slots=True)
class AskedBack:
    """`choices` are whole questions, one for each reading, all different."""

    message: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One reading in the question back, and at the end of the question that settles it. `is_lack`: it is known by what
    it goes without."""

    short: str
    ending: str
    is_lack: bool = False


def ask_about(question: str, readings: Sequence[Sequence[ReceiptLine]], labels: Labels) -> AskedBack:
    """`question` is a whole one; `readings` are two or three receipts. Asks about the first aspect in which all of them
    differ; where there is none, each reading is told in full."""
    stem = question.rstrip(" ?.!…")
    own = _own_lines(readings)
    by_dates = _dates_that_differ(own, labels)
    if by_dates is not None:
        return _asked(stem, f"{_subject(readings[0])} by", _by_dates(by_dates, readings[0]), " or by ", "")
    for aspect in ASPECTS:
        phrases = _phrases(aspect, own)
        if _all_differ(phrases):
            return _asked(stem, aspect.asks, phrases, ", or ", ":")
    return _told_in_full(stem, readings)


def _own_lines(readings: Sequence[Sequence[ReceiptLine]]) -> list[dict[str, list[str]]]:
    """For each reading, by kind, the words that not all of them have."""
    said = [Counter((kind_of(line), words_of(line)) for line in lines if is_compared(line)) for lines in readings]
    shared = said[0]
    for each in said[1:]:
        shared = shared & each
    found = []
    for each in said:
        by_kind: dict[str, list[str]] = {}
        for kind, words in each - shared:
            by_kind.setdefault(kind, []).append(words)
        found.append(by_kind)
    return found


def _phrases(aspect: Aspect, own: Sequence[Mapping[str, list[str]]]) -> list[_Phrase]:
    said = [[words for kind in aspect.kinds for words in each.get(kind, [])] for each in own]
    everything = list(dict.fromkeys(words for each in said for words in each))
    if not everything:
        return []
    phrases = []
    for words in said:
        if words:
            phrases.append(_Phrase(listed([each.removeprefix(SHOWS) for each in words]), aspect.having(words)))
        else:
            ending = aspect.lacking(everything)
            phrases.append(_Phrase(aspect.other or ending, ending, is_lack=True))
    return phrases


def _dates_that_differ(own: Sequence[Mapping[str, list[str]]], labels: Labels) -> list[str] | None:
    """The dates by which the readings count, where they compute the same, and over the same time."""
    if any(each.get("measure") for each in own) or any(len(each.get("period", [])) != 1 for each in own):
        return None
    read = [_date_and_time(each["period"][0], labels) for each in own]
    dates, times = [date for date, _ in read], {time for _, time in read}
    return dates if len(times) == 1 and all(dates) and len(set(dates)) == len(dates) else None


def _date_and_time(words: str, labels: Labels) -> tuple[str, str]:
    """("creation date", "in May 2026"); ("", …) where no column of the model is named."""
    names = {mid(column.label) for column in labels.columns.values()}
    names |= {name.removesuffix(" at").removesuffix(" on") for name in names}
    known = max((name for name in names if words.startswith(f"{name} ")), key=len, default="")
    return known, words.removeprefix(known).strip()


def _by_dates(dates: Sequence[str], lines: Sequence[ReceiptLine]) -> list[_Phrase]:
    verb = "counted" if _measure(lines).startswith(_COUNTS) else "dated"
    return [_Phrase(date, f"{verb} by {date}") for date in dates]


def _measure(lines: Sequence[ReceiptLine]) -> str:
    return next((words_of(line) for line in lines if kind_of(line) == "measure"), "")


def _subject(lines: Sequence[ReceiptLine]) -> str:
    """ "Count listings", "Sum of bid amount"."""
    measure = _measure(lines)
    if measure.startswith(_COUNTS):
        return f"Count {measure.removeprefix(_COUNTS)}"
    return opening(measure) or "Show this"


def _all_differ(phrases: Sequence[_Phrase]) -> bool:
    return bool(phrases) and len({each.ending for each in phrases}) == len(phrases)


def _asked(stem: str, asks: str, phrases: Sequence[_Phrase], between: str, colon: str) -> AskedBack:
    told = [_cut(each.short) for each in sorted(phrases, key=lambda each: each.is_lack)]
    message = f"{asks}{colon} {between.join(told)}?"
    return AskedBack(message, _different([_whole(stem, each.ending) for each in phrases]))


def _told_in_full(stem: str, readings: Sequence[Sequence[ReceiptLine]]) -> AskedBack:
    told = ["; ".join(words_of(line) for line in lines if is_compared(line)) for lines in readings]
    count = {2: "Two", 3: "Three"}.get(len(told), f"{len(told):,}")
    if len(set(told)) < len(told) or not all(told):
        choices = [_whole(stem, f"in reading {place}") for place, _ in enumerate(told, start=1)]
        message = (
            f"{count} readings that are described in the same words give different results. Which one do you mean?"
        )
        return AskedBack(message, _different(choices))
    listing = listed([f"“{_cut(each)}”" for each in told], "or")
    message = f"{count} readings give different results: {listing}?"
    return AskedBack(message, _different([_whole(stem, f"read as “{_cut(each)}”") for each in told]))


def _cut(words: str) -> str:
    return words if len(words) <= _MAX_WORDS_CHARS else words[: _MAX_WORDS_CHARS - 1].rstrip() + "…"


def _whole(stem: str, ending: str) -> str:
    """As it will be when it is asked: the text that a question is cleaned to. A question that fills its bound already
    gives way to the words that settle it. One character can become eighteen when it is cleaned, so that comes first."""
    room = MAX_QUESTION_CHARS - _MAX_WORDS_CHARS - 10
    start, end = (unicodedata.normalize("NFKC", text) for text in (stem, ending))
    return Question.parse(f"{start[:room].rstrip()}, {_cut(end)}?").text


def _different(choices: Sequence[str]) -> tuple[str, ...]:
    """Cutting can make two equal; their numbers tell them apart."""
    if len(set(choices)) == len(choices):
        return tuple(choices)
    return tuple(f"{each.rstrip('?')} (reading {place})?" for place, each in enumerate(choices, start=1))
