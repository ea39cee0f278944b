"""A CheckedSql cannot be made, changed, stored or copied into another by anyone but the guard."""

from __future__ import annotations

import copy
import pickle

import pytest

from nl2sql.errors import CheckedSqlForged
from nl2sql.guard import checked as checked_module
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
    for name in ("sql", "executed", "row_limit", "tree", "executed_shown"):
        with pytest.raises(CheckedSqlForged):
            getattr(empty, name)
    with pytest.raises(CheckedSqlForged):
        empty.sql = "DROP TABLE users"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["sql", "executed", "row_limit", "tree", "_tree", "anything"])
def test_not_even_the_ways_around_setattr_change_it(checked: CheckedSql, name: str) -> None:
    before = checked.executed
    with pytest.raises((CheckedSqlForged, AttributeError)):
        object.__setattr__(checked, name, "DROP TABLE users")
    assert checked.executed == before
    assert not hasattr(checked, "__dict__")


def test_a_genuine_one_is_not_made_anew(checked: CheckedSql) -> None:
    with pytest.raises(CheckedSqlForged):
        CheckedSql.__init__(checked, checked_module._MINT, sql="DROP TABLE users")


def test_nothing_else_can_be_called_one() -> None:
    with pytest.raises(CheckedSqlForged):
        type("Checked", (CheckedSql,), {"executed": "DROP TABLE users"})


def test_a_pickle_made_by_hand_gives_nothing_that_runs() -> None:
    by_hand = b"\x80\x04\x8c\x14nl2sql.guard.checked\x8c\nCheckedSql\x93)\x81."
    forged = pickle.loads(by_hand)  # noqa: S301 - what it does is the point
    assert type(forged) is CheckedSql
    with pytest.raises(CheckedSqlForged):
        _ = forged.executed


def test_the_tree_that_it_hands_out_is_a_copy(checked: CheckedSql) -> None:
    checked.tree.set("limit", None)
    assert checked.tree.args["limit"] is not None


def test_what_it_says_about_a_result_cannot_be_changed(checked: CheckedSql) -> None:
    with pytest.raises(CheckedSqlForged):
        checked.outputs[0].name = "other"
