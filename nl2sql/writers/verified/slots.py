"""Words at the place of a slot → a typed value, or nothing. Every reading is exact: no value is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from threading import Lock

from nl2sql.catalog.model import Field, SemanticModel
from nl2sql.catalog.value_index import IndexedValue, ValueIndex
from nl2sql.plan.base import Grain
from nl2sql.writers.offline.dates import FoundPeriod, find_period
from nl2sql.writers.offline.tokens import Token
from nl2sql.writers.verified.base import GRAINS, Bounds, Filled, Parameter
from nl2sql.writers.verified.words import comparable, words_of

# Words before a period that the reader of periods takes with it.
PERIOD_OPENERS = frozenset("in during for over within throughout of from".split())
_DIGITS = re.compile(r"\d{1,9}|\d{1,3}(,\d{3}){1,2}")
_ADVERBS: Mapping[str, Grain] = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
}
# Codes like IN, IT and US are words of other meanings in lower case.
_LONGEST_CODE = 3
# Beyond 10^15 databases differ in what a number is; no amount of a business lies there.
_MOST_DIGITS = 15
# Two days in different months, quarters and years: what they read differently moves with the calendar.
_ONE_DAY, _ANOTHER_DAY = date(2011, 2, 3), date(2018, 11, 20)

Reading = tuple[Filled, int]  # and how many tokens it took
Words = Mapping[tuple[str, ...], frozenset[IndexedValue]]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a text can be: comparable words → the values they may mean. `longest` counts words."""

    words: Words
    longest: int


NO_WORDS = Vocabulary({}, 0)


class Vocabularies:
    """The vocabularies of some fields ("users.country"), read again when the data has changed. Safe to share."""

    def __init__(self, fields: Iterable[str], values: ValueIndex) -> None:
        self._fields = frozenset(fields)
        self._values = values
        self._lock = Lock()
        self._state = ""
        self._known: Mapping[str, Vocabulary] = {}
        self._public: dict[Field, Vocabulary] = {}  # by the field as somebody may see it

    def of(self, field: str, seen: SemanticModel) -> Vocabulary:
        """Empty for a field that `seen`, the model as the asker may see it, hides; without the values that only the
        database knows, where it keeps those private. Raises EngineError when the database cannot be read."""
        dataset, _, name = field.partition(".")
        shown = seen.dataset(dataset).field(name)
        if shown.sensitive:
            return NO_WORDS
        state = self._values.state()
        with self._lock:
            if state != self._state:
                self._known, self._public = self._read(), {}
                self._state = state
            whole = self._known.get(field, NO_WORDS)
            if shown.indexed:
                return whole
            if shown not in self._public:
                self._public[shown] = _public(whole, {each.value for each in shown.values})
            return self._public[shown]

    def _read(self) -> dict[str, Vocabulary]:
        gathered: dict[str, dict[tuple[str, ...], set[IndexedValue]]] = {}
        for entry in self._values.entries():
            field = f"{entry.dataset}.{entry.field}"
            key = comparable(words_of(entry.words)) if field in self._fields else ()
            if key:
                gathered.setdefault(field, {}).setdefault(key, set()).add(entry)
        return {
            field: Vocabulary({key: frozenset(v) for key, v in words.items()}, max(map(len, words)))
            for field, words in gathered.items()
        }


def _public(whole: Vocabulary, values: Set[str]) -> Vocabulary:
    kept = {key: frozenset(each for each in found if each.value in values) for key, found in whole.words.items()}
    return Vocabulary({key: found for key, found in kept.items() if found}, whole.longest)


def read_slot(
    parameter: Parameter, tokens: tuple[Token, ...], at: int, as_of: date, vocabulary: Vocabulary
) -> Iterator[Reading]:
    """Every way in which the words from `at` on are a value of the parameter."""
    if at >= len(tokens):
        return
    match parameter.type:
        case "text":
            yield from _texts(tokens, at, vocabulary)
        case "integer" | "number":
            yield from _number(parameter, tokens[at])
        case "period" | "date":
            yield from _days(parameter, tokens, at, as_of)
        case "grain":
            yield from _grain(tokens[at])


def read_whole(parameter: Parameter, words: str, as_of: date, vocabulary: Vocabulary) -> Filled | None:
    """The value of all the words, as of a default; None when they are none, or could be several."""
    tokens = words_of(words)
    found = {filled for filled, length in read_slot(parameter, tokens, 0, as_of, vocabulary) if length == len(tokens)}
    return found.pop() if len(found) == 1 else None


def moving_words(tokens: tuple[Token, ...]) -> str:
    """Words among the tokens that name another period every day or month, like "last year"; "" when there are none."""
    for at in range(len(tokens)):
        one, another = (find_period(tokens, at, day) for day in (_ONE_DAY, _ANOTHER_DAY))
        if one is not None and one != another:
            return " ".join(token.text for token in tokens[at : at + one.length])
    return ""


def _texts(tokens: tuple[Token, ...], at: int, vocabulary: Vocabulary) -> Iterator[Reading]:
    """Words that could mean several values mean none."""
    key: list[str] = []
    for end in range(at, len(tokens)):
        if tokens[end].norm == ",":
            continue
        key.append(tokens[end].norm)
        if len(key) > vocabulary.longest:
            return
        typed = " ".join(token.text for token in tokens[at : end + 1])
        found = [each for each in vocabulary.words.get(tuple(key), ()) if _is_typed(each.words, typed)]
        if len({each.value for each in found}) == 1:
            yield Filled(found[0].value, typed, min(each.words for each in found)), end + 1 - at


def _is_typed(words: str, typed: str) -> bool:
    is_code = len(words) <= _LONGEST_CODE and words.isupper()
    return not is_code or typed == words


def _number(parameter: Parameter, token: Token) -> Iterator[Reading]:
    value = token.number
    if value is None or token.text.lower().endswith(("st", "nd", "rd", "th")):
        return
    is_integer = parameter.type == "integer"
    if is_integer and not (_DIGITS.fullmatch(token.text) or token.text.isalpha()):
        return
    too_small = parameter.minimum is not None and value < parameter.minimum
    too_large = parameter.maximum is not None and value > parameter.maximum
    if too_small or too_large or value.adjusted() > _MOST_DIGITS or token.unit not in ("", parameter.unit):
        return
    typed = token.text
    yield Filled(int(value) if is_integer else Decimal(f"{value:f}"), typed, typed), 1


def _days(parameter: Parameter, tokens: tuple[Token, ...], at: int, as_of: date) -> Iterator[Reading]:
    found = find_period(tokens, at, as_of)
    if found is None or any(token.unit for token in tokens[at : at + found.length]):
        return
    start, end = found.period.start, found.period.end
    if start is None or end is None:  # "since May" has no end: what of the data lies ahead would be a guess
        return
    if start > as_of:  # no row tells what will happen
        return
    typed = _typed_days(tokens, at, found)
    if parameter.type == "period":
        yield Filled(Bounds(start, end), typed, found.period.words), found.length
    elif (end - start).days == 1:
        yield Filled(start, typed, found.period.words), found.length


def _typed_days(tokens: tuple[Token, ...], at: int, found: FoundPeriod) -> str:
    return " ".join(token.text for token in tokens[at : at + found.length]).replace(" ,", ",")


def _grain(token: Token) -> Iterator[Reading]:
    grain = next((each for each in GRAINS if each == token.norm), _ADVERBS.get(token.norm))
    if grain is not None:
        yield Filled(grain, grain, grain), 1
