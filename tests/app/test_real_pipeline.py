"""The pages over the real pipeline: a seeded database, the shipped model and policy, the offline writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from streamlit_app import services

APP = Path(services.__file__).with_name("app.py")


@pytest.fixture
def database(tiny_database: Path) -> Path:
    return tiny_database


@pytest.fixture
def config(
    tmp_path: Path, tiny_database: Path, write_config: Callable[[Path, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    path = write_config(tmp_path, tiny_database)
    monkeypatch.setenv("NL2SQL_CONFIG", str(path))
    return path


@pytest.fixture
def app(config: Path) -> AppTest:
    return AppTest.from_file(str(APP), default_timeout=60)


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def ask(app: AppTest, text: str) -> AppTest:
    if not app.chat_input:
        app.run()
    return app.chat_input[0].set_value(text).run()


def scalar(database: Path, sql: str) -> int:
    connection = sqlite3.connect(database)
    try:
        return int(connection.execute(sql).fetchone()[0])
    finally:
        connection.close()


def test_a_count_on_the_page_is_the_count_in_the_database(app: AppTest, database: Path) -> None:
    sold = scalar(database, "SELECT COUNT(*) FROM listings WHERE status = 'sold' AND closed_at LIKE '2026-05%'")
    ask(app, "How many listings were sold last month?")
    assert not app.exception
    assert sold > 0 and f"{sold:,}" in shown(app).split("</h2>")[0]


def test_the_collector_is_settled_once_for_all_questions(app: AppTest, settled: list[str]) -> None:
    ask(app, "How many listings were sold last month?")
    ask(app, "How many bids are there?")
    assert settled == ["settled"]


def test_the_second_time_the_result_comes_from_the_cache(app: AppTest) -> None:
    ask(app, "How many listings were sold last month?")
    assert "from the cache" not in shown(app)
    app.button(key="clear").click().run()
    ask(app, "How many listings were sold last month?")
    assert "from the cache, less than a minute old" in shown(app)


def test_the_newest_row_of_the_table_dates_the_answer(app: AppTest, database: Path) -> None:
    connection = sqlite3.connect(database)
    newest = datetime.fromisoformat(connection.execute("SELECT MAX(placed_at) FROM bids").fetchone()[0])
    connection.close()
    ask(app, "How many bids were placed last month?")
    assert f"Data as of {newest.day} {newest:%B %Y, %H:%M} UTC" in shown(app)


def test_every_example_of_the_model_is_answered(app: AppTest) -> None:
    app.run()
    ready = services.start()
    assert isinstance(ready, services.Ready) and ready.pipeline.model.examples
    for text in ready.pipeline.model.examples:
        ask(app, text)
        assert not app.exception
        assert "pass on the reference" not in shown(app), text
        assert '<h2 class="ask-headline">' in shown(app), text
        app.button(key="clear").click().run()


def test_a_private_column_is_refused_however_it_is_asked(app: AppTest) -> None:
    ask(app, "How many listings were sold last month?")
    for number, sql in enumerate(["SELECT email FROM users", "SELECT * FROM users", "DELETE FROM users"], start=1):
        app.text_area(key="edited-1" if number == 1 else f"edited-{number}").set_value(sql)
        app.button(key=f"run-{number}").click().run()
        assert not app.exception
        if sql != "SELECT * FROM users":
            assert "This was not run" in shown(app), sql
        assert "@" not in "".join(str(frame.value.to_csv()) for frame in app.dataframe)


def test_a_missing_database_is_told_and_seeding_it_mends_the_page(config: Path, database: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.db"
    config.write_text(config.read_text().replace(str(database), str(gone)))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    assert app.title[0].value == "Not ready to answer yet"
    gone.write_bytes(database.read_bytes())
    app.button(key="try-again").click().run()
    ask(app, "How many listings were sold last month?")
    assert '<h2 class="ask-headline">' in shown(app)


def test_a_file_that_is_no_database_is_told_and_replacing_it_mends_the_page(
    config: Path, database: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this was never a database, only words " * 400)
    config.write_text(config.read_text().replace(str(database), str(broken)))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    assert app.title[0].value == "Not ready to answer yet"
    (tmp_path / "good.db").write_bytes(database.read_bytes())
    (tmp_path / "good.db").replace(broken)
    app.button(key="try-again").click().run()
    assert app.chat_input


def test_a_broken_model_is_told_and_mending_it_mends_the_page(config: Path, repository: Path, tmp_path: Path) -> None:
    shipped = repository / "schema" / "auction" / "model.yaml"
    model = tmp_path / "model.yaml"
    model.write_text("semantic_model: [\n")
    config.write_text(config.read_text().replace(str(shipped), str(model)))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not app.exception
    assert app.title[0].value == "Not ready to answer yet"
    assert "model.yaml" in shown(app)
    model.write_bytes(shipped.read_bytes())
    app.button(key="try-again").click().run()
    assert app.chat_input


def test_a_database_that_vanishes_while_the_app_runs_is_told(config: Path, database: Path, tmp_path: Path) -> None:
    here = tmp_path / "here.db"
    here.write_bytes(database.read_bytes())
    config.write_text(config.read_text().replace(str(database), str(here)))
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    assert app.chat_input
    here.unlink()
    app.run()
    assert not app.exception
    assert app.title[0].value == "Not ready to answer yet"
