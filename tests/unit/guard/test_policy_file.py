"""Policy files: what they allow, and how they fail."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.policy import Cost, Limits, Policy, hidden_columns
from nl2sql.guard.policy_file import default_policy, load_policy

SCHEMA = Path(__file__).parents[3] / "schema" / "auction"
SENSITIVE = {"users.email", "users.password_hash", "listings.reserve_price"}


def write(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_everything_but_the_sensitive_is_visible(model: SemanticModel) -> None:
    assert default_policy(model).hidden == SENSITIVE
    assert default_policy(model, "guest").role == "guest"


def test_a_role_denies_more_allows_some_and_sets_limits(tmp_path: Path, model: SemanticModel) -> None:
    text = """
roles:
  analyst: {}
  support:
    datasets:
      users: {columns: {deny: [country]}}
      payments: {columns: {deny: [amount]}}
      listings: {columns: {allow: [reserve_price]}}
      "*": {}
    limits: {rows: 50, seconds: 2.5, bytes: 1000, rows_per_minute: 70}
"""
    policy = load_policy(write(tmp_path, text), model, "support")
    assert policy.tables is None
    assert policy.hidden == {"users.country", "payments.amount", "users.email", "users.password_hash"}
    assert policy.revealed == {"listings.reserve_price"}
    assert hidden_columns(model, policy) == policy.hidden
    limits = policy.limits
    assert (limits.rows, limits.seconds, limits.result_bytes, limits.rows_per_minute) == (50, 2.5, 1000, 70)
    assert limits.joins == Limits().joins


MANAGER = """
roles:
  manager:
    attributes: {country: text, desk: integer}
    datasets:
      users:
        rows: country = :user.country AND id > :user.desk
        columns: {mask: {email: hash, username: partial}, deny: [created_at]}
      listings:
        columns: {aggregate_only: {reserve_price: 20}}
      categories:
        columns: {allow: [id, name], deny: ["*"]}
