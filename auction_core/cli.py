"""The `auction-core` command. What is heavy to import is imported by the command that needs it."""

import signal
import sys
from typing import NoReturn

import typer

from auction_core.command import check, export, grants, load, migrate, seed, serve, worker
from auction_core.command.extras import extra_with
from auction_core.command.options import INTERRUPTED
from auction_core.errors import AuctionError, DatabaseUnreachable

EXIT_CODES = """
\b
Exit codes:
  0    done
  1    writing broke off, or what was to be proven does not hold
  2    refused: data would be lost, or an option makes no sense
  3    the database cannot be reached or does not exist
  130  interrupted; it can be run again
"""

app = typer.Typer(
    name="auction-core",
    help="The auction's own backend: its database, its API and pages, its worker, and what proves them.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for module in (seed, migrate, grants, serve, worker, check, load, export):
    module.register(app)


def main() -> None:
    signal.signal(signal.SIGTERM, _stop)
    try:
        app()
    except AuctionError as error:
        typer.echo(f"auction-core: {error.user_message}", err=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as missing:
        extra = extra_with(missing.name)
        if extra is None:
            raise
        typer.echo(f"auction-core: '{missing.name}' is not installed: pip install 'nl2sql[{extra}]'.", err=True)
        sys.exit(DatabaseUnreachable.exit_code)
    except KeyboardInterrupt:
        typer.echo("auction-core: interrupted; it can be run again.", err=True)
        sys.exit(INTERRUPTED)


def _stop(number: int, frame: object) -> NoReturn:
    """A polite kill cleans up like Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
