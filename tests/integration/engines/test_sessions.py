"""What each session of a server is told, that it holds to it, and that neither address nor role can loosen it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pymysql
import pytest
import sqlalchemy

from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.engines.sql import SqlEngine
from nl2sql.errors import DatabaseUnreachable, QueryFailed, QueryTimedOut, SettingsInvalid
from tests.integration.conftest import MakeAccount, Server, execute, on_mysql, on_postgres

Raw = Callable[..., list[tuple[object, ...]]]


def test_what_a_session_was_told_holds_and_what_it_was_not_is_named(engine: SqlEngine, server: Server) -> None:
    assert engine.session_faults() == ()
    lax: tuple[object, ...] = (
        (0, 0.0, "ANSI,PIPES_AS_CONCAT", "latin1") if server.dialect == "mysql" else ("off", "0", "off", "public")
    )
    assert len(engine._kind.session_faults(lax)) == 4


def test_a_session_that_forgets_what_it_is_told_is_noticed(
    engine: Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As behind a proxy that gives each statement to another connection of its own."""
    if server.dialect == "mysql":
        monkeypatch.setattr("nl2sql.engines.mysql._session_settings", lambda *_: "DO 0")
    else:
        monkeypatch.setattr("nl2sql.engines.postgres._local_settings", lambda *_: "SELECT 1")
    assert "has no time limit" in engine.session_faults()


def test_the_address_cannot_loosen_the_session(admin: sqlalchemy.Engine, server: Server) -> None:
    """Multi-statements, files of this machine, autocommit: an address is often copied from another program."""
    if server.dialect == "mysql":
        loose = {"client_flag": str(1 << 16), "local_infile": "1", "charset": "latin1", "sql_mode": "ANSI_QUOTES"}
    else:
        loose = {"client_encoding": "latin1", "options": "-c default_transaction_read_only=off -c statement_timeout=0"}
    url = admin.url.update_query_dict(loose)
    engine = open_engine(url.render_as_string(hide_password=False))
    assert isinstance(engine, SqlEngine)
    assert engine.session_faults() == ()
    for sql in ("SELECT 1; SELECT 2", "DELETE FROM items"):
        with pytest.raises(QueryFailed):
            engine._read(sql, 2.0, 10, 1_000)
    _, rows, _ = engine._read("SELECT 'é😀'", 2.0, 10, 1_000)
    assert rows == [("é😀",)]
    engine.close()


def test_what_a_connection_was_left_with_does_not_reach_the_next_statement(
    engine: SqlEngine, raw: Raw, server: Server
) -> None:
    left = {
        "mysql": "SET NAMES gbk, time_zone = '+09:00', sql_mode = 'ANSI_QUOTES', lock_wait_timeout = 1000",
        "postgres": "SET search_path = nowhere; SET row_security = off; SET lock_timeout = 0; SET datestyle = 'German'",
    }
    told: dict[str, tuple[str, tuple[object, ...]]] = {
        "mysql": (
            "SELECT @@character_set_client, @@character_set_results, @@time_zone, @@lock_wait_timeout",
            ("utf8mb4", "utf8mb4", "+00:00", 2),
        ),
        "postgres": (
            "SELECT current_setting('search_path'), current_setting('row_security'), current_setting('lock_timeout'),"
            " current_setting('datestyle')",
            ("pg_catalog, public, pg_temp", "on", "2s", "ISO, MDY"),
        ),
    }
    with engine._engine.raw_connection() as pooled:
        pooled.cursor().execute(left[server.dialect])
        pooled.commit()
    sql, values = told[server.dialect]
    assert raw(sql) == [values]


