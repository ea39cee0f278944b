"""Policy files: what they allow, and how they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.policy import Limits, Policy, hidden_columns
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


def test_a_role_hides_more_reveals_some_and_sets_limits(tmp_path: Path, model: SemanticModel) -> None:
    text = """
roles:
  analyst: {}
  support:
    hidden: [users.country, payments.amount]
    revealed: [listings.reserve_price]
    limits: {rows: 50, seconds: 2.5}
"""
    policy = load_policy(write(tmp_path, text), model, "support")
    assert policy.hidden == {"users.country", "payments.amount", "users.email", "users.password_hash"}
    assert policy.revealed == {"listings.reserve_price"}
    assert hidden_columns(model, policy) == policy.hidden
    assert (policy.limits.rows, policy.limits.seconds, policy.limits.joins) == (50, 2.5, Limits().joins)


def test_a_field_stands_for_the_columns_it_is_made_of(tmp_path: Path) -> None:
    fields = (Field("name", "first || ' ' || last", sensitive=True), Field("id", "id"))
    model = SemanticModel("m", (Dataset("people", "public.People", fields),), fingerprint="fields")
    path = write(tmp_path, "roles: {analyst: {hidden: [people.id]}, open: {revealed: [people.name]}}")
    assert load_policy(path, model).hidden == {"people.first", "people.last", "people.id"}
    assert load_policy(path, model, "open").hidden == frozenset()


FAULTS = [
    ("roles:\n  analyst:\n    hidden: [users.emial]\n", 3, "no field or column", "users.email"),
    ("roles:\n  analyst:\n    hidden:\n      - users.email\n      - buyers.id\n", 5, "names no table", "Tables:"),
    ("roles:\n  other:\n    revealed: [users.nothing]\n  analyst: {}\n", 3, "no field or column", ""),
    ("roles:\n  analyst:\n    limits:\n      rows: -1\n", 4, "rows must be a whole number", ""),
    ("roles:\n  analyst:\n    limits:\n      rows: many\n", 4, "rows must be a whole number", ""),
    ("roles:\n  analyst:\n    limits:\n      seconds: .inf\n", 4, "seconds must be a number", ""),
    ("roles:\n  analyst:\n    limits: {row: 5}\n", 3, "limits has no “row”", ""),
    ("roles:\n  analyst:\n    hide: [users.email]\n", 3, "has no “hide”", ""),
    ("roles:\n  analyst: {}\n  analyst: {}\n", 3, "there twice", ""),
    ("roles:\n  analyst:\n    hidden: [users.email]\n    revealed: [users.email]\n", 3, "hidden and revealed", ""),
    ("roles:\n  analyst:\n    hidden: users.email\n", 3, "must be a list", ""),
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
    assert "users.email" in hidden_columns(model, support)
