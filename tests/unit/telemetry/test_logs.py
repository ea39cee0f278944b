from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

import pytest

from nl2sql.telemetry.logs import NAME, JsonLine, TextLine, configure_logging, numbered
from nl2sql.telemetry.open import open_telemetry

HOSTILE = "ok\n2026-01-01T00:00:00Z ERROR root: forged\r\x1b[2J\x1b]0;t\x07\u2028\u202e\x85\x7f\x00\ud800"


@contextmanager
def bare_root() -> Iterator[logging.Logger]:
    """The root logger as a process finds it, without what the test runner added for this very test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        yield root
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def record(message: str, *args: object, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("nl2sql.cache", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(more)
    return made


def failure(message: str) -> logging.LogRecord:
    try:
        raise ValueError(message)
    except ValueError:
        return record("It failed.", exc_info=sys.exc_info())


def test_a_json_line_has_time_level_logger_message_and_the_id_of_the_question() -> None:
    with numbered("q-1"):
        fields = json.loads(JsonLine().format(record("%d rows", 3)))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fields.pop("time"))
    assert fields == {"level": "WARNING", "logger": "nl2sql.cache", "message": "3 rows", "question_id": "q-1"}


def test_a_text_line_says_the_same() -> None:
    with numbered("q-1"):
        line = TextLine().format(record("%d rows", 3))
    assert re.fullmatch(r"\S+Z WARNING nl2sql\.cache: 3 rows question_id=q-1", line)


def test_outside_of_a_question_there_is_no_id() -> None:
    with numbered("q-1"), numbered("q-2"):
        pass
    assert "question_id" not in json.loads(JsonLine().format(record("m")))


@pytest.mark.parametrize("formatter", [JsonLine(), TextLine()])
def test_a_record_is_one_line_without_escapes_whatever_it_holds(formatter: logging.Formatter) -> None:
    for each in (record(HOSTILE), record("%s", HOSTILE), failure(HOSTILE), record("m", name=HOSTILE)):
        line = formatter.format(each)
        assert len(line.splitlines()) == 1
        assert line.isprintable()
        line.encode("utf-8")


def test_a_hostile_message_is_the_same_after_parsing() -> None:
    assert json.loads(JsonLine().format(record(HOSTILE)))["message"] == HOSTILE


@pytest.mark.parametrize("formatter", [JsonLine(), TextLine()])
def test_an_exception_is_one_field_of_its_line(formatter: logging.Formatter) -> None:
    line = formatter.format(failure("mysql://root:hunter2@db/x is away"))
    assert "Traceback (most recent call last)" in line and "ValueError" in line
    assert "hunter2" not in line


@pytest.mark.parametrize("formatter", [JsonLine(), TextLine()])
def test_secrets_are_cut_out_of_every_field(formatter: logging.Formatter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefgh12345678")
    monkeypatch.setenv("NL2SQL_MASK_KEY", "d1e2f3a4b5")
    said = "d1e2f3a4b5 redis://:hunter2@cache:6379/0 postgresql://u:p%40ss@h/d?password=hunter3 sk-abcdefgh12345678"
    with numbered("http://a:hunter4@b"):
        line = formatter.format(record("%s", said, stack_info=said))
    for secret in ("hunter2", "p%40ss", "hunter3", "hunter4", "d1e2f3a4b5", "sk-abcdefgh12345678"):
        assert secret not in line


@pytest.mark.parametrize("length", range(3_960, 4_010, 3))
def test_a_long_message_is_cut_but_not_in_the_middle_of_a_secret(length: int) -> None:
    message = "x" * length + " mysql://root:hunter2hunter2@db/x " + "y" * 100_000
    line = JsonLine().format(record("%s", message))
    assert len(line) < 6_000
    assert "hunter" not in line


def test_of_a_long_exception_the_end_is_kept() -> None:
    fields = json.loads(JsonLine().format(failure("a " * 50_000 + "the end")))
    assert fields["exception"].endswith("the end") and len(fields["exception"]) < 8_100


def test_a_message_whose_arguments_do_not_fit_is_still_a_line() -> None:
    assert "do not fit" in json.loads(JsonLine().format(record("%d rows", "three")))["message"]


def test_lines_go_to_standard_error_as_it_is_now() -> None:
    with bare_root(), redirect_stderr(io.StringIO()) as written, open_telemetry().question("q-9", "analyst"):
        assert configure_logging("json")
        logging.getLogger("nl2sql.cache.disk").warning("The cache is %s.", "full")
    fields = json.loads(written.getvalue())
    assert (fields["message"], fields["question_id"]) == ("The cache is full.", "q-9")


def test_being_called_again_changes_the_format_and_doubles_nothing() -> None:
    with bare_root() as root, redirect_stderr(io.StringIO()) as written:
        assert configure_logging("json") and configure_logging("json") and configure_logging("text")
        logging.getLogger("nl2sql").warning("once")
        assert [handler.get_name() for handler in root.handlers] == [NAME]
    assert written.getvalue().count("once") == 1
    assert written.getvalue().endswith("WARNING nl2sql: once\n")


def test_a_host_that_configured_its_log_keeps_it() -> None:
    theirs = io.StringIO()
    with bare_root() as root, redirect_stderr(io.StringIO()) as written:
        root.addHandler(logging.StreamHandler(theirs))
        root.setLevel(logging.ERROR)
        assert not configure_logging("json")
        logging.getLogger("nl2sql").error("hello")
        assert (theirs.getvalue(), written.getvalue(), root.level) == ("hello\n", "", logging.ERROR)


def test_a_closed_standard_error_harms_nobody() -> None:
    with bare_root(), redirect_stderr(io.StringIO()) as written:
        assert configure_logging("text")
        written.close()
        logging.getLogger("nl2sql").warning("into the void")


def test_questions_in_two_threads_do_not_mix_their_ids() -> None:
    lines: dict[str, str] = {}
    together = threading.Barrier(2)

    def work(question_id: str) -> None:
        with open_telemetry().question(question_id, "analyst"):
            together.wait(10)
            lines[question_id] = json.loads(JsonLine().format(record("m")))["question_id"]

    threads = [threading.Thread(target=work, args=(each,)) for each in ("q-1", "q-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lines == {"q-1": "q-1", "q-2": "q-2"}


def test_a_process_logs_each_record_as_one_json_object() -> None:
    code = (
        "import logging\n"
        "from nl2sql.telemetry.logs import configure_logging\n"
        "configure_logging('json')\n"
        f"logging.getLogger('nl2sql').warning({HOSTILE!r})\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception('bad')\n"
        "logging.getLogger('nl2sql').info('not told')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    first, second = [json.loads(line) for line in done.stderr.splitlines()]
    assert first["message"] == HOSTILE
    assert second["level"] == "ERROR" and "ZeroDivisionError" in second["exception"]
