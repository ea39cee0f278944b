"""What every server engine stops, refuses and keeps to itself."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy

from nl2sql.catalog.model import DataType
from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.errors import (
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnreadable,
    EngineError,
    QueryFailed,
    QueryTimedOut,
)
from nl2sql.guard.checked import CheckedSql

Mint = Callable[..., CheckedSql]
Ask = Callable[..., list[tuple[object, ...]]]
PASSWORD = "pa$$ w:rd/42"


def assert_nothing_runs_on(server: Any, admin: sqlalchemy.Engine) -> None:
    """A killed statement may take a moment to go."""
    with admin.connect() as connection:
        for _ in range(50):
            running = connection.exec_driver_sql(server.kill_marker.replace("%", "%%")).scalar()
            if not running:
                return
            time.sleep(0.02)
    pytest.fail(f"{running} statements still run on the server")


def test_a_flood_of_rows_is_left_behind_at_once(engine: Engine, server: Any, mint: Mint) -> None:
    flood = mint("SELECT a.title FROM items a, items b, items c", dialect=server.dialect, row_limit=1_000, seconds=20.0)
    started = time.monotonic()
    for _ in range(3):
        assert engine.run(flood).truncated
    assert time.monotonic() - started < 6  # reading the 27 million rows takes minutes
    assert engine.run(mint("SELECT id FROM items", dialect=server.dialect)).row_count == 300


def test_a_result_that_is_too_large_is_cut(admin: sqlalchemy.Engine, server: Any, mint: Mint) -> None:
    engine = open_engine(admin.url.render_as_string(hide_password=False), result_bytes=5_000)
    result = engine.run(mint("SELECT title FROM items ORDER BY id", dialect=server.dialect))
    engine.close()
    assert result.truncated
    assert 100 < result.row_count < 300


def test_the_policys_limit_on_the_size_of_a_result_cuts(engine: Engine, server: Any, mint: Mint) -> None:
    sql = "SELECT title FROM items ORDER BY id"
    cut = engine.run(mint(sql, dialect=server.dialect, result_bytes=5_000))
    assert cut.truncated
    assert 100 < cut.row_count < 300
    assert not engine.run(mint(sql, dialect=server.dialect)).truncated


def test_an_endless_query_is_stopped_at_its_limit_and_stops_on_the_server(
    ask: Ask, server: Any, admin: sqlalchemy.Engine
) -> None:
    started = time.monotonic()
    with pytest.raises(QueryTimedOut):
        ask(server.endless, seconds=0.5)
    assert 0.5 <= time.monotonic() - started < 1.0
    assert_nothing_runs_on(server, admin)
    assert ask("SELECT COUNT(*) FROM items", ("n", DataType.INTEGER)) == [(300,)]


def test_a_statement_whose_rest_nobody_wants_stops_on_the_server(
    engine: Engine, server: Any, mint: Mint, admin: sqlalchemy.Engine
) -> None:
    """Many rows at once, then none for hours: the server would not notice that nobody listens."""
    sql = f"SELECT a.id FROM items a, items b WHERE b.id <= 10 UNION ALL {server.endless}"
    assert engine.run(mint(sql, dialect=server.dialect, row_limit=10, seconds=10.0)).truncated
    assert_nothing_runs_on(server, admin)


def test_a_function_that_ends_at_the_limit_without_an_error_is_no_answer(ask: Ask, server: Any) -> None:
    slow = {"mysql": "SELECT BENCHMARK(1000000000, MD5('x'))", "postgres": "SELECT pg_sleep(10)"}[server.dialect]
    started = time.monotonic()
    with pytest.raises(QueryTimedOut):
        ask(slow, seconds=0.3)
    assert time.monotonic() - started < 1.0


def test_the_servers_own_limit_stops_a_query_without_the_second_connection(
    ask: Ask, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nl2sql.engines.sql.GRACE_SECONDS", 30.0)
    started = time.monotonic()
    with pytest.raises(QueryTimedOut):
        ask(server.endless, seconds=0.4)
    assert time.monotonic() - started < 1.0


def test_the_second_connection_stops_what_the_servers_limit_does_not(
    ask: Ask, server: Any, monkeypatch: pytest.MonkeyPatch, admin: sqlalchemy.Engine
) -> None:
    """As if the limit had not been set: the statement itself may have lifted it."""
    if server.dialect == "mysql":
        monkeypatch.setattr("nl2sql.engines.mysql._session_settings", lambda *_: "DO 0")
    else:
        monkeypatch.setattr("nl2sql.engines.postgres.round", lambda _: 0, raising=False)
        monkeypatch.setattr("nl2sql.engines.postgres.max", min, raising=False)
    started = time.monotonic()
    with pytest.raises(QueryTimedOut):
        ask(server.endless, seconds=0.4)
    assert time.monotonic() - started < 1.0
    assert_nothing_runs_on(server, admin)


def test_the_limit_holds_for_the_whole_result_and_not_for_each_fetch(ask: Ask) -> None:
    slow_rows = "SELECT a.id FROM items a WHERE (SELECT COUNT(*) FROM items b, items c WHERE b.id + c.id > a.id) > 0"
    started = time.monotonic()
    with pytest.raises(QueryTimedOut):
        ask(slow_rows, seconds=0.4)
    assert time.monotonic() - started < 1.0


WRITES = [
    "INSERT INTO items(id) VALUES (1000)",
    "UPDATE items SET title = 'x'",
    "DELETE FROM items",
    "DROP TABLE items",
    "CREATE TABLE other(a INTEGER)",
    "SELECT id FROM items; DELETE FROM items",
    "SELECT id FROM items FOR UPDATE",
    "TRUNCATE TABLE items",
    "SELECT no_such_column FROM items",
    "",
]


@pytest.mark.parametrize("sql", WRITES)
def test_the_session_only_reads(sql: str, ask: Ask) -> None:
    with pytest.raises(QueryFailed) as caught:
        ask(sql)
    assert caught.value.user_message == "The database could not run this query."
    assert caught.value.hint
    assert ask("SELECT COUNT(*) FROM items", ("n", DataType.INTEGER)) == [(300,)]


def test_a_data_error_does_not_show_the_data(ask: Ask, server: Any) -> None:
    sql, words = {
        "mysql": ("SELECT UPDATEXML(1, CONCAT('~', (SELECT title FROM items WHERE id = 42)), 1)", "XPATH syntax error"),
        "postgres": ("SELECT CAST(title AS INTEGER) FROM items WHERE id = 42", "invalid input syntax"),
    }[server.dialect]
    with pytest.raises(QueryFailed) as caught:
        ask(sql)
    assert words in caught.value.hint
    assert "Thing" not in caught.value.hint + caught.value.user_message


def test_settings_that_a_statement_changed_do_not_reach_the_next(
    engine: Engine, server: Any, ask: Ask, admin: sqlalchemy.Engine
) -> None:
    """The guard refuses such statements; should one pass, it has gained nothing for the next."""
    if server.dialect == "mysql":
        with engine._engine.raw_connection() as raw, raw.cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute("SET SESSION tx_read_only = 0, max_statement_time = 0, sql_mode = 'ANSI_QUOTES'")
        # SERVER_STATUS aside, the next statement runs with everything pinned again.
        assert ask('SELECT "Thing" FROM items LIMIT 1') == [("Thing",)]
    else:
        for name, value in (("default_transaction_read_only", "off"), ("statement_timeout", "0")):
            ask(f"SELECT set_config('{name}', '{value}', false)")
        [(limit,)] = ask("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'", seconds=3.0)
        assert 1_000 < int(str(limit)) <= 3_000  # milliseconds; waiting for a connection counts too
    with pytest.raises(EngineError):
        ask("DELETE FROM items")


def test_strings_are_read_as_the_guard_reads_them(ask: Ask, server: Any, engine: Engine) -> None:
    if server.dialect == "mysql":
        assert "PIPES_AS_CONCAT" not in str(ask("SELECT @@SESSION.sql_mode"))
        return
    ask("SELECT set_config('standard_conforming_strings', 'off', false)")
    assert ask("SELECT current_setting('standard_conforming_strings')") == [("on",)]
    with engine._engine.raw_connection() as raw:  # type: ignore[attr-defined]
        raw.driver_connection.execute("SET standard_conforming_strings = off")
        raw.driver_connection.commit()
    with pytest.raises(DatabaseUnreadable, match="not safe"):
        ask("SELECT 1")


def test_a_database_that_does_not_exist_is_named_without_its_address(
    admin: sqlalchemy.Engine, server: Any, mint: Mint
) -> None:
    engine = open_engine(admin.url.set(database="nl2sql_no_such").render_as_string(hide_password=False))
    with pytest.raises(DatabaseMissing):
        engine.run(mint("SELECT 1", dialect=server.dialect))


def test_a_server_that_is_not_there_may_be_tried_again_and_no_password_is_shown(
    admin: sqlalchemy.Engine, server: Any, mint: Mint
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = admin.url.set(port=unused.getsockname()[1], password=PASSWORD)
        engine = open_engine(url.render_as_string(hide_password=False))
        with pytest.raises(DatabaseUnreachable) as caught:
            engine.run(mint("SELECT 1", dialect=server.dialect))
    assert caught.value.retryable
    assert PASSWORD not in caught.value.user_message + caught.value.hint + repr(caught.value)
    assert PASSWORD not in repr(engine) + str(vars(engine))


def test_an_account_that_is_not_let_in_is_told_so_without_its_name(
    admin: sqlalchemy.Engine, server: Any, mint: Mint
) -> None:
    url = admin.url.set(username="nobody_known", password=PASSWORD)
    with pytest.raises(DatabaseUnreadable) as caught:
        open_engine(url.render_as_string(hide_password=False)).run(mint("SELECT 1", dialect=server.dialect))
    assert not caught.value.retryable
    assert "nobody_known" not in caught.value.user_message + caught.value.hint


@pytest.mark.parametrize("forged", ["SELECT 1", None, object()])
def test_nothing_but_a_checked_sql_runs(forged: object, engine: Engine) -> None:
    with pytest.raises(TypeError):
        engine.run(forged)  # type: ignore[arg-type]
