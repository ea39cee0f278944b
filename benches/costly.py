"""Statements made to be costly to read: near the limit of 20,000 characters, each of another kind."""

from __future__ import annotations

from collections.abc import Iterator

_LONGEST = 19_900


def _repeated(piece: str, between: str = "", head: str = "", tail: str = "") -> str:
    count = (_LONGEST - len(head) - len(tail)) // max(1, len(piece) + len(between))
    return head + between.join([piece] * count) + tail


def families() -> Iterator[tuple[str, str]]:
    yield "outputs", _repeated("id", ", ", "SELECT ", " FROM bids")
    yield "sums", _repeated("1", "+", "SELECT ")
    yield "brackets", "SELECT " + "(" * 5_000 + "1" + ")" * 5_000
    yield "signs", _repeated("NOT ", "", "SELECT ", "TRUE")
    yield "calls", "SELECT " + "DATE(" * 23 + "1" + ")" * 23
    yield "types", "SELECT CAST(1 AS " + "DECIMAL(" * 23 + "1" + ")" * 24
    yield "lists", "SELECT " + "ARRAY[" * 23 + "1" + "]" * 23
    yield "casts", _repeated("::text", "", "SELECT id", " FROM bids")
    yield "dots", _repeated(".a", "", "SELECT a", " FROM bids")
    yield "cases", _repeated("CASE WHEN id > 1 THEN ", "", "SELECT ", "1")
    yield "union", _repeated("SELECT 1", " UNION ALL ")
    yield "froms", _repeated("FROM", " ")
    yield "list of values", _repeated("1", ", ", "SELECT id FROM bids WHERE id IN (", ")")
    yield "conditions", _repeated("id<>5", " AND ", "SELECT id FROM bids WHERE ")
    yield "tables", _repeated("bids b", ", ", "SELECT COUNT(*) FROM ")
    yield "joins", _repeated("JOIN bids USING (id)", " ", "SELECT COUNT(*) FROM bids ")
    yield "WITH queries", _repeated("a AS (SELECT 1 AS x)", ", ", "WITH ", " SELECT 1")
    doubled = ", ".join(f"a{index} + a{index} AS a{index + 1}" for index in range(40))
    yield "doubling names", f"SELECT id AS a0, {doubled} FROM bids"  # noqa: S608 - read, never run
    yield "doubling stars", "SELECT * FROM " + "(SELECT *, * FROM " * 20 + "bids" + ") AS t" * 20
    yield "windows", _repeated("RANK() OVER (ORDER BY id)", ", ", "SELECT ", " FROM bids")
    yield "comments", _repeated("/* x */", "", "SELECT 1 ")
    yield "quotes", "SELECT '" + "''" * 9_900 + "'"
    yield "a name", "SELECT " + "a" * 19_000 + " FROM bids"
    yield "unknown names", _repeated("amuont", ", ", "SELECT ", " FROM bids")
    yield "megabytes", "SELECT '" + "x" * 5_000_000 + "'"
    yield "signs of all kinds", "".join(chr(33 + index % 94) for index in range(_LONGEST))
