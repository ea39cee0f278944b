"""Statements made to be costly to judge: long lists of every kind at several lengths, and things inside each other.

The longest are refused before they are parsed; what costs most is often what is just small enough to be read.
"""

# ruff: noqa: S608 - what is made here is judged and never run
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

# Characters. 20,000 are read at most, and a statement grows when stars and names are written out.
LENGTHS: Final = (2_000, 5_000, 9_000, 19_900)

_DEPTHS: Final = (5, 16, 23, 400)

# By name: what comes before, what is repeated, what stands between, what comes after. `#` is a number, another one in
# each piece.
_LISTS: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "outputs": ("SELECT ", "id", ", ", " FROM bids"),
    "named outputs": ("SELECT ", "id AS a#", ", ", " FROM bids"),
    "constants": ("SELECT ", "1", ", ", ""),
    "stars": ("SELECT ", "b.*", ", ", " FROM bids AS b"),
    "aggregates": ("SELECT ", "SUM(id)", ", ", " FROM bids"),
    "filtered aggregates": ("SELECT ", "SUM(id) FILTER (WHERE id = 1)", ", ", " FROM bids"),
    "distinct counts": ("SELECT ", "COUNT(DISTINCT id, amount)", ", ", " FROM bids"),
    "columns counted together": ("SELECT COUNT(DISTINCT ", "id", ", ", ") FROM bids"),
    "percentiles": ("SELECT ", "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY id)", ", ", " FROM bids"),
    "sorted texts": ("SELECT ", "STRING_AGG(username, ',' ORDER BY id)", ", ", " FROM users"),
    "windows": ("SELECT ", "SUM(id) OVER (PARTITION BY id ORDER BY id NULLS LAST)", ", ", " FROM bids"),
    "frames": ("SELECT ", "SUM(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", ", ", " FROM bids"),
    "named windows": ("SELECT id FROM bids WINDOW ", "w# AS (ORDER BY id)", ", ", ""),
    "casts": ("SELECT ", "CAST(id AS DECIMAL(12, 2))", ", ", " FROM bids"),
    "casts of casts": ("SELECT id", "::INT", "", " FROM bids"),
    "typed texts": ("SELECT ", "DECIMAL(1) '1'", ", ", ""),
    "dates": ("SELECT ", "DATE '2025-01-01'", ", ", ""),
    "spans": ("SELECT ", "created_at + INTERVAL '1' DAY", ", ", " FROM users"),
    "divisions": ("SELECT ", "id / id / id / id / id / id", ", ", " FROM bids"),
    "sums": ("SELECT ", "1", " + ", ""),
    "signs": ("SELECT ", "-1 - -1 - -1 - -1 - -1", ", ", ""),
    "texts in a row": ("SELECT ", "'a'", " || ", ""),
    "equalities": ("SELECT ", "1 = 1 = 1 = 1 = 1 = 1 = 1 = 1", ", ", ""),
    "choices": ("SELECT CASE ", "WHEN id = # THEN #", " ", " END FROM bids"),
    "small choices": ("SELECT ", "SUM(CASE WHEN id = # THEN 1 ELSE 0 END) AS a#", ", ", " FROM bids"),
    "arguments": ("SELECT COALESCE(", "id", ", ", ") FROM bids"),
    "subqueries": ("SELECT ", "(SELECT MAX(id) FROM bids AS c WHERE c.id = b.id)", ", ", " FROM bids AS b"),
    "brackets": ("SELECT ", "((((((((((((((((((((1))))))))))))))))))))", ", ", ""),
    "dots": ("SELECT a", ".a", "", " FROM bids"),
    "dots of a table": ("SELECT 1 FROM a", ".a", "", ""),
    "list of values": ("SELECT id FROM bids WHERE id IN (", "#", ", ", ")"),
    "list of sums": ("SELECT id FROM bids WHERE id IN (", "id + 1", ", ", ")"),
    "list of rows": ("SELECT id FROM bids WHERE (id, amount) IN (", "(1, 2)", ", ", ")"),
    "lists": ("SELECT id FROM bids WHERE ", "id IN (1, 2, 3)", " AND ", ""),
    "patterns": ("SELECT id FROM users WHERE username LIKE ANY (", "'a'", ", ", ")"),
    "conditions": ("SELECT id FROM bids WHERE ", "id <> #", " AND ", ""),
    "pairs of conditions": ("SELECT id FROM bids WHERE ", "(id = 1 OR id = 2)", " AND ", ""),
    "conditions of windows": ("SELECT id FROM bids QUALIFY ", "RANK() OVER (ORDER BY id) = 1", " AND ", ""),
    "output names in conditions": ("SELECT id + id + id + id AS a FROM bids WHERE ", "a = 1", " AND ", ""),
    "groups": ("SELECT 1 FROM bids GROUP BY ", "id + 1", ", ", ""),
    "grouping sets": ("SELECT 1 FROM bids GROUP BY GROUPING SETS (", "(id)", ", ", ")"),
    "positions": ("SELECT id FROM bids GROUP BY ", "1", ", ", ""),
    "sort keys": ("SELECT id FROM bids ORDER BY ", "id NULLS LAST", ", ", ""),
    "rows": ("VALUES ", "(#)", ", ", ""),
    "union": ("", "SELECT 1", " UNION ALL ", ""),
    "tables": ("SELECT COUNT(*) FROM ", "bids AS b#", ", ", ""),
    "joins": ("SELECT COUNT(*) FROM bids ", "JOIN bids AS b# USING (id)", " ", ""),
    "WITH queries": ("WITH ", "a# AS (SELECT 1 AS x)", ", ", " SELECT 1"),
    "comments": ("SELECT ", "1/* a */", ", ", ""),
    "comments in a row": ("SELECT 1 ", "/* a */", "", ""),
    "lines of comments": ("SELECT 1", "\n-- a", "", ""),
    "quotes": ("SELECT '", "''", "", "'"),
    "empty texts": ("SELECT ", "''", " ", ""),
    "a name": ("SELECT ", "a", "", " FROM bids"),
    "a number": ("SELECT ", "1", "", ""),
    "unknown columns": ("SELECT ", "amuont#", ", ", " FROM bids"),
    "unknown tables": ("SELECT 1 FROM ", "bdis#", ", ", ""),
    "unknown functions": ("SELECT ", "smu#(1)", ", ", ""),
    "statements": ("", "SELECT 1", ";", ""),
    "FROM": ("SELECT ", "FROM", " ", " SELECT 1"),
    "INTERVAL": ("SELECT ", "INTERVAL", " ", " 1 DAY"),
    "arrows": ("SELECT ", "(x) -> DATE", " ", " a"),
    "signs of all kinds": ("SELECT ", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "", ""),
}


