"""The log's lines: written, read back, damaged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import pytest

from evals.errors import LogInvalid
from evals.log.prompts import PromptKeys, read_prompts
from evals.log.records import (
    FORMAT,
    SHOWN_CHARS,
    SHOWN_ROWS,
    CaseRecord,
    GoldShown,
    InstanceVerdict,
    Line,
    RunEnd,
    RunHeader,
    Said,
    decode,
    encode,
    read_header,
    read_run,
    shown,
    stream,
)
from nl2sql.prompt.base import Message, Prompt

HEADER = RunHeader("offline", "small", "/suites/small.yaml", "ab12", "offline", case_count=2, instances=("base", "x"))
TABLE = shown(("land", "n"), [("DE", 2), ("FR", None)], 2)
RECORD = CaseRecord(
    "users",
    0,
    "How many – “users” 🙂?",
    "answerable",
    "wrong_rows",
    Said("answered", "ok", "3 users.", "SELECT 1", confidence=0.5, choices=("a", "b"), table=TABLE),
    reason="2 rows expected, 3 given",
    tags=("count",),
    gold=GoldShown("SELECT 2", "SELECT 2", ("n",), TABLE, is_transpiled=True),
    instances=(InstanceVerdict("base", False, difference="rows", reason="no"),),
    cost="0.001",
    stage_ms=MappingProxyType({"write": 1.5, "run": 2}),
)
END = RunEnd(1.5, 2)


def log(path: Path, *lines: Line, more: bytes = b"") -> Path:
    path.write_bytes(b"".join(encode(line) for line in lines) + more)
    return path


@pytest.mark.parametrize("line", [HEADER, RECORD, END, replace(RECORD, gold=None, said=Said("declined", "x", ""))])
def test_a_line_is_read_as_it_was_written(line: Line) -> None:
    assert decode(encode(line)) == line


def test_half_a_character_is_written_all_the_same() -> None:
    again = decode(encode(replace(RECORD, question="a\udc80b")))
    assert isinstance(again, CaseRecord)
    assert again.question == "a\udc80b"


def test_a_log_is_read_whole_or_case_by_case(tmp_path: Path) -> None:
    path = log(tmp_path / "run.jsonl", HEADER, RECORD, replace(RECORD, id="other"), END)
    run = read_run(path)
    assert (run.header, [each.id for each in run.records], run.end) == (HEADER, ["users", "other"], END)
    assert run.is_complete
    assert [each.id for each in stream(path)] == ["users", "other"]
    assert read_header(path) == HEADER


def test_what_a_killed_run_left_of_its_last_line_is_passed_over(tmp_path: Path) -> None:
    path = log(tmp_path / "run.jsonl", HEADER, RECORD, more=encode(replace(RECORD, id="other"))[:-20])
    run = read_run(path)
    assert ([each.id for each in run.records], run.end, run.is_complete) == (["users"], None, False)


def test_an_end_that_was_gone_on_from_is_none(tmp_path: Path) -> None:
    path = log(tmp_path / "run.jsonl", HEADER, RunEnd(1, 1, "interrupted"), RECORD)
    assert read_run(path).end is None


def test_of_a_case_that_stands_there_twice_the_last_counts(tmp_path: Path) -> None:
    path = log(tmp_path / "run.jsonl", HEADER, RECORD, replace(RECORD, outcome="right"))
    assert [each.outcome for each in read_run(path).records] == ["right"]


def test_what_a_newer_version_added_is_passed_over(tmp_path: Path) -> None:
    newer = json.dumps({**json.loads(encode(RECORD)), "colour": "red"}).encode() + b"\n"
    path = log(tmp_path / "run.jsonl", HEADER, more=newer + b'{"type": "note", "text": "new"}\n')
    assert read_run(path).records == (RECORD,)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty: there is no run in it"),
        (b"not json\n", "line 1: this is no line of a run's log: it is no JSON"),
        (b"\xff\xfe\n", "line 1: this is no line of a run's log: it is no JSON"),
        (b"[1]\n", "line 1: this is no line of a run's log: it has no type"),
        (encode(RECORD), "line 1: a log has one line of type “run”, its first"),
        (encode(HEADER) + encode(HEADER), "line 2: a log has one line of type “run”, its first"),
        (encode(replace(HEADER, format=FORMAT + 1)), "written by a newer version of the product"),
        (encode(HEADER) + b'{"type": "case", "id": "x"}\n', "line 2: .*“repeat” is missing"),
        (encode(HEADER) + encode(RECORD).replace(b'"wrong_rows"', b'"odd"'), "“outcome” cannot hold 'odd'"),
        (encode(HEADER) + encode(RECORD).replace(b'"repeat": 0', b'"repeat": true'), "“repeat” cannot hold True"),
        (encode(HEADER) + encode(RECORD).replace(b'["count"]', b'"count"'), "“tags” cannot hold 'count'"),
        (encode(HEADER) + encode(RECORD).replace(b'"row_count": 2', b'"row_count": "2"'), "“said.table.row_count”"),
        (encode(HEADER) + b"[" * 100_000 + b"\n", "line 2: this is no line of a run's log"),
    ],
)
def test_what_is_no_log_is_told_with_its_line(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    with pytest.raises(LogInvalid, match=told):
        read_run(path)


def test_a_log_that_is_not_there_or_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(LogInvalid, match="There is no log at"):
        read_run(tmp_path / "none.jsonl")
    with pytest.raises(LogInvalid, match="cannot be read: Is a directory"):
        read_run(tmp_path)


def test_a_result_is_shown_by_its_first_rows_and_in_cells_that_json_has() -> None:
    moment = datetime(2026, 6, 30, 12, 30)  # noqa: DTZ001 - as databases give it
    cells = (Decimal("1.50"), date(2026, 6, 30), moment, float("nan"), b"\x01\xff", "x" * 9_999, True)
    kept = shown(tuple("abcdefg"), [cells] * 50, 50, truncated=True)
    assert (len(kept.rows), kept.row_count, kept.truncated) == (SHOWN_ROWS, 50, True)
    assert kept.rows[0][:5] == ("1.50", "2026-06-30", "2026-06-30T12:30:00", "nan", "01ff")
    assert kept.rows[0][5] == "x" * (SHOWN_CHARS - 1) + "…"
    assert kept.rows[0][6] is True


def test_sql_for_a_question_that_must_be_declined_is_an_attempt_whatever_the_guard_said() -> None:
    declined = replace(RECORD, said=Said("declined", "unsafe", "No."), stage_ms=MappingProxyType({"write": 1.0}))
    assert not declined.wrote_sql
    assert replace(declined, stage_ms=MappingProxyType({"write": 1.0, "check": 0.1})).wrote_sql


def prompt(name: str, user: str) -> Prompt:
    return Prompt((Message("system", "Be right.\n\nAlways."), Message("user", user)), {}, "p@v1", name * 16, 12)


def test_a_prompt_is_kept_once_and_what_prompts_share_is_too(tmp_path: Path) -> None:
    keys, path = PromptKeys(), tmp_path / "run.prompts.jsonl"
    first, second = prompt("ab", "tables\n\nHow many?"), prompt("cd", "tables\n\nWho?\n\n")
    path.write_bytes(keys.new_lines(first) + keys.new_lines(second) + keys.new_lines(first))
    content = path.read_text(encoding="utf-8")
    assert (content.count("Be right."), content.count("tables"), content.count('"prompt"')) == (1, 1, 2)
    assert read_prompts(path) == {
        "ab" * 16: (("system", "Be right.\n\nAlways."), ("user", "tables\n\nHow many?")),
        "cd" * 16: (("system", "Be right.\n\nAlways."), ("user", "tables\n\nWho?\n\n")),
    }


def test_prompts_are_added_to_those_of_an_earlier_sitting(tmp_path: Path) -> None:
    path = tmp_path / "run.prompts.jsonl"
    path.write_bytes(PromptKeys().new_lines(prompt("ab", "one")))
    keys = PromptKeys()
    for line in path.read_bytes().splitlines():
        keys.note(line)
    assert keys.new_lines(prompt("ab", "one")) == b""
    assert keys.new_lines(prompt("cd", "two")).count(b"\n") == 2


def test_a_file_of_prompts_may_be_missing_or_broken_off_but_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "run.prompts.jsonl"
    assert read_prompts(path) == {}
    path.write_bytes(PromptKeys().new_lines(prompt("ab", "one")) + b'{"type": "te')
    assert list(read_prompts(path)) == ["ab" * 16]
    for content in (b"x\n", b'{"type": "text"}\n', b'["a"]\n'):
        path.write_bytes(content)
        with pytest.raises(LogInvalid, match="line 1: this is no line of a file of prompts"):
            read_prompts(path)
