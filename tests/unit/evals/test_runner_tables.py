"""Whether a model and a database belong together."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from evals.errors import SuiteInvalid
from evals.runner.tables import require_tables
from nl2sql.catalog.load import load_model

AUCTION = Path("schema/auction/model.yaml")


def told_of(tables: str, folder: Path) -> list[str]:
    file = folder / "some.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(tables)
    told: list[str] = []
    require_tables(load_model(AUCTION), AUCTION, f"sqlite:///{file}", told.append)
    return told


def test_a_database_with_all_tables_of_the_model_is_fine(tmp_path: Path) -> None:
    tables = {each.table for each in load_model(AUCTION).datasets}
    assert told_of("".join(f'CREATE TABLE "{table}" (id);' for table in tables), tmp_path) == []


def test_a_database_with_none_of_them_ends_in_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SuiteInvalid, match="does not have: users, categories, listings and 5 more") as caught:
        told_of("CREATE TABLE customer (id)", tmp_path)
    assert "nl2sql model init" in caught.value.hint


def test_a_database_with_some_of_them_is_asked_and_the_others_are_told(tmp_path: Path) -> None:
    (told,) = told_of("CREATE TABLE users (id); CREATE VIEW categories AS SELECT 1 AS id", tmp_path)
    assert "does not have: listings, bids, comments and 3 more. Questions about them fail." in told
