"""The badge beside an answer: verified, measured or neither; in words, for each language, and never in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.summary import trust as evaluated
from nl2sql.answer.base import Answer
from nl2sql.answer.kinds import FORMS, MEASURES
from nl2sql.question import Principal, Question
from nl2sql.writers.base import Origin
from streamlit_app import words
from streamlit_app.asking import trust
from streamlit_app.asking.trust import Label, label_of
from streamlit_app.services import Ready
from streamlit_app.signing_in.person import local_person
from streamlit_app.store.memory import MemoryStore
from tests.app.conftest import ScriptedPipeline, answered
from tests.unit.evals.test_trust import HEADER, case, write

COUNT = "SELECT COUNT(*) FROM orders"


@pytest.fixture
def ready(scripted: ScriptedPipeline) -> Ready:
    return Ready(scripted, local_person(Principal(role="analyst")), MemoryStore())  # type: ignore[arg-type]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of runs; the house is in the state that HEADER was measured in."""
    monkeypatch.setattr(trust, "_house", lambda: trust._House(tmp_path, "m1"))
    monkeypatch.setattr(trust, "_version", lambda: "1")
    yield tmp_path
    trust._standing.clear()


def answer(**changes: Any) -> Answer:
    return replace(answered(Question("How many?")), sql=COUNT, id="a1", **changes)


def test_a_verified_answer_says_by_whom_and_when(ready: Ready) -> None:
    found = label_of(answer(origin=Origin("verified", "turnover · the finance team · 2026-07-01")), ready)
    assert found.level == "verified"
    assert "the finance team on 1 July 2026" in found.details[0]


def test_an_answer_of_a_measured_kind_names_counts_interval_and_day(ready: Ready, runs: Path) -> None:
    write(
        runs / "run.jsonl", [*(case(n, "wrong_rows" if n == 3 else "right") for n in range(12)), case(12, "declined")]
    )
    found = label_of(answer(), ready)
    assert (found.level, found.words) == ("measured", "11 of 12 like this were right")
    assert found.details[0] == (
        "Questions like this (counts): 11 of 12 answers were right in the evaluation of 20 November 2026 (65–99 %)."
    )
    assert "1 more got no answer." in found.details


def test_a_kind_without_cases_of_its_own_shows_the_writers_whole_figure(ready: Ready, runs: Path) -> None:
    write(runs / "run.jsonl", [case(n) for n in range(12)])
    found = label_of(replace(answer(), sql="SELECT MAX(x) FROM orders"), ready)
    assert found.words == "12 of 12 answers were right"
    assert "came up too seldom to tell (lowest and highest values)" in found.details[0]


def test_another_state_of_the_model_is_said(ready: Ready, runs: Path) -> None:
    write(runs / "run.jsonl", [case(n) for n in range(12)], replace(HEADER, model_fingerprint="other"))
    assert any("another version of the semantic model" in each for each in label_of(answer(), ready).details)


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (Origin("offline"), "no complete evaluation"),
        (Origin("sql"), "You wrote this SQL"),
        (Origin("plan"), "You chose this reading"),
    ],
)
def test_what_nobody_measured_is_unverified(ready: Ready, runs: Path, origin: Origin, said: str) -> None:
    found = label_of(answer(origin=origin), ready)
    assert (found.level, found.words) == ("unverified", "Unverified")
    assert said in found.details[0]


def test_it_speaks_german(ready: Ready, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(runs / "run.jsonl", [case(n) for n in range(12)])
    monkeypatch.setattr(words, "language", lambda: "de")
    found = label_of(answer(), ready)
    assert found.words == "12 von 12 solchen waren richtig"
    assert "(Anzahlen)" in found.details[0] and "20. November 2026" in found.details[0]


def test_a_broken_label_never_breaks_its_answer(
    app: Any, pipeline: ScriptedPipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Label:
        raise RuntimeError("no label today")

    monkeypatch.setattr(trust, "label_of", broken)
    app.run()
    app.chat_input[0].set_value("turnover").run()
    assert not app.exception
    assert "Germany leads" in " ".join(str(each.proto) for each in app.main)
    assert "no trust label" in caplog.text


def test_every_kind_and_difference_has_words_in_both_languages() -> None:
    known = words.messages()
    for measure in MEASURES:
        assert f"trust.measure.{measure}" in known
    for form in FORMS:
        assert f"trust.form.{form}" in known
    for month in range(1, 13):
        assert f"trust.month.{month}" in known
    for each in ("prompt", "model", "version"):
        assert f"trust.differs.{each}" in known


def test_a_second_look_reads_no_run_again(ready: Ready, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(runs / "run.jsonl", [case(n) for n in range(12)])
    label_of(answer(), ready)
    monkeypatch.setattr(evaluated, "complete_runs", lambda folder: pytest.fail("read again"))
    assert label_of(answer(), ready).level == "measured"
