"""How the statement that ran differs from the accepted one, in words: “filter status = 'sold' missing”.

Both are taken apart clause by clause (statement_facts); what is left on one side is paired with what is left on the
other where both are about the same thing. Two statements that differ in form alone may still be told apart: the words
help to look, and decide nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from evals.log.records import CaseRecord
from evals.report.statement_facts import LINK, Facts, facts_of, named_tables, parse

# Longer statements are written by programs; to take one apart may need seconds.
MAX_CHARACTERS = 20_000
# Statements that differ in more are about different things; the rest of the list says nothing more.
MAX_DIFFERENCES = 12
_EXCHANGE = re.compile(r"(?:\w+ on |grouped by )?(.+) instead of (.+?)(?: \(.*\))?")
_ROUNDED = re.compile(r"^ROUND\((.*?)(?:, (-?\d+))?\)$")


def differences_of(record: CaseRecord, dialect: str) -> tuple[str, ...]:
    """() for what has no SQL, or no gold, too."""
    said, gold = record.said, record.gold
    if gold is None or not said.sql:
        return ()
    rows = None if said.table is None else said.table.row_count
    return describe_difference(said.sql, gold.ran or gold.sql, dialect, rows)


@lru_cache(maxsize=1024)
def describe_difference(answer: str, gold: str, dialect: str = "sqlite", rows: int | None = None) -> tuple[str, ...]:
    """Of `answer` against `gold`; () where clause by clause both say the same, or one of them cannot be read. `rows` is
    how many the answer gave: a limit that cut none of them, as the guard adds one, goes without saying."""
    if max(len(answer), len(gold)) > MAX_CHARACTERS:
        return ()
    given, wanted = parse(answer, dialect), parse(gold, dialect)
    if given is None or wanted is None:
        return ()
    try:
        known = named_tables(wanted)
        for name, tables in named_tables(given).items():
            known.setdefault(name, set()).update(tables)
        expected = facts_of(wanted, dialect, known)
        # A table that is read twice may stand in another order: the reading with fewer differences holds.
        tries = []
        for is_reversed in (False, True):
            facts = facts_of(given, dialect, known, reverse=is_reversed)
            if rows is not None and not expected.limit and facts.limit.isdecimal() and rows < int(facts.limit):
                facts.limit = ""
            tries.append(_Words(facts, expected).all())
    except (RecursionError, ValueError, AttributeError, KeyError, TypeError):
        return ()  # a statement that the parser reads and cannot resolve is shown without words
    found = min(tries, key=len)
    more = len(found) - MAX_DIFFERENCES
    return tuple(found if more <= 0 else [*found[:MAX_DIFFERENCES], f"and {more} more"])


class _Words:
    def __init__(self, given: Facts, wanted: Facts) -> None:
        self._given = given
        self._wanted = wanted
        missing, added = set(wanted.tables) - set(given.tables), set(given.tables) - set(wanted.tables)
        self._swapped = tuple(missing | added) if len(missing) == len(added) == 1 else ()
        tables: dict[str, set[str]] = defaultdict(set)
        for facts in (given, wanted):
            for name, owners in facts.tables_of.items():
                tables[name] |= owners
        self._clear = {(next(iter(owners)), name) for name, owners in tables.items() if len(owners) == 1}

    def all(self) -> list[str]:
        parts = (
            self._tables(), self._joins(), self._set_operations(),
            self._filters(self._given.filters, self._wanted.filters, "filter"),
            self._filters(self._given.group_filters, self._wanted.group_filters, "filter on groups (HAVING)"),
            self._outputs(), self._groups(), self._distinct(), self._order(), self._limits(),
        )  # fmt: skip
        sentences = (sentence for part in parts for sentence in part if not self._follows_from_the_table(sentence))
        return list(dict.fromkeys(map(self._short, sentences)))

    def _follows_from_the_table(self, sentence: str) -> bool:
        """Where one table is read in place of another, their columns of one name need no second sentence."""
        found = _EXCHANGE.fullmatch(sentence)
        if found is None or len(self._swapped) != 2:
            return False
        names = [re.sub(rf"\b({'|'.join(map(re.escape, self._swapped))})\.", "", each) for each in found.groups()]
        return names[0] == names[1]

    def _short(self, sentence: str) -> str:
        """Without the table's name where no other table has a column of that name."""

        def cut(found: re.Match[str]) -> str:
            return found[2] if (found[1], found[2]) in self._clear else found[0]

        return re.sub(r"\b([a-z_]\w*)\.([a-z_]\w*)\b", cut, sentence)

    def _tables(self) -> Iterator[str]:
        missing = sorted(set(self._wanted.tables) - set(self._given.tables))
        added = sorted(set(self._given.tables) - set(self._wanted.tables))
        if len(self._swapped) == 2:
            yield f"reads {added[0]} instead of {missing[0]}"
            return
        for name in missing:
            yield f"join to {name} missing" if name in self._wanted.joins else f"does not read {name}"
        for name in added:
            yield f"join to {name} added" if name in self._given.joins else f"reads {name} as well"
        for name in sorted(set(self._given.tables) & set(self._wanted.tables)):
            given, wanted = self._given.tables[name], self._wanted.tables[name]
            if given != wanted:
                yield f"reads {name} {_times(given)} instead of {_times(wanted)}"

    def _joins(self) -> Iterator[str]:
        for name in sorted(set(self._given.joins) & set(self._wanted.joins)):
            given, wanted = self._given.joins[name], self._wanted.joins[name]
            if given != wanted:
                yield f"{given} to {name} instead of {wanted}"

    def _set_operations(self) -> Iterator[str]:
        yield from _exchanged(
            list((self._given.set_operations - self._wanted.set_operations).elements()),
            list((self._wanted.set_operations - self._given.set_operations).elements()),
            "", "{} missing", "{} added",
        )  # fmt: skip

    def _filters(self, given: Counter[tuple[str, str]], wanted: Counter[tuple[str, str]], what: str) -> Iterator[str]:
        added, missing = self._by_subject(given - wanted), self._by_subject(wanted - given)
        for subject in list(missing):
            if subject in added:
                said, meant = added.pop(subject), missing.pop(subject)
                yield f"{what} {subject} {_joined(said)} instead of {_joined(meant)}"
        for subject, meant in list(missing.items()):
            twin = next((each for each, said in added.items() if meant[0] and said == meant), None)
            if twin is not None:
                del added[twin], missing[subject]
                yield f"{_what(what, meant, 'join')} on {twin} instead of {subject} ({_joined(meant)})"
        if len(added) == len(missing) == 1:
            (subject, said), (other, meant) = next(iter(added.items())), next(iter(missing.items()))
            yield f"{what} {_condition(subject, said)} instead of {_condition(other, meant)}"
            return
        yield from (f"{_what(what, meant)} {_condition(each, meant)} missing" for each, meant in missing.items())
        yield from (f"{_what(what, said)} {_condition(each, said)} added" for each, said in added.items())

    def _by_subject(self, bag: Counter[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
        """Comparisons by what they are about. The condition of a join that only one side has goes without saying."""
        one_sided = set(self._given.tables) ^ set(self._wanted.tables)
        grouped: dict[str, list[str]] = defaultdict(list)
        for subject, rest in bag.elements():
            link = LINK.fullmatch(rest)
            if not (link and one_sided & {_table(subject), _table(link[1])}):
                grouped[subject].append(rest)
        return {each: tuple(sorted(rests, key=lambda rest: (rest[:1] == "<", rest))) for each, rests in grouped.items()}

    def _outputs(self) -> Iterator[str]:
        given, wanted = list(self._given.outputs), list(self._wanted.outputs)
        added = list((Counter(given) - Counter(wanted)).elements())
        missing = list((Counter(wanted) - Counter(given)).elements())
        for text in list(missing):
            twin = next((each for each in added if _unrounded(each)[0] == _unrounded(text)[0]), None)
            if twin is not None:
                added.remove(twin)
                missing.remove(text)
                yield f"{_unrounded(text)[0]} {_rounding(twin)} instead of {_rounding(text)}"
        yield from _exchanged(added, missing, "", "column {} missing", "column {} added")

    def _groups(self) -> Iterator[str]:
        yield from _exchanged(
            list((self._given.groups - self._wanted.groups).elements()),
            list((self._wanted.groups - self._given.groups).elements()),
            "grouped by ", "not grouped by {}", "grouped by {} as well",
        )  # fmt: skip

    def _distinct(self) -> Iterator[str]:
        if self._given.is_distinct != self._wanted.is_distinct:
            yield "DISTINCT added" if self._given.is_distinct else "DISTINCT missing"

    def _order(self) -> Iterator[str]:
        given = [(_unrounded(key)[0], is_down) for key, is_down in self._given.order]
        wanted = [(_unrounded(key)[0], is_down) for key, is_down in self._wanted.order]
        if given[: len(wanted)] == wanted:
            return  # a further key only breaks ties
        if not given:
            yield f"not ordered by {_order_words(wanted)}"
        elif [key for key, _ in given] == [key for key, _ in wanted]:
            turned = next(key for (key, is_down), (_, other) in zip(given, wanted, strict=True) if is_down != other)
            down = dict(given)[turned]
            yield f"ordered {_direction(down)} instead of {_direction(not down)} by {turned}"
        else:
            yield f"ordered by {_order_words(given)} instead of {_order_words(wanted)}"

    def _limits(self) -> Iterator[str]:
        given, wanted = self._given.limit, self._wanted.limit
        if given != wanted:
            yield f"limit {given or 'none'} instead of {wanted}" if wanted else f"limit {given} added"
        yield from _exchanged(
            list((self._given.inner_limits - self._wanted.inner_limits).elements()),
            list((self._wanted.inner_limits - self._given.inner_limits).elements()),
            "inner limit ", "inner limit {} missing", "inner limit {} added",
        )  # fmt: skip


def _joined(comparisons: Sequence[str]) -> str:
    return " and ".join(comparisons)


def _condition(subject: str, comparisons: Sequence[str]) -> str:
    return f"{subject} {_joined(comparisons)}".strip()


def _what(what: str, comparisons: Sequence[str], link: str = "join condition") -> str:
    """A condition between two columns links tables."""
    is_link = what == "filter" and all(map(LINK.fullmatch, comparisons))
    return link if is_link else what


def _exchanged(added: list[str], missing: list[str], prefix: str, lost: str, extra: str) -> Iterator[str]:
    """The likest pairs as “A instead of B”, what is left by `lost` and `extra`. A column whose table cannot be told is
    taken for the one of that name."""
    pairs = sorted(
        ((SequenceMatcher(None, a, b, autojunk=False).ratio(), a, b) for a in set(added) for b in set(missing)),
        reverse=True,
    )
    for _, said, meant in pairs:
        if said in added and meant in missing:
            added.remove(said)
            missing.remove(meant)
            if _bare(said) not in (meant, _bare(meant)) or {said, meant}.isdisjoint((_bare(said), _bare(meant))):
                yield f"{prefix}{said} instead of {meant}"
    yield from (lost.format(each) for each in missing)
    yield from (extra.format(each) for each in added)


def _table(column: str) -> str:
    return re.sub(r" \(\d+\)", "", column.rpartition(".")[0])


def _bare(text: str) -> str:
    return re.sub(r"\b[a-z_]\w*( \(\d+\))?\.(?=[a-z_])", "", text)


def _unrounded(text: str) -> tuple[str, str]:
    """("SUM(fee)", "2") of “ROUND(SUM(fee), 2)”; the second is "" where nothing is rounded."""
    found = _ROUNDED.match(text)
    return (found[1], found[2] or "0") if found else (text, "")


def _rounding(text: str) -> str:
    places = _unrounded(text)[1]
    return f"rounded to {places} decimals" if places else "not rounded"


def _order_words(order: Sequence[tuple[str, bool]]) -> str:
    return ", ".join(f"{key} {_direction(is_down)}" for key, is_down in order)


def _direction(is_down: bool) -> str:
    return "descending" if is_down else "ascending"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
