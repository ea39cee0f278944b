from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from nl2sql.errors import SettingsInvalid
from nl2sql.settings import Settings, load_settings, without_verified


def test_defaults_hold_where_nothing_is_said(tmp_path: Path) -> None:
    settings = load_settings({}, folder=tmp_path)
    assert settings == Settings(base=tmp_path)
    assert settings.writer_order == ("verified", "offline", "llm")


def test_every_setting_has_a_sentence() -> None:
    for each in fields(Settings):
        if each.name != "base":
            assert each.metadata["sentence"].endswith("."), each.name


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "nl2sql.toml").write_text('role = "auditor"\ncache_mb = 8\nllm_seconds = 5\n')
    settings = load_settings({"NL2SQL_CACHE_MB": "16"}, folder=tmp_path)
    assert (settings.role, settings.cache_mb, settings.llm_seconds) == ("auditor", 16, 5.0)
    assert isinstance(settings.llm_seconds, float)


def test_an_empty_variable_is_no_setting(tmp_path: Path) -> None:
    assert load_settings({"NL2SQL_WRITERS": ""}, folder=tmp_path).writers == "verified, offline, llm"


def test_relative_paths_start_at_the_settings_file(tmp_path: Path) -> None:
    config = tmp_path / "elsewhere" / "house.toml"
    config.parent.mkdir()
    config.write_text('database = "sqlite:///data/shop.db"\n')
    settings = load_settings({"NL2SQL_CONFIG": str(config)}, folder=tmp_path)
    assert settings.database_url == f"sqlite:///{config.parent.resolve()}/data/shop.db"
    assert settings.path("schema") == config.parent.resolve() / "schema"


def test_absolute_paths_and_server_addresses_stay_as_they_are(tmp_path: Path) -> None:
    url = "mysql+pymysql://reader@127.0.0.1/shop"
    settings = load_settings({"NL2SQL_DATABASE": url}, folder=tmp_path)
    assert settings.database_url == url
    assert settings.path(str(tmp_path / "x.yaml")) == tmp_path / "x.yaml"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"NL2SQL_WRITERS": "magic"}, "verified, offline, llm"),
        ({"NL2SQL_WRITERS": "llm"}, "OPENAI_API_KEY is not set"),
        ({"NL2SQL_WRITERS": "offline, llm, offline"}, "none twice"),
        ({"NL2SQL_WRITERS": " , "}, "at least one writer"),
        ({"NL2SQL_OFFLINE_CONFIDENCE": "1.5"}, "offline_confidence must lie between 0 and 1"),
        ({"NL2SQL_LLM_UNSURE_BELOW": "-0.1"}, "llm_unsure_below must lie between 0 and 1"),
        ({"NL2SQL_LLM_UNSURE_BELOW": "nan"}, "llm_unsure_below must be a finite number"),
        ({"NL2SQL_LLM": "recorded:"}, "without a file"),
        ({"NL2SQL_LLM": "magic"}, "openai or recorded:FILE"),
        ({"NL2SQL_LLM_CANDIDATES": "0"}, "llm_candidates must be above 0"),
        ({"NL2SQL_LLM_REPAIRS": "-1"}, "llm_repairs cannot be below 0"),
        ({"NL2SQL_BUDGET_MONEY": "-1"}, "budget_money cannot be below 0"),
        ({"NL2SQL_VALUES_TO_LLM": "all"}, "none, enums, linked"),
        ({"NL2SQL_OPENAI_API": "soap"}, "auto, responses, chat"),
        ({"NL2SQL_OPENAI_REASONING_EFFORT": "huge"}, "it can be empty, none, minimal, low, medium, high"),
        ({"NL2SQL_OPENAI_TEMPERATURE": "warm"}, "openai_temperature must be a number like 0.7"),
        ({"NL2SQL_OPENAI_SEED": "1.5"}, "openai_seed must be a whole number"),
        ({"NL2SQL_CACHE_MB": "many"}, "cache_mb must be a whole number, not “many”"),
        ({"NL2SQL_BUDGET_MONEY": "much"}, "budget_money must be a number, not “much”"),
        ({"NL2SQL_WRITER": "offline"}, "NL2SQL_WRITER is no longer a setting; write writers"),
        ({"NL2SQL_VERIFIED": "false"}, "and leave verified out of it"),
        ({"NL2SQL_CACHE_MB": "0"}, "above 0"),
        ({"NL2SQL_LLM_SECONDS": "-1"}, "above 0"),
        ({"NL2SQL_AS_OF": "yesterday"}, "a date like 2026-06-30"),
        ({"NL2SQL_CONFIG": "nowhere.toml"}, "does not exist"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_is_allowed(
    environ: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsInvalid, match=said):
        load_settings(environ, folder=tmp_path)


@pytest.mark.parametrize(
    ("environ", "asks"),
    [
        ({}, False),
        ({"OPENAI_API_KEY": "k"}, True),
        ({"NL2SQL_OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, True),
        ({"NL2SQL_LLM": "recorded:replies.jsonl"}, True),
        ({"NL2SQL_OPENAI_KEY_SECRET": "projects/p/secrets/s/versions/latest"}, True),
        ({"OPENAI_API_KEY": "k", "NL2SQL_WRITERS": "verified, offline"}, False),
    ],
)
def test_a_language_model_is_asked_where_it_is_named_and_can_be_reached(
    environ: dict[str, str], asks: bool, tmp_path: Path
) -> None:
    assert load_settings(environ, folder=tmp_path).asks_llm is asks


def test_the_order_of_writers_can_be_a_list_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "nl2sql.toml").write_text('writers = ["llm", "offline"]\n')
    assert load_settings({}, folder=tmp_path).writer_order == ("llm", "offline")
    assert without_verified("verified, llm") == "llm"
    assert without_verified("verified") == "offline"


@pytest.mark.parametrize("content", ["role = ", 'colour = "red"\n', "\xff"])
def test_a_broken_file_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "nl2sql.toml"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsInvalid, match=str(path)):
        load_settings({}, folder=tmp_path)


def test_a_key_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nl2sql.toml").write_text('openai_api_key = "secret-value"\n')
    with pytest.raises(SettingsInvalid) as raised:
        load_settings({}, folder=tmp_path)
    assert "secret-value" not in str(raised.value)


def test_the_key_is_never_shown(tmp_path: Path) -> None:
    settings = load_settings({"OPENAI_API_KEY": " secret-value\n"}, folder=tmp_path)
    assert settings.openai_api_key == "secret-value"
    assert "secret-value" not in repr(settings)


def test_today_is_a_day_that_was_set_or_the_real_one(tmp_path: Path) -> None:
    assert load_settings({"NL2SQL_AS_OF": "2026-06-30"}, folder=tmp_path).today == date(2026, 6, 30)
    before = datetime.now(UTC).date()
    today = load_settings({}, folder=tmp_path).today
    assert before <= today <= datetime.now(UTC).date()
