"""`auction-core worker`: closes, publishes and tidies up until it is stopped."""

from datetime import timedelta
from typing import Annotated

import typer

from auction_core.command.options import DEFAULT_URL, Url

EXIT_CODES = """
\b
Exit codes:
  0  stopped by SIGTERM or Ctrl-C, with all that was under way finished
  1  stopped likewise, but something hung; its lease runs out by itself
  2  refused: an option makes no sense
  3  the SQLite file does not exist (a server may come and go)
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=EXIT_CODES)(worker)


def worker(
    url: Url = DEFAULT_URL,
    close_every: Annotated[
        float, typer.Option(min=0.05, max=3600, help="Seconds between looks for ended listings.")
    ] = 1,
    relay_every: Annotated[float, typer.Option(min=0.05, max=3600, help="Seconds between looks for new events.")] = 0.5,
    publisher: Annotated[
        str, typer.Option(help="stdout, none or pubsub:projects/P/topics/T.", envvar="AUCTION_PUBLISHER")
    ] = "none",
    host: Annotated[str, typer.Option(help="Where the health endpoint listens; 0.0.0.0 in a container.")] = "127.0.0.1",
    health_port: Annotated[int, typer.Option(min=0, max=65535, help="For /healthz, /readyz, /metrics. 0: any.")] = 9100,
    keep_keys_days: Annotated[int, typer.Option(min=1, max=3650, help="How long a repeated request is known.")] = 7,
    keep_events_days: Annotated[int, typer.Option(min=1, max=3650, help="How long published events are kept.")] = 30,
) -> None:
    """Close listings that have ended, publish events, and delete what is old, until it is stopped.

    Any number of workers may run at once. Events are kept until a worker with a publisher publishes them.
    The log is on standard error, a JSON object a line.

    \b
    Examples:
      auction-core worker --publisher stdout
      auction-core worker --publisher pubsub:projects/my-project/topics/auction-events --host 0.0.0.0
    """
    from auction_core.worker.worker import Settings, run_worker

    settings = Settings(
        close_every=close_every,
        relay_every=relay_every,
        publisher=publisher,
        host=host,
        health_port=health_port,
        keep_keys=timedelta(days=keep_keys_days),
        keep_events=timedelta(days=keep_events_days),
    )
    if not run_worker(url, settings):
        raise typer.Exit(1)
