"""Runs that meet a storm of refusals, a question that is refused for ever, and files that change or go meanwhile."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from evals.errors import LogInvalid, LogUnwritable
from evals.log.records import read_run
from tests.fakes.openai.acts import busy, refuse
from tests.fakes.openai.server import serve
from tests.integration.evals.scripted_runs import Knowing, Silent, environ_of, run_scripted, suite_text

CASES = 10


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "counts.yaml"
    path.write_text(suite_text(CASES), encoding="utf-8")
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "run.jsonl"


class Storm:
    """Refuses each question a few times, at random, and never more often than it is asked again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._random = random.Random(11)  # noqa: S311
        self._refused: Counter[str] = Counter()
        self._lock = Lock()
        self._knowing = Knowing()

    @property
    def refused(self) -> int:
        return self._refused.total()

    def __call__(self, received: Any) -> Any:
        with self._lock:
            if self._refused[received.prompt] < self._most and self._random.random() < 0.4:
                self._refused[received.prompt] += 1
                return self._random.choice([busy(0.01), refuse(500), refuse(503)])
        return self._knowing(received)


def test_in_a_storm_of_refusals_every_case_ends_and_each_retry_is_counted(
    suite: Path, out: Path, auction_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evals.runner.schedule.LONGEST_PAUSE", 0.02)
    storm = Storm(most=3)
    with serve(storm) as endpoint:
        finished = run_scripted(
            suite, environ_of(endpoint.url, auction_database), out, repeats=3, concurrency=8, retries=10
        )
    records = read_run(out).records
    assert finished.end.stopped == ""
    assert Counter(record.outcome for record in records) == {"right": CASES * 3}
    # Some are not even let through to an endpoint that refused so many.
    assert sum(record.retries for record in records) >= storm.refused > 0


@pytest.mark.parametrize("place", [1, CASES])
def test_a_question_that_is_refused_for_ever_fails_and_stops_nothing(
    place: int, suite: Path, out: Path, auction_database: Path
) -> None:
    knowing = Knowing()

    def script(received: Any) -> Any:
        poisoned = f"an id below {place}?" in received.prompt
        return refuse(400, "This content cannot be processed.") if poisoned else knowing(received)

    with serve(script) as endpoint:
        finished = run_scripted(suite, environ_of(endpoint.url, auction_database), out)
    assert finished.end.stopped == ""
    outcomes = {record.id: record.outcome for record in read_run(out).records}
    assert outcomes.pop(f"below-{place}") == "failed"
    assert set(outcomes.values()) == {"right"}


def test_a_log_whose_folder_is_removed_under_way_is_told_of(suite: Path, out: Path, auction_database: Path) -> None:
    def remove(work: Any) -> None:
        if work.done:
            shutil.rmtree(out.parent, ignore_errors=True)

    with serve(Knowing(stall=0.3)) as endpoint, pytest.raises(LogUnwritable, match=r"cannot be (written|recorded)"):
        run_scripted(suite, environ_of(endpoint.url, auction_database), out, Silent(remove), concurrency=1)


def test_a_suite_that_is_edited_under_way_changes_nothing_of_the_run(
    suite: Path, out: Path, auction_database: Path
) -> None:
    def edit(work: Any) -> None:
        suite.write_text("cases: [", encoding="utf-8")

    with serve(Knowing()) as endpoint:
        run_scripted(suite, environ_of(endpoint.url, auction_database), out, Silent(edit))
    assert Counter(record.outcome for record in read_run(out).records) == {"right": CASES}


@pytest.mark.parametrize(("is_folder", "error"), [(True, LogUnwritable), (False, LogInvalid)])
def test_a_folder_or_another_file_is_no_log_and_is_left_as_it_is(
    is_folder: bool, error: type[Exception], suite: Path, auction_database: Path, tmp_path: Path
) -> None:
    out = tmp_path / "other"
    if is_folder:
        out.mkdir()
    else:
        out.write_text("a letter without an end", encoding="utf-8")
    with pytest.raises(error, match=str(out)):
        run_scripted(suite, environ_of("http://127.0.0.1:1/v1", auction_database), out)
    assert is_folder or out.read_text(encoding="utf-8") == "a letter without an end"
