"""`nl2sql eval harvest` on a ledger that real questions, thumbs and edits of SQL wrote."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import evals.command.app  # noqa: F401 - hangs “eval” below the command
from evals.cases.load import load_suite
from evals.errors import SuiteInvalid
from nl2sql.bootstrap import build_pipeline
from nl2sql.cli import run
from nl2sql.ledger.base import Verdict
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal, Question
from nl2sql.settings import load_settings

Harvest = Callable[..., tuple[int, str, str]]
ACTIVE = "How many listings are still active?"
CORRECTED = "SELECT COUNT(*) AS listings FROM listings WHERE status IN ('active', 'scheduled')"
USER = Principal(user="erika.m")


class Desk:
    """Somebody at work: asks, judges, edits."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def ask(self, question: str, verdict: Verdict = "", comment: str = "") -> str:
        answer = self.pipeline.ask(Question.parse(question, principal=USER))
        if verdict:
            self.pipeline.give_feedback(answer.id, verdict, comment)
        return answer.id

    def edit(self, answer_id: str, sql: str, verdict: Verdict = "", role: str = "analyst") -> str:
        answer = self.pipeline.run_sql(sql, Principal(USER.user, role), corrects=answer_id)
        if verdict:
            self.pipeline.give_feedback(answer.id, verdict)
        return answer.id

    def leave(self) -> None:
        """What was noted is written."""
        self.pipeline.close()


