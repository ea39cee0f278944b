"""The second wall: statements that the guard would refuse, put straight to the engine's own way of running a text.

Should one pass, it does no harm beyond this test: each names a table of the test's own database or changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy

from nl2sql.engines.registry import open_engine
from nl2sql.engines.sql import SqlEngine
from nl2sql.errors import DatabaseUnreachable, DatabaseUnreadable, EngineError, QueryFailed
from tests.integration.conftest import MakeAccount, Server, execute, on_mysql, on_postgres

Raw = Callable[..., list[tuple[object, ...]]]
COUNT = "SELECT COUNT(*) FROM items"

NOT_QUERIES = {
    "mysql": [
        "SET SESSION tx_read_only = 0",
        "SET GLOBAL max_connections = @@GLOBAL.max_connections",
        "SET STATEMENT tx_read_only = 0 FOR DELETE FROM items",
        "SET NAMES gbk",
        "SET PASSWORD = PASSWORD('x')",
        "SET ROLE NONE",
        "START TRANSACTION READ WRITE",
        "BEGIN",
        "COMMIT",
        "XA START 'nl2sql'",
        "LOCK TABLES items READ",
        "HANDLER items OPEN",
        "DO GET_LOCK('nl2sql', 0)",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "ANALYZE TABLE items",
        "USE mysql",
        "HELP 'select'",
        "CALL nothing()",
        "PREPARE s FROM 'DELETE FROM items'",
        "EXECUTE IMMEDIATE 'DELETE FROM items'",
        "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE items",
        "BEGIN NOT ATOMIC DELETE FROM items; END",
        "/*!50000 DELETE FROM items */",
        "-- nothing",
        "WITHOUT",
    ],
    "postgres": [
        "SET TRANSACTION READ WRITE",
        "BEGIN READ WRITE",
        "COMMIT",
        "SHOW ALL",
        "EXPLAIN SELECT 1",
        "COPY items TO STDOUT",
        "DO $$ BEGIN END $$",
        "LISTEN nl2sql",
        "LOCK TABLE items",
        "DISCARD ALL",
        "PREPARE p AS SELECT 1",
        "FETCH 1 FROM nl2sql",
        "CLOSE nl2sql",
        "CALL nothing()",
        "INSERT INTO items(id) VALUES (1001) RETURNING id",
        "WITH gone AS (DELETE FROM items RETURNING id) SELECT id FROM gone",
        "SELECT id INTO other FROM items",
        "CREATE TEMP TABLE other(a INTEGER)",
        "SELECT 1) TO STDOUT; DELETE FROM items; --",
    ],
}
WRITING_QUERIES = {
    "mysql": [
        "SELECT id FROM items FOR UPDATE",
        "SELECT NEXT VALUE FOR numbers",
        "SELECT writes()",
        "WITH a AS (SELECT id FROM items) DELETE FROM items WHERE id IN (SELECT id FROM a)",
        "SELECT id INTO @a FROM items LIMIT 1",
        "VALUES (1); DELETE FROM items",
    ],
    "postgres": [
        "SELECT id FROM items FOR UPDATE",
        "SELECT nextval('numbers')",
        "SELECT writes()",
        "SELECT leaves()",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT query_to_xml('DELETE FROM items', true, false, '')",
        "SELECT query_to_xml('SET TRANSACTION READ WRITE', true, false, '')",
        "SELECT query_to_xml('COMMIT', true, false, '')",
    ],
}
ROUTINES = {
    "mysql": [
        "CREATE SEQUENCE numbers",
        "CREATE FUNCTION writes() RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN DELETE FROM items; RETURN 1; END",
    ],
    "postgres": [
        "CREATE SEQUENCE numbers",
        "CREATE FUNCTION writes() RETURNS INT LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN DELETE FROM items; RETURN 1; END $$",
        "CREATE FUNCTION leaves() RETURNS INT LANGUAGE plpgsql AS"
        " $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM items; RETURN 1; END $$",
    ],
}


@pytest.fixture(scope="module", autouse=True)
def routines(server: Server, admin: sqlalchemy.Engine) -> None:
    execute(admin, *ROUTINES[server.dialect])


def refused(raw: Raw, sql: str) -> QueryFailed:
    with pytest.raises(QueryFailed) as caught:
        raw(sql, seconds=2.0)
    assert raw(COUNT) == [(300,)]
    return caught.value


def test_what_is_no_query_is_refused_whatever_the_account_may(raw: Raw, server: Server) -> None:
    for sql in NOT_QUERIES[server.dialect]:
        assert refused(raw, sql).hint, sql


def test_a_query_that_writes_is_refused_whatever_the_account_may(raw: Raw, server: Server) -> None:
    for sql in WRITING_QUERIES[server.dialect]:
        assert refused(raw, sql).hint, sql


def test_what_only_begins_like_a_query_is_one_to_the_server_too(raw: Raw, server: Server) -> None:
    for sql in ("SELECT 1", " \n(SELECT 1)", "((SELECT 1))", "WITH a AS (SELECT 1 AS n) SELECT n FROM a", "VALUES (1)"):
        assert raw(sql) == [(1,)], sql


def held_locks(server: Server, admin: sqlalchemy.Engine) -> object:
    sql = {
        "mysql": "SELECT IS_USED_LOCK('nl2sql_held') IS NOT NULL",
        "postgres": "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711)",
    }[server.dialect]
    with admin.connect() as connection:
        return bool(connection.exec_driver_sql(sql).scalar())


def test_a_lock_does_not_outlive_the_statement_that_took_it(raw: Raw, server: Server, admin: sqlalchemy.Engine) -> None:
    taking = {"mysql": "SELECT GET_LOCK('nl2sql_held', 0)", "postgres": "SELECT pg_try_advisory_lock(4711)"}
    assert raw(taking[server.dialect]) in ([(1,)], [(True,)])
    assert not held_locks(server, admin)


def test_who_waits_for_a_table_that_is_being_altered_is_told_soon(
    raw: Raw, server: Server, admin: sqlalchemy.Engine
) -> None:
    with admin.execution_options(isolation_level="READ COMMITTED").connect() as altering:
        lock = "LOCK TABLES items WRITE" if server.dialect == "mysql" else "LOCK TABLE items IN ACCESS EXCLUSIVE MODE"
        altering.exec_driver_sql(lock)
        started = time.monotonic()
        with pytest.raises(DatabaseUnreachable) as caught:
            raw("SELECT id FROM items", seconds=30.0)
        assert time.monotonic() - started < 10
        if server.dialect == "mysql":
            altering.exec_driver_sql("UNLOCK TABLES")
    assert caught.value.retryable


@on_mysql
def test_an_account_that_may_only_select_reaches_no_file(
    server: Server, make_account: MakeAccount, tmp_path: Path
) -> None:
    engine = open_engine(make_account("GRANT SELECT ON {database}.* TO {account}").url)
    assert isinstance(engine, SqlEngine)
    for sql in ("SELECT 1 INTO OUTFILE '/tmp/nl2sql_out'", "SELECT 1 INTO DUMPFILE '/tmp/nl2sql_out'"):
        with pytest.raises((QueryFailed, DatabaseUnreadable)):
            engine._read(sql, 2.0, 10, 1_000)
    assert engine._read("SELECT LOAD_FILE('/etc/hostname')", 2.0, 10, 1_000)[1] == [(None,)]
    engine.close()


@on_postgres
def test_an_account_that_may_only_select_reaches_no_file_and_no_program(
    server: Server, make_account: MakeAccount
) -> None:
    engine = open_engine(make_account("GRANT SELECT ON items TO {account}").url)
    assert isinstance(engine, SqlEngine)
    for call in (
        "pg_read_file('PG_VERSION')",
        "pg_ls_dir('.')",
        "lo_import('/etc/hostname')",
        "lo_export(1, '/tmp/x')",
    ):
        with pytest.raises(EngineError):
            engine._read(f"SELECT {call}", 2.0, 10, 1_000)
    engine.close()
