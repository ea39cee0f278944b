"""The pages over the real pipeline and a database that charges: a file that says it does, with estimates as set."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.engines.base import NO_JOB, Estimate, Job, ResultTable
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.guard.checked import CheckedSql
from nl2sql.wire import answer_to_json
from streamlit_app import services

APP = Path(services.__file__).with_name("app.py")
QUESTION = "How many bids were placed last month?"


@dataclass
class Warehouse:
    """What it says a statement costs, and the statements that ran."""

    says: Estimate = field(default_factory=Estimate)
    ran: list[str] = field(default_factory=list)


@pytest.fixture
def warehouse(
    tmp_path: Path, tiny_database: Path, write_config: Callable[[Path, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> Warehouse:
    monkeypatch.setenv("NL2SQL_CONFIG", str(write_config(tmp_path, tiny_database)))
    made, run = Warehouse(), SqliteEngine.run

    def counted(engine: SqliteEngine, checked: CheckedSql, job: Job = NO_JOB) -> ResultTable:
        made.ran.append(checked.sql)
        return run(engine, checked, job)

    monkeypatch.setattr(SqliteEngine, "charges", True)
    monkeypatch.setattr(SqliteEngine, "estimate", lambda engine, checked: made.says)
    monkeypatch.setattr(SqliteEngine, "run", counted)
    return made


@pytest.fixture
def app(warehouse: Warehouse) -> AppTest:
    return AppTest.from_file(str(APP), default_timeout=60)


def ask(app: AppTest, text: str = QUESTION) -> AppTest:
    if not app.chat_input:
        app.run()
    return app.chat_input[0].set_value(text).run()


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def cost(gigabytes: int) -> Estimate:
    return Estimate(scanned_bytes=gigabytes * 10**9, price=Decimal(gigabytes) / 160)


def test_a_cheap_question_runs_at_once_and_reads_nothing_else(app: AppTest, warehouse: Warehouse) -> None:
    warehouse.says = cost(10)
    ask(app)
    assert len(warehouse.ran) == 1, "the age of the data is not worth a statement that costs"
    assert "Data as of" not in shown(app)
    assert "was to read about 10 GB, about 0.06 USD" in shown(app)


def test_a_costly_question_runs_once_it_is_accepted(app: AppTest, warehouse: Warehouse) -> None:
    warehouse.says = cost(25)
    ask(app)
    assert "Running this reads about 25 GB, about 0.16 USD." in shown(app)
    assert warehouse.ran == []
    app.button(key="accept-1").click().run()
    assert len(warehouse.ran) == 1
    assert '<h2 class="ask-headline">' in shown(app)


def test_kept_rows_cost_nothing_and_are_not_asked_about(app: AppTest, warehouse: Warehouse) -> None:
    warehouse.says = cost(1)
    ask(app)
    warehouse.says = cost(250)
    app.button(key="clear").click().run()
    ask(app)
    assert "from the cache" in shown(app)
    app.button(key="fresh-2").click().run()
    assert "This was not run" in shown(app)
    assert len(warehouse.ran) == 1


def test_a_question_that_grew_past_the_hard_limit_is_refused_though_it_was_accepted(
    app: AppTest, warehouse: Warehouse
) -> None:
    warehouse.says = cost(25)
    ask(app)
    warehouse.says = cost(101)
    app.button(key="accept-1").click().run()
    assert "Running this would read about 101 GB, about 0.63 USD. Your role may go up to 100 GB." in shown(app)
    assert warehouse.ran == []


def test_typed_sql_is_asked_about_too(app: AppTest, warehouse: Warehouse) -> None:
    warehouse.says = cost(25)
    ask(app, "SELECT COUNT(*) FROM bids")
    assert "This costs more than usual. Run it?" in shown(app)
    app.button(key="accept-1").click().run()
    assert warehouse.ran and "Your SQL" in shown(app)


def test_a_role_that_sees_some_rows_is_not_told_how_much_there_is(
    app: AppTest, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NL2SQL_ROLE", "country_manager")
    monkeypatch.setenv("NL2SQL_ATTRIBUTES", "country=DE")
    warehouse.says = Estimate(rows=123_456, scanned_bytes=1_234_567_890, price=Decimal("0.0123456"))
    ask(app)
    (entry,) = app.session_state["conversation"].entries
    told = json.loads(answer_to_json(entry.answer))["estimate"]
    assert told | {"advice": None} == {
        "rows": None,
        "scanned_bytes": 1_200_000_000,
        "price": "0.012",
        "currency": "USD",
        "advice": None,
    }
