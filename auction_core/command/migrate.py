"""`auction-core migrate`: takes the tables of a database from one revision to another."""

from typing import TYPE_CHECKING, Annotated

import typer

from auction_core.command.options import DEFAULT_URL, INTERRUPTED, Url

if TYPE_CHECKING:
    from auction_core.migrations.run import Standing

EXIT_CODES = """
\b
Exit codes:
  0    done, or shown
  1    migrating broke off; running it again carries on
  2    refused: data would be lost, the tables are not the auction's, or another migration is under way
  3    the database cannot be reached or does not exist
  130  interrupted; running it again carries on
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=EXIT_CODES)(migrate)


def migrate(
    url: Url = DEFAULT_URL,
    to: Annotated[str, typer.Option(help="A revision such as 0002, head (the newest) or base (no tables).")] = "head",
    as_sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead of running it.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Only say which revision the database is at.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Go back even if that destroys data.")] = False,
) -> None:
    """Bring the tables and routines of a database to the newest revision, or to another.

    A database that was seeded before there were revisions is recognised. Two migrations at once wait for each other.
    One that broke off is carried on by running it again.

    \b
    Examples:
      auction-core migrate
      auction-core migrate --url mysql://root@127.0.0.1/auction --status
      auction-core migrate --url postgresql://postgres@127.0.0.1/auction --sql
      auction-core migrate --to 0002 --force
    """
    from auction_core.errors import DatabaseUnreachable

    try:
        from auction_core.migrations import run
    except ModuleNotFoundError as missing:
        if missing.name != "alembic":
            raise
        raise DatabaseUnreachable("Migrations need Alembic: pip install 'nl2sql[backend]'.") from None
    if status:
        typer.echo(_status(run.standing(url)))
    elif as_sql:
        typer.echo(run.sql(url, to), nl=False)
    else:
        _migrate(url, to, force)


def _migrate(url: str, to: str, force: bool) -> None:
    from auction_core.migrations import run

    def tell(revision: str, applied: bool) -> None:
        typer.echo(f"{revision} {'applied' if applied else 'undone'}: {run.title(revision)}", err=True)

    try:
        reached = run.migrate(url, to, force=force, progress=tell)
    except KeyboardInterrupt:
        typer.echo("auction-core: interrupted; run it again to carry on.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"The database is at revision {reached.revision or 'base: it has no tables of the auction'}.")


def _status(standing: "Standing") -> str:
    if standing.revision is None:
        return f"No tables of the auction; to apply: {', '.join(standing.pending)}."
    stamp = "" if standing.stamped else " (recognised by its tables; it has no stamp)"
    rest = f"; to apply: {', '.join(standing.pending)}" if standing.pending else ", the newest"
    return f"Revision {standing.revision}{stamp}{rest}."
