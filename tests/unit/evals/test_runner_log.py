"""The files of a run under way: one writer, whole lines, the order of the suite at the end."""

from __future__ import annotations

import errno
import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.errors import LogInUse, LogInvalid, LogUnwritable
from evals.log.prompts import prompts_of, read_prompts
from evals.log.records import CaseRecord, RunEnd, RunHeader, Said, encode, read_run
from evals.runner.header import default_path, differences
from evals.runner.log import RunLog, recording_of
from evals.runner.progress import Progress
from nl2sql.prompt.base import Message, Prompt

HEADER = RunHeader("offline", "small", "small.yaml", "ab12", "offline", case_count=3)
RECORD = CaseRecord("a", 0, "How many?", "answerable", "right", Said("answered", "ok", "3."))


def names(path: Path) -> list[tuple[str, int]]:
    return [each.key for each in read_run(path).records]


def begun(path: Path) -> RunLog:
    log = RunLog(path)
    log.begin(HEADER)
    return log


def test_a_run_that_ended_has_its_lines_in_the_order_of_the_suite(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "run.jsonl"
    with closing(begun(path)) as log:
        for name, repeat in (("c", 0), ("a", 1), ("b", 0), ("a", 0)):
            log.add(replace(RECORD, id=name, repeat=repeat))
        log.stop(RunEnd(2.0, 2, "interrupted"))
        log.add(replace(RECORD, id="b", outcome="declined"))
        log.finish(RunEnd(5.0, 4), lambda key: "abc".index(key[0]) * 2 + key[1])
    assert names(path) == [("a", 0), ("a", 1), ("b", 0), ("c", 0)]
    run = read_run(path)
    assert (run.end, run.records[2].outcome) == (RunEnd(5.0, 4), "declined")
    assert path.read_bytes().count(b'"end"') == 1
    assert (path.stat().st_mode & 0o777, sorted(os.listdir(path.parent))) == (0o600, ["run.jsonl"])


def test_what_is_there_is_taken_up_and_half_a_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    half = encode(replace(RECORD, id="b", reason="x" * 200_000))[:-10]
    path.write_bytes(encode(HEADER) + encode(RECORD) + encode(RunEnd(3.5, 1, "budget")) + half)
    with closing(RunLog(path)) as log:
        assert (log.header, log.done, log.right, log.seconds) == (HEADER, {("a", 0)}, 1, 3.5)
        assert log.ended == RunEnd(3.5, 1, "budget")
        log.add(replace(RECORD, id="b"))
    assert names(path) == [("a", 0), ("b", 0)]


def test_a_file_that_is_no_log_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "scores.json"
    path.write_text('{"summary": 1}\n', encoding="utf-8")
    with pytest.raises(LogInvalid):
        RunLog(path)
    assert path.read_text(encoding="utf-8") == '{"summary": 1}\n'


def test_two_runs_do_not_write_one_log_and_the_next_one_may(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with closing(begun(path)) as log:
        with pytest.raises(LogInUse, match="Another run writes"):
            RunLog(path)
        log.finish(RunEnd(1.0, 0), lambda key: 0)  # another file stands there now
    RunLog(path).close()


def test_where_a_log_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "run.jsonl"):
        with pytest.raises(LogUnwritable, match="cannot be written"):
            RunLog(path)


def test_a_line_that_does_not_fit_is_not_left_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, write = tmp_path / "run.jsonl", os.write
    with closing(begun(path)) as log:
        before = path.read_bytes()
        monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:30]))
        with pytest.raises(LogUnwritable, match="No space left on device"):
            log.add(RECORD)
        assert path.read_bytes() == before

        def full(file: int, line: bytes) -> int:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(LogUnwritable, match="Disk quota exceeded"):
            log.add(RECORD)
        monkeypatch.undo()
        log.add(RECORD)
    assert names(path) == [("a", 0)]


def test_an_end_that_finds_no_room_leaves_the_log_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.jsonl"
    with closing(begun(path)) as log:
        log.add(RECORD)
        before = path.read_bytes()

        def full(file: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(LogUnwritable):
            log.finish(RunEnd(1.0, 1), lambda key: 0)
    assert (path.read_bytes(), os.listdir(tmp_path)) == (before, ["run.jsonl"])


def test_what_a_thread_that_was_given_up_still_says_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    log = begun(path)
    log.close()
    log.add(RECORD)
    log.keep_prompt(Prompt((Message("user", "?"),), {}, "p@v1", "ab" * 32))
    assert names(path) == []


def test_prompts_are_kept_beside_the_log_once_over_several_sittings(tmp_path: Path) -> None:
    path, prompt = tmp_path / "run.jsonl", Prompt((Message("user", "?"),), {}, "p@v1", "ab" * 32)
    with closing(begun(path)) as log:
        log.keep_prompt(prompt)
    with prompts_of(path).open("ab") as file:
        file.write(b'{"type": "pro')
    with closing(RunLog(path)) as log:
        log.keep_prompt(prompt)
        log.keep_prompt(replace(prompt, fingerprint="cd" * 32))
    assert list(read_prompts(prompts_of(path))) == ["ab" * 32, "cd" * 32]
    assert prompts_of(path).read_bytes().count(b'"text"') == 2  # the key of the one paragraph, and its type
    assert recording_of(path).name == "run.recording.jsonl"


def test_headers_differ_in_what_decides_the_answers_and_in_nothing_else() -> None:
    later = replace(HEADER, label="again", started_at="2026-01-01", product_version="9", suite_path="/else/small.yaml")
    assert differences(HEADER, later) == []
    other = replace(HEADER, suite_fingerprint="cd", instances=("base", "x"), settings={"role": "analyst"})
    assert differences(HEADER, other) == ["the suite's file", "instances", "the setting role"]


def test_a_new_file_is_named_by_time_and_label(tmp_path: Path) -> None:
    first = default_path(tmp_path, "a/b model@v2")
    assert first.name.endswith("-a-b-model-v2.jsonl")
    first.touch()
    second = default_path(tmp_path, "a/b model@v2")
    assert second != first


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Work:
        done, total, right, cost, currency = 3, 10, 2, 0.5, "USD"

        class schedule:
            waits = 12.0

    work: Any = Work()
    progress = Progress(prefix="cell")
    progress.begin(work)
    progress.tick(work)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("evals.runner.progress.LINE_SECONDS", 0.0)
    work.done = 6
    progress.tick(work)
    progress.end(work)
    told = capsys.readouterr().err
    assert told.startswith("cell: 6 of 10 done, 2 right, 0.5000 USD, the provider is busy, waiting 12 s, about 0:0")
