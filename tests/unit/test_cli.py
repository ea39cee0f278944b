"""The command over a scripted pipeline: what goes where, and how it ends."""

from __future__ import annotations

import io
import json
import re
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from nl2sql import bootstrap, cli
from nl2sql.answer.base import Answer, ColumnLabel, Finding, Receipt, ReceiptLine, StageTime
from nl2sql.engines.base import ResultTable
from nl2sql.errors import DatabaseUnreachable, ModelInvalid
from nl2sql.guard.violation import Violation, Violations
from nl2sql.question import Principal, Question
from nl2sql.trace import StageEvent
from nl2sql.writers.base import Origin

SQL = "SELECT country, SUM(fee) AS revenue FROM payments GROUP BY country"
COLUMNS = (ColumnLabel("Country"), ColumnLabel("Revenue", "money", "EUR"))


def table(rows: int = 2) -> ResultTable:
    return ResultTable(
        pa.table(
            {
                "country": [["Germany", "It\x1b[2Jaly"][i] if i < 2 else f"Country {i}" for i in range(rows)],
                "revenue": pa.array([Decimal("1234.50") + i for i in range(rows)], pa.decimal128(12, 2)),
            }
        ),
        1000,
        False,
        3.0,
    )


def answered(question: Question) -> Answer:
    return Answer(
        question,
        "answered",
        "Germany has the highest revenue: €1,234.50.",
        origin=Origin("offline"),
        interpretation="revenue by country",
        sql=SQL,
        table=table(),
        columns=COLUMNS,
        receipt=Receipt((ReceiptLine("measure", "revenue: sum of fees", "SUM(fee)"),)),
        findings=(Finding("partial_period", "warning", "June is not over."),),
        assumptions=("paid only",),
        stages=(StageTime("understand", 3.25, "2 tables"), StageTime("run", 8.0)),
    )


def said(outcome: Any, code: str) -> Callable[[Question], Answer]:
    def script(question: Question) -> Answer:
        return Answer(question, outcome, "There is a reason.", code, choices=("Revenue by country",), hint="Look here.")

    return script


@dataclass
class ScriptedPipeline:
    script: Callable[[Question], Answer] = answered
    verdict: Any = None
    asked: list[tuple[Question, bool]] = field(default_factory=list)
    checked: list[tuple[str, Principal | None]] = field(default_factory=list)
    closed: bool = False
    cancelled: list[str] = field(default_factory=list)

    def cancel(self, question_id: str) -> bool:
        self.cancelled.append(question_id)
        return True

    def close(self) -> None:
        self.closed = True

    def ask(
        self,
        question: Question,
        listener: Callable[[StageEvent], None],
        *,
        fresh: bool,
        accept_cost: bool,
        question_id: str,
    ) -> Answer:
        self.asked.append((question, fresh))
        listener(StageEvent("understand", "started"))
        return self.script(question)

    def check(self, sql: str, principal: Principal | None = None) -> Any:
        self.checked.append((sql, principal))
        return self.verdict


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ScriptedPipeline:
    scripted = ScriptedPipeline()
    monkeypatch.setattr(bootstrap, "build_pipeline", lambda settings: scripted)
    monkeypatch.chdir(tmp_path)
    return scripted


Capture = pytest.CaptureFixture[str]


