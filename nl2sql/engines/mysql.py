"""MySQL and MariaDB by PyMySQL."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pymysql  # type: ignore[import-untyped]
from pymysql.cursors import SSCursor  # type: ignore[import-untyped]

from nl2sql.engines.deadline import query_timed_out
from nl2sql.engines.server import RawConnection, RawCursor, without_values
from nl2sql.errors import (
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnreadable,
    EngineError,
    QueryFailed,
)

# What the guard's text means depends on it: no ANSI_QUOTES, PIPES_AS_CONCAT (|| would be OR) or NO_BACKSLASH_ESCAPES.
SQL_MODE = "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
# MySQL sees which columns a key determines; MariaDB does not, and would refuse correct groupings.
MYSQL_ONLY_MODE = ",ONLY_FULL_GROUP_BY"

_TIMED_OUT = {1969, 3024, 1317}  # MariaDB's and MySQL's limit; interrupted, which only our own stop does
_MISSING = {1049}
_REFUSED = {1044, 1045, 1130, 1698, 4151}
_NO_CONNECTION = {1040, 1053, 1203, 1205, 1213, 1226, 1927, 2002, 2003, 2005, 2006, 2013, 2055}
# Named in these: the statement's own tables, columns and words, which it takes to repair it. Others may quote data.
_ABOUT_THE_STATEMENT = {
    *(1051, 1052, 1054, 1055, 1056, 1060, 1064, 1066, 1104, 1109),
    *(1111, 1140, 1146, 1222, 1241, 1248, 1305, 1582),
}


class MySqlServer:
    """Session settings are set again before every statement: one that ran earlier may have changed them."""

    dialect = "mysql"
    driver_errors: tuple[type[Exception], ...] = (pymysql.Error, OSError)
    connect_options: Mapping[str, Any] = MappingProxyType(
        {"charset": "utf8mb4", "connect_timeout": 5, "read_timeout": 120, "local_infile": False}
    )

    def prepare(self, connection: RawConnection) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION time_zone = '+00:00'")

    def open(self, connection: RawConnection, sql: str, seconds: float) -> RawCursor:
        with connection.cursor() as plain:
            plain.execute(_session_settings(connection, seconds))
        cursor = connection.cursor(SSCursor)
        cursor.execute(sql)  # no arguments: a % stays a %
        return cursor

    def stopper(self, connection: RawConnection, connect: Callable[[], Any]) -> Callable[[], None]:
        thread = int(connection.thread_id())

        def kill() -> None:
            with (
                contextlib.suppress(*self.driver_errors),
                contextlib.closing(connect()) as other,
                other.cursor() as cursor,
            ):
                cursor.execute(f"KILL QUERY {thread}")

        return kill

    def close(self, cursor: RawCursor, stop: Callable[[], None]) -> bool:
        """Left alone, PyMySQL would read all remaining rows before it closes, and again when it is collected."""
        result = cursor._result
        with contextlib.suppress(*self.driver_errors, AttributeError):  # the latter when the connection is gone
            # The guard's text ends after the row that tells that there were more: usually this reads the end mark, and
            # spares a second connection (45 ms became 10).
            cursor.fetchone()
        unread = result is not None and result.unbuffered_active
        if unread:
            stop()
            result.unbuffered_active = False
        with contextlib.suppress(*self.driver_errors, AttributeError):
            cursor.close()
        return not unread

    def quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def changes(self, connection: RawConnection) -> str:
        """InnoDB's log position, which moves with every write. Tables of other storage engines are not seen."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_lsn_current', 'Innodb_redo_log_current_lsn')"
            )
            return "".join(f"{name} {value}" for name, value in cursor.fetchall())

    def mapped(self, error: BaseException, seconds: float) -> EngineError:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        message = str(error.args[1]) if len(error.args) > 1 else type(error).__name__
        if number in _TIMED_OUT:
            return query_timed_out(seconds)
        if number in _MISSING:
            return DatabaseMissing("There is no database at the address.", hint=f"The server says: {message}")
        if number in _REFUSED:
            return DatabaseUnreadable("The database did not let us in.", hint=f"Error {number}: check the account.")
        if number in _NO_CONNECTION or isinstance(error, OSError | pymysql.InterfaceError):
            hint = f"Error {number}: {without_values(message)}"
            return DatabaseUnreachable("The database cannot be reached right now. Please try again.", hint=hint)
        if number not in _ABOUT_THE_STATEMENT:
            message = without_values(message)
        return QueryFailed("The database could not run this query.", hint=f"Error {number}: {message}")


def _session_settings(connection: RawConnection, seconds: float) -> str:
    if "MariaDB" in connection.get_server_info():
        return f"SET SESSION max_statement_time = {seconds:.3f}, tx_read_only = 1, sql_mode = '{SQL_MODE}'"
    milliseconds = max(1, round(seconds * 1000))  # 0 would be no limit
    mode = SQL_MODE + MYSQL_ONLY_MODE
    return f"SET SESSION max_execution_time = {milliseconds}, transaction_read_only = 1, sql_mode = '{mode}'"
