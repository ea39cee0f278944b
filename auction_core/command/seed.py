"""`auction-core seed`: a database full of a plausible auction."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from auction_core.command.bars import table_bars
from auction_core.command.options import DEFAULT_URL, Url
from auction_core.errors import Refused

DEFAULT_AS_OF = "2026-06-30"
EXIT_CODES = """
\b
Exit codes:
  0    done
  1    writing broke off; what was there before still stands
  2    refused: data would be lost, or an option makes no sense
  3    the database cannot be reached or does not exist
  130  interrupted; what was there before still stands
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=EXIT_CODES)(seed)


def seed(
    url: Url = DEFAULT_URL,
    scale: Annotated[str, typer.Option(help="tiny (5k bids), small (60k), medium (1M) or large (10M).")] = "small",
    seed_number: Annotated[int, typer.Option("--seed", min=0, help="Same scale, seed and day: same rows.")] = 7,
    as_of: Annotated[str, typer.Option(help="The last day of the history: YYYY-MM-DD, or yesterday.")] = DEFAULT_AS_OF,
    force: Annotated[bool, typer.Option("--force", help="Replace the data that is there.")] = False,
) -> None:
    """Fill a database with three years of a plausible auction platform.

    The data appears at once when it is complete: an interrupted run leaves what was there before.

    \b
    Examples:
      auction-core seed
      auction-core seed --scale medium --url sqlite:///var/medium.db
      auction-core seed --as-of 2026-09-30 --url sqlite:///var/later.db
      auction-core seed --as-of yesterday --url sqlite:///var/live.db
      auction-core seed --url mysql://root@127.0.0.1/auction
      auction-core seed --url duckdb:///var/auction.duckdb
    """
    from auction_core.seed.run import seed_database

    with table_bars("rows") as progress:
        written = seed_database(url, scale, seed_number, _day(as_of), force=force, progress=progress)
    typer.echo(f"Done: {sum(written.values()):,} rows in {len(written)} tables.")


def _day(written: str) -> date:
    """`yesterday`, in UTC: the newest day of which nothing lies in the future."""
    if written == "yesterday":
        return datetime.now(UTC).date() - timedelta(days=1)
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refused(f"'{written}' is not a day such as 2026-06-30, nor 'yesterday'.") from None
