"""Analytic SQL over the auction, made up word by word: what an analyst might ask, and now and then what none should.

The only source of choice is a `random.Random`. Given one of Hypothesis's, a statement can be shrunk;
given a seeded one, thousands come in a second.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.integration.guard.auction import TABLES

# Which column of which table is the key of another's row.
KEYS = (
    ("listings", "seller_id", "users", "id"),
    ("listings", "category_id", "categories", "id"),
    ("listings", "highest_bidder_id", "users", "id"),
    ("categories", "parent_id", "categories", "id"),
    ("bids", "listing_id", "listings", "id"),
    ("bids", "bidder_id", "users", "id"),
    ("comments", "user_id", "users", "id"),
    ("watchlist", "listing_id", "listings", "id"),
    ("payments", "listing_id", "listings", "id"),
    ("payments", "buyer_id", "users", "id"),
    ("reviews", "reviewer_id", "users", "id"),
)
_WORDS = ("'DE'", "'sold'", "'pending'", "'paid'", "'Vase'", "'%a%'", "'7'", "''", "'it''s'", "'Electronics'")
_HIDDEN = "email password_hash full_name reserve_price buy_now_price last_seen_at fee unmentioned".split()
_DAYS = ("'2025-01-06'", "'2025-03-01'", "'2026-01-01 00:00:00'")
# What only one database says so; `{n}`, `{t}` and `{d}` are a number, a text and a time.
_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "sqlite": ("CAST(strftime('%m', {d}) AS INTEGER)", "IIF({n} > 3, {n}, 0)", "INSTR({t}, 'a')", "MAX({n}, 2)"),
    "mysql": ("YEAR({d})", "IF({n} > 3, {n}, 0)", "DATEDIFF({d}, {d})", "LEAST({n}, 5)"),
    "mariadb": ("MONTH({d})", "IFNULL({n}, 0)", "LOCATE('a', {t})", "GREATEST({n}, 5)"),
    "postgres": ("EXTRACT(YEAR FROM {d})", "{n}::numeric", "GREATEST({n}, 5)", "POSITION('a' IN {t})"),
    "duckdb": ("year({d})", "{n}::DOUBLE", "date_diff('day', {d}, {d})", "least({n}, 5)"),
    "bigquery": ("EXTRACT(YEAR FROM {d})", "SAFE_DIVIDE({n}, 3)", "IFNULL({n}, 0)", "LEAST({n}, 5)"),
}
_TEXTS: Mapping[str, tuple[str, ...]] = {
    "sqlite": ("strftime('%Y-%m', {d})", "{t} || '-' || {t}", "typeof({n})", "CAST({n} AS TEXT)"),
    "mysql": ("DATE_FORMAT({d}, '%Y-%m')", "CONCAT({t}, '-')", "LEFT({t}, 2)", "REVERSE({t})"),
    "mariadb": ("DATE_FORMAT({d}, '%Y')", "CONCAT_WS('-', {t}, {t})", "RIGHT({t}, 2)", "REVERSE({t})"),
    "postgres": ("TO_CHAR({d}, 'YYYY-MM')", "{t} || '-'", "{n}::text", "LEFT({t}, 2)", "SPLIT_PART({t}, 'a', 1)"),
    "duckdb": ("strftime({d}, '%Y-%m')", "{t} || '-'", "{n}::VARCHAR", "left({t}, 2)"),
    "bigquery": ("FORMAT_DATE('%Y', DATE({d}))", "CONCAT({t}, '-')", "CAST({n} AS STRING)", "SUBSTR({t}, 1, 2)"),
}
_GATHERED: Mapping[str, tuple[str, ...]] = {
    "sqlite": ("GROUP_CONCAT({t})", "TOTAL({n})"),
    "mysql": ("GROUP_CONCAT(DISTINCT {t} ORDER BY {t} SEPARATOR '/')", "STDDEV({n})"),
    "mariadb": ("GROUP_CONCAT({t} ORDER BY {t})", "STDDEV({n})"),
    "postgres": ("STRING_AGG({t}, '/' ORDER BY {t})", "COUNT(*) FILTER (WHERE {n} > 3)", "BOOL_OR({n} > 3)"),
    "duckdb": ("string_agg({t}, '/' ORDER BY {t})", "median({n})", "max_by({t}, {n})", "BOOL_AND({n} > 3)"),
    "bigquery": ("STRING_AGG({t}, '/' ORDER BY {t})", "COUNTIF({n} > 3)", "ANY_VALUE({t})"),
}


@dataclass(frozen=True)
class Source:
    """What stands in FROM: an alias and its columns by kind, the ones that are hidden from many apart."""

    alias: str
    columns: Mapping[str, tuple[str, ...]]
    hidden: Mapping[str, tuple[str, ...]]


_KINDS = {"key": "number", "integer": "number", "money": "number", "text": "text", "time": "time", "bool": "flag"}


def _columns(table: str, *, hidden: bool) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {"number": [], "text": [], "time": [], "flag": []}
    for name, kind in TABLES[table].items():
        if (name in _HIDDEN) == hidden:
            found[_KINDS[kind]].append(name)
    return {kind: tuple(names) for kind, names in found.items()}


def _source_named(alias: str, table: str) -> Source:
    return Source(alias, _columns(table, hidden=False), _columns(table, hidden=True))


class Grammar:
    """Makes statements for one database.

    `depth` bounds how many queries stand inside one another; one column in `hidden_every` is one that is hidden.
    """

    def __init__(self, dice: random.Random, dialect: str, depth: int = 3, hidden_every: int = 250) -> None:
        self.dice, self.dialect, self.depth, self._hidden_every = dice, dialect, depth, hidden_every
        self._aliases = 0

    def statement(self) -> str:
        made = self._choice(
            (6, lambda: self.select(self.depth)), (1, self._union), (2, self._with), (1, self._of_a_query)
        )
        return made if self.dice.randrange(12) else self._odd(made)

    def select(self, depth: int, outputs: int = 0) -> str:
        """`outputs` fixes how many columns there are, for set operations; 0 leaves it open."""
        sources, text = self._from(depth)
        grouped = not outputs and self.dice.randrange(3) == 0
        if grouped:
            body = self._grouped(sources, text, depth)
        else:
            shown = [self._output(sources, depth) for _ in range(outputs or self.dice.randint(1, 4))]
            if not outputs and self.dice.randrange(8) == 0:
                shown = ["*"]
            named = [each if each == "*" else f"{each} AS c{n}" for n, each in enumerate(shown)]
            body = f"SELECT {self._some('DISTINCT ', 8)}{', '.join(named)} FROM {text}{self._where(sources, depth)}"
            if not outputs and depth == self.depth and shown != ["*"] and self.dice.randrange(2):
                body += f" ORDER BY {self._order(len(shown))}"
        return body + (f" LIMIT {self.dice.randint(1, 30)}" if depth == self.depth and self._rarely(4) else "")

    def _grouped(self, sources: list[Source], text: str, depth: int) -> str:
        keys = [self._expression(sources, depth, self._pick("number", "text")) for _ in range(self.dice.randint(0, 2))]
        sums = [self._gathered(sources, depth) for _ in range(self.dice.randint(1, 2))]
        named = [f"{each} AS c{n}" for n, each in enumerate((*keys, *sums))]
        body = f"SELECT {', '.join(named)} FROM {text}{self._where(sources, depth)}"
        if keys:
            places = [str(n + 1) for n in range(len(keys))]
            body += f" GROUP BY {', '.join(self._pick(places, keys))}"
        if keys and self._rarely(3):
            body += f" HAVING {self._gathered(sources, depth, number=True)} > {self.dice.randint(0, 5)}"
        return body + (f" ORDER BY {self._order(len(named))}" if depth == self.depth and self._rarely(2) else "")

    def _from(self, depth: int) -> tuple[list[Source], str]:
        table = self._pick(*TABLES)
        sources, text = self._source(table, depth)
        tables = [(table, sources[0])]
        for _ in range(self._pick(0, 0, 1, 1, 2)):
            owner, known = self._pick(*tables)
            links = [each for each in KEYS if owner in (each[0], each[2])]
            left, column, right, key = self._pick(*links)
            other, mine, theirs = (right, column, key) if left == owner else (left, key, column)
            joined, words = self._source(other, depth)
            kind = self._pick("JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "INNER JOIN", "RIGHT JOIN", "CROSS JOIN")
            text += f" {kind} {words}"
            if kind != "CROSS JOIN":
                text += f" ON {known.alias}.{mine} = {joined[0].alias}.{theirs}"
                text += f" AND {self._condition([known, *joined], 0)}" if self._rarely(4) else ""
            sources += joined
            tables.append((other, joined[0]))
        return sources, text

    def _source(self, table: str, depth: int) -> tuple[list[Source], str]:
        self._aliases += 1
        alias = f"t{self._aliases}"
        source = _source_named(alias, table)
        if depth > 0 and self._rarely(8):
            return [source], f"(SELECT * FROM {table}{self._where([_source_named(table, table)], 0)}) AS {alias}"
        return [source], f"{table} {self._some('AS ', 2)}{alias}"

    def _where(self, sources: list[Source], depth: int) -> str:
        conditions = [self._condition(sources, depth) for _ in range(self._pick(0, 1, 1, 2))]
        return f" WHERE {self._pick(' AND ', ' OR ').join(conditions)}" if conditions else ""

    def _condition(self, sources: list[Source], depth: int) -> str:
        number = lambda: self._expression(sources, depth - 1, "number")  # noqa: E731
        text = lambda: self._expression(sources, depth - 1, "text")  # noqa: E731
        time = lambda: self._column(sources, "time")  # noqa: E731
        simple: list[tuple[int, Callable[[], str]]] = [
            (4, lambda: f"{number()} {self._pick('=', '<>', '<', '>', '<=', '>=')} {number()}"),
            (3, lambda: f"{text()} {self._pick('=', '<>', '>')} {self._pick(*_WORDS)}"),
            (2, lambda: f"{time()} {self._pick('<', '>=')} {self._pick(*_DAYS)}"),
            (1, lambda: f"{number()} {self._some('NOT ', 3)}BETWEEN {self.dice.randint(0, 9)} AND {number()}"),
            (1, lambda: f"{text()} {self._some('NOT ', 3)}LIKE {self._pick(*_WORDS)}"),
            (1, lambda: f"{self._pick(number, text, time)()} IS {self._some('NOT ', 2)}NULL"),
            (1, lambda: f"{number()} IN (1, 2, {self.dice.randint(3, 50)})"),
            (1, lambda: f"NOT ({number()} > {number()} OR {text()} = {self._pick(*_WORDS)})"),
            (1, lambda: f"NULLIF({text()}, {self._pick('1', *_WORDS)}) IS NULL"),
            (1, lambda: f"CASE {text()} WHEN {self._pick('1', *_WORDS)} THEN {number()} ELSE 0 END > 0"),
        ]
        if self.dialect == "duckdb":
            simple.append((1, text))
        if depth > 0:
            inner = lambda: self._inner(sources, depth - 1)  # noqa: E731
            simple += [
                (1, lambda: f"{self._column(sources, 'number')} {self._some('NOT ', 2)}IN ({inner()})"),
                (1, lambda: f"{self._some('NOT ', 2)}EXISTS ({inner()})"),
                (1, lambda: f"{number()} {self._pick('>', '<', '=')} ({self._scalar(sources, depth - 1)})"),
            ]
        return self._choice(*simple)

    def _inner(self, outer: list[Source], depth: int) -> str:
        """A query of one column that may look at the rows around it."""
        sources, text = self._from(depth)
        own = sources[0]
        where = f" WHERE {self._column([own], 'number')} = {self._column(outer, 'number')}" if self._rarely(2) else ""
        return f"SELECT {self._column([own], 'number')} FROM {text}{where}"

    def _scalar(self, outer: list[Source], depth: int) -> str:
        """One value of another query, which may be worked out of the row around it."""
        sources, text = self._from(max(depth, 0))
        value = self._column(sources, "number")
        if self._rarely(3):
            value += f" {self._pick('/', '+', '*')} ({self._column(outer, 'number')} - 500)"
        over = f" OVER () FROM {text} LIMIT 1" if self._rarely(6) else f" FROM {text}"
        return f"SELECT {self._pick('MAX', 'MIN', 'AVG', 'COUNT')}({value}){over}"

    def _output(self, sources: list[Source], depth: int) -> str:
        if self._rarely(6):
            partition = f"PARTITION BY {self._column(sources, 'text')} " if self._rarely(2) else ""
            order = f"ORDER BY {self._column(sources, 'number')}, {self._column(sources, 'number')}"
            total = f"SUM({self._column(sources, 'number')})"
            call = self._pick("RANK()", "DENSE_RANK()", "ROW_NUMBER()", "COUNT(*)", total)
            return f"{call} OVER ({partition}{order})"
        return self._expression(sources, depth, self._pick("number", "number", "text", "text", "time"))

    def _gathered(self, sources: list[Source], depth: int, *, number: bool = False) -> str:
        of = lambda: self._expression(sources, depth - 1, "number")  # noqa: E731
        plain = [(3, lambda: "COUNT(*)"), (1, lambda: f"COUNT(DISTINCT {of()})")]
        plain += [(2, lambda: f"{self._pick('SUM', 'AVG', 'MIN', 'MAX')}({of()})")]
        if number:
            return self._choice(*plain)
        own = lambda: self._filled(self._pick(*_GATHERED[self.dialect]), sources)  # noqa: E731
        return self._choice(*plain, (1, own), (1, lambda: f"MAX({self._expression(sources, depth - 1, 'text')})"))

    def _expression(self, sources: list[Source], depth: int, kind: str) -> str:
        if depth <= 0 or self._rarely(2) or kind == "time":
            return self._literal(kind) if self._rarely(9) else self._column(sources, kind)
        deeper = lambda: self._expression(sources, depth - 1, kind)  # noqa: E731
        case = lambda: f"CASE WHEN {self._condition(sources, 0)} THEN {deeper()} ELSE {deeper()} END"  # noqa: E731
        if kind == "text":
            return self._choice(
                (2, lambda: f"{self._pick('UPPER', 'LOWER', 'TRIM')}({deeper()})"),
                (1, lambda: f"COALESCE({deeper()}, {self._pick(*_WORDS)})"),
                (1, lambda: f"SUBSTR({deeper()}, {self.dice.randint(1, 3)}, {self.dice.randint(1, 4)})"),
                (2, lambda: self._filled(self._pick(*_TEXTS[self.dialect]), sources)),
                (1, case),
            )
        return self._choice(
            (2, lambda: f"({deeper()} {self._pick('+', '-', '*')} {deeper()})"),
            (1, lambda: f"{deeper()} / NULLIF({deeper()}, 0)"),
            (1, lambda: f"ROUND({deeper()}, {self.dice.randint(0, 2)})"),
            (1, lambda: f"COALESCE({deeper()}, 0)"),
            (1, lambda: f"LENGTH({self._expression(sources, depth - 1, 'text')})"),
            (2, lambda: self._filled(self._pick(*_NUMBERS[self.dialect]), sources)),
            (1, lambda: f"({self._scalar(sources, depth - 1)})"),
            # Both fail for values that only hidden rows hold.
            (2, lambda: f"10 / ({self._column(sources, 'number')} - 500)"),
            (1, lambda: f"ABS({self._column(sources, 'number')})"),
            (1, case),
        )

    def _filled(self, template: str, sources: list[Source]) -> str:
        texts = {mark: self._column(sources, kind) for mark, kind in (("n", "number"), ("t", "text"), ("d", "time"))}
        return template.format(**texts)

    def _column(self, sources: list[Source], kind: str) -> str:
        having = [each for each in sources if each.columns[kind]]
        if not having:
            return self._literal(kind)
        source = self._pick(*having)
        hidden = source.hidden[kind] if self._rarely(self._hidden_every) else ()
        name = self._pick(*(hidden or source.columns[kind]))
        return name if len(sources) == 1 and self._rarely(2) else f"{source.alias}.{name}"

    def _literal(self, kind: str) -> str:
        if kind == "number":
            return self._pick("1", "2", "0", "2.5", "100", "-3", "NULL")
        return self._pick(*_DAYS) if kind == "time" else self._pick(*_WORDS)

    def _union(self) -> str:
        width = self.dice.randint(1, 2)
        word = self._pick("UNION ALL", "UNION ALL", "EXCEPT", "INTERSECT", "UNION")
        if self.dialect == "bigquery" and word != "UNION ALL":
            word += " DISTINCT"
        return f"{self.select(1, width)} {word} {self.select(1, width)}"

    def _with(self) -> str:
        name = self._pick("recent", "a", "bids", "users", "x")
        inner, asked = self.select(1, 2), self._pick(f"c0, COUNT(*) AS n FROM {name} GROUP BY c0", f"* FROM {name}")
        return f"WITH {name} AS ({inner}) SELECT {asked}"

    def _of_a_query(self) -> str:
        return f"SELECT q.c0, q.c1 FROM ({self.select(2, 2)}) AS q WHERE q.c0 IS NOT NULL ORDER BY 1, 2"

    def _odd(self, made: str) -> str:
        """Endings that some databases know."""
        ends = (" FOR UPDATE", ";", " -- the end", " ORDER BY 1", " LIMIT 5 OFFSET 2", " FETCH FIRST 3 ROWS ONLY")
        ends += (" QUALIFY ROW_NUMBER() OVER (ORDER BY 1) < 3", " UNION ALL SELECT 1", " OFFSET 1", " LIMIT ALL")
        return made + self._pick(*ends)

    def _order(self, outputs: int) -> str:
        keys = self.dice.sample(range(outputs), self.dice.randint(1, outputs))
        return ", ".join(f"{self._pick(f'c{key}', str(key + 1))}{self._pick('', '', ' DESC', ' ASC')}" for key in keys)

    def _some(self, word: str, one_in: int) -> str:
        return word if self._rarely(one_in) else ""

    def _rarely(self, one_in: int) -> bool:
        return self.dice.randrange(one_in) == 0

    def _pick(self, *values: Any) -> Any:
        return values[self.dice.randrange(len(values))]

    def _choice(self, *weighted: tuple[int, Callable[[], str]]) -> str:
        point = self.dice.randrange(sum(weight for weight, _ in weighted))
        for weight, make in weighted:
            point -= weight
            if point < 0:
                return make()
        raise AssertionError("weights add up")
