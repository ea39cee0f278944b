"""MySQL and MariaDB by PyMySQL."""

from __future__ import annotations

import contextlib
import datetime
import math
import re
import ssl
from collections.abc import Callable, Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pymysql  # type: ignore[import-untyped]
from pymysql.cursors import SSCursor  # type: ignore[import-untyped]

from nl2sql.engines.columns import Readers
from nl2sql.engines.deadline import query_timed_out
from nl2sql.engines.intake import Row, RowTooLarge
from nl2sql.engines.mysql_address import AUTHENTICATION, GoogleTokens, Query, settled
from nl2sql.engines.mysql_rows import BoundedConnection, ends, plan_of, readers_of, row_of
from nl2sql.engines.server import LOCK_SECONDS, RawConnection, RawCursor, without_values
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
# MySQL's own default of 1,024 would cut a list of names without a word; this is as long as SQLite lets a value become.
GROUP_CONCAT_BYTES = 1_000_000
# Further decimals of a quotient or an average of exact numbers. With the servers' own 4, groups would seem to tie that
# do not; 16 is as much as a float shows.
DIVISION_DIGITS = 16

# A read-only session still runs SET, START TRANSACTION, HANDLER, LOCK TABLES … READ, FLUSH, SHOW and XA. Nothing but a
# query begins with these words; what a query may do beyond reading (INTO OUTFILE, GET_LOCK) depends on the account.
_QUERY = re.compile(r"[\s(]*(?:SELECT|WITH|VALUES)\b", re.IGNORECASE)
# MariaDB 10.11 merges a derived table into a query with several windows and then takes the columns of its ORDER BY for
# ambiguous (error 1052), or ends with a segmentation fault, and every connection with it. Kept apart, it answers.
_WINDOW = re.compile(r"\bOVER\b", re.IGNORECASE)
# Beside the values of a row: lengths, headers, the mark of the end.
_PACKET_SLACK = 65_536

