from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from evals.cases.base import Case, Suite
from evals.cases.resolve import Target, as_of_of, attributes_of, role_of, select, target_of
from evals.errors import SuiteInvalid

DAY, OTHER, DEFAULT = date(2026, 6, 30), date(2025, 1, 1), date(2024, 1, 1)


def _case(name: str = "one", /, **keys: object) -> Case:
    return Case.model_validate({"id": name, "question": "How many?", "sql": "SELECT 1", **keys})


def _suite(*cases: Case, **keys: object) -> Suite:
    return Suite.model_validate({"name": "mine", "cases": cases or (_case(),), **keys})


def _target(folder: Path, **keys: str) -> Target:
    suite = _suite(_case(**keys), path=folder / "suite.yaml")
    return target_of(suite.cases[0], suite)


def test_what_the_case_says_stands_above_the_suite_and_that_above_the_setting() -> None:
    plain, own = _case(), _case(as_of=OTHER, role="r2")
    suite = _suite(as_of=DAY, role="r1")
    assert (as_of_of(own, suite, DEFAULT), as_of_of(plain, suite, DEFAULT)) == (OTHER, DAY)
    assert as_of_of(plain, _suite(), DEFAULT) == DEFAULT
    assert (role_of(own, suite, "r0"), role_of(plain, suite, "r0"), role_of(plain, _suite(), "r0")) == (
        "r2",
        "r1",
        "r0",
    )


def test_attributes_of_the_case_stand_above_the_suites_by_name() -> None:
    suite = _suite(attributes={"country": "DE", "team": "a"})
    assert attributes_of(_case(attributes={"country": "FR"}), suite) == {"country": "FR", "team": "a"}


def test_a_bare_model_name_is_a_folder_under_schema(tmp_path: Path) -> None:
    assert _target(tmp_path, model="auction") == Target("schema/auction/model.yaml", "schema/auction/policy.yaml")


def test_a_file_is_found_beside_the_suite(tmp_path: Path) -> None:
    for name in ("model.yaml", "shop.db", "shop.duckdb"):
        (tmp_path / name).touch()
    assert _target(tmp_path, model="model.yaml") == Target(tmp_path / "model.yaml", tmp_path / "policy.yaml")
    for written in ("shop.db", "sqlite:///shop.db", f"{tmp_path}/shop.db", f"sqlite:///{tmp_path}/shop.db"):
        assert _target(tmp_path, database=written).database == f"sqlite:///{tmp_path}/shop.db"
    assert _target(tmp_path, database="shop.duckdb").database == f"duckdb:///{tmp_path}/shop.duckdb"


def test_what_is_not_beside_the_suite_is_left_to_the_settings(tmp_path: Path) -> None:
    assert _target(tmp_path, model="schema/auction/model.yaml") == Target(
        "schema/auction/model.yaml", "schema/auction/policy.yaml"
    )
    assert _target(tmp_path, database="var/auction.db").database == "sqlite:///var/auction.db"
    for url in ("sqlite:///:memory:", "sqlite://", "postgresql://user@host/shop", "bigquery://project/shop"):
        assert _target(tmp_path, database=url).database == url
    assert _target(tmp_path) == Target()


SUITE = _suite(
    _case("a", tags=["count", "easy"], family="f"),
    _case("b", tags=["count"], family="f"),
    _case("c", tags=["sum"]),
    _case("d", kind="unsafe", sql=None),
)


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({}, "abcd"),
        ({"only": ["c", "a"]}, "ac"),
        ({"tags": ["count"]}, "ab"),
        ({"tags": ["easy", "sum"]}, "ac"),
        ({"kinds": ["unsafe"]}, "d"),
        ({"families": ["f"]}, "ab"),
        ({"families": ["f"], "tags": ["easy"]}, "a"),
    ],
)
def test_cases_are_chosen_by_all_that_is_asked(asked: dict[str, list[str]], ids: str) -> None:
    assert "".join(case.id for case in select(SUITE, **asked)) == ids


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        ({"only": ["cc"]}, "mine has no case “cc”.", "Did you mean c?"),
        ({"only": ["zzz"]}, "mine has no case “zzz”.", "There are: a, b, c, d."),
        ({"tags": ["coutn"]}, "mine has no tag “coutn”.", "Did you mean count?"),
        ({"kinds": ["ambiguous"]}, "mine has no kind “ambiguous”.", "There are: answerable, unsafe."),
        ({"families": ["g"]}, "mine has no family “g”.", "There are: f."),
        ({"families": ["f"], "tags": ["sum"]}, "No case of mine fits all that is asked for.", "Ask for less at once."),
    ],
)
def test_what_no_case_has_is_told_with_what_is_near(asked: dict[str, list[str]], message: str, hint: str) -> None:
    with pytest.raises(SuiteInvalid) as caught:
        select(SUITE, **asked)
    assert (caught.value.user_message, caught.value.hint) == (message, hint)