def test_an_answer_goes_to_standard_output_as_plain_text(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    assert cli.run(["ask", "Revenue by country"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith("Germany has the highest revenue: €1,234.50.\n")
    assert re.search(r"^Country +Revenue$", printed.out, re.MULTILINE)
    assert re.search(r"^Germany +€1,234\.50$", printed.out, re.MULTILINE)
    for part in ("revenue: sum of fees", "June is not over.", "assumed: paid only", "offline writer · 11 ms"):
        assert part in printed.out
    assert pipeline.closed


def test_an_explanation_goes_to_standard_output_and_is_no_failure(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    pipeline.script = said("explanation", "explanation")
    assert cli.run(["ask", "What does revenue mean?"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out == "There is a reason.\nYou could ask\n  · Revenue by country\n"


@pytest.mark.parametrize("option", ["--csv", "--sql"])
def test_an_explanation_is_no_data_for_a_pipe(option: str, pipeline: ScriptedPipeline, capsys: Capture) -> None:
    pipeline.script = said("explanation", "explanation")
    assert cli.run(["ask", "What does revenue mean?", option]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "There is a reason." in printed.err


def test_data_cannot_write_escape_sequences(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    cli.run(["ask", "Revenue by country"])
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "It [2Jaly" in printed


@pytest.mark.parametrize(
    ("outcome", "code", "expected"),
    [
        ("clarification", "clarification", 3),
        ("declined", "not_understood", 3),
        ("declined", "unanswerable", 3),
        ("declined", "unsafe", 4),
        ("declined", "sensitive", 4),
        ("declined", "unavailable", 5),
        ("refused", "unknown_column", 4),
        ("failed", "query_timed_out", 5),
        ("failed", "llm_unreachable", 5),
        ("failed", "prompt_invalid", 2),
    ],
)
@pytest.mark.parametrize("option", [[], ["--csv"], ["--sql"]])
def test_no_answer_is_an_exit_code_and_a_reason_on_standard_error(
    outcome: str, code: str, expected: int, option: list[str], pipeline: ScriptedPipeline, capsys: Capture
) -> None:
    pipeline.script = said(outcome, code)
    assert cli.run(["ask", "Revenue?", *option]) == expected
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "There is a reason." in printed.err
    assert "· Revenue by country" in printed.err


def test_json_has_the_documented_keys_and_exact_money(
    pipeline: ScriptedPipeline, capsys: Capture, repository: Path
) -> None:
    assert cli.run(["ask", "Revenue by country", "--json", "--as-of", "2026-06-30"]) == 0
    shape = json.loads(capsys.readouterr().out)
    assert shape["rows"][0] == ["Germany", "1234.50"]
    assert shape["columns"][1] == {
        "name": "revenue",
        "label": "Revenue",
        "type": "decimal128(12, 2)",
        "format": "money",
        "unit": "EUR",
    }
    assert (shape["as_of"], shape["elapsed_ms"], shape["row_count"]) == ("2026-06-30", 11.2, 2)
    assert shape["stages"][0] == {"stage": "understand", "ms": 3.2, "note": "2 tables", "remarks": []}
    page = (repository / "docs" / "cli.md").read_text(encoding="utf-8")
    section = page.partition("## The shape of `ask --json`")[2].partition("`check --json`")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert set(shape) == {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_a_trace_goes_to_standard_error_and_leaves_the_answer_as_it_is(
    pipeline: ScriptedPipeline, capsys: Capture
) -> None:
    assert cli.run(["ask", "Revenue by country", "--csv"]) == 0
    alone = capsys.readouterr()
    assert cli.run(["ask", "Revenue by country", "--csv", "--trace"]) == 0
    traced = capsys.readouterr()
    assert traced.out == alone.out
    assert traced.err.splitlines() == ["understand         3.2 ms  2 tables", "run                8.0 ms"]
    pipeline.script = said("failed", "query_timed_out")
    assert cli.run(["ask", "Revenue by country", "--trace"]) == 5
    assert capsys.readouterr().out == ""


def test_json_keeps_its_shape_when_there_is_no_answer(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    cli.run(["ask", "Revenue by country", "--json"])
    keys = set(json.loads(capsys.readouterr().out))
    pipeline.script = said("refused", "unknown_column")
    assert cli.run(["ask", "Revenue by country", "--json"]) == 4
    shape = json.loads(capsys.readouterr().out)
    assert set(shape) == keys
    assert (shape["rows"], shape["code"]) == ([], "unknown_column")


def test_json_has_no_number_that_is_none(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    odd = ResultTable(pa.table({"share": [float("nan"), float("inf"), 0.5]}), 1000, False, 1.0)
    pipeline.script = lambda question: replace(answered(question), table=odd, columns=COLUMNS[1:])
    assert cli.run(["ask", "Share?", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [[None], [None], [0.5]]


def test_csv_is_every_row_and_nothing_else(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    pipeline.script = lambda question: replace(answered(question), table=table(45))
    assert cli.run(["ask", "Revenue by country", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 46
    assert lines[1].split(",")[1].startswith("1234.5")


def test_csv_that_was_cut_says_so_beside_the_rows(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    pipeline.script = lambda question: replace(answered(question), table=replace(table(45), truncated=True))
    assert cli.run(["ask", "Revenue by country", "--csv"]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 46
    assert printed.err == "Only the first 45 rows: the policy's limit cut the rest.\n"


def test_sql_is_the_statement_and_nothing_else(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    assert cli.run(["ask", "Revenue by country", "--sql"]) == 0
    assert capsys.readouterr().out == f"{SQL}\n"


def test_what_is_asked_travels_to_the_pipeline(pipeline: ScriptedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Revenue\nby country\n"))
    assert cli.run(["ask", "-", "--fresh", "--as-of", "2026-01-31", "--role", "auditor"]) == 0
    question, fresh = pipeline.asked[0]
    assert (question.text, question.as_of, fresh) == ("Revenue by country", date(2026, 1, 31), True)
    assert question.principal.role == "auditor"


def test_without_options_the_settings_say_who_asks_and_when(
    pipeline: ScriptedPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NL2SQL_ROLE", "auditor")
    monkeypatch.setenv("NL2SQL_AS_OF", "2025-05-05")
    cli.run(["ask", "Revenue by country"])
    question, fresh = pipeline.asked[0]
    assert (question.principal.role, question.as_of, fresh) == ("auditor", date(2025, 5, 5), False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask"], "Missing argument"),
        (["ask", "x", "--json", "--csv"], "choose one of"),
        (["ask", "x", "--as-of", "yesterday"], "not a date like 2026-06-30"),
        (["ask", "x", "--as-of", "20260630"], "not a date like 2026-06-30"),
        (["ask", "x", "--as-of", "2026-W27-2"], "not a date like 2026-06-30"),
        (["ask", "x", "--as-of", "2026-02-30"], "not a date like 2026-06-30"),
        (["ask", "x", "--as-of", "2026-06-30 "], "not a date like 2026-06-30"),
        (["ask", "x", "--as-of", "1899-12-31"], "between 1900-01-01 and 2200-12-31"),
        (["ask", "x", "--as-of", "2201-01-01"], "between 1900-01-01 and 2200-12-31"),
        (["ask", "   "], "Please type a question"),
        (["dance"], "No such command"),
        (["--config", "nowhere.toml", "ask", "x"], "nowhere.toml"),
    ],
)
def test_wrong_usage_ends_with_two_and_a_sentence(
    arguments: list[str], said: str, pipeline: ScriptedPipeline, capsys: Capture
) -> None:
    assert cli.run(arguments) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ModelInvalid("The model has no name.", hint="Give it one."), 2),
        (DatabaseUnreachable("No connection.", hint="Give it one."), 5),
    ],
)
def test_what_cannot_be_opened_is_said_with_what_to_do(
    error: Exception, expected: int, pipeline: ScriptedPipeline, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def broken(settings: object) -> None:
        raise error

    monkeypatch.setattr(bootstrap, "build_pipeline", broken)
    assert cli.run(["ask", "Revenue?"]) == expected
    sentence, advice = capsys.readouterr().err.splitlines()
    assert sentence == f"nl2sql: {error}"
    assert advice.strip() == "Give it one."


def test_a_defect_is_one_sentence_with_a_reference_and_the_rest_is_in_a_private_log(
    pipeline: ScriptedPipeline, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret-key")

    def broken(question: Question) -> Answer:
        raise RuntimeError("very-secret-key at mysql://reader:hunter2@host/shop")

    pipeline.script = broken
    assert cli.run(["ask", "Revenue?"]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    reference = re.search(r"reference (\w{8})", printed.err)
    log = Path("var/nl2sql.log")
    text = log.read_text()
    assert reference is not None and reference[1] in text
    assert "RuntimeError" in text
    assert "very-secret-key" not in text and "hunter2" not in text
    assert log.stat().st_mode & 0o077 == 0


def test_an_interrupt_is_quiet(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    def interrupted(question: Question) -> Answer:
        raise KeyboardInterrupt

    pipeline.script = interrupted
    assert cli.run(["ask", "Revenue?"]) == 130
    assert capsys.readouterr() == ("", "")
    assert pipeline.closed


def test_ctrl_c_stops_the_question_and_not_only_the_command(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    over = threading.Event()

    def press(question: Question) -> Answer:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        assert over.wait(20)
        return answered(question)

    pipeline.script = press
    assert threading.current_thread() is threading.main_thread()  # where signals come to
    assert cli.run(["ask", "Revenue?"]) == 130
    assert len(pipeline.cancelled) == 1
    over.set()


def test_a_refused_statement_is_explained(pipeline: ScriptedPipeline, capsys: Capture) -> None:
    pipeline.verdict = Violations((Violation("sensitive", "users.email", "The column email is private."),))
    assert cli.run(["check", "SELECT email FROM users", "--role", "guest"]) == 4
    assert "sensitive: The column email is private." in capsys.readouterr().out
    assert pipeline.checked == [("SELECT email FROM users", Principal(role="guest"))]


def test_a_verdict_can_be_read_by_a_script(
    pipeline: ScriptedPipeline, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT email FROM users"))
    pipeline.verdict = Violations((Violation("sensitive", "users.email", "The column email is private.", "Drop it."),))
    assert cli.run(["check", "--json"]) == 4
    assert json.loads(capsys.readouterr().out) == {
        "allowed": False,
        "violations": [
            {
                "code": "sensitive",
                "fragment": "users.email",
                "message": "The column email is private.",
                "hint": "Drop it.",
            }
        ],
        "sql": None,
    }


def test_paths_on_the_command_line_start_at_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "house.toml").write_text('role = "auditor"\n')
    given = cli.Overrides("sqlite:///shop.db", Path("shop.yaml"), Path("conf/house.toml"))
    settings = given.settings()
    assert settings.database_url == f"sqlite:///{tmp_path}/shop.db"
    assert settings.path(settings.model) == tmp_path / "shop.yaml"
    assert settings.role == "auditor"


def test_the_version_is_shown(capsys: Capture) -> None:
    assert cli.run(["--version"]) == 0
    assert re.fullmatch(r"nl2sql \d+\.\d+\.\d+\n", capsys.readouterr().out)