# Not allowed to ask, or a word that this version does not know.
_UNTOLD = {1064, 1227}
_TIMED_OUT = {1969, 3024, 1317}  # MariaDB's and MySQL's limit; interrupted, which only our own stop does
_MISSING = {1049}
_NOT_SAFE = {2026, 2059, 3159}  # TLS failed, a login that is not answered, and the server's own demand for TLS
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
        {
            "charset": "utf8mb4",
            "connect_timeout": 5,
            "read_timeout": 120,
            "local_infile": False,  # else a server could ask this machine for any of its files
            "client_flag": 0,  # no multi-statements
            "autocommit": False,  # else FOR UPDATE is not refused
            "auth_plugin_map": AUTHENTICATION,
        }
    )

    def settled(self, query: Query, options: Mapping[str, Any]) -> dict[str, Any]:
        return settled(query, options)

    def connect(self, *arguments: Any, token_source: GoogleTokens | None = None, **options: Any) -> RawConnection:
        if token_source is not None:
            options["password"] = token_source.token()
        connection = BoundedConnection(*arguments, **{**options, **self.connect_options})
        if "ssl" in options and not isinstance(connection._sock, ssl.SSLSocket):
            connection.close()
            raise _not_safe("The server was reached without TLS.")
        return connection

    def prepare(self, connection: RawConnection) -> None:
        """No setting rests on the connection, as `open` sets it all; when its server started does."""
        connection.server_start = _server_start(connection)

    def open(self, connection: RawConnection, sql: str, seconds: float) -> RawCursor:
        self._prepare_for(connection, sql, seconds)
        cursor = connection.cursor(SSCursor)
        cursor.execute(sql)  # no arguments: a % stays a %
        return cursor

    def _prepare_for(self, connection: RawConnection, sql: str, seconds: float) -> None:
        if _QUERY.match(sql) is None:
            raise QueryFailed(
                "The database could not run this query.",
                hint="Nothing but a query runs here: it begins with SELECT, WITH or VALUES.",
            )
        with connection.cursor() as plain:
            plain.execute(_session_settings(connection, seconds, sql))

    def rows(
        self, connection: RawConnection, cursor: RawCursor, most: int, byte_limit: int
    ) -> Generator[Row, None, None]:
        plan = plan_of(cursor._result)
        for _ in range(most):
            packet = connection.read_row(byte_limit + _PACKET_SLACK)
            if ends(cursor._result, packet):
                return
            yield row_of(packet, plan)

    def readers(self, connection: RawConnection, cursor: RawCursor) -> Readers:
        return readers_of(cursor._result)

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

    def close(self, connection: RawConnection, cursor: RawCursor, stop: Callable[[], None]) -> bool:
        """Left alone, PyMySQL would read all remaining rows before it closes, and again when it is collected."""
        result = cursor._result
        # AttributeError, ValueError: no connection left.
        with contextlib.suppress(*self.driver_errors, AttributeError, ValueError, RowTooLarge):
            # The guard's text ends after the row that tells that there were more: usually this reads the end mark, and
            # spares a second connection (45 ms became 10).
            if result.unbuffered_active:
                ends(result, connection.read_row(_PACKET_SLACK))
        unread = result is not None and result.unbuffered_active
        if unread:
            stop()
            result.unbuffered_active = False
        with contextlib.suppress(*self.driver_errors, AttributeError):
            cursor.close()
        if not unread:
            self._release_locks(connection)
        return not unread

    def _release_locks(self, connection: RawConnection) -> None:
        """Those of GET_LOCK, which no account can be denied, outlive the transaction."""
        with contextlib.suppress(*self.driver_errors, AttributeError), connection.cursor() as cursor:
            cursor.execute("DO RELEASE_ALL_LOCKS()")

    def estimated_rows(self, connection: RawConnection, sql: str, seconds: float) -> int | None:
        self._prepare_for(connection, sql, seconds)
        form = "EXTENDED" if _is_mariadb(connection) else "FORMAT=TRADITIONAL"
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {form} {sql}")
            names = [column[0] for column in cursor.description]
            return _rows_examined([dict(zip(names, step, strict=True)) for step in cursor.fetchall()])

    def fresh_as_of(self, connection: RawConnection) -> datetime.datetime | None:
        """By the lag that the replica tells of; None for an account that may not ask (REPLICATION CLIENT on MySQL,
        REPLICA MONITOR on MariaDB), and while replication stands still."""
        with connection.cursor() as cursor:
            for statement in ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS"):
                try:
                    cursor.execute(statement)
                except pymysql.Error as error:
                    if error.args and error.args[0] in _UNTOLD:
                        continue
                    raise
                names = [column[0] for column in cursor.description]
                lags = [_lag(dict(zip(names, source, strict=True))) for source in cursor.fetchall()]
                if not lags or None in lags:
                    return None
                cursor.execute("SELECT UTC_TIMESTAMP(6)")
                now: datetime.datetime = cursor.fetchone()[0]
                return now - datetime.timedelta(seconds=max(lag for lag in lags if lag is not None))
        return None

    def quoted(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def changes(self, connection: RawConnection) -> str:
        """When the server started, because a crash may set the log back; and InnoDB's log position, which moves with
        every write. Tables of other storage engines are not seen."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_lsn_current', 'Innodb_redo_log_current_lsn')"
            )
            found = "".join(f"{name} {value}" for name, value in cursor.fetchall())
        return f"{connection.server_start} {found}" if found and connection.server_start else ""

    def session_sql(self, connection: RawConnection) -> str:
        read_only, limit = (
            ("tx_read_only", "max_statement_time")
            if _is_mariadb(connection)
            else ("transaction_read_only", "max_execution_time")
        )
        return f"SELECT @@SESSION.{read_only}, @@SESSION.{limit}, @@SESSION.sql_mode, @@SESSION.character_set_client"

    def session_faults(self, row: Row) -> tuple[str, ...]:
        read_only, limit, mode, characters = row
        unsafe = {"ANSI_QUOTES", "PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES"} & set(str(mode).upper().split(","))
        found = {
            "is not read-only": not int(read_only),
            "has no time limit": not float(limit),
            f"reads SQL in another way ({', '.join(sorted(unsafe))})": bool(unsafe),
            f"reads text as {characters}": str(characters).lower() != "utf8mb4",
        }
        return tuple(text for text, holds in found.items() if holds)

    def mapped(self, error: BaseException, seconds: float) -> EngineError:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        message = str(error.args[1]) if len(error.args) > 1 else type(error).__name__
        if number in _TIMED_OUT:
            return query_timed_out(seconds)
        if number in _MISSING:
            return DatabaseMissing("There is no database at the address.", hint=f"The server says: {message}")
        if number in _REFUSED:
            return DatabaseUnreadable("The database did not let us in.", hint=f"Error {number}: check the account.")
        if number in _NOT_SAFE or isinstance(getattr(error, "original_exception", error), ssl.SSLError):
            return _not_safe(f"Error {number}: {without_values(message)}")
        if number in _NO_CONNECTION or isinstance(error, OSError | pymysql.InterfaceError):
            hint = f"Error {number}: {without_values(message)}"
            return DatabaseUnreachable("The database cannot be reached right now. Please try again.", hint=hint)
        if number not in _ABOUT_THE_STATEMENT:
            message = without_values(message)
        return QueryFailed("The database could not run this query.", hint=f"Error {number}: {message}")


def _not_safe(hint: str) -> DatabaseUnreadable:
    return DatabaseUnreadable("The connection to the database would not be safe, so there is none.", hint=hint)


class MariaDbServer(MySqlServer):
    """The same, spoken to as MariaDB, which writes regular expressions in another way and has no LATERAL."""

    dialect = "mariadb"


def _session_settings(connection: RawConnection, seconds: float, sql: str) -> str:
    """One statement, because each costs a journey.

    Not among them: max_join_size. It judges by the optimizer's estimate, which old statistics make wrong by orders of
    magnitude, and would refuse correct questions; the guard refuses products, and time ends what it lets through.
    """
    if _is_mariadb(connection):
        merge = "off" if _WINDOW.search(sql) else "default"
        limits = (
            f"max_statement_time = {math.ceil(seconds * 1000) / 1000:.3f}, @@SESSION.tx_read_only = 1, "
            f"@@SESSION.optimizer_switch = 'derived_merge={merge}'"
        )
        mode = SQL_MODE
    else:
        milliseconds = math.ceil(seconds * 1000)  # 0 would be no limit
        limits = f"max_execution_time = {milliseconds}, @@SESSION.transaction_read_only = 1"
        mode = SQL_MODE + MYSQL_ONLY_MODE
    return (
        f"SET NAMES utf8mb4, @@SESSION.{limits}, @@SESSION.sql_mode = '{mode}', @@SESSION.time_zone = '+00:00', "
        f"@@SESSION.lock_wait_timeout = {LOCK_SECONDS}, @@SESSION.group_concat_max_len = {GROUP_CONCAT_BYTES}, "
        f"@@SESSION.div_precision_increment = {DIVISION_DIGITS}"
    )


def _rows_examined(steps: Sequence[Mapping[str, Any]]) -> int:
    """Of each SELECT's tables in their order, each is read once for every row that came through those before it.

    What was put together before (<derived2>) is not read from a table. A subquery that depends on its outer row counts
    once: how often it runs is not said.
    """
    examined, select, came_through = 0.0, object(), 1.0
    for step in steps:
        if step["id"] != select:
            select, came_through = step["id"], 1.0
        rows = float(step["rows"] or 0)
        if not str(step["table"] or "").startswith("<"):
            examined += came_through * rows
        came_through *= max(rows, 1.0) * float(step.get("filtered") or 100) / 100
    return round(examined)


def _lag(source: Mapping[str, Any]) -> int | None:
    """Seconds; None while replication stands still."""
    lag = source.get("Seconds_Behind_Source", source.get("Seconds_Behind_Master"))
    return None if lag is None else int(lag)


def _is_mariadb(connection: RawConnection) -> bool:
    return "MariaDB" in connection.get_server_info()


def _server_start(connection: RawConnection) -> str:
    """In seconds since 1970, by the server's clock: the same for all its connections; "" where it does not tell."""
    status = "information_schema.global_status" if _is_mariadb(connection) else "performance_schema.global_status"
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT UNIX_TIMESTAMP() - variable_value FROM {status} WHERE variable_name = 'Uptime'"  # noqa: S608
            )
            return "".join(str(int(value)) for (value,) in cursor.fetchall())
    except pymysql.Error:
        return ""
