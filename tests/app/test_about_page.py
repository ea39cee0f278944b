"""The Settings page: what each person may read of it, and that no secret of the settings ever stands on it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.errors import DatabaseUnreachable
from nl2sql.guard.policy import Limits, Policy
from nl2sql.question import Principal
from nl2sql.settings import Settings
from streamlit_app import services
from streamlit_app.about.address import Place, place_of
from streamlit_app.about.health import Health, examine
from streamlit_app.about.privacy import what_leaves
from streamlit_app.signing_in.person import Permission, local_person
from streamlit_app.store.errors import StoreUnreachable
from streamlit_app.store.memory import MemoryStore

PAGE = "app_pages/about.py"
SECRET = "hunter2-and-more-of-it"


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, repository: Path) -> Callable[..., None]:
    """Settings of this test alone."""
    monkeypatch.setenv("NL2SQL_CONFIG", str(tmp_path / "nl2sql.toml"))
    for name in ("OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL", "NL2SQL_APP_DATABASE"):
        monkeypatch.delenv(name, raising=False)

    def write(**values: str) -> None:
        told = {
            "cache": f"{tmp_path}/cache",
            "ledger": f"sqlite:///{tmp_path}/ledger.db",
            "app_database": f"sqlite:///{tmp_path}/app.db",
            "prompts": f"{repository}/prompts",
        }
        lines = [f'{name} = "{value}"\n' for name, value in (told | values).items()]
        (tmp_path / "nl2sql.toml").write_text("".join(lines), encoding="utf-8")

    write()
    return write


@pytest.fixture
def allow(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(*may: Permission, attributes: Mapping[str, str] | None = None) -> None:
        principal = Principal(role="manager", attributes=attributes or {})
        ready = services.Ready(pipeline, replace(local_person(principal), may=frozenset(may)), MemoryStore())
        monkeypatch.setattr(services, "start", lambda: ready)
        monkeypatch.setattr(services, "who_is_here", lambda: services.Present(ready.person, ready.store))

    return put


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def headings(app: AppTest) -> list[str]:
    return [each.value for each in app.header]


def open_about(app: AppTest) -> AppTest:
    app.run()
    app.switch_page(PAGE).run()
    assert not app.exception
    return app


def test_the_page_has_its_sections_in_order(app: AppTest) -> None:
    assert headings(open_about(app)) == [
        *("You", "What leaves the house", "Connection", "Limits of your role", "Models", "Health", "Versions", "Keys")
    ]


def test_without_the_permission_only_ones_own_things_are_read(app: AppTest, allow: Callable[..., None]) -> None:
    allow("ask")
    open_about(app)
    assert headings(app) == ["You", "What leaves the house", "Keys"]
    assert [each.key for each in app.button if each.key == "about-check"] == []
    assert "SQLite" not in shown(app)


def test_whoever_does_not_run_it_reads_no_host_of_the_house(
    app: AppTest, allow: Callable[..., None], configured: Callable[..., None]
) -> None:
    configured(database="postgresql://u:p@db.internal.example.com/shop", cache="redis://cache.example.com:6379/0")
    allow("ask")
    assert "example.com" not in shown(open_about(app))
    assert "The database is on another machine" in shown(app)


@pytest.mark.parametrize(
    "database",
    [
        f"postgresql://reader:{SECRET}@db.example.com:5433/shop",
        f"postgresql://reader:{SECRET}@x@db.example.com/shop",
        f"mysql://reader:a@{SECRET}@db.example.com/shop",
        f"mysql://reader:a/{SECRET}@db.example.com/shop",
        f"mysql://reader:a?{SECRET}@db.example.com/shop",
        f"mysql://db.example.com/shop?password={SECRET}",
        f"mysql://db.example.com/shop?password=a@{SECRET}",
        f"mysql://db.example.com/shop?ssl_key={SECRET}#{SECRET}",
        f"postgresql://{SECRET}:@db.example.com/shop",
        f"bigquery://project/dataset?token={SECRET}",
        f"sqlite:///shop.db?key={SECRET}",
        f"postgresql://reader:{SECRET}",
    ],
)
def test_no_secret_of_an_address_stands_on_the_page(
    app: AppTest, configured: Callable[..., None], monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"sk-{SECRET}")
    monkeypatch.setenv("NL2SQL_MASK_KEY", SECRET)
    endpoint = f"https://me:{SECRET}@llm.example.com/v1"
    configured(database=database, app_database=database, openai_base_url=endpoint, embeddings="e", ledger="off")
    open_about(app)
    app.button(key="about-check").click().run()
    page = shown(app) + repr(app.main)
    assert SECRET not in page
    assert "llm.example.com" in page


def test_an_address_is_told_by_its_parts() -> None:
    assert place_of("postgresql+psycopg://u:p@db.example.com:5433/shop?sslmode=require") == Place(
        "postgresql", "db.example.com", 5433, "shop"
    )
    assert place_of("mysql://u@[::1]:3307/shop") == Place("mysql", "[::1]", 3307, "shop")
    assert place_of("mysql://u@/shop?unix_socket=/run/db.sock") == Place("mysql", "", None, "shop")
    assert place_of("sqlite:////srv/shop.db") == Place("sqlite", database="/srv/shop.db")
    assert place_of("bigquery://project/dataset") == Place(
        "bigquery", "bigquery.googleapis.com", database="project/dataset"
    )
    assert place_of("nonsense") is None


def told(leaves: bool, **values: Any) -> list[str]:
    settings = Settings(**values)
    return [each.text for each in what_leaves(settings, hosts=True, environ={}) if each.leaves is leaves]


def test_with_nothing_elsewhere_nothing_leaves() -> None:
    assert told(True, writers="verified, offline") == []
    assert "No language model is asked: no question goes to one." in told(False, writers="verified, offline")
    assert "No telemetry is sent." in told(False)


def test_a_language_model_without_a_key_is_not_asked() -> None:
    assert told(True, writers="offline, llm") == []


@pytest.mark.parametrize(
    ("writers", "begins"),
    [("verified, offline, llm", "Questions that the writers before it cannot"), ("llm, offline", "Every question is")],
)
def test_which_questions_go_to_the_language_model_follows_from_the_order(writers: str, begins: str) -> None:
    found = told(True, writers=writers, openai_api_key="k", openai_base_url="https://llm.example.com/v1")
    assert found[0].startswith(begins) and found[0].endswith("at llm.example.com.")


@pytest.mark.parametrize("values", ["none", "enums", "linked"])
def test_which_values_are_sent_follows_from_the_setting(values: str) -> None:
    given: dict[str, Any] = {"openai_api_key": "k", "values_to_llm": values}
    sentence = {
        "none": "No values are shown to the language model, but for those that a question itself names.",
        "enums": "values that only the database holds are not looked up for it.",
        "linked": "and stored values that a question names.",
    }[values]
    assert any(sentence in each for each in told(values != "none", **given))


def test_a_model_of_this_machine_sends_nothing_away() -> None:
    assert told(True, openai_base_url="http://127.0.0.1:11434/v1", values_to_llm="linked") == []
    assert any("runs on this machine" in each for each in told(False, openai_base_url="http://[::1]:11434/v1"))


def test_what_is_kept_elsewhere_is_said_with_its_host() -> None:
    found = told(
        True,
        database="mysql://db.example.com/shop",
        cache="redis://cache.example.com/0",
        ledger="postgresql://ledger.example.com/l",
        app_database="postgresql://app.example.com/a",
        embeddings="small",
        openai_api_key="k",
        traces="otlp",
    )
    for host in ("db", "cache", "ledger", "app"):
        assert any(f"{host}.example.com" in each for each in found)
    assert any("embedding model small at api.openai.com" in each for each in found)
    assert "The ledger holds questions and SQL as they were, for 90 days." in found


def test_traces_go_where_the_environment_says() -> None:
    settings = Settings(traces="otlp")
    away = what_leaves(settings, hosts=True, environ={"OTEL_EXPORTER_OTLP_ENDPOINT": "https://traces.example.com"})
    here = what_leaves(settings, hosts=True, environ={})
    assert [each.leaves for each in away if "collector" in each.text] == [True]
    assert [each.leaves for each in here if "collector" in each.text] == [False]


def test_the_role_is_told_in_words(app: AppTest, allow: Callable[..., None], pipeline: Any) -> None:
    pipeline.policy = Policy(
        role="manager",
        masks={"orders.email": "hash"},
        hidden=frozenset({"orders.placed_at"}),
        aggregate_only={"orders.id": 5},
        rows={"orders": "country = :user.country"},
        attributes={"country": "text", "desk": "integer"},
        limits=Limits(rows=77),
    )
    allow("ask", "settings", attributes={"country": "<b>DE</b>"})
    page = shown(open_about(app))
    assert "Your role can ask about 1 table with 3 fields." in page
    assert "1 private field is not shown to it." in page and "1 field is shown masked." in page
    assert "1 field is shown in totals only." in page
    assert "Not all rows exist for it: Orders are limited" in page
    assert "Your “country” is “&lt;b&gt;DE&lt;/b&gt;”." in page
    assert "Your account has no “desk”, which this role needs." in page
    assert "ask questions, see how the app is set up" in page and "<dd>77</dd>" in page


def test_the_language_that_is_chosen_is_kept_for_the_person(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    open_about(app)
    app.button_group(key="about-language").set_value("de").run()
    assert "Was das Haus verlässt" in headings(app)
    ready = services.start()
    assert isinstance(ready, services.Ready)
    assert ready.store.preferences("local") == {"language": "de"}


def test_the_parts_are_asked_when_the_button_is_pressed(app: AppTest, pipeline: Any) -> None:
    asked = []
    pipeline.engine.distinct_values = lambda *given: asked.append(given) or ["1"]
    open_about(app)
    assert asked == []
    app.button(key="about-check").click().run()
    page = shown(app)
    assert len(asked) == 1
    assert "<strong>Database.</strong> It answers in" in page
    assert "<strong>Key of the language model.</strong> There is none" in page and "Set OPENAI_API_KEY" in page
    assert "Still asking" not in page


def test_a_part_that_is_broken_says_so_with_a_remedy(
    app: AppTest, pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> list[str]:
        raise DatabaseUnreachable(f"The database at mysql://u:{SECRET}@h/d is gone.", hint="Start it.")

    def unreachable(*_: object) -> dict[str, str]:
        raise StoreUnreachable("gone")

    pipeline.engine.distinct_values = fail
    open_about(app)
    monkeypatch.setattr(MemoryStore, "preferences", unreachable)
    app.button(key="about-check").click().run()
    page = shown(app)
    assert "It does not answer." in page and "Check that the server runs" in page and "Start it." in page
    assert "They cannot be read; questions are answered all the same." in page
    assert SECRET not in page


def test_what_does_not_answer_in_time_is_late_and_is_not_asked_twice() -> None:
    release, started = threading.Event(), []

    def never() -> Health:
        started.append(1)
        release.wait(60)
        return Health("ledger", "ok")

    def look() -> Iterator[Health]:
        parts: dict[Any, Any] = {"ledger": never, "cache": lambda: Health("cache", "ok")}
        return (each for each in examine(parts, owner="late", seconds=0.3) if each is not None)

    try:
        assert {each.part: each.state for each in look()} == {"cache": "ok", "ledger": "late"}
        assert {each.part: each.state for each in look()} == {"cache": "ok", "ledger": "late"}
        assert started == [1]
    finally:
        release.set()


def test_where_nothing_can_be_asked_the_page_still_tells_where_it_would_ask(
    app: AppTest, configured: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(database=f"postgresql://reader:{SECRET}@db.example.com:5433/shop")
    open_about(app)
    down = services.NotReady("The database does not answer.", "Start it.", "database_unreachable")
    person = local_person(Principal())
    monkeypatch.setattr(services, "start", lambda: down)
    monkeypatch.setattr(services, "who_is_here", lambda: services.Present(person, MemoryStore()))
    app.run()
    assert not app.exception
    assert "The database does not answer." in shown(app) and "db.example.com:5433" in shown(app)
    assert SECRET not in shown(app) and "Health" in headings(app)
