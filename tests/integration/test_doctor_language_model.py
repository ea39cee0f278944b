"""What the doctor says of who writes the SQL: order, key, endpoint, prompt, budgets, recordings; and asking once."""

from __future__ import annotations

from pathlib import Path

import pytest

from nl2sql import cli
from nl2sql.doctor import language_model
from nl2sql.doctor.base import Check
from nl2sql.doctor.language_model import asked_once, examine_language_model
from nl2sql.settings import load_settings
from tests.fakes.openai.acts import Act, refuse
from tests.fakes.openai.server import serve

KEY = "k-" + "never-shown-" * 2


@pytest.fixture
def home(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("schema", "prompts"):
        (tmp_path / name).symlink_to(repository / name)
    for name in ("OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def environ(key: str = "", **settings: str) -> dict[str, str]:
    found = {f"NL2SQL_{name.upper()}": value for name, value in settings.items()}
    return found | ({"OPENAI_API_KEY": key} if key else {})


def found(key: str = "", **settings: str) -> dict[str, Check]:
    env = environ(key, **settings)
    checks = {check.about: check for check in examine_language_model(load_settings(env), env)}
    assert KEY not in repr(checks)
    return checks


def test_a_named_language_model_without_a_key_is_a_warning_that_says_who_answers(home: Path) -> None:
    checks = found()
    assert checks["key"].state == "warn"
    assert "the offline writer answers" in checks["key"].text
    assert "OPENAI_API_KEY" in checks["key"].advice
    assert checks["writers"].text == "asked in this order: verified, then offline"
    assert not {"llm", "budget", "recording"} & set(checks)
    assert "only verified queries are answered" in found(writers="verified, llm")["key"].text


def test_who_wants_no_language_model_is_not_warned(home: Path) -> None:
    assert found(writers="verified, offline")["key"].state == "ok"
    used = found(KEY, writers="offline")["key"]
    assert (used.state, "not used" in used.text) == ("ok", True)


def test_the_order_of_writers_tells_when_the_offline_one_makes_room(home: Path) -> None:
    told = found(KEY, offline_confidence="0.75")["writers"].text
    assert told == "asked in this order: verified, then offline (when at least 0.75 sure), then llm"
    assert found(KEY, writers="llm, offline")["writers"].text == "asked in this order: llm, then offline"


def test_the_model_its_endpoint_and_its_limits_are_told_without_the_password(home: Path) -> None:
    told = found(KEY, openai_base_url="http://me:hunter2@127.0.0.1:1/v1", openai_api="chat", openai_model="some-1")[
        "llm"
    ]
    assert told.text.startswith("some-1 at http://me:…@127.0.0.1:1/v1 by Chat Completions; 30 s for all of 3 tries")
    assert "hunter2" not in repr(told)


def test_the_source_of_the_key_is_told_and_never_the_key(home: Path) -> None:
    assert found(KEY)["key"].text == "OPENAI_API_KEY is set"
    place = "projects/p/secrets/llm/versions/latest"
    assert found(openai_key_secret=place)["key"].text == f"from Secret Manager: {place}"
    file = home / "key"
    file.write_text(KEY)
    for mode, state in ((0o600, "ok"), (0o644, "warn")):
        file.chmod(mode)
        key = key_from({"OPENAI_API_KEY_FILE": str(file)})
        assert (key.state, str(file) in key.text) == (state, True)
    assert "chmod 600" in key.advice


def test_a_key_that_stands_where_its_place_should_is_not_shown(home: Path) -> None:
    """And a place where nothing is, is a failure."""
    assert key_from({"OPENAI_API_KEY_FILE": KEY}).state == "fail"
    assert found(openai_key_secret=KEY)["key"].state == "fail"


def key_from(environ_of_the_key: dict[str, str]) -> Check:
    settings = load_settings(environ(KEY))
    found_key = next(each for each in examine_language_model(settings, environ_of_the_key) if each.about == "key")
    assert KEY not in repr(found_key)
    return found_key


def test_a_prompt_that_is_not_there_is_a_failure_only_for_whoever_asks_a_model(home: Path) -> None:
    assert found(KEY)["prompts"].state == "ok"
    assert "tokens" in found(KEY)["prompts"].text and "is in use" in found(KEY)["prompts"].text
    assert found(KEY, prompt="sql_writer@v99")["prompts"].state == "fail"
    assert found(prompt="sql_writer@v99")["prompts"].state == "warn"
    assert "v99" in found(prompts="nowhere", prompt="sql_writer@v99")["prompts"].text
    assert found(prompts="nowhere")["prompts"].advice


def test_where_an_embedding_model_sends_questions_is_said(home: Path) -> None:
    assert "embeddings" not in found(KEY)
    assert "embeddings" not in found(embeddings="embed-1")
    told = found(KEY, embeddings="embed-1", embeddings_base_url="http://localhost:9/v1")["embeddings"].text
    assert told.startswith("embed-1 at http://localhost:9/v1 is sent each question's text")
    assert told.endswith("more than 12 datasets")


def test_a_budget_in_money_needs_a_price(home: Path) -> None:
    assert found(KEY)["budget"].text.startswith("none: nothing bounds what a day costs")
    both = found(KEY, budget_tokens="500000", budget_user_money="2.5")["budget"]
    assert (both.state, both.text) == (
        "ok",
        "each person 2.5 in money a day; all together 500,000 tokens a day; the price of gpt-5-mini is known",
    )
    unknown = {"openai_model": "house-model", "budget_money": "5"}
    assert found(KEY, **unknown)["budget"].state == "warn"
    assert "house-model is not known" in found(KEY, **unknown)["budget"].text
    assert found(KEY, **unknown, openai_price_in="1", openai_price_out="2")["budget"].state == "ok"
    assert found(KEY, openai_model="house-model")["budget"].state == "ok"


def test_a_broken_price_table_is_named(home: Path) -> None:
    (home / "prices.yaml").write_text("some-1: cheap\n")
    check = found(KEY, llm_prices="prices.yaml")["budget"]
    assert (check.state, "prices.yaml" in check.text) == ("fail", True)


def test_what_is_recorded_and_replayed_is_told(home: Path) -> None:
    assert "recording" not in found(KEY)
    assert found(KEY, llm_record="new/replies.jsonl")["recording"].state == "ok"
    assert found(KEY, llm_record="schema")["recording"].state == "warn"
    assert found(llm="recorded:replies.jsonl")["recording"].state == "fail"
    (home / "replies.jsonl").write_text("")
    checks = found(llm="recorded:replies.jsonl")
    assert (checks["recording"].state, checks["key"].text) == ("ok", "none needed")
    assert "none is asked" in checks["llm"].text
    assert {path.name for path in home.iterdir()} == {"schema", "prompts", "replies.jsonl"}


def test_nobody_is_asked_unless_it_is_wanted(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(['{"ok": true}']) as endpoint:
        for name, value in environ(KEY, openai_base_url=endpoint.url, database="sqlite:///nowhere.db").items():
            monkeypatch.setenv(name, value)
        cli.run(["doctor"])
        assert endpoint.requests == []
        assert "provider" not in capsys.readouterr().out
        cli.run(["doctor", "--ask-model"])
        assert len([each for each in endpoint.requests if each.api in ("chat", "responses")]) >= 1
    printed = capsys.readouterr().out
    assert "ok    provider   served-2026-01 answered in " in printed
    assert KEY not in printed


def test_what_the_endpoint_does_without_is_told(home: Path) -> None:
    with serve(['{"ok": true}'], rejects={"temperature", "json_schema"}) as endpoint:
        check = asked_once(load_settings(environ(KEY, openai_base_url=endpoint.url)))
    assert (check.state, "temperature" in check.text.partition("does without: ")[2]) == ("ok", True), check.text


@pytest.mark.parametrize(
    ("act", "said"),
    [(refuse(401, f"Incorrect key {KEY}"), "key"), (refuse(500), "has a problem"), (Act(drop=True), "127.0.0.1")],
    ids=["wrong key", "broken", "hangs up"],
)
def test_an_endpoint_that_fails_is_a_failure_with_advice_and_without_the_key(act: Act, said: str, home: Path) -> None:
    with serve([act]) as endpoint:
        check = asked_once(load_settings(environ(KEY, openai_base_url=endpoint.url)))
    assert (check.about, check.state) == ("provider", "fail")
    assert said in check.text and check.advice
    assert KEY not in repr(check)


def test_a_slow_endpoint_does_not_hold_the_doctor_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model, "ASK_SECONDS", 0.5)
    with serve([Act(stall=30.0)]) as endpoint:
        check = asked_once(load_settings(environ(KEY, openai_base_url=endpoint.url)))
    assert (check.state, "0.5" in check.text) == ("fail", True), check.text


def test_without_a_model_there_is_nobody_to_ask(home: Path) -> None:
    assert asked_once(load_settings({})).state == "warn"
