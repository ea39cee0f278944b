"""Databases of other people, among the tables of a large company and among each other: the gold's tables are told.

NL2SQL_DEFOG names a folder as tests/integration/retrieval/foreign.py says.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benches.thousand_tables import wide_tables
from tests.integration.retrieval.foreign import Found, Surroundings, Written, column_share, recall_of, share
from tests.integration.retrieval.gold import Read, lacking_columns, read_of
from tests.integration.retrieval.recall import TOKENS, auction, thousand

# Read when the module is imported: an autouse fixture clears the product's settings from every test.
DEFOG = os.environ.get("NL2SQL_DEFOG", "")
needs_defog = pytest.mark.skipif(not DEFOG, reason="NL2SQL_DEFOG names no folder with the question sets")
LEAST, LEAST_COLUMNS = 0.97, 0.98
# Of 300 columns, most of which are forms of the others; a question often needs one that it does not name.
LEAST_OF_WIDE = 0.8


def _within_bounds(found: list[Found], least_columns: float = LEAST_COLUMNS) -> None:
    lacking = {each.asked.text: sorted(each.tables) for each in found if each.tables}
    assert share(found, held_out=False) >= LEAST, lacking
    assert share(found, held_out=True) >= LEAST, lacking
    assert column_share(found) >= least_columns
    assert max(each.tokens for each in found) <= TOKENS


@needs_defog
@pytest.mark.parametrize("written", ["drafted", "by hand"])
def test_the_tables_of_a_foreign_database_are_found_in_a_company(written: Written) -> None:
    found = list(recall_of(Path(DEFOG), written))
    assert len(found) == {"drafted": 313, "by hand": 50}[written]
    _within_bounds(found)


@needs_defog
def test_the_tables_of_eleven_databases_in_one_are_found() -> None:
    _within_bounds(list(recall_of(Path(DEFOG), surroundings=Surroundings(together=True))))


@needs_defog
def test_most_columns_of_very_wide_tables_are_found() -> None:
    found = list(recall_of(Path(DEFOG), surroundings=Surroundings(tables=60, columns=300)))
    _within_bounds(found, LEAST_OF_WIDE)


def test_a_gold_reads_the_columns_of_its_tables_and_no_others() -> None:
    columns = {"bids": {"id": "INT", "amount": "REAL", "user_id": "INT"}, "users": {"id": "INT", "city": "TEXT"}}
    by_user = "WITH b AS (SELECT user_id, SUM(amount) AS t FROM Bids GROUP BY 1)"
    sql = f"{by_user} SELECT city, t FROM b JOIN users u ON u.id = b.user_id"
    assert read_of(sql, columns) == Read(
        frozenset({"bids", "users"}), frozenset({"bids.user_id", "bids.amount", "users.city", "users.id"})
    )
    assert read_of("SELECT (", columns) == Read(frozenset(), frozenset())


def test_a_column_that_is_not_shown_is_missed_and_a_sensitive_one_is_not() -> None:
    model = auction()
    users = model.dataset("users")
    hidden = {f.name for f in users.fields if f.sensitive}
    assert "email" in hidden
    gold = Read(frozenset({"users"}), frozenset({"users.country", "users.email", "bids.amount"}))
    assert lacking_columns(gold, {"users": users}, model) == frozenset()
    without = type(users)(users.name, users.source, tuple(f for f in users.fields if f.name != "country"))
    assert lacking_columns(gold, {"users": without}, model) == {"users.country"}


def test_wide_tables_have_so_many_columns_and_keep_their_own() -> None:
    model = thousand(20)
    wide = wide_tables(model, 300)
    assert wide == wide_tables(model, 300)
    for dataset in wide.datasets:
        names = [field.name for field in dataset.fields]
        assert len(names) == len(set(names)) == 300
        assert set(model.dataset(dataset.name).fields) <= set(dataset.fields)
