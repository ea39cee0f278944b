"""What stands on the page while there is nothing to ask, and that mending the cause is enough."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.errors import DatabaseMissing, ModelInvalid, Nl2SqlError
from nl2sql.settings import Settings
from streamlit_app import services

APP = Path(services.__file__).with_name("app.py")
Build = Callable[[Settings], Any]


@pytest.fixture
def start_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Build], AppTest]:
    """The app with its own settings file, where `build` makes the pipeline."""
    (tmp_path / "nl2sql.toml").write_text('database = "sqlite:///shop.db"\nmodel = "model.yaml"\npolicy = ""\n')
    monkeypatch.setenv("NL2SQL_CONFIG", str(tmp_path / "nl2sql.toml"))

    def start(build: Build) -> AppTest:
        bootstrap = ModuleType("nl2sql.bootstrap")
        bootstrap.build_pipeline = build  # type: ignore[attr-defined]
        bootstrap.verified_suggestions = lambda settings: ()  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "nl2sql.bootstrap", bootstrap)
        return AppTest.from_file(str(APP), default_timeout=20)

    return start


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


@pytest.mark.parametrize("page", ["app_pages/ask.py", "app_pages/data.py"])
def test_a_missing_database_says_what_to_do_on_every_page(start_with: Callable[[Build], AppTest], page: str) -> None:
    def build(settings: Settings) -> Any:
        raise DatabaseMissing("There is no database at var/auction.db.")

    app = start_with(build).run()
    app.switch_page(page).run()
    assert not app.exception
    assert app.title[0].value == "Not ready to answer yet"
    assert "There is no database at var/auction.db." in shown(app)
    assert "“make seed”" in shown(app)
    assert not app.chat_input


def test_an_error_that_brings_its_own_hint_shows_that_one(start_with: Callable[[Build], AppTest]) -> None:
    def build(settings: Settings) -> Any:
        raise ModelInvalid("model.yaml, line 3: there is no key “tabels”.", hint="Write “tables”.")

    app = start_with(build).run()
    assert "line 3" in shown(app) and "Write “tables”." in shown(app)
    assert "Mend the model file" not in shown(app)


def test_once_the_cause_is_mended_one_click_is_enough(start_with: Callable[[Build], AppTest], scripted: Any) -> None:
    causes: list[Nl2SqlError] = [DatabaseMissing("There is no database.")]

    def build(settings: Settings) -> Any:
        if causes:
            raise causes[0]
        return scripted

    app = start_with(build).run()
    assert "There is no database." in shown(app)
    causes.clear()
    app.button(key="try-again").click().run()
    assert "There is no database." not in shown(app)
    assert app.chat_input


def test_a_setting_nobody_knows_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "nl2sql.toml"
    config.write_text('databas = "sqlite:///x.db"\n')
    monkeypatch.setenv("NL2SQL_CONFIG", str(config))
    app = AppTest.from_file(str(APP), default_timeout=20).run()
    assert not app.exception
    assert "there is no setting “databas”" in shown(app)


def test_the_pipeline_is_built_once_and_again_only_when_its_files_change(
    start_with: Callable[[Build], AppTest], scripted: Any, tmp_path: Path
) -> None:
    built: list[Settings] = []

    def build(settings: Settings) -> Any:
        built.append(settings)
        return scripted

    (tmp_path / "model.yaml").write_text("one")
    (tmp_path / "shop.db").write_bytes(b"rows")
    app = start_with(build)
    app.run()
    (tmp_path / "shop.db").write_bytes(b"rows and more rows")
    app.run()
    assert len(built) == 1, "new rows in the same database need no new pipeline"
    (tmp_path / "model.yaml").write_text("one and two")
    app.run()
    assert len(built) == 2
    (tmp_path / "other.db").write_bytes(b"seeded again")
    (tmp_path / "other.db").replace(tmp_path / "shop.db")
    app.run()
    assert len(built) == 3, "another file under the same name is another database"


@pytest.mark.parametrize(
    "changed", ["prompts/sql_writer/v9.md", "verified/sold.yaml", "prices.yaml", "replies.jsonl", "policy.yaml"]
)
def test_the_pipeline_is_built_again_when_a_file_beside_it_changes(
    changed: str, start_with: Callable[[Build], AppTest], scripted: Any, tmp_path: Path
) -> None:
    built: list[Settings] = []

    def build(settings: Settings) -> Any:
        built.append(settings)
        return scripted

    app = start_with(build)
    named = {"policy": "policy.yaml", "llm_prices": "prices.yaml", "llm": "recorded:replies.jsonl"}
    lines = ['database = "sqlite:///shop.db"', 'model = "model.yaml"', 'prompts = "prompts"']
    lines += [f'{name} = "{value}"' for name, value in named.items()]
    (tmp_path / "nl2sql.toml").write_text("\n".join(lines))
    path = tmp_path / changed
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("one")
    app.run()
    app.run()
    assert len(built) == 1
    path.write_text("one and two")
    app.run()
    assert len(built) == 2


def test_an_unexpected_error_at_the_start_is_a_sentence_too(
    start_with: Callable[[Build], AppTest], caplog: pytest.LogCaptureFixture
) -> None:
    def build(settings: Settings) -> Any:
        raise RuntimeError("wires crossed")

    app = start_with(build).run()
    assert not app.exception
    assert "pass on the reference" in shown(app)
    assert "wires crossed" not in shown(app) and "wires crossed" in caplog.text
