"""Database addresses: default drivers, opening, and foreign errors turned into sentences without secrets."""

from pathlib import Path

from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from auction_core.errors import DatabaseUnreachable, Refused

_DRIVERS = {
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_MYSQL_REASONS = {
    1044: "the user may not use it",
    1045: "the user name or password is wrong",
    1049: "it does not exist",
    2003: "the server does not answer",
}


def parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Refused("The database address is not a URL such as sqlite:///var/auction.db.") from None
    parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
    if parsed.get_backend_name() not in {"sqlite", "mysql", "mariadb", "postgresql"}:
        raise Refused(f"'{parsed.get_backend_name()}' is not supported: use sqlite, mysql, mariadb or postgresql.")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise Refused("An SQLite database needs a file, as in sqlite:///var/auction.db.")
    return parsed


def describe(url: URL) -> str:
    """Where the database is, without user or password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()} database '{url.database or ''}' on {url.host or 'localhost'}{port}"


def open_server(url: URL) -> Engine:
    """An engine that has answered once. Raises DatabaseUnreachable."""
    try:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except (ImportError, NoSuchModuleError):
        raise DatabaseUnreachable(f"The driver '{url.drivername}' is not installed.") from None
    except DBAPIError as error:
        raise DatabaseUnreachable(f"Cannot open the {describe(url)}: {_reason(error)}.") from None
    return engine


def open_existing(url: URL) -> Engine:
    """As `open_server`; an SQLite file must already be there, because connecting would create it."""
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise DatabaseUnreachable(f"There is no database file {url.database}: run 'auction-core seed' first.")
    return open_server(url)


def _reason(error: DBAPIError) -> str:
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if code in _MYSQL_REASONS:
        return _MYSQL_REASONS[code]
    return "does it exist, does the server answer, are user and password right?"
