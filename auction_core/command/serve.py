"""`auction-core serve`: the API and the pages over HTTP."""

import contextlib
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auction_core.command.options import DEFAULT_URL, Url

if TYPE_CHECKING:
    from sqlalchemy import Connection

EXIT_CODES = """
\b
Exit codes:
  0  stopped by SIGTERM or Ctrl-C, after answering what was under way
  1  a worker process could not be started
  2  refused: an option or variable makes no sense, or the database is not migrated
  3  the database cannot be reached
"""
# Longer than any write is tried again; a stream of live bids ends at once.
GRACE_SECONDS = 20
_OVER = (
    "Every listing here has ended. To try the pages with open ones: "
    "auction-core seed --as-of yesterday --url sqlite:///var/live.db"
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def register(app: typer.Typer) -> None:
    app.command(epilog=EXIT_CODES)(serve)


def serve(
    url: Url = DEFAULT_URL,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 in a container.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes; each has its own rate limits and figures.")
    ] = 1,
    proxy_headers: Annotated[
        bool, typer.Option("--proxy-headers", help="Believe X-Forwarded-For of AUCTION_TRUSTED_PROXIES (127.0.0.1).")
    ] = False,
) -> None:
    """Serve the API and the pages until it is stopped.

    AUCTION_TOKEN_SECRET (32 characters or more) keeps logins good when the process starts anew.

    \b
    Examples:
      auction-core serve
      auction-core serve --url postgresql://auction@db/auction --host 0.0.0.0 --workers 2 --proxy-headers
    """
    import secrets
    import socket

    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from auction_core.api.settings import read_settings, variable
    from auction_core.database import describe, parse_url
    from auction_core.errors import Refused

    # Worker processes read the environment: what was given as an option is put there, for this process and its own.
    environment = os.environ
    environment[variable("database_url")] = url
    if proxy_headers:
        environment.setdefault(variable("trusted_proxies"), "127.0.0.1")
    else:
        environment.pop(variable("trusted_proxies"), None)
    if host in _LOOPBACK and not proxy_headers:  # a browser on this machine, by plain HTTP
        environment.setdefault(variable("secure_cookies"), "0")
    settings = read_settings(environment)
    _require_migrated(url)
    if settings.token_secret is None:
        typer.echo(f"{variable('token_secret')} is not set: logins end with this process.", err=True)
        environment[variable("token_secret")] = secrets.token_urlsafe(32)
    config = uvicorn.Config(
        "auction_core.api.app:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        # The application does this itself, from the settings: then its tests see what is served.
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_config=_log_config(),
    )
    try:
        listening = config.bind_socket()
    except SystemExit:  # it has logged why
        raise Refused(f"Cannot listen on {host} port {port}: choose another with --port.") from None
    # asyncio does this only for sockets that it made: without it each answer waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    where = f"[{host}]:{listening.getsockname()[1]}" if ":" in host else f"{host}:{listening.getsockname()[1]}"
    typer.echo(f"Serving the {describe(parse_url(url))} at http://{where}, its API at /docs. Ctrl-C stops.", err=True)
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):  # the server stops first and then says how it was stopped
        if workers == 1:
            server.run(sockets=[listening])
        else:
            Multiprocess(config, sockets=[listening]).run()
    if not server.started and workers == 1:
        raise typer.Exit(1)


def _require_migrated(url: str) -> None:
    """Raises Refused with the command that helps, and DatabaseUnreachable."""
    from auction_core.database import open_existing, parse_url
    from auction_core.errors import Refused
    from auction_core.migrations import is_at_head

    engine = open_existing(parse_url(url))
    try:
        with engine.connect() as connection:
            if not is_at_head(connection):
                raise Refused("The database is not migrated: run 'auction-core migrate' first.")
            if connection.dialect.name == "sqlite" and _is_over(connection):
                typer.echo(_OVER, err=True)
    finally:
        engine.dispose()


def _is_over(connection: "Connection") -> bool:
    """There are listings, and none that is open or about to be."""
    from datetime import UTC, datetime

    from sqlalchemy import exists, select

    from auction_core.tables import Listing

    now = datetime.now(UTC).replace(tzinfo=None)
    going_on = exists().where(Listing.status == "active", Listing.ends_at > now)
    return bool(connection.scalar(select(exists(select(Listing.id)) & ~going_on)))


def _log_config() -> dict[str, Any]:
    """One line for each request: who, what, status. Headers, and so tokens, are never in it."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"format": "%(asctime)s %(levelname)s %(message)s"},
            "access": {
                "()": "uvicorn.logging.AccessFormatter",
                "fmt": "%(asctime)s %(client_addr)s %(request_line)s %(status_code)s",
                "use_colors": False,
            },
        },
        "filters": {"without_query": {"()": "auction_core.api.access_log.WithoutQuery"}},
        "handlers": {
            "plain": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stderr"},
            "access": {
                "class": "logging.StreamHandler",
                "formatter": "access",
                "filters": ["without_query"],
                "stream": "ext://sys.stdout",
            },
        },
        "loggers": {
            "uvicorn.error": {"handlers": ["plain"], "level": "WARNING", "propagate": False},
            "uvicorn.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
            "auction_core": {"handlers": ["plain"], "level": "INFO", "propagate": False},
        },
    }
