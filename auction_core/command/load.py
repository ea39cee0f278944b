"""`auction-core load`: real clients against a database, and the proof that no bid was lost."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from auction_core.command.options import DEFAULT_URL, INTERRUPTED, Url

if TYPE_CHECKING:
    from auction_core.load_test.report import Report
    from auction_core.load_test.run import Progress

EXIT_CODES = """
\b
Exit codes:
  0    every bid is accounted for
  1    something is violated; the list says what
  2    refused: an option makes no sense
  3    the database cannot be reached or has no tables
  130  interrupted; what had been done was proven and removed
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=EXIT_CODES)(load)


def load(
    url: Url = DEFAULT_URL,
    clients: Annotated[int, typer.Option(help="Clients that bid at once, each with a user of its own.")] = 32,
    seconds: Annotated[float, typer.Option(help="How long they bid, at most 600.")] = 20,
    hot: Annotated[int, typer.Option(help="Listings that half of the bids go to.")] = 1,
    spread: Annotated[
        int, typer.Option(help="Listings that the other half goes to; 0 sends all to the hot ones.")
    ] = 64,
    processes: Annotated[int, typer.Option(help="Processes that the clients are dealt out to, as threads.")] = 4,
    kill: Annotated[bool, typer.Option("--kill", help="Kill client processes at random and start new ones.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of the clients' choices.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the rows of the test in the database.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Only remove what earlier tests have left.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Let clients bid against each other, then prove that no bid was lost, doubled or made up.

    They bid on listings of their own, with users and a category of their own, which are removed at the end. No other
    row is changed. A worker on the same database publishes the events of these bids like all others.

    \b
    Examples:
      auction-core load --clients 8 --seconds 5
      auction-core load --url mysql://root@127.0.0.1/auction --hot 1 --spread 0 --kill
      auction-core load --url postgresql://postgres@127.0.0.1/auction --json
      auction-core load --remove
    """
    from auction_core.load_test.plan import Plan
    from auction_core.load_test.run import run_load
    from auction_core.load_test.stage import remove_leftovers

    if remove:
        typer.echo(f"Removed the rows of {remove_leftovers(url)} load tests.")
        return
    plan = Plan(url, clients, seconds, hot, spread, min(processes, clients), kill, seed, keep)
    with _progress() as progress:
        report = run_load(plan, progress)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2))
    else:
        _show(report)
    if report.violated:
        raise typer.Exit(1)
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A line that is written over, on a terminal; nothing in a pipe."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda left, bids: None
        return
    with console.status("starting the clients") as status:

        def show(left: float, bids: int) -> None:
            then = "" if left > 0.2 else "; waiting for the last answers, then proving"
            status.update(f"{bids:,} bids accepted, {left:.0f} s left{then}")

        yield show


def _show(report: "Report") -> None:
    from rich.console import Console
    from rich.text import Text

    from auction_core.load_test.report import lines

    console = Console(soft_wrap=True, highlight=False)
    for sentence in lines(report):
        console.print(sentence, markup=False)
    console.print()
    for finding in report.findings:
        broken = finding.violations > 0
        line = Text("FAIL  " if broken else "ok    ", style="bold red" if broken else "green")
        line.append(finding.rule, style="default")
        if broken:
            line.append(f": {finding.violations:,}", style="red")
        line.append(f"  ({finding.name})", style="dim")
        console.print(line)
        for sample in finding.samples:
            console.print(Text(f"        {sample}", style="red"))
    if report.kept:
        console.print(f"The rows of run {report.kept} were kept: 'auction-core load --remove' removes them.")
    console.print(_verdict(report), style="bold")


def _verdict(report: "Report") -> str:
    early = "Interrupted. " if report.interrupted else ""
    if report.violated:
        return f"{early}{len(report.violated)} of {len(report.findings)} rules are violated."
    return f"{early}No bid was lost: all {len(report.findings)} rules hold."
