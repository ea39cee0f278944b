"""The commands `eval run` and `eval rescore`, with the offline writer and golds on a database of three people."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from evals.log.records import CaseRecord, encode, read_run
from evals.run import main
from nl2sql.pipeline import Pipeline

Told = tuple[int, str, str]

PEOPLE = """\
version: 0.2.0.dev0
semantic_model:
  - name: people
    datasets:
      - name: users
        source: users
        primary_key: [id]
        fields:
          - {name: id, expression: {dialects: [{dialect: ANSI_SQL, expression: id}]}}
          - {name: name, expression: {dialects: [{dialect: ANSI_SQL, expression: name}]}}
          - {name: country, expression: {dialects: [{dialect: ANSI_SQL, expression: country}]}}
          - {name: age, expression: {dialects: [{dialect: ANSI_SQL, expression: age}]}}
"""


@pytest.fixture
def house(tmp_path: Path, suite_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a database, a model and the small suite for it; runs go below it."""
    with closing(sqlite3.connect(tmp_path / "people.db")) as connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER)")
        people = [(1, "ann", "DE", 60), (2, "bob", "DE", 50), (3, "cid", "FR", 20)]
        connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", people)
        connection.commit()
    (tmp_path / "people.yaml").write_text(PEOPLE, encoding="utf-8")
    text = suite_file.read_text(encoding="utf-8")
    suite_file.write_text(text.replace("model: auction", "model: ./people.yaml\ndatabase: people.db"), encoding="utf-8")
    monkeypatch.setenv("NL2SQL_EVALS", str(tmp_path / "runs"))
    return tmp_path


