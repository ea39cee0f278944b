"""A small auction made in Python: what the guard's tests judge statements against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.guard.policy_file import default_policy
from nl2sql.guard.violation import Violations
from nl2sql.writers.base import Origin, SqlDraft

FIXTURES = Path(__file__).parents[2] / "fixtures" / "guard"
MONEY = frozenset({"amount", "starting_price", "reserve_price", "current_bid"})
SENSITIVE = frozenset({"email", "password_hash", "reserve_price"})
TABLES = {
    "users": "id username email country created_at password_hash",
    "categories": "id name parent_id",
    "listings": "id seller_id category_id title description starting_price reserve_price current_bid "
    "highest_bidder_id status created_at ends_at closed_at",
    "bids": "id listing_id bidder_id amount placed_at",
    "comments": "id listing_id user_id body created_at",
    "watchlist": "user_id listing_id created_at",
    "payments": "id listing_id buyer_id amount method status paid_at",
}

Guard = Callable[..., CheckedSql | Violations]


def datatype_of(column: str) -> DataType:
    if column == "id" or column.endswith("_id"):
        return DataType.INTEGER
    if column.endswith("_at"):
        return DataType.DATETIME
    return DataType.DECIMAL if column in MONEY else DataType.STRING


def dataset(name: str, columns: str) -> Dataset:
    fields = tuple(Field(each, each, datatype_of(each), sensitive=each in SENSITIVE) for each in columns.split())
    key = ("id",) if "id" in columns.split() else ()
    return Dataset(name, name, fields, primary_key=key)


MODEL = SemanticModel("auction", tuple(dataset(*each) for each in TABLES.items()), fingerprint="unit-guard")
POLICY = default_policy(MODEL)
RESTRICTED = Policy(
    "restricted",
    tables=frozenset(TABLES) - {"watchlist"},
    masks={"users.email": "hash", "users.username": "partial"},
    aggregate_only={"listings.reserve_price": 20},
    rows={
        "users": "country = :user.country",
        "payments": "buyer_id IN (SELECT id FROM users WHERE country = :user.country)",
        "listings": "status <> 'draft'",
    },
    attributes={"country": "text"},
    mask_key="a key for tests",
).bound_to({"country": "DE"})
POLICIES = {"": POLICY, "restricted": RESTRICTED}


@pytest.fixture(scope="session")
def model() -> SemanticModel:
    return MODEL


@pytest.fixture(scope="session")
def tables() -> dict[str, list[str]]:
    return {name: columns.split() for name, columns in TABLES.items()}


@pytest.fixture(scope="session")
def policy() -> Policy:
    return POLICY


@pytest.fixture(scope="session")
def policies() -> dict[str, Policy]:
    """By the role that a fixture names; "" is everybody."""
    return POLICIES


@pytest.fixture(scope="session")
def guard() -> Guard:
    def judge(sql: str, dialect: str = "sqlite", policy: Policy = POLICY) -> CheckedSql | Violations:
        return check(SqlDraft(sql, Origin("sql")), MODEL, policy, dialect)

    return judge


@pytest.fixture(scope="session")
def accepted(guard: Guard) -> Callable[..., CheckedSql]:
    def judge(sql: str, dialect: str = "sqlite", policy: Policy = POLICY) -> CheckedSql:
        verdict = guard(sql, dialect, policy)
        assert isinstance(verdict, CheckedSql), verdict
        return verdict

    return judge


@pytest.fixture(scope="session")
def refused(guard: Guard) -> Callable[..., Violations]:
    def judge(sql: str, dialect: str = "sqlite", policy: Policy = POLICY) -> Violations:
        verdict = guard(sql, dialect, policy)
        assert isinstance(verdict, Violations), verdict.sql
        return verdict

    return judge
