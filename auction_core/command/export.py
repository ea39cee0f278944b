"""`auction-core export`: the auction's rows into a warehouse, each time those that are new."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from auction_core.command.bars import table_bars
from auction_core.command.options import DEFAULT_URL, Url

if TYPE_CHECKING:
    from auction_core.export.run import Read

EXIT_CODES = """
\b
Exit codes:
  0    done; the warehouse holds what the database held when the export began
  1    writing broke off; what the warehouse held still stands
  2    refused: data would be lost, or an option makes no sense
  3    the database or the warehouse cannot be reached or does not exist
  130  interrupted; run it again
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=EXIT_CODES)(export)


def export(
    to: Annotated[str, typer.Option(help="duckdb:FILE, parquet:DIR or bigquery:PROJECT.DATASET.")],
    url: Url = DEFAULT_URL,
    tables: Annotated[str, typer.Option(help="Only these, as in bids,payments.")] = "",
    full: Annotated[bool, typer.Option("--full", help="Read all rows and replace what is there.")] = False,
    with_sensitive: Annotated[
        bool, typer.Option("--with-sensitive", help="Also e-mail addresses, names and reserve prices.")
    ] = False,
    overlap: Annotated[
        int, typer.Option(min=0, help="Minutes before the last export to read again: commits come out of order.")
    ] = 10,
    location: Annotated[
        str | None, typer.Option(help="Of the BigQuery dataset, such as EU; default: where it is.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be read; write nothing.")] = False,
) -> None:
    """Copy the auction into a warehouse; from the second time on, what is new or changed.

    One consistent snapshot is read, and nobody who bids waits for it. Killed at any moment, it can be run again.

    \b
    Examples:
      auction-core export --to duckdb:var/warehouse.duckdb
      auction-core export --to parquet:var/warehouse --tables bids,payments
      auction-core export --to bigquery:my-project.auction --location EU
      auction-core export --to duckdb:var/warehouse.duckdb --dry-run
    """
    from auction_core.export.run import Options, export_database, preview

    names = tuple(name.strip() for name in tables.split(",") if name.strip())
    options = Options(names, with_sensitive, full, location, timedelta(minutes=overlap))
    if dry_run:
        for read in preview(url, to, options):
            typer.echo(f"would read {_line(read)}")
        return
    with table_bars("rows read") as progress:
        done = export_database(url, to, options, progress)
    for read in done:
        typer.echo(f"{_line(read)}, {read.seconds:.1f} s")


def _line(read: "Read") -> str:
    if read.cutoff is None:
        return f"{read.table}: all {read.rows:,} rows"
    return f"{read.table}: {read.rows:,} rows new or changed since {read.cutoff:%Y-%m-%d %H:%M:%S} UTC"
