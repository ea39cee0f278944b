"""Roles, each told twice: as the policy file the guard reads, and as the rows and columns it ought to leave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from nl2sql.guard.policy import Policy
from nl2sql.guard.policy_file import load_policy
from tests.integration.guard.auction import SENSITIVE, TABLES, UNMENTIONED, Row, Rows, View, canary, everything, model

# No result of so small an auction reaches the limit: what is compared is always whole.
POLICY_FILE = """
roles:
  everything:
    limits: {rows: 100000}
  german:
    attributes: {country: text}
    datasets:
      users: {rows: "country = :user.country", columns: {deny: [last_seen_at]}}
      listings:
        rows: "status <> 'draft' AND seller_id IN (SELECT id FROM users WHERE country = :user.country)"
        columns: {deny: [buy_now_price]}
      bids: {rows: "listing_id IN (SELECT id FROM listings WHERE status <> 'draft')"}
      payments:
        rows: "buyer_id IN (SELECT id FROM users WHERE country = :user.country)"
        columns: {deny: [fee]}
      reviews: {rows: "rating BETWEEN 1 AND 5"}
      "*": {}
    limits: {rows: 100000}
  narrow:
    datasets:
      listings: {}
      categories: {}
      bids: {columns: {deny: [bidder_id]}}
    limits: {rows: 100000}
  discreet:
    datasets:
      users: {columns: {mask: {email: hash, full_name: partial}}}
      listings: {columns: {aggregate_only: {reserve_price: 5}}}
      payments: {columns: {aggregate_only: {fee: 5}}}
      "*": {}
    limits: {rows: 100000}
"""
# Those whose answers a world without the hidden can give; `discreet` sees something of everything.
ROLES = ("everything", "german", "narrow")
SHOWN_IN_PART = frozenset({"users.email", "users.full_name", "listings.reserve_price", "payments.fee"})


@cache
def policy(role: str) -> Policy:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text(POLICY_FILE, encoding="utf-8")
        return load_policy(path, model(), role).bound_to({"country": "DE"})


def _german(row: Row) -> bool:
    return row["country"] == "DE"


def _keys(table: str, where: object) -> set[object]:
    return {row["id"] for row in everything()[table] if where(row)}  # type: ignore[operator]


@cache
def view(role: str) -> View:
    """What a correct guard leaves of the auction. Written from the policy's meaning, not from the guard."""
    nobody = SENSITIVE | UNMENTIONED
    if role == "everything":
        return View(nobody, {})
    if role == "discreet":
        return View(nobody | {"payments.fee"}, {})
    if role == "narrow":
        return View(nobody | {"bids.bidder_id"}, {}, frozenset({"listings", "categories", "bids"}))
    germans = _keys("users", _german)
    public = _keys("listings", lambda row: row["status"] not in ("draft", None))
    keeps: Mapping[str, object] = {
        "users": _german,
        "listings": lambda row: row["status"] not in ("draft", None) and row["seller_id"] in germans,
        "bids": lambda row: row["listing_id"] in public,
        "payments": lambda row: row["buyer_id"] in germans,
        "reviews": lambda row: 1 <= row["rating"] <= 5,
    }
    denied = {"users.last_seen_at", "listings.buy_now_price", "payments.fee"}
    return View(nobody | denied, keeps)  # type: ignore[arg-type]


# What a policy decides by stays as it is, and what rows are joined by.
_KEPT = frozenset({"id", "country", "status", "seller_id", "buyer_id", "listing_id"})


@cache
def otherwise_hidden() -> Rows:
    """Everything, with other values in every cell that the role `german` cannot see."""
    seen, made = view("german"), {}
    for table, rows in everything().items():
        kept = {id(row) for row in seen.rows(table)}
        made[table] = [
            {
                column: value if column in _KEPT or visible else _other(TABLES[table][column], value, number)
                for column, value in row.items()
                for visible in [id(row) in kept and f"{table}.{column}" not in seen.hidden]
            }
            for number, row in enumerate(rows)
        ]
    return made


def _other(kind: str, value: object, number: int) -> object:
    if kind == "bool":
        return not value
    if kind == "integer":
        return 77 + number % 5  # no rating from 1 to 5, which would be seen
    if kind == "money":
        return Decimal(number * 37 % 1_000)
    if kind == "time":
        return datetime.fromisoformat(f"2033-03-{1 + number % 28:02}")
    return canary("changed", value, number)
