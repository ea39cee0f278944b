"""The database's invariants, asked of a load test's rows only: that takes no longer on a large database.

Each query names its tables; a WITH that gives these names to a few of their rows narrows it without rewriting it.
"""

from sqlalchemy import Connection, text

from auction_core.invariants import INVARIANTS
from auction_core.load_test.proof import SAMPLES, Finding
from auction_core.load_test.stage import Stage

_BY_LISTING = ("bids", "comments", "watchlist", "payments", "reviews")


def check_invariants(connection: Connection, stage: Stage) -> list[Finding]:
    # SQLite takes a WITH that names itself for a recursive one, unless the table is named by its schema.
    schema = "main." if connection.dialect.name == "sqlite" else ""
    category_ids = ", ".join(str(int(number)) for number in stage.category_ids)
    parts = [
        f"listings AS (SELECT * FROM {schema}listings WHERE seller_id = {stage.seller_id:d})",  # noqa: S608 - numbers
        f"categories AS (SELECT * FROM {schema}categories WHERE id IN ({category_ids}))",  # noqa: S608 - numbers
    ]
    parts += [
        f"{table} AS (SELECT * FROM {schema}{table} WHERE listing_id IN (SELECT id FROM listings))"  # noqa: S608 - names
        for table in _BY_LISTING
    ]
    narrowed = ", ".join(parts)
    findings = []
    for invariant in INVARIANTS:
        query = f"WITH {narrowed}, broken AS ({invariant.broken}) SELECT id FROM broken ORDER BY id"  # noqa: S608
        ids = list(connection.execute(text(query)).scalars())
        samples = tuple(f"{invariant.of} {number}" for number in ids[:SAMPLES])
        findings.append(Finding(invariant.name, invariant.rule, len(ids), samples))
    return findings