"""


def test_a_role_sees_the_datasets_it_lists_and_what_it_may_of_them(tmp_path: Path, model: SemanticModel) -> None:
    policy = load_policy(write(tmp_path, MANAGER), model, "manager")
    assert policy.tables == {"users", "listings", "categories"}
    assert policy.masks == {"users.email": "hash", "users.username": "partial"}
    assert policy.aggregate_only == {"listings.reserve_price": 20}
    assert policy.hidden == {"users.created_at", "users.password_hash", "categories.parent_id"}
    assert policy.rows == {"users": "country = :user.country AND id > :user.desk"}
    assert policy.attributes == {"country": "text", "desk": "integer"}


def test_a_policy_is_bound_to_the_attributes_of_whoever_asks(tmp_path: Path, model: SemanticModel) -> None:
    policy = load_policy(write(tmp_path, MANAGER), model, "manager")
    bound = policy.bound_to({"country": "DE", "desk": "7", "other": "unused"})
    assert bound.values == {"country": "DE", "desk": "7"}
    assert len({each.fingerprint for each in (policy, bound, policy.bound_to({"country": "FR", "desk": "7"}))}) == 3


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"country": "DE"},
        {"country": " ", "desk": "7"},
        {"country": "DE", "desk": "seven"},
        {"country": "DE", "desk": "7.5"},
        {"country": "DE", "desk": "1 OR 1=1"},
        {"country": "DE", "desk": "9" * 30},
        {"country": "D\nE", "desk": "7"},
        {"country": "DE\\", "desk": "7"},
        {"country": "D" * 300, "desk": "7"},
    ],
)
def test_an_attribute_that_is_missing_or_malformed_is_told_and_never_used(
    attributes: dict[str, str], tmp_path: Path, model: SemanticModel
) -> None:
    policy = load_policy(write(tmp_path, MANAGER), model, "manager")
    with pytest.raises(PolicyInvalid) as raised:
        policy.bound_to(attributes)
    assert "account" in raised.value.user_message


def test_a_field_stands_for_the_columns_it_is_made_of(tmp_path: Path) -> None:
    fields = (Field("name", "first || ' ' || last", sensitive=True), Field("id", "id"))
    model = SemanticModel("m", (Dataset("people", "public.People", fields),), fingerprint="fields")
    text = (
        "roles: {analyst: {datasets: {people: {columns: {deny: [id]}}}},"
        " open: {datasets: {people: {columns: {allow: [name]}}}}}"
    )
    path = write(tmp_path, text)
    assert load_policy(path, model).hidden == {"people.first", "people.last", "people.id"}
    assert load_policy(path, model, "open").hidden == frozenset()


def of_users(text: str) -> str:
    return f"roles:\n  analyst:\n    attributes: {{country: text}}\n    datasets:\n      users:\n        {text}\n"


FAULTS = [
    (of_users("columns: {deny: [emial]}"), 6, "no field or column", "users.email"),
    (of_users("columns:\n          allow:\n            - email\n            - mail"), 9, "no field or column", ""),
    ("roles:\n  analyst:\n    datasets:\n      buyers: {}\n", 4, "names no table", "Tables:"),
    (
        "roles:\n  other:\n    datasets: {users: {columns: {mask: {nothing: hash}}}}\n  analyst: {}\n",
        3,
        "no field or column",
        "",
    ),
    ("roles:\n  analyst:\n    limits:\n      rows: -1\n", 4, "rows must be a whole number", ""),
    ("roles:\n  analyst:\n    limits:\n      rows: many\n", 4, "rows must be a whole number", ""),
    ("roles:\n  analyst:\n    limits:\n      seconds: .inf\n", 4, "seconds must be a number", ""),
    ("roles:\n  analyst:\n    limits: {row: 5}\n", 3, "limits has no “row”", ""),
    ("roles:\n  analyst:\n    hide: [users.email]\n", 3, "has no “hide”", ""),
    ("roles:\n  analyst: {}\n  analyst: {}\n", 3, "there twice", ""),
    (of_users("columns: {deny: [email], allow: [email]}"), 3, "denied and shown", ""),
    (of_users("columns: {mask: {email: hash}, allow: [email]}"), 6, "at once", ""),
    (of_users("columns: {deny: email}"), 6, "must be a list", ""),
    (of_users("columns: {mask: {email: blur}}"), 6, "one of hash, partial", ""),
    (of_users("columns: {mask: {id: partial}}"), 6, "is not text", ""),
    (of_users("columns: {aggregate_only: {id: 1}}"), 6, "at least 2", ""),
    (of_users("columns: {aggregate_only: {country: 5}}"), 6, "is not a number", ""),
    (of_users("rows: country ="), 6, "is not a condition", ""),
    (of_users("rows: land = :user.country"), 6, "no column “land”", ""),
    (of_users("rows: country = :user.land"), 6, "no attribute land", ""),
    (of_users("rows: country = :me"), 6, ":user.country", ""),
    (of_users("rows: country = load_file(username)"), 6, "LOAD_FILE", ""),
    (of_users("rows: id IN (SELECT id FROM secrets)"), 6, "no table “secrets”", ""),
    (of_users("rows: [country]"), 6, "must be a text", ""),
    ("roles:\n  analyst:\n    attributes: {country: list}\n", 3, "one of text, integer", ""),
    ("roles:\n  analyst:\n    attributes: {Country!: text}\n", 3, "not a name for an attribute", ""),
    ("roles:\n  guest: {}\n", 2, "no role “analyst”", "guest"),
    ("rules: {}\n", 1, "has no “rules”", ""),
    ("[]\n", 1, "must be a mapping", ""),
    ("", 1, "must be a mapping", ""),
    ("roles:\n  analyst: [\n", 3, "not valid YAML", ""),
]


@pytest.mark.parametrize(("text", "line", "problem", "hint"), FAULTS)
def test_a_fault_names_the_file_and_the_line(
    text: str, line: int, problem: str, hint: str, tmp_path: Path, model: SemanticModel
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(PolicyInvalid) as raised:
        load_policy(path, model)
    assert f"policy.yaml, line {line}: " in raised.value.user_message
    assert problem in raised.value.user_message
    assert hint in raised.value.hint


def test_a_missing_file_is_a_fault_and_no_open_door(tmp_path: Path, model: SemanticModel) -> None:
    with pytest.raises(PolicyInvalid):
        load_policy(tmp_path / "nothing.yaml", model)


def test_fingerprints_follow_the_content() -> None:
    base = Policy("a")
    others = [Policy("b"), Policy("a", frozenset({"t.c"})), Policy("a", limits=Limits(rows=1))]
    others.append(Policy("a", revealed=frozenset({"t.c"})))
    assert len({each.fingerprint for each in (base, *others)}) == 5
    assert Policy("a").fingerprint == base.fingerprint


def test_the_policy_of_the_auction_fits_its_model() -> None:
    model = load_model(SCHEMA / "model.yaml")
    analyst, support = (load_policy(SCHEMA / "policy.yaml", model, role) for role in ("analyst", "auction_support"))
    assert analyst.hidden >= SENSITIVE
    assert "listings.reserve_price" not in hidden_columns(model, support)
    manager = load_policy(SCHEMA / "policy.yaml", model, "country_manager")
    assert manager.rows.keys() == {"users", "listings", "bids", "payments"}
    assert "users.email" in hidden_columns(model, support)


def cost_limits(tmp_path: Path, model: SemanticModel, limits: str) -> Limits:
    return load_policy(write(tmp_path, f"roles:\n  analyst:\n    limits:\n      {limits}\n"), model).limits


def test_a_role_sets_what_it_is_asked_about_and_what_it_is_refused(tmp_path: Path, model: SemanticModel) -> None:
    text = "{rows: 50, ask_above: {rows: 5000000, bytes: 1000, price: 0.10}, refuse_above: {price: 1}}"
    policy = load_policy(write(tmp_path, f"roles:\n  analyst:\n    limits: {text}\n"), model)
    assert policy.limits.rows == 50
    assert policy.limits.ask_above == Cost(5_000_000, 1_000, Decimal("0.10"))
    assert policy.limits.refuse_above == Cost(None, Limits().refuse_above.bytes, Decimal(1))


def test_a_hard_limit_below_the_default_of_the_soft_one_is_refused_at_once(
    tmp_path: Path, model: SemanticModel
) -> None:
    limits = cost_limits(tmp_path, model, "refuse_above: {bytes: 5}")
    assert (limits.ask_above.bytes, limits.refuse_above.bytes) == (5, 5)


def test_a_warehouse_may_be_allowed_a_petabyte(tmp_path: Path, model: SemanticModel) -> None:
    assert cost_limits(tmp_path, model, "refuse_above: {bytes: 1000000000000000}").refuse_above.bytes == 10**15


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ("ask_above: {rows: 9}\n      refuse_above: {rows: 8}", "ask_above has 9 rows, which is more than the 8"),
        ("ask_above: {bytes: 200000000000}", "more than the 100000000000 of refuse_above"),
        ("ask_above: {price: 0.2}\n      refuse_above: {price: 0.1}", "ask_above has 0.2 price"),
        ("ask_above: {gigabytes: 9}", "ask_above has no “gigabytes”; it may have rows, bytes, price"),
        ("ask_above: 9", "ask_above must be a mapping of names"),
        ("ask_above: {rows: 1.5}", "rows of ask_above must be a whole number above zero"),
        ("refuse_above: {bytes: 0}", "bytes of refuse_above must be a whole number above zero"),
        ("refuse_above: {bytes: 10000000000000000000}", "bytes of refuse_above must be a whole number above zero"),
        ("refuse_above: {price: -1}", "price of refuse_above must be a number above zero"),
        ("refuse_above: {price: .nan}", "price of refuse_above must be a number above zero"),
        ("refuse_above: {price: NaN}", "price of refuse_above must be a number above zero"),
        ("refuse_above: {price: Infinity}", "price of refuse_above must be a number above zero"),
        ("refuse_above: {price: [1]}", "price of refuse_above must be a number above zero"),
        ("refuse_above: {rows: {a: 1}}", "rows of refuse_above must be a whole number above zero"),
    ],
)
def test_a_cost_limit_that_cannot_be_one_is_told_with_its_line(
    tmp_path: Path, model: SemanticModel, limits: str, problem: str
) -> None:
    with pytest.raises(PolicyInvalid) as raised:
        cost_limits(tmp_path, model, limits)
    assert ", line 4: " in str(raised.value)
    assert problem in str(raised.value)
