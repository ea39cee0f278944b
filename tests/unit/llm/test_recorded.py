from __future__ import annotations

import json
from pathlib import Path

import pytest

from nl2sql.errors import ModelBusy, ModelReplyInvalid, ModelUnreachable, SettingsInvalid
from nl2sql.llm.base import Completion, Usage
from nl2sql.llm.recorded import RecordedModel, ScriptedModel
from nl2sql.llm.registry import MODELS, model_class, open_model
from nl2sql.prompt.base import Message, Prompt


def prompt(fingerprint: str) -> Prompt:
    return Prompt((Message("user", fingerprint),), {}, "t@v1", fingerprint)


class Counting:
    """Answers with the fingerprint it was asked with, and counts."""

    name = "counting"

    def __init__(self) -> None:
        self.asked = 0

    def complete(self, prompt: Prompt) -> Completion:
        self.asked += 1
        return Completion(f"zu {prompt.fingerprint} 数\nline", "counting-2026-01", Usage(3, 4))


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
    recorder = RecordedModel(path, wrapped)
    said = [recorder.complete(prompt("a")), recorder.complete(prompt("b")), recorder.complete(prompt("a"))]
    assert wrapped.asked == 2
    replay = RecordedModel(path)
    assert [replay.complete(prompt("a")), replay.complete(prompt("b"))] == said[:2]
    assert replay.complete(prompt("a")).usage == Usage(3, 4)
    assert (recorder.name, replay.name) == ("counting", "counting (recorded)")


def test_a_prompt_that_was_never_recorded_is_named(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    RecordedModel(path, Counting()).complete(prompt("a"))
    with pytest.raises(ModelUnreachable) as caught:
        RecordedModel(path).complete(prompt("0123456789abcdef"))
    assert "r.jsonl has no reply to t@v1 prompt 0123456789ab" in caught.value.hint


def test_what_another_model_said_is_not_replayed_while_recording(tmp_path: Path) -> None:
    path, wrapped = tmp_path / "r.jsonl", Counting()
    RecordedModel(path, ScriptedModel(["other"], name="other")).complete(prompt("a"))
    assert RecordedModel(path, wrapped).complete(prompt("a")).text.startswith("zu a")
    assert wrapped.asked == 1


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"fingerprint": "a"}', '{"fingerprint":1,"asked":"a","model":"m","text":"t"}']
)
def test_a_line_that_is_no_record_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    good = json.dumps({"fingerprint": "a", "asked": "m", "model": "m", "text": "t"})
    path = tmp_path / "r.jsonl"
    path.write_text(f"{good}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(ModelReplyInvalid, match=r"r\.jsonl:3: "):
        RecordedModel(path)


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
