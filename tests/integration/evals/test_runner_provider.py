"""A run against a scripted endpoint: slow, busy, away, paid for, stopped."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evals.errors import LogUnwritable, RunDiffers
from evals.log.prompts import prompts_of, read_prompts
from evals.log.records import read_run
from evals.runner.log import recording_of
from nl2sql.errors import SettingsInvalid
from tests.fakes.openai.acts import Act, busy, refuse
from tests.fakes.openai.server import serve
from tests.integration.evals.scripted_runs import (
    Knowing,
    Silent,
    environ_of,
    run_scripted,
    sql_reply,
    suite_text,
)

CASES = 8


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "counts.yaml"
    path.write_text(suite_text(CASES), encoding="utf-8")
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


def test_each_case_is_asked_once_and_its_line_tells_what_it_cost(
    suite: Path, out: Path, auction_database: Path
) -> None:
    knowing = Knowing()
    with serve(knowing) as endpoint:
        finished = run_scripted(suite, environ_of(endpoint.url, auction_database), out)
    run = read_run(out)
    assert (finished.end.stopped, run.is_complete, len(run.records)) == ("", True, CASES)
    assert [record.id for record in run.records] == [f"below-{number}" for number in range(1, CASES + 1)]
    assert {record.outcome for record in run.records} == {"right"}
    assert set(knowing.asked.values()) == {1}
    assert {(record.prompt_tokens, record.completion_tokens, record.cost) for record in run.records} == {
        (900, 40, "0.00098")  # a million prompt tokens cost 1, of the reply 2
    }
    assert (run.header.model, run.header.prompt) == ("house-model", "sql_writer@v2")
    prompts = read_prompts(prompts_of(out))
    (fingerprint,) = run.records[2].prompts
    assert "an id below 3?" in prompts[fingerprint][-1][1]


def test_each_repeat_is_a_draw_of_its_own_that_the_endpoint_sees_as_the_first(
    suite: Path, out: Path, auction_database: Path
) -> None:
    knowing = Knowing()
    with serve(knowing) as endpoint:
        environ = environ_of(endpoint.url, auction_database, NL2SQL_OPENAI_SEED="7")
        run_scripted(suite, environ, out, repeats=3)
        assert {(body["temperature"], body["seed"]) for body in endpoint.bodies} == {(0, 7)}
    assert set(knowing.asked.values()) == {3}
    keys = [(record.id, record.repeat) for record in read_run(out).records]
    assert keys == [(f"below-{number}", repeat) for number in range(1, CASES + 1) for repeat in range(3)]


def test_a_recorded_run_is_replayed_for_nothing_each_repeat_with_its_own_reply(
    suite: Path, out: Path, auction_database: Path, tmp_path: Path
) -> None:
    replies = [Act(sql_reply(f"SELECT {wrong} AS users FROM users LIMIT 1")) for wrong in (1_000_001, 1_000_002)]
    options: Any = {"repeats": 2, "only": ("below-1",), "concurrency": 1}
    with serve(replies) as endpoint:
        environ = environ_of(endpoint.url, auction_database)
        run_scripted(suite, environ, out, **options)
    again = tmp_path / "again.jsonl"
    replayed = environ | {"NL2SQL_LLM": f"recorded:{recording_of(out)}"}
    run_scripted(suite, replayed, again, budget=Decimal("0.000001"), **options)
    first, second = read_run(out), read_run(again)
    assert [record.said.sql for record in second.records] == [record.said.sql for record in first.records]
    assert len({record.said.sql for record in second.records}) == 2
    assert {(record.cost, record.prompt_tokens, record.unpaid_tokens) for record in second.records} == {("", 0, 18)}


def test_what_was_not_recorded_fails_and_is_not_asked_again(
    suite: Path, out: Path, auction_database: Path, tmp_path: Path
) -> None:
    with serve(Knowing()) as endpoint:
        environ = environ_of(endpoint.url, auction_database)
        run_scripted(suite, environ, out, only=("below-1",))
    replayed = environ | {"NL2SQL_LLM": f"recorded:{recording_of(out)}"}
    run_scripted(suite, replayed, tmp_path / "again.jsonl")
    outcomes = Counter(record.outcome for record in read_run(tmp_path / "again.jsonl").records)
    assert outcomes == {"right": 1, "failed": CASES - 1}


def test_a_busy_provider_slows_the_run_down_and_costs_no_case(suite: Path, out: Path, auction_database: Path) -> None:
    seen: list[int] = []
    knowing = Knowing([busy(0.2), busy(0.2), refuse(503)])
    with serve(knowing) as endpoint:
        watcher = Silent(lambda work: seen.append(work.schedule.at_once))
        run_scripted(suite, environ_of(endpoint.url, auction_database), out, watcher, concurrency=4)
    records = read_run(out).records
    assert {record.outcome for record in records} == {"right"}
    assert sum(record.retries for record in records) == 3
    assert len(knowing.served) == CASES
    assert (seen[0], min(seen)) == (4, 2)


def test_a_provider_that_stays_away_stops_the_run_and_fails_no_case(
    suite: Path, out: Path, auction_database: Path
) -> None:
    with serve([refuse(503)]) as endpoint:
        environ = environ_of(endpoint.url, auction_database)
        finished = run_scripted(suite, environ, out, retries=0, concurrency=2)
    assert (finished.end.stopped, read_run(out).records) == ("provider", ())
    assert f"--out {out} goes on from there" in finished.why
    knowing = Knowing()
    with serve(knowing) as endpoint:
        later = environ | {"NL2SQL_OPENAI_BASE_URL": endpoint.url}
        with pytest.raises(RunDiffers, match="the setting openai_base_url is not the same"):
            run_scripted(suite, later, out)


def test_one_case_that_the_provider_never_answers_has_failed_when_it_answers_others(
    suite: Path, out: Path, auction_database: Path
) -> None:
    knowing = Knowing()

    def script(received: Any) -> Any:
        return refuse(503) if "an id below 2?" in received.prompt else knowing(received)

    with serve(script) as endpoint:
        run_scripted(suite, environ_of(endpoint.url, auction_database), out, retries=0, concurrency=1)
    run = read_run(out)
    assert Counter(record.outcome for record in run.records) == {"right": CASES - 1, "failed": 1}
    assert "did not answer below-2" in run.records[1].reason


def test_a_refused_key_stops_the_run_at_once(suite: Path, out: Path, auction_database: Path) -> None:
    with serve([refuse(401, "Incorrect API key.")]) as endpoint:
        environ = environ_of(endpoint.url, auction_database, OPENAI_API_KEY="sk-not-a-real-key-0123456789")
        finished = run_scripted(suite, environ, out, concurrency=1)
        assert len(endpoint.requests) == 1
    assert (finished.end.stopped, read_run(out).records) == ("provider", ())
    assert "sk-not-a-real" not in finished.why + out.read_text(encoding="utf-8")


def test_a_budget_ends_the_run_and_a_larger_one_goes_on(suite: Path, out: Path, auction_database: Path) -> None:
    knowing = Knowing(usage=(900, 40, 0))  # 0.00098 each; about 0.004 is set aside for one under way
    with serve(knowing) as endpoint:
        environ = environ_of(endpoint.url, auction_database)
        stopped = run_scripted(suite, environ, out, budget=Decimal("0.008"), concurrency=1)
        some = len(read_run(out).records)
        assert stopped.end.stopped == "budget"
        assert 1 <= some < CASES
        assert sum(Decimal(record.cost) for record in read_run(out).records) <= Decimal("0.008")
        assert "The budget of 0.008 USD is spent" in stopped.why
        same = run_scripted(suite, environ, out, budget=Decimal("0.008"), concurrency=1)
        assert (same.end.stopped, len(read_run(out).records)) == ("budget", some)
        ended = run_scripted(suite, environ, out, budget=Decimal("1"), concurrency=1)
    assert (ended.end.stopped, len(read_run(out).records)) == ("", CASES)
    assert set(knowing.asked.values()) == {1}


def test_a_budget_needs_a_price(suite: Path, out: Path, auction_database: Path) -> None:
    environ = environ_of("http://127.0.0.1:1/v1", auction_database)
    environ |= {"NL2SQL_OPENAI_PRICE_IN": "0", "NL2SQL_OPENAI_PRICE_OUT": "0"}
    with pytest.raises(SettingsInvalid, match="what the language model “house-model” costs is not known"):
        run_scripted(suite, environ, out, budget=Decimal(5))


def test_a_run_that_ended_is_not_asked_again(suite: Path, out: Path, auction_database: Path) -> None:
    knowing = Knowing()
    with serve(knowing) as endpoint:
        environ = environ_of(endpoint.url, auction_database)
        run_scripted(suite, environ, out)
        before = out.read_bytes()
        watcher = Silent()
        run_scripted(suite, environ, out, watcher)
    assert out.read_bytes() == before
    assert len(knowing.served) == CASES
    assert "has ended: nothing is asked again" in watcher.notes[0]


def test_another_run_does_not_go_on_with_a_log(suite: Path, out: Path, auction_database: Path) -> None:
    changes: list[tuple[dict[str, Any], str]] = [
        ({"model": "other-model"}, "the language model"),
        ({"prompt": "sql_writer@v1"}, "the prompt"),
        ({"only": ("below-1",)}, "which cases are asked"),
        ({"repeats": 2}, "repeats"),
        ({"instances": 2}, "instances"),
    ]
    environ = environ_of("http://127.0.0.1:1/v1", auction_database, NL2SQL_EVALS=str(out.parent))
    run_scripted(suite, environ, out, retries=0, only=("below-1", "below-2"))
    for changed, told in changes:
        with pytest.raises(RunDiffers, match=f"holds another run: .*{told}"):
            run_scripted(suite, environ, out, **({"only": ("below-1", "below-2")} | changed))
    suite.write_text(suite_text(CASES).replace("count]", "counts]"), encoding="utf-8")
    with pytest.raises(RunDiffers, match="the suite's file"):
        run_scripted(suite, environ, out, only=("below-1", "below-2"))


def test_ctrl_c_keeps_what_is_there_and_the_run_goes_on_later(suite: Path, out: Path, auction_database: Path) -> None:
    knowing = Knowing(stall=0.15)

    def press(work: Any) -> None:
        if work.done >= 2:
            raise KeyboardInterrupt

    with serve(knowing) as endpoint:
        environ = environ_of(endpoint.url, auction_database)
        stopped = run_scripted(suite, environ, out, Silent(press), concurrency=2)
        there = read_run(out)
        assert (stopped.end.stopped, there.end) == ("interrupted", stopped.end)
        assert 2 <= len(there.records) < CASES
        ended = run_scripted(suite, environ, out, concurrency=2)
    assert (ended.end.stopped, len(read_run(out).records)) == ("", CASES)


def test_resume_finds_the_newest_run_that_did_not_end(suite: Path, auction_database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    with serve(Knowing()) as endpoint:
        environ = environ_of(endpoint.url, auction_database, NL2SQL_EVALS=str(folder))
        with pytest.raises(RunDiffers, match="There is no unfinished run of this kind"):
            run_scripted(suite, environ, None, resume=True)  # type: ignore[arg-type]
        begun = run_scripted(suite, environ, None, budget=Decimal("0.008"), concurrency=1)  # type: ignore[arg-type]
        ended = run_scripted(suite, environ, None, resume=True)  # type: ignore[arg-type]
    assert begun.path == ended.path
    assert (begun.path.parent, begun.path.stat().st_mode & 0o777) == (folder / "counts", 0o600)
    assert (begun.end.stopped, ended.end.stopped) == ("budget", "")


def test_earlier_turns_are_asked_first_and_paid_for(out: Path, auction_database: Path, tmp_path: Path) -> None:
    suite = tmp_path / "talk.yaml"
    suite.write_text(
        'model: auction\nas_of: "2026-06-30"\ncases:\n  - id: follow\n    question: And an id below 7?\n'
        "    turns: [How many users have an id below 3?]\n    sql: SELECT COUNT(*) AS n FROM users WHERE id < 7\n",
        encoding="utf-8",
    )
    with serve(Knowing()) as endpoint:
        run_scripted(suite, environ_of(endpoint.url, auction_database), out)
        asked = [each.prompt for each in endpoint.requests]
    assert len(asked) == 2
    assert 'id below 3?": "SELECT' in asked[1]
    (record,) = read_run(out).records
    assert (record.outcome, record.prompt_tokens, len(record.prompts)) == ("right", 1_800, 2)


def test_a_recording_that_cannot_be_written_stops_the_run(
    suite: Path, out: Path, auction_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evals.runner.replies.append_record", lambda path, record: False)
    with serve(Knowing()) as endpoint, pytest.raises(LogUnwritable, match="cannot be recorded"):
        run_scripted(suite, environ_of(endpoint.url, auction_database), out)
