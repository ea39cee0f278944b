"""Recordings: what is written, by how many at once, and that a replay says and raises the same for nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nl2sql.errors import (
    BudgetSpent,
    LanguageModelError,
    ModelAuthFailed,
    ModelBusy,
    ModelCancelled,
    ModelReplyInvalid,
    ModelTimedOut,
    ModelUnreachable,
    SettingsInvalid,
)
from nl2sql.llm.base import NO_CALL, Call, Completion, Usage, charge, paid_for
from nl2sql.llm.recorded import RecordedModel, RecordingModel, Replayed, ScriptedModel
from nl2sql.llm.recording import read_records
from nl2sql.llm.registry import MODELS, model_class, open_model
from nl2sql.prompt.base import Message, Prompt


def prompt(fingerprint: str) -> Prompt:
    return Prompt((Message("user", fingerprint),), {}, "t@v1", fingerprint)


class Counting:
    """Answers with the fingerprint it was asked with, and counts."""

    name = "counting"
    server = ("host", 443)

    def __init__(self) -> None:
        self.asked = 0

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        self.asked += 1
        text = f"zu {prompt.fingerprint} 数\nline\u2028{call.sample or ''}"
        return Completion(text, "counting-2026-01", Usage(3, 4, 2))


def test_a_script_is_followed_and_the_prompts_kept() -> None:
    model = ScriptedModel(["one", ModelBusy("later")], name="m")
    assert model.complete(prompt("a")) == Completion("one", "m")
    with pytest.raises(ModelBusy):
        model.complete(prompt("b"))
    with pytest.raises(ModelUnreachable) as caught:
        model.complete(prompt("c"))
    assert caught.value.hint == "2 replies, asked 3 times"
    assert [each.fingerprint for each in model.prompts] == ["a", "b", "c"]


def test_a_script_can_be_a_function_of_the_prompt() -> None:
    model = ScriptedModel(lambda asked: asked.fingerprint.upper())
    assert model.complete(prompt("abc")).text == "ABC"


def test_what_was_recorded_is_replayed_without_the_model(tmp_path: Path) -> None:
    path, wrapped = tmp_path / "new" / "r.jsonl", Counting()
    recorder = RecordingModel(path, wrapped)
    said = [recorder.complete(prompt("a")), recorder.complete(prompt("b")), recorder.complete(prompt("a"))]
    assert wrapped.asked == 2
    replay = RecordedModel(path)
    assert [replay.complete(prompt("a")).text, replay.complete(prompt("b")).text] == [each.text for each in said[:2]]
    assert replay.complete(prompt("a")).model == "counting-2026-01"
    assert (recorder.name, replay.name, recorder.server) == ("counting", "counting (recorded)", ("host", 443))


def test_a_replay_costs_nothing_and_knows_what_the_recorded_run_cost(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorder = RecordingModel(path, Counting())
    assert [recorder.complete(prompt("a")).usage for _ in range(2)] == [Usage(3, 4, 2), Usage()]
    replay, remarks = RecordedModel(path), list[str]()
    assert replay.replayed == Replayed()
    assert [replay.complete(prompt("a"), Call(remark=remarks.append)).usage for _ in range(2)] == [Usage(), Usage()]
    assert (replay.replayed.calls, replay.replayed.usage) == (2, Usage(6, 8, 4))
    assert remarks == ["replayed from a recording"] * 2


def test_how_long_a_call_took_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, moments = tmp_path / "r.jsonl", iter([10.0, 12.3456])
    monkeypatch.setattr("time.monotonic", lambda: next(moments))
    RecordingModel(path, Counting()).complete(prompt("a"))
    monkeypatch.undo()
    assert read_records(path)[0].seconds == 2.346
    replay = RecordedModel(path)
    replay.complete(prompt("a"))
    assert replay.replayed.seconds == 2.346


def test_candidates_of_one_prompt_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorder = RecordingModel(path, Counting())
    said = [recorder.complete(prompt("a"), Call(sample=number)).text for number in range(3)]
    assert len(set(said)) == 3
    replay = RecordedModel(path)
    assert [replay.complete(prompt("a"), Call(sample=number)).text for number in range(3)] == said
    with pytest.raises(ModelUnreachable) as caught:
        replay.complete(prompt("a"), Call(sample=3))
    assert caught.value.hint == "r.jsonl has no reply to t@v1 prompt a, sample 3."


def test_a_prompt_that_was_never_recorded_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    RecordingModel(path, Counting()).complete(prompt("a"))
    with pytest.raises(ModelUnreachable) as caught:
        RecordedModel(path).complete(prompt("0123456789abcdef"))
    assert caught.value.hint == "r.jsonl has no reply to t@v1 prompt 0123456789ab."


def test_what_another_model_said_is_not_replayed_while_recording(tmp_path: Path) -> None:
    path, wrapped = tmp_path / "r.jsonl", Counting()
    RecordingModel(path, ScriptedModel(["other"], name="other")).complete(prompt("a"))
    assert RecordingModel(path, wrapped).complete(prompt("a")).text.startswith("zu a")
    assert wrapped.asked == 1


@pytest.mark.parametrize("kind", [ModelReplyInvalid, ModelTimedOut, LanguageModelError])
def test_a_failure_of_the_models_own_is_replayed_as_it_was(tmp_path: Path, kind: type[LanguageModelError]) -> None:
    path = tmp_path / "r.jsonl"
    failed = kind("It “failed”.", hint="a hint")
    charge(failed, Usage(3, 4, 1))
    with pytest.raises(kind):
        RecordingModel(path, ScriptedModel([failed])).complete(prompt("a"))
    replay = RecordedModel(path)
    with pytest.raises(kind) as caught:
        replay.complete(prompt("a"))
    again = caught.value
    assert (type(again), str(again), again.hint, paid_for(again)) == (kind, "It “failed”.", "a hint", Usage())
    assert replay.replayed.usage == Usage(3, 4, 1)


@pytest.mark.parametrize("kind", [ModelBusy, ModelUnreachable, ModelAuthFailed, ModelCancelled, BudgetSpent])
def test_what_says_nothing_of_the_model_is_not_recorded(tmp_path: Path, kind: type[LanguageModelError]) -> None:
    path = tmp_path / "r.jsonl"
    with pytest.raises(kind):
        RecordingModel(path, ScriptedModel([kind("no")])).complete(prompt("a"))
    assert read_records(path) == []


def test_what_failed_is_asked_again_and_what_came_then_counts(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorder = RecordingModel(path, ScriptedModel([ModelTimedOut("slow"), "late", ModelTimedOut("slow"), "later"]))
    with pytest.raises(ModelTimedOut):
        recorder.complete(prompt("a"))
    assert [recorder.complete(prompt("a")).text for _ in range(2)] == ["late", "late"]
    with pytest.raises(ModelTimedOut):
        recorder.complete(prompt("b"))
    assert RecordingModel(path, ScriptedModel(["later"])).complete(prompt("b")).text == "later"
    assert [RecordedModel(path).complete(prompt(each)).text for each in "ab"] == ["late", "later"]


def test_a_recording_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    RecordingModel(path, Counting())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_recording_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be written: Is a directory"):
        RecordingModel(tmp_path, Counting())
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsInvalid, match="cannot be written: "):
        RecordingModel(tmp_path / "file" / "r.jsonl", Counting())


def test_a_disk_that_fills_up_takes_the_reply_from_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = RecordingModel(tmp_path / "r.jsonl", Counting())

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    assert recorder.complete(prompt("a")).text.startswith("zu a")
    assert [record.getMessage() for record in caplog.records] == [
        "A reply could not be recorded: No space left on device."
    ]


GOOD = json.dumps({"fingerprint": "a", "asked": "m", "model": "m", "text": "t"})


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "no JSON",
        '{"fingerprint": "a"}',
        '{"fingerprint":1,"asked":"a","model":"m","text":"t"}',
        '{"fingerprint":"a","asked":"a","model":"m","text":"t","prompt_tokens":-1}',
        '{"fingerprint":"a","asked":"a","model":"m","text":"t","prompt_tokens":true}',
        '{"fingerprint":"a","asked":"a","model":"m","text":"t","seconds":NaN}',
        '{"fingerprint":"a","asked":"a","model":"m","text":"t","sample":"0"}',
        '{"fingerprint":"a","asked":"a","model":"m","text":"t","error":"no_such_code"}',
        '{"fingerprint":"a","asked":"a","model":"m","text":"t","more":1}',
    ],
)
def test_a_line_that_is_no_record_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(f"{GOOD}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(ModelReplyInvalid, match=r"r\.jsonl:3: "):
        RecordedModel(path)


def test_a_recording_of_before_there_were_samples_is_still_replayed(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(GOOD + "\n", encoding="utf-8")
    assert RecordedModel(path).complete(prompt("a")).text == "t"


@pytest.mark.parametrize("left", [1, 30, -3])
def test_half_a_line_of_a_killed_run_is_passed_over_and_spoils_nothing(
    tmp_path: Path, left: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "r.jsonl"
    recorder = RecordingModel(path, Counting())
    recorder.complete(prompt("a"))
    recorder.complete(prompt("数"))
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[: first + left if left > 0 else left])
    resumed = Counting()
    recorder = RecordingModel(path, resumed)
    assert f"{path}:2: this line breaks off and is passed over." in caplog.text
    recorder.complete(prompt("数"))
    recorder.complete(prompt("c"))
    assert resumed.asked == 2
    assert {record.fingerprint for record in read_records(path)} == {"a", "数", "c"}


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    recorder = RecordingModel(path, ScriptedModel(lambda asked: asked.fingerprint * 5_000))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: recorder.complete(prompt(f"p{number}")), range(200)))
    found = {record.fingerprint: record.text for record in read_records(path)}
    assert found == {f"p{number}": f"p{number}" * 5_000 for number in range(200)}


WRITER = """
import sys
from pathlib import Path
from nl2sql.llm.recorded import RecordingModel, ScriptedModel
from nl2sql.prompt.base import Message, Prompt
recorder = RecordingModel(Path(sys.argv[1]), ScriptedModel(lambda asked: asked.fingerprint * 5_000))
for number in range(50):
    recorder.complete(Prompt((Message("user", ""),), {}, "t@v1", f"{sys.argv[2]}-{number}"))
"""


def test_many_processes_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), f"w{number}"]) for number in range(3)]
    assert [each.wait(60) for each in writers] == [0, 0, 0]
    found = {record.fingerprint: record.text for record in read_records(path)}
    assert found == {f"w{w}-{n}": f"w{w}-{n}" * 5_000 for w in range(3) for n in range(50)}


def test_there_must_be_something_to_replay(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreachable, match="no recording"):
        RecordedModel(tmp_path / "absent.jsonl")


def test_every_registered_model_exists() -> None:
    for provider in MODELS:
        assert callable(model_class(provider).complete)  # type: ignore[attr-defined]


def test_a_model_is_opened_by_name() -> None:
    assert open_model("scripted", ["hello"], name="n").complete(prompt("a")).text == "hello"


def test_an_unknown_provider_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsInvalid, match="there are openai, recorded, scripted"):
        model_class("elsewhere")
