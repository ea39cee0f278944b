"""What an evaluation says of answers like one: of whom, of which kind, how surely, and when nothing may be said."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evals.cases.resolve import Target
from evals.log.records import CaseRecord, GoldShown, RunEnd, RunHeader, Said, Shown, encode
from evals.outcome import Outcome
from evals.runner.header import _files_of
from evals.stats.proportion import wilson
from evals.summary.trust import Asked, complete_runs, fingerprint_of, standing
from nl2sql.answer.kinds import Kind
from nl2sql.settings import Settings

COUNT, LIST, SUM = "SELECT COUNT(*) FROM t", "SELECT a FROM t", "SELECT SUM(b) FROM t"
COUNTS = Kind("count", "plain")
HEADER = RunHeader(
    "offline",
    "shop",
    "shop.yaml",
    "f",
    "offline",
    database="sqlite:///shop.db",
    model_fingerprint="m1",
    product_version="1",
    started_at="2026-11-20T10:00:00+00:00",
)
HOUSE = Asked("offline", "", "m1", "1")
GOLD = GoldShown(COUNT, COUNT, (), Shown((), (), 0))


def case(number: int, outcome: Outcome = "right", sql: str = COUNT, **more: object) -> CaseRecord:
    """Answered, unless the outcome is one that is not."""
    is_answered = outcome not in ("declined", "clarified", "failed")
    said = Said("answered" if is_answered else "declined", "ok", "…", sql if is_answered else "", writer="offline")
    record = CaseRecord(f"case-{number}", 0, "Which?", "answerable", outcome, said, gold=GOLD)
    return replace(record, **more)  # type: ignore[arg-type]


def write(path: Path, records: Sequence[CaseRecord], header: RunHeader = HEADER, end: RunEnd | None = None) -> Path:
    header = replace(header, case_count=len(records))
    lines = [header, *records, end if end is not None else RunEnd(1.0, len(records))]
    path.write_bytes(b"".join(encode(line) for line in lines))
    return path


def test_wrong_answers_count_against_and_unanswered_ones_apart(tmp_path: Path) -> None:
    records = [*(case(n) for n in range(8)), case(8, "wrong_rows"), case(9, "declined"), case(10, sql=LIST)]
    write(tmp_path / "run.jsonl", records)
    found = standing(tmp_path, HOUSE, COUNTS)
    assert found is not None
    assert (found.kind, found.measured.right, found.measured.answered, found.measured.unanswered) == (COUNTS, 8, 9, 1)
    assert found.measured.interval == wilson(8, 9)
    assert (found.differs, found.record.day.day) == ((), 20)


def test_what_had_to_be_declined_and_was_answered_counts_against(tmp_path: Path) -> None:
    records = [*(case(n) for n in range(5)), case(5, "wrong_answered", kind="unanswerable", gold=None)]
    write(tmp_path / "run.jsonl", records)
    found = standing(tmp_path, HOUSE, COUNTS)
    assert found is not None and (found.measured.right, found.measured.answered) == (5, 6)


def test_a_kind_that_came_up_too_seldom_gives_way_to_all_of_the_writers_answers(tmp_path: Path) -> None:
    write(tmp_path / "run.jsonl", [*(case(n) for n in range(6)), *(case(n, sql=SUM) for n in range(6, 10))])
    found = standing(tmp_path, HOUSE, Kind("sum", "plain"))
    assert found is not None and (found.kind, found.measured.answered) == (None, 10)


def test_four_answers_in_all_say_nothing(tmp_path: Path) -> None:
    write(tmp_path / "run.jsonl", [case(n) for n in range(4)])
    assert standing(tmp_path, HOUSE, COUNTS) is None


def test_repeats_of_a_question_do_not_make_it_surer(tmp_path: Path) -> None:
    once = [case(n, "right" if n else "wrong_rows") for n in range(6)]
    write(tmp_path / "run.jsonl", [replace(each, repeat=r) for each in once for r in range(10)])
    found = standing(tmp_path, HOUSE, COUNTS)
    assert found is not None and found.measured.answered == 60
    assert found.measured.interval.low < wilson(50, 60).low


@pytest.mark.parametrize(
    ("header", "differs"),
    [
        ({"model_fingerprint": "m2"}, ("model",)),
        ({"model_fingerprint": ""}, ()),
        ({"product_version": "2"}, ("version",)),
    ],
)
def test_a_run_of_another_state_is_said_to_be_one(
    tmp_path: Path, header: dict[str, str], differs: tuple[str, ...]
) -> None:
    write(tmp_path / "run.jsonl", [case(n) for n in range(6)], replace(HEADER, **header))  # type: ignore[arg-type]
    found = standing(tmp_path, HOUSE, COUNTS)
    assert found is not None and found.differs == differs


def of_model(detail: str, number: int) -> CaseRecord:
    return replace(case(number), said=replace(case(number).said, writer="llm", detail=detail))


def test_the_same_prompt_is_preferred_and_another_one_told(tmp_path: Path) -> None:
    llm = replace(HEADER, writer="llm", model="m", prompt="p@v1")
    write(tmp_path / "old.jsonl", [of_model("m · p@v1", n) for n in range(5)], llm)
    newer = replace(llm, prompt="p@v2", started_at="2026-11-21T10:00:00+00:00")
    write(tmp_path / "new.jsonl", [of_model("m · p@v2", n) for n in range(9)], newer)
    same = standing(tmp_path, replace(HOUSE, writer="llm", detail="m · p@v1"), COUNTS)
    other = standing(tmp_path, replace(HOUSE, writer="llm", detail="m · p@v3"), COUNTS)
    assert same is not None and (same.measured.answered, same.differs) == (5, ())
    assert other is not None and (other.measured.answered, other.differs) == (9, ("prompt",))


def test_another_writers_run_says_nothing(tmp_path: Path) -> None:
    write(tmp_path / "run.jsonl", [case(n) for n in range(9)])
    assert standing(tmp_path, replace(HOUSE, writer="llm", detail="m · p@v1"), COUNTS) is None


@pytest.mark.parametrize(
    ("header", "end"),
    [
        ({"writer": "gold"}, None),
        ({"settings": {"only": "case-1"}}, None),
        ({"started_at": ""}, None),
        ({}, RunEnd(1.0, 3, "interrupted")),
    ],
)
def test_runs_that_are_not_whole_are_passed_over(tmp_path: Path, header: dict[str, object], end: RunEnd | None) -> None:
    write(tmp_path / "run.jsonl", [case(n) for n in range(9)], replace(HEADER, **header), end)  # type: ignore[arg-type]
    assert complete_runs(tmp_path) == []


def test_a_run_that_is_being_written_and_a_broken_file_are_passed_over(tmp_path: Path) -> None:
    whole = write(tmp_path / "run.jsonl", [case(n) for n in range(9)]).read_bytes()
    (tmp_path / "run.jsonl").write_bytes(b"\n".join(whole.splitlines()[:-1]) + b"\n")
    (tmp_path / "broken.jsonl").write_bytes(b"\xff{nothing\n")
    (tmp_path / "damaged.jsonl").write_bytes(whole.splitlines()[0] + b"\n{}\n" + whole.splitlines()[-1] + b"\n")
    assert standing(tmp_path, HOUSE, COUNTS) is None
    assert standing(tmp_path / "nowhere", HOUSE, COUNTS) is None


def test_a_newer_run_takes_the_place_of_the_older_and_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [case(n) for n in range(9)])
    later = replace(HEADER, started_at="2026-11-21T10:00:00+00:00")
    write(tmp_path / "b.jsonl", [case(n, "wrong_rows") for n in range(6)], later)
    first = standing(tmp_path, HOUSE, COUNTS)
    (tmp_path / "b.jsonl").unlink()
    write(path, [case(n, "wrong_rows" if n < 2 else "right") for n in range(9)])
    os.utime(path, ns=(1, 1))
    second = standing(tmp_path, HOUSE, COUNTS)
    assert first is not None and (first.measured.right, first.measured.answered) == (0, 6)
    assert second is not None and (second.measured.right, second.measured.answered) == (7, 9)


def test_the_fingerprint_is_that_of_a_runs_header(tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text("name: shop\n")
    (tmp_path / "policy.yaml").write_text("roles: []\n")
    for policy in ("policy.yaml", "none"):
        settings = Settings(base=tmp_path, model="model.yaml", policy=policy)
        files = [settings.path(settings.model), settings.path(settings.policy)]
        assert fingerprint_of(files) == _files_of([Target()], settings)
