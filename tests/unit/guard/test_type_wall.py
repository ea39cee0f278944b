"""A CheckedSql cannot be made, changed, stored or copied into another by anyone but the guard."""

from __future__ import annotations

import copy
import pickle

import pytest

from nl2sql.errors import CheckedSqlForged
from nl2sql.guard.checked import CheckedSql


@pytest.fixture
def checked(accepted) -> CheckedSql:
    return accepted("SELECT id FROM users")


@pytest.mark.parametrize("mint", [None, object(), "mint", CheckedSql])
def test_nobody_else_can_make_one(mint: object) -> None:
    with pytest.raises(CheckedSqlForged):
        CheckedSql(mint, sql="DROP TABLE users")


@pytest.mark.parametrize("name", ["sql", "row_limit", "_tree", "seconds", "anything"])
def test_nothing_of_it_can_be_changed(checked: CheckedSql, name: str) -> None:
    with pytest.raises(CheckedSqlForged):
        setattr(checked, name, "DROP TABLE users")
    with pytest.raises(CheckedSqlForged):
        delattr(checked, name)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_cannot_be_stored(checked: CheckedSql, protocol: int) -> None:
    with pytest.raises(CheckedSqlForged):
        pickle.dumps(checked, protocol)


def test_a_copy_is_the_thing_itself(checked: CheckedSql) -> None:
    assert copy.copy(checked) is checked
    assert copy.deepcopy(checked) is checked


def test_an_empty_one_has_nothing_to_run() -> None:
    empty = CheckedSql.__new__(CheckedSql)
    with pytest.raises(AttributeError):
        _ = empty.sql
    with pytest.raises(CheckedSqlForged):
        empty.sql = "DROP TABLE users"  # type: ignore[misc]


def test_what_it_says_about_a_result_cannot_be_changed(checked: CheckedSql) -> None:
    with pytest.raises(CheckedSqlForged):
        checked.outputs[0].name = "other"
