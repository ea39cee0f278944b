"""What the database account could do besides reading, as the server itself tells it."""

from __future__ import annotations

import re

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from nl2sql.engines.schemes import SERVERS
from nl2sql.errors import DatabaseUnreachable

_MYSQL_HARMLESS = frozenset({"SELECT", "USAGE", "SHOW VIEW", "SHOW DATABASES"})
_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON ", re.IGNORECASE)
_COLUMNS = re.compile(r"\s*\([^)]*\)")

_POSTGRES_RIGHTS = """
SELECT 'anything, as a superuser' AS privilege FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION
SELECT 'CREATE' WHERE has_database_privilege(current_database(), 'CREATE')
UNION
SELECT privilege FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE')) AS wanted (privilege)
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND has_table_privilege(c.oid, privilege)
ORDER BY privilege
"""


def writing_rights(url: str) -> list[str]:
    """Empty when the account may only read. Raises DatabaseUnreachable when the server does not say."""
    scheme = url.partition("://")[0]
    if scheme not in SERVERS:
        raise DatabaseUnreachable("What this account may do cannot be told for this kind of database.")
    try:
        engine = create_engine(make_url(url).set(drivername=SERVERS[scheme][0]), poolclass=NullPool)
        with engine.connect() as connection:
            if engine.dialect.name == "mysql":
                return _mysql(connection)
            return [str(row[0]) for row in connection.execute(text(_POSTGRES_RIGHTS))]
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise DatabaseUnreachable("The server did not say what the account may do.") from error


def _mysql(connection: Connection) -> list[str]:
    grants = [str(row[0]) for row in connection.execute(text("SHOW GRANTS FOR CURRENT_USER()"))]
    return rights_of_grants(grants)


def rights_of_grants(grants: list[str]) -> list[str]:
    """Rights beyond reading in the lines of SHOW GRANTS; a role that is granted counts as one."""
    found: set[str] = set()
    for line in grants:
        match = _GRANT.match(line)
        if match is None:
            found.add("use a granted role")
            continue
        names = {name.strip().upper() for name in _COLUMNS.sub("", match["rights"]).split(",")}
        found |= names - _MYSQL_HARMLESS
    return sorted(found)
