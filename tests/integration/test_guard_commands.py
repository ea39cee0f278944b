"""`nl2sql guard` as a shell would run it: statements, corpora, policies, and whatever people may hand in by mistake."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]
LINE = '{"id": "a", "sql": "SELECT COUNT(*) AS n FROM bids", "dialect": "sqlite"}\n'
EXAMPLE = re.compile(r"^\$ (.*nl2sql guard .*)$", re.MULTILINE)
DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
EXAMPLES = EXAMPLE.findall(DOCS.read_text(encoding="utf-8"))


@pytest.fixture
def environ(repository: Path, tmp_path: Path) -> dict[str, str]:
    """No database anywhere: none of these commands needs one."""
    return os.environ | {
        "NL2SQL_CONFIG": str(repository / "nl2sql.toml"),
        "NL2SQL_DATABASE": f"sqlite:///{tmp_path}/nowhere.db",
        "NL2SQL_CACHE": "off",
    }


@pytest.fixture
def guard(environ: dict[str, str], tmp_path: Path) -> Command:
    def run(*arguments: object, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nl2sql.cli", "guard", *map(str, arguments)]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, cwd=tmp_path, env=environ | more, check=False
        )

    return run


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: dict[str, object]) -> Path:
        path = tmp_path / "corpus.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return path

    return write


def summary_of(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    shape = json.loads(done.stdout)
    assert list(shape) == ["results", "summary"]
    summary: dict[str, object] = shape["summary"]
    return summary


def assert_one_sentence(done: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("nl2sql: ")
    assert len(done.stderr.splitlines()) <= 2
    for part in parts:
        assert part in done.stderr


# --- guard check


def test_an_accepted_statement_is_shown_as_people_see_it_and_as_it_is_executed(guard: Command) -> None:
    done = guard("check", "SELECT country, COUNT(*) AS n FROM users GROUP BY 1")
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.split("executed as\n")
    assert before.startswith("allowed\n")
    assert "FROM users\n" in before
    assert "FROM (SELECT" in after


def test_a_refusal_gives_reasons_and_hints(guard: Command) -> None:
    done = guard("check", stdin="SELECT emial, passwort FROM users")
    assert done.returncode == 4
    assert done.stdout.startswith("refused\n")
    assert "unknown_column" in done.stdout and "→ " in done.stdout


def test_json_holds_the_verdict_and_both_texts(guard: Command) -> None:
    allowed = json.loads(guard("check", "SELECT id FROM users", "--json").stdout)
    assert allowed["allowed"] is True
    assert allowed["executed_sql"] != allowed["sql"]
    assert "FROM (SELECT" in allowed["executed_sql"] and allowed["dialect"] == "sqlite"
    done = guard("check", "SELECT email FROM users", "--json")
    refused = json.loads(done.stdout)
    assert (done.returncode, refused["sql"], refused["executed_sql"]) == (4, None, None)
    assert refused["violations"][0]["hint"]


@pytest.mark.parametrize(
    ("address", "dialect"),
    [
        ("mysql://root:hush@db/auction", "mysql"),
        ("mariadb://root@db/auction", "mariadb"),
        ("postgresql+psycopg://reader@db/auction", "postgres"),
        ("sqlite:///some.db", "sqlite"),
    ],
)
def test_the_dialect_is_that_of_the_configured_address(address: str, dialect: str, guard: Command) -> None:
    done = guard("check", "SELECT id FROM users", "--json", NL2SQL_DATABASE=address)
    assert json.loads(done.stdout)["dialect"] == dialect
    told = guard("check", "SELECT id FROM users", "--json", "--dialect", "duckdb", NL2SQL_DATABASE=address)
    assert json.loads(told.stdout)["dialect"] == "duckdb"


def test_an_address_of_no_known_kind_is_refused_by_the_guard(guard: Command) -> None:
    done = guard("check", "SELECT 1", "--json", NL2SQL_DATABASE="oracle://scott:tiger@db/x")
    assert done.returncode == 4
    assert json.loads(done.stdout)["violations"][0]["code"] == "unknown_dialect"
    assert "tiger" not in done.stdout + done.stderr


def test_attributes_bind_the_rows_of_a_role(guard: Command) -> None:
    done = guard(
        "check", "SELECT id FROM users", "--role", "country_manager", "--attribute", "country=O'Brien", "--json"
    )
    shape = json.loads(done.stdout)
    assert "'O''Brien'" in shape["executed_sql"]
    assert "Brien" not in shape["sql"]


def test_a_policy_of_one_role_needs_no_role(guard: Command, tmp_path: Path) -> None:
    policy = tmp_path / "one.yaml"
    policy.write_text("roles: {clerk: {datasets: {users: {columns: {allow: [email]}}}}}\n", encoding="utf-8")
    assert guard("check", "SELECT email FROM users", "--policy", policy).returncode == 0
    assert guard("check", "SELECT id FROM bids", "--policy", "one.yaml").returncode == 4
    assert guard("check", "SELECT email FROM users", "--policy", "none").returncode == 4
    assert guard("check", "SELECT id FROM bids", "--policy", "none").returncode == 0


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--dialect", "oracle"], ["--dialect", "oracle", "postgres"]),
        (["--role", "pirate"], ["pirate"]),
        (["--attribute", "country"], ["--attribute", "name=value"]),
        (["--attribute", "=DE"], ["--attribute", "name=value"]),
        (["--attribute", "country=DE"], ["analyst", "country"]),
        (["--role", "country_manager"], ["--attribute", "country"]),
        (["--role", "country_manager", "--attribute", "planet=Mars"], ["planet"]),
        (["--role", "country_manager", "--attribute", "country="], ["country"]),
        (["--role", "country_manager", "--attribute", "country=D\nE"], ["country"]),
        (["--policy", "nowhere.yaml"], ["nowhere.yaml"]),
        (["--policy", "."], ["policy"]),
        (["--policy", "binary"], ["policy", "binary"]),
    ],
)
@pytest.mark.parametrize("command", [["check", "SELECT 1"], ["test"]])
def test_an_option_that_cannot_be_is_wrong_usage(
    command: list[str], options: list[str], parts: list[str], guard: Command, tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"\x7fELF\xff\x00")
    done = guard(*command, *options)
    assert done.returncode == 2
    assert_one_sentence(done, 2, *parts)


def test_a_model_that_cannot_be_read_is_wrong_usage(guard: Command, environ: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nl2sql.cli", "--model", "nowhere.yaml", "guard", "test"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environ, check=False)
    assert_one_sentence(done, 2, "nowhere.yaml")


def test_standard_input_that_is_no_text_is_wrong_usage(environ: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nl2sql.cli", "guard", "check"]
    done = subprocess.run(
        command, input=b"SELECT '\xff\xfe'", capture_output=True, cwd=tmp_path, env=environ, check=False
    )
    assert done.returncode == 2
    assert b"standard input" in done.stderr and b"Traceback" not in done.stderr


def test_a_statement_of_megabytes_is_refused(guard: Command) -> None:
    done = guard("check", "--json", stdin="SELECT " + "1, " * 2_000_000 + "1")
    assert done.returncode == 4
    assert json.loads(done.stdout)["violations"][0]["code"] == "too_long"


# --- guard test


def test_the_corpus_of_the_product_is_judged_as_expected(guard: Command) -> None:
    done = guard("test")
    assert (done.returncode, done.stderr) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if re.search(r"\d$", line)}
    attacks, honest = rows["pii"][0], rows["rows_outer_join"][0]
    assert rows["pii"] == [attacks, attacks, "0", attacks, "0"]
    assert rows["rows_outer_join"] == [honest, "0", honest, honest, "0"]
    assert {"mysql", "mariadb", "postgres", "sqlite", "duckdb", "bigquery"} <= rows.keys()
    assert done.stdout.endswith("All as expected.\n")
    assert "\x1b" not in done.stdout


def test_json_holds_every_verdict_and_the_counts(guard: Command) -> None:
    done = guard("test", "--json")
    shape = json.loads(done.stdout)
    assert list(shape) == ["results", "summary"]
    results, summary = shape["results"], shape["summary"]
    assert summary["statements"] == len(results) == summary["as_expected"] > 1_000
    assert (summary["unexpected"], summary["skipped"]) == (0, 0)
    assert summary["refused"] == sum(each["verdict"] == "refused" for each in results)
    assert sum(each["statements"] for each in summary["by_category"].values()) == len(results)
    assert sum(each["accepted"] for each in summary["by_dialect"].values()) == summary["accepted"]
    for each in results:
        refused = each["verdict"] == "refused"
        assert bool(each["code"]) is bool(each["reason"]) is refused
        assert (each["sql"] is None) is (each["canonical"] is None) is refused
    assert "trial" not in summary


def test_a_policy_can_make_the_corpus_come_out_otherwise(guard: Command) -> None:
    done = guard("test", "--role", "country_manager", "--attribute", "country=DE")
    assert done.returncode == 1
    assert "not as expected" in done.stdout.splitlines()[-1]
    assert "was accepted, not refused" in done.stdout or "was refused, not accepted" in done.stdout


def test_lines_that_expect_nothing_are_counted_and_never_wrong(guard: Command, corpus) -> None:
    path = corpus(
        {"id": "1", "sql": "DROP TABLE users", "dialect": "mysql", "category": "bad"},
        {"id": "2", "sql": "SELECT id FROM users", "dialect": "mysql"},
    )
    done = guard("test", "--corpus", path)
    assert done.returncode == 0
    assert done.stdout.endswith("2 statements: 1 refused, 1 accepted.\n")
    assert re.search(r"^uncategorised +1 +0 +1 +– +–$", done.stdout, re.MULTILINE)


def test_a_verdict_that_was_not_expected_is_shown_and_ends_with_1(guard: Command, corpus) -> None:
    path = corpus(
        {"id": "open door", "sql": "SELECT id FROM users", "dialect": "mysql", "expect": "refused"},
        {"id": "shut door", "sql": "SELECT email FROM users", "dialect": "mysql", "expect": "accepted"},
        {"id": "right", "sql": "DROP TABLE users", "dialect": "mysql", "expect": "refused"},
    )
    done = guard("test", "--corpus", path)
    assert done.returncode == 1
    assert "open door was accepted, not refused" in done.stdout
    assert "shut door was refused, not accepted" in done.stdout and "sensitive_column" in done.stdout
    assert "right was" not in done.stdout
    assert done.stdout.endswith("2 not as expected.\n")
    summary = summary_of(guard("test", "--corpus", path, "--json"))
    assert (summary["as_expected"], summary["unexpected"]) == (1, 2)


def test_a_dialect_chooses_lines_and_the_others_are_counted(guard: Command, corpus) -> None:
    path = corpus(
        {"id": "none", "sql": "SELECT 1 AS a"},
        {"id": "my", "sql": "SELECT IFNULL(country, '') AS c FROM users", "dialect": "mysql"},
        {"id": "maria", "sql": "SELECT 1 AS a", "dialect": "mariadb"},
        {"id": "lite", "sql": "SELECT 1 AS a", "dialect": "sqlite"},
        {"id": "strange", "sql": "SELECT 1 AS a", "dialect": "oracle"},
    )
    for dialect, ids in (
        ("mariadb", ["none", "my", "maria"]),
        ("mysql", ["none", "my"]),
        ("sqlite", ["none", "lite"]),
        ("bigquery", ["none"]),
    ):
        shape = json.loads(guard("test", "--corpus", path, "--dialect", dialect, "--json").stdout)
        assert [each["id"] for each in shape["results"]] == ids
        assert {each["dialect"] for each in shape["results"]} == {dialect}
        assert shape["summary"]["skipped"] == 5 - len(ids)


def test_a_line_of_an_unknown_dialect_gets_the_refusal_of_the_guard(guard: Command, corpus) -> None:
    done = guard("test", "--corpus", corpus({"id": "1", "sql": "SELECT 1", "dialect": "oracle"}), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["results"][0]["code"] == "unknown_dialect"


def test_several_files_make_one_corpus(guard: Command, corpus, tmp_path: Path) -> None:
    first = corpus({"id": "1", "sql": "SELECT 1", "dialect": "sqlite"})
    second = tmp_path / "more.jsonl"
    second.write_text(LINE, encoding="utf-8")
    assert summary_of(guard("test", "--corpus", first, "--corpus", second, "--json"))["statements"] == 2


def test_text_that_no_terminal_should_get_is_made_visible(guard: Command, corpus) -> None:
    path = corpus(
        {"id": "\x1b[31mred", "sql": "SELECT '\x1b]0;title\x07' AS a", "dialect": "sqlite", "category": "\x1b[2J"},
        {"id": "half", "sql": "SELECT '\ud800' AS a", "dialect": "sqlite", "expect": "accepted"},
    )
    done = guard("test", "--corpus", path)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout and "Traceback" not in done.stderr
    assert summary_of(guard("test", "--corpus", path, "--json"))["refused"] == 2


def test_a_huge_line_is_judged_and_an_endless_one_is_not(guard: Command, corpus, tmp_path: Path) -> None:
    path = corpus({"id": "huge", "sql": "SELECT '" + "x" * 5_000_000 + "'", "dialect": "postgres"})
    done = guard("test", "--corpus", path, "--json")
    assert json.loads(done.stdout)["results"][0]["code"] == "too_long"
    endless = tmp_path / "endless.jsonl"
    with endless.open("wb") as file:
        file.truncate(20_000_000)
    assert_one_sentence(guard("test", "--corpus", endless), 2, "endless.jsonl, line 1", "longer than")


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (None, ["does not exist"]),
        ("folder", ["is a folder"]),
        (b"", ["holds no statements"]),
        (b"\n\n", ["holds no statements"]),
        (b"\x89PNG\r\n\x1a\n\xff", ["line 1", "UTF-8"]),
        (LINE.encode() + b"{oops", ["line 2", "not valid JSON"]),
        (LINE.encode() + b'"SELECT 1"', ["line 2", "object"]),
        (b'{"sql": "SELECT 1"}', ["line 1", "“id”"]),
        (b'{"id": "x"}', ["line 1", "“sql”"]),
        (LINE.encode() * 2, ["line 2", "already that of line 1"]),
        (LINE.encode() + b'\n{"id": "b", "sql": "SELECT 1"}', ["line 3", "no dialect", "--dialect"]),
    ],
)
def test_a_corpus_that_cannot_be_read_is_a_sentence(
    content: bytes | str | None, parts: list[str], guard: Command, tmp_path: Path
) -> None:
    path = tmp_path / "mine.jsonl"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    for option in ([], ["--json"]):
        assert_one_sentence(guard("test", "--corpus", path, *option), 2, "mine.jsonl", *parts)


def test_a_file_that_may_not_be_read_is_a_sentence(guard: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.symlink_to(path)
    assert_one_sentence(guard("test", "--corpus", path), 2, "mine.jsonl", "cannot be read")


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_of_the_docs_runs(line: str, environ: dict[str, str], tmp_path: Path) -> None:
    defined = f'nl2sql() {{ {shlex.quote(sys.executable)} -m nl2sql.cli "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", defined + line], capture_output=True, text=True, cwd=tmp_path, env=environ, check=False
    )
    assert done.returncode in (0, 4), done.stderr
    assert done.stdout and not done.stderr


def test_there_are_examples_in_the_docs() -> None:
    assert len(EXAMPLES) >= 4