@on_mysql
def test_a_server_gets_no_file_of_this_machine_even_if_the_address_allows_it(
    admin: sqlalchemy.Engine, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("42\n")
    execute(admin, "CREATE TABLE IF NOT EXISTS loaded(id INTEGER)")
    url = admin.url.update_query_dict({"local_infile": "1"}).render_as_string(hide_password=False)
    engine = open_engine(url)
    assert isinstance(engine, SqlEngine)
    connection = engine._connect()
    with connection.cursor() as cursor, pytest.raises(pymysql.Error):
        cursor.execute(f"LOAD DATA LOCAL INFILE '{tmp_path}/secret.txt' INTO TABLE loaded")
    connection.close()
    engine.close()


@on_mysql
def test_a_statement_is_killed_from_outside_whatever_options_the_address_has(
    admin: sqlalchemy.Engine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second connection is opened with the same options as the first."""
    url = admin.url.update_query_dict({"charset": "utf8mb4", "connect_timeout": "7"})
    engine = open_engine(url.render_as_string(hide_password=False))
    assert isinstance(engine, SqlEngine)
    monkeypatch.setattr("nl2sql.engines.mysql._session_settings", lambda *_: "DO 0")
    started = time.monotonic()
    with pytest.raises(QueryTimedOut):
        engine._read("SELECT COUNT(*) FROM items a, items b, items c, items d, items e", 0.3, 10, 1_000)
    assert time.monotonic() - started < 5
    engine.close()


@pytest.fixture
def shadowed(admin: sqlalchemy.Engine, server: Server) -> Iterator[str]:
    """A schema in front of PostgreSQL's own names, with a function that lies."""
    execute(
        admin,
        "CREATE SCHEMA liar",
        "CREATE FUNCTION liar.upper(text) RETURNS text LANGUAGE sql AS $$ SELECT 'shadowed' $$",
        "CREATE TABLE liar.items AS SELECT 1 AS id",
    )
    yield admin.url.update_query_dict({"options": "-c search_path=liar,public,pg_catalog"}).render_as_string(
        hide_password=False
    )
    execute(admin, "DROP SCHEMA liar CASCADE")


@on_postgres
def test_postgresqls_own_names_win_and_the_accounts_path_stays_in_order(shadowed: str) -> None:
    engine = open_engine(shadowed)
    assert isinstance(engine, SqlEngine)
    assert engine._read("SELECT upper('told'), count(*) FROM items", 2.0, 10, 1_000)[1] == [("TOLD", 1)]
    assert engine.session_faults() == ()
    engine.close()


@on_postgres
def test_a_role_with_settings_of_its_own_reads_as_the_guard_does(
    admin: sqlalchemy.Engine, server: Server, make_account: MakeAccount
) -> None:
    account = make_account(
        "GRANT SELECT ON items TO {account}",
        "ALTER ROLE {account} SET transform_null_equals = on",
        "ALTER ROLE {account} SET datestyle = 'German, DMY'",
        "ALTER ROLE {account} SET row_security = off",
        "ALTER ROLE {account} SET standard_conforming_strings = off",
        "ALTER ROLE {account} SET search_path = nowhere",
    )
    engine = open_engine(account.url)
    assert isinstance(engine, SqlEngine)
    sql = (
        "SELECT (SELECT count(*) FROM public.items WHERE title = NULL), '03/04/2026'::date::text, '\\',"
        " current_setting('row_security'), current_setting('search_path')"
    )
    assert engine._read(sql, 2.0, 10, 1_000)[1] == [(0, "2026-03-04", "\\", "on", "pg_catalog, pg_temp")]
    engine.close()


@on_postgres
def test_postgresql_is_reached_over_tls_or_not_at_all_when_the_address_says_so(
    admin: sqlalchemy.Engine, server: Server
) -> None:
    with admin.connect() as connection:
        offered = connection.exec_driver_sql("SHOW ssl").scalar() == "on"
    engine = open_engine(admin.url.update_query_dict({"sslmode": "require"}).render_as_string(hide_password=False))
    assert isinstance(engine, SqlEngine)
    sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    if offered:
        assert engine._read(sql, 5.0, 1, 1_000)[1] == [(True,)]
    else:
        with pytest.raises(DatabaseUnreachable) as caught:
            engine._read(sql, 5.0, 1, 1_000)
        assert "does not support SSL" in caught.value.hint
    engine.close()


@pytest.mark.parametrize("option", ["no_such_option", "ssl_mode"])
def test_an_option_that_the_driver_does_not_know_is_refused_when_the_address_is_read(
    admin: sqlalchemy.Engine, option: str
) -> None:
    with pytest.raises(SettingsInvalid, match="has an option"):
        open_engine(admin.url.update_query_dict({option: "x"}).render_as_string(hide_password=False))
