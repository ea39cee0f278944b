from __future__ import annotations

import json
import re
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import evals.run
from evals.cases import load_suite
from evals.run import main, parser
from evals.score import Ask
from nl2sql.answer.base import Answer
from nl2sql.question import Question
from nl2sql.settings import Settings

Replies = Callable[[dict[str, dict[str, list[object]]]], list[Settings]]
RIGHT: dict[str, dict[str, list[object]]] = {
    "How many users are there?": {"n": [3]},
    "How many users are there in each country?": {"land": ["FR", "DE"], "n": [1, 2]},
    "Who are the two oldest users?": {"name": ["ann", "bob"], "age": [60, 50]},
}


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "people.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (id INTEGER, name TEXT, country TEXT, age INTEGER)")
        people = [(1, "ann", "DE", 60), (2, "bob", "DE", 50), (3, "cid", "FR", 20)]
        connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", people)
        connection.commit()
    return f"sqlite:///{path}"


@pytest.fixture
def replies(monkeypatch: pytest.MonkeyPatch, answered: Callable[..., Answer]) -> Replies:
    """A pipeline that knows these answers and declines the rest; gives the settings it was opened with."""

    def use(known: dict[str, dict[str, list[object]]]) -> list[Settings]:
        opened: list[Settings] = []

        @contextmanager
        def open_scripted(settings: Settings) -> Iterator[Ask]:
            opened.append(settings)
            yield lambda q: answered(q, known[q.text]) if q.text in known else Answer(q, "declined", "No.")

        monkeypatch.setattr(evals.run, "open_pipeline", open_scripted)
        return opened

    return use


def test_nothing_wrong_ends_with_0(
    suite_file: Path, database: str, replies: Replies, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = replies(RIGHT)
    assert main([str(suite_file), "--database", database]) == 0
    assert "4 of 4 right, 0 wrong, coverage 100.0%, right when answered 100.0%" in capsys.readouterr().out
    settings = opened[0]
    assert (settings.database, settings.cache, settings.writers) == (database, "off", "offline")
    assert (settings.model, settings.policy) == ("schema/auction/model.yaml", "schema/auction/policy.yaml")


def test_writers_as_configured_are_those_of_the_settings_and_the_model_is_named(
    suite_file: Path,
    database: str,
    replies: Replies,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NL2SQL_WRITERS", "offline, llm")
    monkeypatch.setenv("NL2SQL_OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("NL2SQL_OPENAI_MODEL", "house-model")
    opened = replies(RIGHT)
    asked = [str(suite_file), "--database", database]
    assert main([*asked, "--writer", "configured"]) == 0
    assert opened[0].writers == "offline, llm"
    assert "configured writer (house-model, sql_writer@v2)" in capsys.readouterr().out
    assert main([*asked, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert (opened[1].writers, summary["writer"], summary["model"]) == ("offline", "offline", None)


def test_something_wrong_ends_with_1_and_declining_alone_does_not(
    suite_file: Path, database: str, replies: Replies, capsys: pytest.CaptureFixture[str]
) -> None:
    replies({})
    assert main([str(suite_file), "--database", database]) == 0
    assert "1 of 4 right, 0 wrong, 3 declined, coverage 0.0%, right when answered –" in capsys.readouterr().out
    replies(RIGHT | {"How many users are there?": {"n": [4]}})
    assert main([str(suite_file), "--database", database]) == 1
    replies(RIGHT | {"Delete all users": {"n": [0]}})
    assert main([str(suite_file), "--database", database]) == 1


def test_json_is_one_object_on_standard_output(
    suite_file: Path, database: str, replies: Replies, capsys: pytest.CaptureFixture[str]
) -> None:
    replies(RIGHT)
    assert main([str(suite_file), "--json", "--database", database]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["right"] == 4


def test_only_asks_only_these(
    suite_file: Path, database: str, replies: Replies, capsys: pytest.CaptureFixture[str]
) -> None:
    replies(RIGHT)
    asked = [str(suite_file), "--json", "--database", database, "--only", "delete-users", "--only", "users"]
    assert main(asked) == 0
    assert [case["id"] for case in json.loads(capsys.readouterr().out)["cases"]] == ["users", "delete-users"]
    assert main([*asked, "--only", "user"]) == 2
    assert capsys.readouterr().err.startswith("evals: small has no case “user”.\n  Near it: users")


def test_what_cannot_be_used_ends_with_2_and_a_sentence(
    suite_file: Path, tmp_path: Path, database: str, replies: Replies, capsys: pytest.CaptureFixture[str]
) -> None:
    replies(RIGHT)
    assert main([str(tmp_path / "none.yaml")]) == 2
    assert main([str(suite_file), "--database", f"sqlite:///{tmp_path / 'none.db'}"]) == 2
    assert main([str(suite_file), "--database", database, "--writer", "llm"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("evals: There is no suite at ")
    assert told[1].startswith("evals: There is no database at ")
    assert told[3] == "evals: The setting writers names the language model alone, but OPENAI_API_KEY is not set."
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2


def test_without_the_settings_database_one_is_seeded_for_the_run_and_removed(
    suite_file: Path,
    tmp_path: Path,
    replies: Replies,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evals.run, "SCALE", "tiny")
    opened = replies({"How many users are there?": {"n": [200]}})
    assert main([str(suite_file), "--only", "users"]) == 0
    used = Path(opened[0].database.removeprefix("sqlite:///"))
    assert not used.parent.exists()
    assert not (tmp_path / "var").exists()
    assert "seeding a tiny one for this run" in capsys.readouterr().err


def test_a_defect_costs_one_answer_and_is_counted_as_failed(
    suite_file: Path, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        closed = False

        def close(self) -> None:
            Broken.closed = True

        def ask(self, question: Question, *, fresh: bool) -> Answer:
            if question.text.startswith("Who"):
                raise KeyError("years")
            return Answer(question, "declined", f"{question.principal.role}, fresh: {fresh}")

    monkeypatch.setattr("nl2sql.bootstrap.build_pipeline", lambda settings: Broken())
    assert main([str(suite_file), "--database", database, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [case["result"] for case in told["cases"]] == ["declined", "declined", "failed", "right"]
    assert told["cases"][2]["reason"] == "A defect in the product: KeyError: 'years'"
    assert told["cases"][0]["reason"] == "analyst, fresh: True"
    assert Broken.closed


COMMAND = re.compile(r"^\$ (?:.venv/bin/)?python -m evals\.run (.*)$", re.MULTILINE)


def test_every_command_in_the_docs_is_one(repository: Path) -> None:
    page = (repository / "docs" / "evals.md").read_text(encoding="utf-8")
    commands = COMMAND.findall(page)
    assert len(commands) >= 4
    for command in commands:
        arguments = shlex.split(command.split(" > ")[0])
        parsed = parser().parse_args(arguments)
        suite = load_suite(repository / parsed.suite)
        assert evals.run.choose(suite, parsed.only)