@pytest.fixture
def run(house: Path, suite_file: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Runs the suite: exit code, standard output and standard error. On the base database alone."""

    def go(*arguments: str) -> Told:
        code = main([str(suite_file), "--instances", "1", *arguments])
        told = capfd.readouterr()
        return code, told.out, told.err

    return go


def log_in(folder: Path) -> Path:
    (found,) = [each for each in (folder / "runs" / "small").glob("*.jsonl") if each.name.count(".") == 1]
    return found


def test_golds_are_the_most_that_a_suite_can_give(run: Callable[..., Told], house: Path) -> None:
    code, out, err = run("--writer", "gold", "--json", "--fail-under", "1", "--max-wrong", "0")
    told = json.loads(out)
    assert (code, told["summary"]["right"], told["summary"]["accuracy"]) == (0, 4, 1.0)
    assert [case["result"] for case in told["cases"]] == ["right"] * 4
    assert f"The log of this run: {log_in(house)}" in err
    assert (told["summary"]["suite"], told["summary"]["writer"], told["summary"]["model"]) == ("small", "gold", None)


def test_json_tells_each_case_and_nothing_else_is_on_standard_output(run: Callable[..., Told]) -> None:
    _, out, _ = run("--json", "--only", "users", "--only", "delete-users")
    first, second = json.loads(out)["cases"]
    expected = {
        "id": "users",
        "kind": "answerable",
        "tag": "count",
        "result": "right",
        "outcome": "right",
        "strict": True,
    }
    assert expected.items() <= first.items()
    assert first["gold_sql"] == "SELECT COUNT(*) AS users FROM users"
    assert (first["rows"], first["gold_rows"], first["reason"]) == (1, 1, "")
    assert (second["id"], second["result"], second["sql"], second["gold_sql"]) == ("delete-users", "right", "", None)


def test_without_json_the_figures_are_printed(run: Callable[..., Told]) -> None:
    code, out, _ = run("--writer", "gold")
    assert code == 0
    assert "4 of 4 right" in out


def test_gates_end_with_1_and_a_sentence(run: Callable[..., Told], suite_file: Path) -> None:
    text = suite_file.read_text(encoding="utf-8")
    wrong = text.replace(
        "SELECT COUNT(*) AS users FROM users\n    required", "SELECT 17 AS users\n    must_pass: true\n    required"
    )
    suite_file.write_text(wrong, encoding="utf-8")
    code, _, err = run("--only", "users")
    assert (code, "Must pass is broken: users." in err) == (1, True)
    suite_file.write_text(wrong.replace("    must_pass: true\n", ""), encoding="utf-8")
    assert run("--only", "users")[0] == 0
    code, _, err = run("--only", "users", "--max-wrong", "0")
    assert (code, "Wrong or failed are 1, and --max-wrong is 0." in err) == (1, True)
    code, _, err = run("--only", "users", "--fail-under", "0.5")
    assert (code, "Right are 0.0 %, and --fail-under is 50.0 %." in err) == (1, True)


def test_a_gold_that_does_not_run_fails_its_case_and_ends_with_2(run: Callable[..., Told], suite_file: Path) -> None:
    text = suite_file.read_text(encoding="utf-8").replace("AS users FROM users\n", "AS users FROM nobody\n")
    suite_file.write_text(text, encoding="utf-8")
    code, out, err = run("--json")
    assert code == 2
    assert "The gold query of the case users does not run: no such table: nobody." in err
    assert json.loads(out)["cases"][0]["result"] == "failed"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "user"], "small has no case “user”."),
        (["--tag", "counts"], "small has no tag “counts”."),
        (["--kind", "odd"], "small has no kind “odd”."),
        (["--writer", "nobody"], "“nobody” is not one of offline, llm, configured, gold"),
        (["--writer", "llm"], "OPENAI_API_KEY is not set"),
        (["--budget", "much"], "“much” is no amount of money like 5.00"),
        (["--budget", "-1"], "“-1” is no amount of money like 5.00"),
        (["--seeds", "1,1"], "none is there twice"),
        (["--seeds", "x"], "“x” is no list of numbers"),
        (["--database", "sqlite:///none/none.db"], "There is no database at"),
        (["--database", "odd://x"], "database"),
        (["--resume"], "There is no unfinished run of this kind"),
        (["--matrix", "none.yaml"], "The matrix none.yaml cannot be read"),
    ],
)
def test_what_cannot_be_used_ends_with_2_and_a_sentence(
    arguments: list[str], told: str, run: Callable[..., Told]
) -> None:
    code, out, err = run(*arguments)
    assert told in err
    assert (code in (2, 5), out) == (True, "")


@pytest.mark.parametrize(
    "content",
    ["", "cases: []", "name: x\ncases:\n  - id: a\n    question: Q?\n    sql: [", "- 1", "\x00", "a: &a [*a]"],
)
def test_a_suite_that_is_none_is_told_with_its_file(content: str, run: Callable[..., Told], suite_file: Path) -> None:
    suite_file.write_text(content, encoding="utf-8")
    code, out, err = run()
    assert (code, out) == (2, "")
    assert "small.yaml" in err
    assert "Traceback" not in err


def test_a_suite_that_is_not_there_is_told(house: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([str(house / "none.yaml")]) == 2
    assert "There is no suite at" in capfd.readouterr().err


def test_a_defect_costs_one_answer_and_is_counted_as_failed(
    run: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Pipeline.ask

    def broken(self: Pipeline, question: Any, *arguments: Any, **options: Any) -> Any:
        if question.text.startswith("Who"):
            raise KeyError("years")
        return ask(self, question, *arguments, **options)

    monkeypatch.setattr(Pipeline, "ask", broken)
    code, out, _ = run("--writer", "gold", "--json", "--max-wrong", "0")
    cases = {case["id"]: case for case in json.loads(out)["cases"]}
    assert (code, cases["two-oldest"]["result"], cases["users"]["result"]) == (1, "failed", "right")
    assert cases["two-oldest"]["reason"] == "A defect in the product: KeyError: 'years'"


def test_a_log_is_scored_again_by_what_the_suite_says_now(
    run: Callable[..., Told], house: Path, suite_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from nl2sql.cli import run as command

    log = house / "first.jsonl"
    run("--writer", "gold", "--out", str(log))
    text = suite_file.read_text(encoding="utf-8")
    changed = text.replace("id: users\n", "id: people\n").replace("country, COUNT(*)", "country, COUNT(*) + 1")
    suite_file.write_text(changed, encoding="utf-8")
    assert command(["eval", "rescore", str(log), "--instances", "1", "--json"]) == 0
    told = capfd.readouterr()
    results = {case["id"]: case["result"] for case in json.loads(told.out)["cases"]}
    assert results == {"users-by-country": "wrong", "two-oldest": "right", "delete-users": "right"}
    assert "Left out, because the suite does not ask them any more: users." in told.err
    assert "Not in the log, so not scored: people." in told.err
    assert "1 with another outcome than before" in told.err
    again = read_run(house / "first.rescored.jsonl")
    assert (again.header.case_count, again.is_complete, again.end is not None) == (3, True, True)
    assert command(["eval", "rescore", str(log)]) == 2
    assert "There is a file" in capfd.readouterr().err


def test_scored_again_with_nothing_changed_a_log_says_the_same(
    run: Callable[..., Told], house: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from nl2sql.cli import run as command

    log, again = house / "first.jsonl", house / "again.jsonl"
    run("--out", str(log))
    assert command(["eval", "rescore", str(log), "--instances", "1", "--out", str(again)]) == 0
    assert read_run(again).records == read_run(log).records


def test_sql_that_the_guard_no_longer_lets_through_is_blocked(
    run: Callable[..., Told], house: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from nl2sql.cli import run as command

    log = house / "first.jsonl"
    run("--writer", "gold", "--out", str(log), "--only", "users")
    record: CaseRecord = read_run(log).records[0]
    content = log.read_bytes().replace(encode(record), encode(record).replace(b"FROM users", b"FROM secrets"))
    log.write_bytes(content)
    command(["eval", "rescore", str(log), "--instances", "1"])
    capfd.readouterr()
    assert [each.outcome for each in read_run(house / "first.rescored.jsonl").records] == ["guard_blocked"]


def test_a_matrix_is_a_run_for_each_cell_and_compares_them(run: Callable[..., Told], house: Path) -> None:
    matrix = house / "m.yaml"
    matrix.write_text("writers: [gold, offline, gold]\nprompts: sql_writer@v1\n", encoding="utf-8")
    code, out, err = run("--matrix", str(matrix), "--out", str(house / "cells"), "--json")
    told = json.loads(out)
    assert (code, [each["label"] for each in told["runs"]]) == (0, ["gold", "offline"])
    assert [each["second"] for each in told["comparisons"]] == ["offline"]
    assert sorted(each.name for each in (house / "cells").iterdir()) == ["gold.jsonl", "offline.jsonl"]
    assert "offline: The log of this run:" in err
    code, out, _ = run("--matrix", str(matrix), "--out", str(house / "cells"))
    assert (code, out.count("gold"), "cannot tell" in out) == (0, 1, True)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("writers: [nobody]", "writers.0"),
        ("colours: [red]", "colours"),
        ("[", "this is not valid YAML"),
        ("- 1", "the file"),
        ("repeats: 0", "repeats"),
    ],
)
def test_a_matrix_that_is_none_is_told_with_its_key(
    content: str, told: str, run: Callable[..., Told], house: Path
) -> None:
    (house / "m.yaml").write_text(content, encoding="utf-8")
    code, out, err = run("--matrix", str(house / "m.yaml"))
    assert (code, out, told in err) == (2, "", True)