@pytest.fixture
def home(repository: Path, auction_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(repository / "schema", tmp_path / "schema")
    settings = {
        "database": f"sqlite:///{auction_database}",
        "as_of": "2026-06-30",
        "cache": "off",
        "ledger": f"sqlite:///{tmp_path}/ledger.db",
        "writers": "offline",
    }
    (tmp_path / "nl2sql.toml").write_text("".join(f'{name} = "{value}"\n' for name, value in settings.items()))
    monkeypatch.delenv("NL2SQL_LEDGER", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    at = Desk(build_pipeline(load_settings({}, folder=home)))
    yield at
    at.leave()


@pytest.fixture
def harvest(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Harvest:
    def ended(*arguments: str) -> tuple[int, str, str]:
        code = run(["eval", "harvest", *arguments])
        sys.stdout.flush()
        sys.stderr.flush()
        told = capfdbinary.readouterr()
        return code, told.out.decode(), told.err.decode()

    return ended


def drafts(home: Path) -> Path:
    (found,) = (home / "harvest").iterdir()
    return found


def uncommented(text: str) -> str:
    """As a person does it with a search for “# ” at the beginning of lines."""
    head, _, blocks = text.partition("# --- to be filled in\n")
    return head + re.sub(r"^# ", "", blocks, flags=re.MULTILINE)


def test_an_answer_found_wrong_and_corrected_is_a_case_at_once(home: Path, desk: Desk, harvest: Harvest) -> None:
    desk.edit(desk.ask(ACTIVE, "bad", "scheduled ones are missing"), CORRECTED)
    desk.leave()
    code, told, _ = harvest()
    suite = load_suite(drafts(home))
    (case,) = suite.cases
    assert (code, case.question, case.kind, str(case.as_of)) == (0, ACTIVE, "answerable", "2026-06-30")
    assert "count" in case.tags
    assert "IN ('active', 'scheduled')" in case.sql[0].sql and "LIMIT" not in case.sql[0].sql
    assert "status = 'active'" in (case.comment or "") and "“scheduled ones are missing”" in (case.comment or "")
    assert "1 case, and 0 drafts to be filled in" in told


def test_what_nobody_corrected_waits_as_a_comment_that_becomes_a_case(home: Path, desk: Desk, harvest: Harvest) -> None:
    desk.edit(desk.ask(ACTIVE, "bad"), CORRECTED)
    desk.ask("How many users are there?", "bad", "not those who left")
    desk.edit(desk.ask("How many bids did we get in July 2025?"), "SELECT COUNT(*) AS bids FROM bids")
    desk.leave()
    harvest()
    text = drafts(home).read_text(encoding="utf-8")
    assert len(load_suite(drafts(home)).cases) == 1
    assert "nobody said that the first answer was wrong" in text
    filled = uncommented(text).replace("sql: ''", "sql: SELECT COUNT(*) AS users FROM users WHERE is_active")
    drafts(home).write_text(filled, encoding="utf-8")
    assert [case.question for case in load_suite(drafts(home)).cases] == [
        ACTIVE,
        "How many bids did we get in July 2025?",
        "How many users are there?",
    ]


def test_a_block_without_its_gold_is_no_case(home: Path, desk: Desk, harvest: Harvest) -> None:
    desk.ask(ACTIVE, "bad")
    desk.leave()
    harvest()
    drafts(home).write_text(uncommented(drafts(home).read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(SuiteInvalid, match="sql"):
        load_suite(drafts(home))


def test_running_it_again_adds_nothing(home: Path, desk: Desk, harvest: Harvest) -> None:
    desk.edit(desk.ask(ACTIVE, "bad"), CORRECTED, "good")
    desk.ask("How many users are there?", "bad")
    desk.leave()
    harvest("--reviewer", "Finance team")
    before = {path: path.read_bytes() for path in home.rglob("*.yaml")}
    code, told, _ = harvest("--reviewer", "Finance team")
    assert code == 0 and "no new case" in told and "it is verified already" in told
    assert {path: path.read_bytes() for path in home.rglob("*.yaml")} == before


def test_questions_of_a_suite_are_not_drafted_again(home: Path, desk: Desk, harvest: Harvest) -> None:
    suite = home / "mine.yaml"
    suite.write_text(
        f"name: mine\ncases:\n  - id: a\n    question: >-\n      {ACTIVE.upper()}\n    sql: SELECT 1 AS x\n"
    )
    desk.edit(desk.ask(ACTIVE, "bad"), CORRECTED)
    desk.leave()
    _, told, _ = harvest("--suite", "mine.yaml")
    assert "mine.yaml has it" in told and not (home / "harvest").exists()


def test_a_file_that_somebody_is_at_work_on_is_never_written_over(home: Path, desk: Desk, harvest: Harvest) -> None:
    desk.ask(ACTIVE, "bad")
    desk.leave()
    harvest()
    mine = drafts(home)
    mine.write_text("cases: [broken", encoding="utf-8")
    harvest()
    assert mine.read_text(encoding="utf-8") == "cases: [broken"
    assert len(list((home / "harvest").iterdir())) == 2


def test_a_correction_found_right_becomes_a_verified_query(home: Path, desk: Desk, harvest: Harvest) -> None:
    desk.edit(desk.ask(ACTIVE), CORRECTED, "good")
    desk.edit(desk.ask("How many users are there?", "bad"), "SELECT COUNT(*) AS users FROM users")
    desk.leave()
    code, told, _ = harvest("--reviewer", "Finance team")
    written = list((home / "schema" / "auction" / "verified").glob("how-many-*-active.yaml"))
    assert code == 0 and len(written) == 1 and str(written[0]) in told
    text = written[0].read_text(encoding="utf-8")
    assert "verified_by: Finance team" in text and "'scheduled'" in text
    assert not list((home / "schema").rglob("how-many-users*"))  # corrected, and found right by nobody


def test_a_reviewer_can_confirm_one_correction_by_its_id(home: Path, desk: Desk, harvest: Harvest) -> None:
    asked = desk.ask("How many users are there?")
    desk.edit(asked, "SELECT COUNT(*) AS users FROM users")
    desk.ask(ACTIVE, "bad")
    desk.leave()
    _, told, _ = harvest("--reviewer", "Finance team", "--only", asked[:8], "--json")
    found = json.loads(told)
    assert [(each["question"], each["ready"]) for each in found["drafts"]] == [("How many users are there?", True)]
    assert [each["question"] for each in found["verified"]] == ["How many users are there?"]


def test_a_verified_query_with_other_sql_is_a_conflict_that_is_told(home: Path, desk: Desk, harvest: Harvest) -> None:
    desk.edit(desk.ask(ACTIVE), CORRECTED, "good")
    desk.leave()
    verified = home / "schema" / "auction" / "verified" / "active.yaml"
    verified.write_text(
        f"id: active\nquestion: {ACTIVE}\nsql: SELECT COUNT(*) AS n FROM listings\n"
        "verified_by: Sales team\nverified_at: 2026-01-01\n"
    )
    code, told, _ = harvest("--reviewer", "Finance team")
    assert code == 0 and "verified already with other SQL" in told and "Sales team" in verified.read_text()


def test_people_are_kept_out_of_files(home: Path, desk: Desk, harvest: Harvest) -> None:
    comment = "Erika.M says \x1b[31m40, ask erika@example.org or +49 30 1234567 'now'\n  - id: x"
    desk.edit(desk.ask(ACTIVE, "bad", comment), CORRECTED)
    desk.edit(desk.ask("How many bids has erika.m placed?", "bad"), "SELECT COUNT(*) AS bids FROM bids", "good")
    desk.leave()
    _, told, _ = harvest("--reviewer", "Finance team")
    text = drafts(home).read_text(encoding="utf-8")
    assert "erika@" not in text and "1234567" not in text and "\x1b" not in text and "(…) says" in text
    assert [case.id for case in load_suite(drafts(home)).cases] == ["how-many-listings-are-still-active"]
    assert "Look before you commit" in told and "the name of a user" in told
    assert not list((home / "schema").rglob("how-many-bids*"))


def test_sql_that_the_guard_no_longer_lets_pass_is_no_gold(home: Path, desk: Desk, harvest: Harvest) -> None:
    desk.edit(desk.ask(ACTIVE, "bad"), "SELECT MAX(last_seen_at) AS seen FROM users", "good")
    desk.leave()
    model = home / "schema" / "auction" / "model.yaml"
    model.write_text(model.read_text(encoding="utf-8").replace("last_seen_at", "seen_at"), encoding="utf-8")
    shutil.rmtree(home / "schema" / "auction" / "verified")
    code, _, error = harvest("--reviewer", "Finance team")
    assert code == 0, error
    assert "the guard no longer lets its SQL pass" in drafts(home).read_text(encoding="utf-8")
    assert not (home / "schema" / "auction" / "verified").exists()


@pytest.mark.parametrize(
    ("arguments", "change", "code", "words"),
    [
        (["--include", "worse"], {}, 2, "“worse” is not one of bad, corrected, good, refused"),
        (["--only", "zzzz"], {}, 2, "“zzzz” is of no question"),
        (["--only", "a"], {}, 2, "“a” is of no question"),
        (["--reviewer", "x" * 200], {}, 2, "a role or a team"),
        (["--since", "0"], {}, 2, "--since"),
        (["--out", "nl2sql.toml"], {}, 2, "cannot be written"),
        ([], {"NL2SQL_LEDGER": "off"}, 2, "The ledger is off"),
        ([], {"NL2SQL_LEDGER_REDACT": "values"}, 2, "The ledger is redacted"),
        ([], {"NL2SQL_LEDGER": "sqlite:///nowhere.db"}, 5, "There is no ledger yet"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    desk: Desk,
    harvest: Harvest,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    change: dict[str, str],
    code: int,
    words: str,
) -> None:
    desk.ask(ACTIVE, "bad")
    desk.leave()
    for name, value in change.items():
        monkeypatch.setenv(name, value)
    ended, _, error = harvest(*arguments)
    assert (ended, words in error) == (code, True), error
    assert "Traceback" not in error


def test_a_ledger_without_verdicts_gives_nothing_and_no_file(home: Path, desk: Desk, harvest: Harvest) -> None:
    desk.ask(ACTIVE)
    desk.leave()
    code, told, _ = harvest()
    assert code == 0 and told.startswith("Nothing to harvest") and not (home / "harvest").exists()
