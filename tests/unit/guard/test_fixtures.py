"""SQL in, SQL or a refusal out: the pairs in tests/fixtures/guard, one file for each rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from nl2sql.catalog.model import SemanticModel
from nl2sql.guard.check import RULES
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.dialects import DIALECTS, dialect_named
from nl2sql.guard.policy import Policy
from nl2sql.guard.statement import Statement
from nl2sql.guard.views import views_of
from nl2sql.guard.violation import Violations

FIXTURES = Path(__file__).parents[2] / "fixtures" / "guard"
_BLOCK = re.compile(
    r"-- case: (?P<title>[^\n]*)\n-- dialect: (?P<dialects>[^\n]*)\n"
    r"(?:-- role: (?P<role>\w+)\n)?(?P<sql>.*?)\n"
    r"(?:-- refused: (?P<code>\w+)|-- becomes:\n(?P<output>.*?))\n*(?=\Z|-- case: )",
    re.DOTALL,
)


@dataclass(frozen=True)
class Case:
    rule: str
    title: str
    dialect: str
    sql: str
    code: str
    output: str
    role: str


def read_cases(path: Path) -> list[Case]:
    """`<U+200B>` in a file stands for a character that nobody could see there."""
    cases = []
    for block in _BLOCK.finditer(path.read_text(encoding="utf-8")):
        sql = re.sub(r"<U\+([0-9A-F]{4})>", lambda found: chr(int(found[1], 16)), block["sql"])
        for dialect in block["dialects"].split(", "):
            code, output, role = (block[name] or "" for name in ("code", "output", "role"))
            cases.append(Case(path.stem, block["title"], dialect, sql, code, output, role))
    return cases


CASES = [case for path in sorted(FIXTURES.glob("*.sql")) for case in read_cases(path)]


def case_id(case: Case) -> str:
    return f"{case.rule}-{case.dialect}-{case.title}"


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_statement_becomes_what_its_fixture_says(case: Case, guard, policies) -> None:
    verdict = guard(case.sql, case.dialect, policies[case.role])
    if case.code:
        assert isinstance(verdict, Violations), verdict.sql
        assert verdict.items[0].code == case.code
    else:
        assert isinstance(verdict, CheckedSql), verdict
        assert verdict.sql == case.output.rstrip("\n")


@pytest.mark.parametrize("case", [case for case in CASES if case.code], ids=case_id)
def test_a_refusal_comes_from_the_rule_the_fixture_is_named_after(
    case: Case, model: SemanticModel, policies: Mapping[str, Policy]
) -> None:
    dialect = dialect_named(case.dialect)
    assert dialect is not None
    statement = Statement(
        case.sql, dialect, views_of(model, policies[case.role], dialect).catalogue, policies[case.role].limits
    )
    assert next(rule.__name__ for rule in RULES if rule(statement)) == case.rule


def test_every_rule_has_a_fixture_that_it_refuses() -> None:
    assert {case.rule for case in CASES if case.code} == {rule.__name__ for rule in RULES}


def test_every_fixture_belongs_to_a_rule() -> None:
    assert {path.stem for path in FIXTURES.glob("*.sql")} == {rule.__name__ for rule in RULES}


def test_every_block_of_every_file_is_read() -> None:
    for path in FIXTURES.glob("*.sql"):
        titles = path.read_text(encoding="utf-8").count("-- case: ")
        assert len({(case.title, case.sql, case.code, case.output) for case in read_cases(path)}) >= 1
        assert len(list(_BLOCK.finditer(path.read_text(encoding="utf-8")))) == titles


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_has_accepted_and_refused_fixtures(dialect: str) -> None:
    assert {bool(case.code) for case in CASES if case.dialect == dialect} == {True, False}


@pytest.mark.parametrize("case", [case for case in CASES if not case.code], ids=case_id)
def test_the_output_of_a_fixture_is_its_own_output(case: Case, accepted, policies) -> None:
    checked = accepted(case.output, case.dialect, policies[case.role])
    assert checked.sql == case.output.rstrip("\n")
    assert not checked.limit_added
