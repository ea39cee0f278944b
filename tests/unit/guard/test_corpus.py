"""Corpora: what a file may hold, which lines are judged, what is counted; and what the package's own must hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import SettingsInvalid
from nl2sql.guard.corpus import (
    PACKAGE_FILES,
    CorpusLine,
    all_have_a_dialect,
    counts_by,
    for_dialect,
    judge,
    package_corpus,
    read_corpus,
    whole_package_corpus,
)
from nl2sql.guard.dialects import DIALECTS
from nl2sql.guard.policy import Policy

GOOD = '{"id": "a", "sql": "SELECT 1", "dialect": "sqlite"}'
ATTACKS = set(
    "write ddl dcl multi procedural session lock file_read file_write network catalog pii column_position "
    "function_position comment regen_injection published_bypass policy_bypass row_filter_bypass cartesian "
    "recursive_bomb dos guard_dos privilege".split()
)


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "corpus.jsonl"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        return path

    return write


def test_a_line_is_read_with_what_it_says(written) -> None:
    path = written(
        '{"id": 7, "sql": "SELECT 1", "dialect": "mysql", "category": "c", "expect": "refused", "more": []}\n'
    )
    place = f"{path}, line 1"
    assert read_corpus(path) == [CorpusLine("7", "SELECT 1", "mysql", "c", "refused", place)]


def test_only_an_id_and_a_statement_are_needed(written) -> None:
    line = read_corpus(written('{"id": "a", "sql": ""}'))[0]
    assert (line.dialect, line.category, line.expect) == ("", "uncategorised", "")


def test_blank_lines_and_a_byte_order_mark_are_passed_over(written) -> None:
    lines = read_corpus(written(b"\xef\xbb\xbf" + f"{GOOD}\r\n\r\n  \n".encode()))
    assert [line.id for line in lines] == ["a"]


def test_what_a_line_expects_stands_above_what_the_file_does(written) -> None:
    path = written('{"id": "a", "sql": "x"}\n{"id": "b", "sql": "x", "expect": "accepted"}\n')
    assert [line.expect for line in read_corpus(path, expect="refused")] == ["refused", "accepted"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{GOOD}\nnot json", "line 2: this is not valid JSON"),
        (f"{GOOD}\n[1, 2]", "line 2: a line must be an object"),
        (f'{GOOD}\n{{"id": "b"}}', "line 2: “sql” must be a text"),
        (f'{GOOD}\n{{"sql": "SELECT 1"}}', "line 2: “id” must be a text"),
        ('{"id": true, "sql": "SELECT 1"}', "line 1: “id” must be a text"),
        ('{"id": "", "sql": "SELECT 1"}', "line 1: “id” must be a text"),
        ('{"id": "a", "sql": ["SELECT 1"]}', "line 1: “sql” must be a text"),
        ('{"id": "a", "sql": "x", "dialect": 3}', "line 1: “dialect” must be a text"),
        ('{"id": "a", "sql": "x", "expect": "perhaps"}', "line 1: “expect” must be refused or accepted"),
        ('{"id": "a", "sql": "x", "expect": ["refused"]}', "line 1: “expect” must be refused or accepted"),
        (f"{GOOD}\n\n{GOOD}", "line 3: the id “a” is already that of line 1"),
        (f"{GOOD}\n".encode() + b'{"id": "\xe9", "sql": "x"}', "line 2: this is not text in UTF-8"),
        (b"\x7fELF\x02\x01\x01\x00\xff\xfe", "line 1: this is not text in UTF-8"),
        ('{"id": "a", "sql": ' + "[" * 100_000, "line 1: this is not valid JSON"),
        ('{"sql": "x", "id": ' + "9" * 5_000 + "}", "line 1: this is not valid JSON"),
        ("", "holds no statements"),
        ("\n \n", "holds no statements"),
    ],
)
def test_a_fault_names_the_file_and_the_line(text: str | bytes, problem: str, written) -> None:
    path = written(text)
    with pytest.raises(SettingsInvalid) as caught:
        read_corpus(path)
    assert str(path) in caught.value.user_message
    assert problem in caught.value.user_message


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    for path, problem in (
        (tmp_path / "nowhere.jsonl", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "a\0b", "cannot be read"),
    ):
        with pytest.raises(SettingsInvalid, match=problem):
            read_corpus(path)


def test_a_line_that_never_ends_is_left_alone() -> None:
    with pytest.raises(SettingsInvalid, match="line 1: the line is longer than"):
        read_corpus("/dev/zero")


def test_a_dialect_takes_its_own_lines_and_those_of_none() -> None:
    lines = [CorpusLine(name, "SELECT 1", name) for name in ("", *DIALECTS, "oracle")]
    for dialect in DIALECTS:
        taken = for_dialect(lines, dialect)
        expected = {"", dialect} | ({"mysql"} if dialect == "mariadb" else set())
        assert {line.id for line in taken} == expected
        assert {line.dialect for line in taken} == {dialect}


def test_a_line_of_no_dialect_is_an_error_where_none_is_given() -> None:
    with pytest.raises(SettingsInvalid, match="line 4: the line names no dialect"):
        all_have_a_dialect(
            [CorpusLine("a", "SELECT 1", "sqlite"), CorpusLine("b", "SELECT 1", place="x.jsonl, line 4")]
        )


def test_a_result_says_the_verdict_its_reason_and_what_would_run(model: SemanticModel, policy: Policy) -> None:
    lines = [
        CorpusLine("good", "SELECT id FROM users", "sqlite", expect="accepted"),
        CorpusLine("bad", "SELECT email FROM users", "sqlite", expect="accepted"),
        CorpusLine("strange", "SELECT 1", "oracle"),
    ]
    good, bad, strange = judge(lines, model, policy)
    assert (good.verdict, good.code, good.reason, good.unexpected) == ("accepted", "", "", False)
    assert good.checked is not None
    assert good.shape["sql"] == good.checked.executed
    assert good.shape["canonical"] == good.checked.sql
    assert good.shape["sql"] != good.shape["canonical"]
    assert (bad.verdict, bad.code, bad.unexpected) == ("refused", "sensitive_column", True)
    assert bad.reason and bad.shape["sql"] is None and bad.shape["canonical"] is None
    assert (strange.code, strange.unexpected) == ("unknown_dialect", False)


def test_progress_is_told_after_each_statement(model: SemanticModel, policy: Policy) -> None:
    told: list[int] = []
    judge([CorpusLine(str(n), "SELECT 1", "sqlite") for n in range(3)], model, policy, told.append)
    assert told == [1, 2, 3]


def test_counts_tell_refused_accepted_expected_and_not(model: SemanticModel, policy: Policy) -> None:
    lines = [
        CorpusLine("1", "SELECT 1", "sqlite", "x", "accepted"),
        CorpusLine("2", "SELECT 1", "sqlite", "x", "refused"),
        CorpusLine("3", "DROP TABLE users", "sqlite", "x"),
        CorpusLine("4", "DROP TABLE users", "mysql", "y", "refused"),
    ]
    counts = counts_by(judge(lines, model, policy), lambda line: line.category)
    x, y = counts["x"], counts["y"]
    assert (x.statements, x.refused, x.accepted, x.as_expected, x.unexpected) == (3, 1, 2, 1, 1)
    assert (y.statements, y.refused, y.accepted, y.as_expected, y.unexpected) == (1, 1, 0, 1, 0)


def test_ids_of_the_package_are_unique_over_all_its_files() -> None:
    ids = [line.id for line in whole_package_corpus()]
    assert len(ids) == len(set(ids)) > 1_000


def test_the_attacks_of_the_package_cover_every_kind_and_every_dialect() -> None:
    lines = package_corpus("attacks")
    assert {line.category for line in lines} == ATTACKS
    for dialect in DIALECTS:
        assert sum(line.dialect == dialect for line in lines) >= 90, dialect
    for category in ATTACKS:
        assert sum(line.category == category for line in lines) >= 10, category


@pytest.mark.parametrize("name", PACKAGE_FILES)
def test_every_line_of_the_package_says_what_it_tries_once(name: str, repository: Path) -> None:
    text = (repository / "nl2sql" / "guard" / "data" / "corpus" / f"{name}.jsonl").read_text(encoding="utf-8")
    objects = [json.loads(line) for line in text.splitlines()]
    assert all(
        list(each) == ["id", "dialect", "category", "sql", "why"] and each["why"].endswith(".") for each in objects
    )
    statements = [(each["dialect"], " ".join(each["sql"].split())) for each in objects]
    assert len(statements) == len(set(statements))
    assert {line.dialect for line in package_corpus(name)} == set(DIALECTS)


def test_no_statement_is_both_an_attack_and_an_honest_one() -> None:
    attacks = {(line.dialect, line.sql) for line in package_corpus("attacks")}
    honest = {(line.dialect, line.sql) for name in ("benign", "row_filters") for line in package_corpus(name)}
    assert attacks & honest == set()