# By name: what comes before, what opens, what is inside, what closes, what comes after.
_NESTED: Final[Mapping[str, tuple[str, str, str, str, str]]] = {
    "brackets": ("SELECT ", "(", "1", ")", ""),
    "signs": ("SELECT ", "NOT ", "TRUE", "", ""),
    "lists": ("SELECT ", "ARRAY[", "1", "]", ""),
    "choices": ("SELECT ", "CASE WHEN 1 = 1 THEN ", "1", " END", ""),
    "lengths of types": ("SELECT CAST(1 AS ", "DECIMAL(", "1", ")", ")"),
    "types of types": ("SELECT CAST(1 AS ", "ARRAY<", "INT64", ">", ")"),
    "calls": ("SELECT ", "ABS(", "1", ")", ""),
    "calls like types": ("SELECT ", "DATE(", "'2025-01-01'", ")", ""),
    "types like calls": ("SELECT ", "DECIMAL(", "1", ")", ""),
    "calls that are no calls": ("SELECT ", "SORT_ARRAY(1, ", "1", ")", ""),
    "sorted windows": ("SELECT ", "SUM(1) OVER (ORDER BY ", "id", " NULLS LAST)", " FROM bids"),
    "derived tables": ("", "SELECT * FROM (", "SELECT * FROM listings", ") AS t", ""),
    "subqueries": ("", "SELECT id FROM bids WHERE id IN (", "SELECT id FROM bids", ")", ""),
    "queries in WITH": ("", "SELECT * FROM (WITH a AS (SELECT * FROM listings) ", "SELECT 1 AS x", ") AS t", ""),
    "full joins": ("", "SELECT a.id FROM (", "SELECT id FROM bids", ") AS a FULL JOIN bids AS b ON b.id = a.id", ""),
    "bare joins": ("SELECT COUNT(*) FROM bids", " JOIN bids", "", "", ""),
}
# Calls that some printer writes out as several, as deep as calls may be.
_WRITTEN_OUT: Final = ("LENGTH(#, 1)", "INSTR(#, 'a', 1)", "STRPOS(#, 'a', 1)", "CEIL(#, 1)", "COUNT(DISTINCT #, 1)")


def families(lengths: tuple[int, ...] = LENGTHS) -> Iterator[tuple[str, str]]:
    """What each statement is made of, and the statement."""
    for name, parts in _LISTS.items():
        for length in lengths:
            yield f"{name}, {length:,} characters", _list(length, *parts)
    for name, (head, opening, core, closing, tail) in _NESTED.items():
        for depth in _DEPTHS:
            yield f"{name}, {depth} deep", head + opening * depth + core + closing * depth + tail
    for call in _WRITTEN_OUT:
        before, after = call.split("#")
        for depth in range(2, 9):
            item = before * depth + "id" + after * depth
            yield f"{call}, {depth} deep", f"SELECT {', '.join([item] * 40)} FROM bids"
    yield from _multiplying()
    yield "megabytes", "SELECT '" + "x" * 5_000_000 + "'"


def _list(length: int, head: str, piece: str, between: str, tail: str) -> str:
    pieces, left, number = [], length - len(head) - len(tail), 0
    while left > 0:
        pieces.append(piece.replace("#", str(number)))
        left -= len(pieces[-1]) + len(between)
        number += 1
    return head + between.join(pieces[:-1] or pieces) + tail


def _multiplying() -> Iterator[tuple[str, str]]:
    """Short texts that become long, or are read many times over."""
    doubled = ", ".join(f"a{index} + a{index} AS a{index + 1}" for index in range(40))
    yield "doubling names", f"SELECT id AS a0, {doubled} FROM bids"
    yield "doubling stars", "SELECT * FROM " + "(SELECT *, * FROM " * 20 + "bids" + ") AS t" * 20
    wide = "listings AS l0 " + " ".join(f"JOIN listings AS l{i} ON l{i}.id = l0.id" for i in range(1, 16))
    yield "stars over joins", "SELECT " + ", ".join(["*"] * 60) + " FROM " + wide
    yield "unknown columns over joins", "SELECT " + ", ".join(f"amuont{i}" for i in range(250)) + " FROM " + wide
    yield "merged columns", "SELECT * FROM bids" + " NATURAL FULL JOIN bids" * 15
    yield "stars of WITH queries", _chain("SELECT * FROM", "")
    joined = "SELECT x.* FROM listings AS l JOIN users AS u ON u.id = l.seller_id JOIN"
    yield "queries of queries", _chain(joined, " AS x ON x.id = l.id")


def _chain(before: str, after: str) -> str:
    queries = [f"c{i} AS ({before} c{i - 1}{after})" for i in range(1, 24)]
    return "WITH c0 AS (SELECT * FROM listings), " + ", ".join(queries) + " SELECT * FROM c23"
