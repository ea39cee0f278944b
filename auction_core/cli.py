"""The `auction-core` command. Database and numeric libraries are imported by the command that needs them."""

import signal
import sys
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from auction_core.errors import AuctionError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auction_core.check import Finding
    from auction_core.seed.load import Progress

DEFAULT_URL = "sqlite:///var/auction.db"
DEFAULT_AS_OF = "2026-06-30"
INTERRUPTED = 130

EXIT_CODES = """
\b
Exit codes:
  0    done; for check: every invariant holds
  1    check found violations, or writing broke off
  2    refused: data would be lost, or an option makes no sense
  3    the database cannot be reached or does not exist
  130  interrupted; nothing was changed
"""

app = typer.Typer(
    name="auction-core",
    help="The auction's own database: seed it with data that tells stories, and check its invariants.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Url = Annotated[
    str,
    typer.Option(
        help="sqlite:///file, mysql://user@host/name or postgresql://user@host/name.", envvar="AUCTION_DATABASE_URL"
    ),
]


@app.command(epilog=EXIT_CODES)
def seed(
    url: Url = DEFAULT_URL,
    scale: Annotated[str, typer.Option(help="tiny (5k bids), small (60k), medium (1M) or large (10M).")] = "small",
    seed_number: Annotated[int, typer.Option("--seed", min=0, help="Same scale, seed and day: same rows.")] = 7,
    as_of: Annotated[str, typer.Option(help="The last day of the history, YYYY-MM-DD.")] = DEFAULT_AS_OF,
    force: Annotated[bool, typer.Option("--force", help="Replace the data that is there.")] = False,
) -> None:
    """Fill a database with three years of a plausible auction platform.

    The data appears at once when it is complete: an interrupted run leaves what was there before.

    \b
    Examples:
      auction-core seed
      auction-core seed --scale medium --url sqlite:///var/medium.db
      auction-core seed --as-of 2026-09-30 --force
      auction-core seed --url mysql://root@127.0.0.1/auction
      auction-core seed --url duckdb:///var/auction.duckdb
    """
    from auction_core.seed.run import seed_database

    with _progress() as progress:
        written = seed_database(url, scale, seed_number, _day(as_of), force=force, progress=progress)
    typer.echo(f"Done: {sum(written.values()):,} rows in {len(written)} tables.")


@app.command(epilog=EXIT_CODES)
def check(url: Url = DEFAULT_URL) -> None:
    """Verify every invariant of the auction on a live database, with one query each.

    \b
    Examples:
      auction-core check
      auction-core check --url postgresql://postgres@127.0.0.1/auction
    """
    from auction_core.check import check_database

    if _show(check_database(url)):
        raise typer.Exit(1)


def main() -> None:
    signal.signal(signal.SIGTERM, _stop)
    try:
        app()
    except AuctionError as error:
        typer.echo(f"auction-core: {error.user_message}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("auction-core: interrupted; nothing was changed.", err=True)
        sys.exit(INTERRUPTED)


def _stop(number: int, frame: object) -> NoReturn:
    """A polite kill cleans up like Ctrl-C."""
    raise KeyboardInterrupt


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refused(f"'{written}' is not a day such as 2026-06-30.") from None


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar for each table on a terminal, a line for each table in a pipe."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _line
        return
    columns = (TextColumn("{task.description:<13}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks = {}

        def advance(table: str, done: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table, total=total)
            bars.update(tasks[table], completed=done)

        yield advance


def _line(table: str, done: int, total: int) -> None:
    if done == total:
        typer.echo(f"{table}: {total:,} rows", err=True)


def _show(findings: "Iterator[Finding]") -> int:
    """One line for each invariant as soon as it is checked; returns how many are violated."""
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True)
    checked = failed = 0
    for finding in findings:
        checked += 1
        broken = finding.violations > 0
        line = Text("FAIL  " if broken else "ok    ", style="bold red" if broken else "green")
        line.append(finding.invariant.rule, style="default")
        if broken:
            failed += 1
            samples = ", ".join(str(sample) for sample in finding.samples)
            line.append(f": {finding.violations:,}, for example {finding.invariant.of} {samples}", style="red")
        line.append(f"  ({finding.invariant.name})", style="dim")
        console.print(line)
    verdict = f"{failed} of {checked} invariants are violated." if failed else f"All {checked} invariants hold."
    console.print(verdict, style="bold", highlight=False)
    return failed


if __name__ == "__main__":
    main()
