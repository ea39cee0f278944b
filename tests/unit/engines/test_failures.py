"""Every error of a driver becomes one of ours, and none carries data or a secret."""

from __future__ import annotations

import sqlite3

import psycopg
import pymysql
import pytest
from psycopg import errors as pg

from nl2sql.engines.mysql import MySqlServer
from nl2sql.engines.postgres import PostgresServer
from nl2sql.engines.server import without_values
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.errors import (
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnreadable,
    EngineError,
    QueryFailed,
    QueryTimedOut,
)


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_INTERRUPT, QueryTimedOut),
        (sqlite3.SQLITE_BUSY, DatabaseUnreachable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, DatabaseUnreachable),
        (sqlite3.SQLITE_LOCKED_SHAREDCACHE, DatabaseUnreachable),
        (sqlite3.SQLITE_NOTADB, DatabaseUnreadable),
        (sqlite3.SQLITE_CORRUPT_VTAB, DatabaseUnreadable),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, DatabaseUnreadable),
        (sqlite3.SQLITE_IOERR_READ, DatabaseUnreadable),
        (sqlite3.SQLITE_ERROR, QueryFailed),
        (sqlite3.SQLITE_AUTH, QueryFailed),
        (sqlite3.SQLITE_TOOBIG, QueryFailed),
    ],
)
def test_sqlites_codes(code: int, expected: type[EngineError]) -> None:
    assert type(SqliteEngine("shop.db")._mapped(sqlite_error(code), 1.0)) is expected


@pytest.mark.parametrize("error", [MemoryError(), OverflowError("x"), sqlite3.Warning("x"), ValueError("x")])
def test_what_sqlites_driver_raises_without_a_code(error: Exception) -> None:
    mapped = SqliteEngine("shop.db")._mapped(error, 1.0)
    assert type(mapped) is QueryFailed
    assert mapped.hint


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (pymysql.OperationalError(1969, "max_statement_time exceeded"), QueryTimedOut),
        (pymysql.OperationalError(3024, "maximum statement execution time exceeded"), QueryTimedOut),
        (pymysql.OperationalError(1317, "interrupted"), QueryTimedOut),
        (pymysql.OperationalError(1049, "Unknown database 'x'"), DatabaseMissing),
        (pymysql.OperationalError(1045, "Access denied for user 'a'@'b'"), DatabaseUnreadable),
        (pymysql.OperationalError(2003, "Can't connect"), DatabaseUnreachable),
        (pymysql.OperationalError(2013, "Lost connection"), DatabaseUnreachable),
        (pymysql.OperationalError(1205, "Lock wait timeout"), DatabaseUnreachable),
        (pymysql.InterfaceError(0, ""), DatabaseUnreachable),
        (ConnectionResetError(104, "reset"), DatabaseUnreachable),
        (pymysql.ProgrammingError(1064, "syntax"), QueryFailed),
        (pymysql.InternalError("Packet sequence number wrong"), QueryFailed),
        (pymysql.Error(), QueryFailed),
    ],
)
def test_mysqls_codes(error: Exception, expected: type[EngineError]) -> None:
    assert type(MySqlServer().mapped(error, 1.0)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (pg.QueryCanceled(), QueryTimedOut),
        (pg.InvalidCatalogName(), DatabaseMissing),
        (psycopg.OperationalError('FATAL: database "x" does not exist'), DatabaseMissing),
        (psycopg.OperationalError('FATAL: password authentication failed for user "x"'), DatabaseUnreadable),
        (pg.InvalidPassword(), DatabaseUnreadable),
        (psycopg.OperationalError("connection refused"), DatabaseUnreachable),
        (pg.TooManyConnections(), DatabaseUnreachable),
        (pg.AdminShutdown(), DatabaseUnreachable),
        (pg.LockNotAvailable(), DatabaseUnreachable),
        (OSError("reset"), DatabaseUnreachable),
        (pg.UndefinedColumn(), QueryFailed),
        (pg.DivisionByZero(), QueryFailed),
        (psycopg.DataError("infinity"), QueryFailed),
    ],
)
def test_postgresqls_states(error: Exception, expected: type[EngineError]) -> None:
    assert type(PostgresServer().mapped(error, 1.0)) is expected


def _tree(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


@pytest.mark.parametrize("kind", [MySqlServer(), PostgresServer()], ids=["mysql", "postgres"])
def test_every_class_of_a_drivers_tree_is_mapped(kind: MySqlServer | PostgresServer) -> None:
    seen = 0
    for root in (*kind.driver_errors,):
        for each in _tree(root):
            if each.__module__.split(".")[0] in ("pymysql", "psycopg", "builtins"):
                mapped = kind.mapped(each(), 1.0)
                assert isinstance(mapped, EngineError)
                assert mapped.user_message.endswith(".")
                seen += 1
    assert seen > 20


def test_an_error_about_data_does_not_quote_the_data() -> None:
    mapped = MySqlServer().mapped(pymysql.DataError(1292, "Truncated incorrect DOUBLE value: 'HIDDEN-4711'"), 1.0)
    assert "HIDDEN" not in mapped.hint
    assert "Truncated incorrect DOUBLE value" in mapped.hint
    assert without_values("""bad "a b" and 'c'\n and `d`""") == "bad '…' and '…' and '…'"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Can't connect to MySQL server on '127.0.0.1' (refused)", "Can't connect to MySQL server on '…' (refused)"),
        ("Host 'a' isn't the server's own", "Host '…' isn't the server's own"),
        ("Incorrect value: 'O'Brien, 4711' for column 'name'", "Incorrect value: '…' for column '…'"),
        ("Incorrect value: 'it\\' 4711' at row 1", "Incorrect value: '…' at row 1"),
        ("Incorrect value: x'4711'", "Incorrect value: x'…'"),
        ("Incorrect value: 'cut off 4711", "Incorrect value: '…'"),
        ('invalid input syntax: "4711"', "invalid input syntax: '…'"),
    ],
)
def test_an_apostrophe_in_a_word_opens_no_value_and_one_in_a_value_does_not_end_it(message: str, shown: str) -> None:
    assert without_values(message) == shown


@pytest.mark.parametrize("error", [psycopg.OperationalError("connection refused"), psycopg.DataError("infinity")])
def test_a_hint_without_a_state_begins_with_a_word(error: Exception) -> None:
    assert PostgresServer().mapped(error, 1.0).hint[0].isalpha()


def test_an_error_about_the_statement_names_its_words() -> None:
    mapped = MySqlServer().mapped(pymysql.OperationalError(1054, "Unknown column 'emial' in 'SELECT'"), 1.0)
    assert "emial" in mapped.hint
