"""`auction-core check`: every invariant of the auction, on a live database."""

from typing import TYPE_CHECKING

import typer

from auction_core.command.options import DEFAULT_URL, Url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auction_core.check import Finding

EXIT_CODES = """
\b
Exit codes:
  0    every invariant holds
  1    some are violated; the list says which
  2    refused: an option makes no sense
  3    the database cannot be reached, does not exist or has no tables
  130  interrupted; nothing is ever changed
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=EXIT_CODES)(check)


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
