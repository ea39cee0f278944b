"""What a statement could have changed: every row, table, routine, account and setting of a database, and every file.

It is looked at by the account that made everything, so nothing is hidden from it. Two equal states mean that nothing
in between wrote anything that stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from tests.integration.guard.auction import TABLES
from tests.integration.guard.databases import Database, Refused

State = Mapping[str, str]

_QUERIES: Mapping[str, Mapping[str, str]] = {
    "sqlite": {
        "tables": "SELECT type, name, sql FROM sqlite_master UNION ALL SELECT type, name, sql FROM sqlite_temp_master",
        "databases": "SELECT name, file FROM pragma_database_list",
        "settings": "SELECT * FROM pragma_user_version, pragma_query_only, pragma_application_id, pragma_journal_mode",
    },
    "mariadb": {
        "tables": "SELECT table_schema, table_name, table_type FROM information_schema.tables "
        "WHERE table_schema LIKE REPLACE(DATABASE(), 'full', '%')",
        "routines": "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()",
        "accounts": "SELECT user, host FROM mysql.user",
        "settings": "SELECT * FROM information_schema.session_variables WHERE variable_name IN "
        "('SQL_MODE', 'MAX_STATEMENT_TIME', 'AUTOCOMMIT', 'TIME_ZONE', 'SQL_SELECT_LIMIT', 'FOREIGN_KEY_CHECKS')",
    },
    "postgres": {
        "tables": "SELECT c.oid, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname NOT LIKE 'pg_toast%'",
        "routines": "SELECT oid, proname FROM pg_proc",
        "accounts": "SELECT rolname, rolsuper FROM pg_roles",
        "large objects": "SELECT oid FROM pg_largeobject_metadata",
        "locks": "SELECT l.objid FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        "WHERE l.locktype = 'advisory' AND d.datname = current_database()",
        "settings": "SELECT name, setting FROM pg_settings WHERE source = 'session'",
    },
    "duckdb": {
        "tables": "SELECT database_name, schema_name, table_name, sql FROM duckdb_tables()",
        "views": "SELECT view_name FROM duckdb_views() WHERE NOT internal",
        "functions": "SELECT function_name FROM duckdb_functions() WHERE NOT internal",
        "settings": "SELECT name, value FROM duckdb_settings() WHERE name NOT LIKE '%memory%'",
        "variables": "SELECT name FROM duckdb_variables()",
        "secrets": "SELECT name FROM duckdb_secrets()",
    },
}


def state_of(database: Database, folder: Path, *, alone: bool = False) -> State:
    """By what it is about: a checksum, or what the engine says instead. Files are those of the folder.

    Accounts belong to the whole server: they are looked at only when nobody else uses it.
    """
    world = database.world("full")
    asked = {f"rows of {table}": f"SELECT * FROM {table}" for table in TABLES} | dict(_QUERIES[database.dialect])
    found = {}
    for name, sql in asked.items():
        if name == "accounts" and not alone:
            continue
        try:
            rows = sorted(map(repr, world.run(sql)))
        except Refused as error:
            rows = [str(error)]
        found[name] = f"{len(rows)} {sha256(repr(rows).encode()).hexdigest()[:16]}"
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".wal":
            found[f"file {path.name}"] = _content(path)
    return found


def _content(path: Path) -> str:
    """A database's own file may be written to without meaning anything; its rows are looked at anyway."""
    return "" if path.suffix in (".db", ".duckdb") else sha256(path.read_bytes()).hexdigest()[:16]


def changes(before: State, after: State) -> list[str]:
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [f"{name}: {before.get(name)} is now {after.get(name)}" for name in names]
