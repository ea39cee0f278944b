"""The `nl2sql ledger` commands: the last questions, figures of a period, all rows as a file, feedback on an answer.

Heavy modules are imported by the command that needs them, so that `--help` stays quick.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, get_args

import typer

if TYPE_CHECKING:
    from nl2sql.ledger.base import Verdict
    from nl2sql.ledger.export import Format
    from nl2sql.ledger.read import Entry, LedgerReader
    from nl2sql.settings import Settings
    from nl2sql.terminal import Page

ledger = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

LEDGER_EXIT_CODES = """\b
Exit codes:
  0  done
  2  usage or settings: an argument, an ID that is not there, or the ledger is off
  5  there is no ledger yet, its database failed, or the output could not be written
"""

_FOLLOW_SECONDS = 1.0
_LONGEST_DAYS = 36_500
_SHOWN_ID = 8
# IDs are random: four characters tell sixty thousand questions apart.
_SHORTEST_ID = 4
_STYLES = {
    "answered": "",
    "explanation": "",
    "clarification": "cyan",
    "declined": "yellow",
    "refused": "red",
    "failed": "bold red",
}

Days = Annotated[int, typer.Option(min=1, max=_LONGEST_DAYS, metavar="N", help="The last N days, of 24 hours each.")]
AllDays = Annotated[
    int | None,
    typer.Option("--days", min=1, max=_LONGEST_DAYS, metavar="N", help="The last N days only; without: all rows."),
]


@ledger.callback(epilog=LEDGER_EXIT_CODES)
def about() -> None:
    """See who asked what, what came of it, how long it took and what it cost."""


@ledger.command(epilog=LEDGER_EXIT_CODES, short_help="Show the last questions.")
def tail(
    context: typer.Context,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=1, max=100_000, metavar="N", help="How many questions.")
    ] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new questions until Ctrl-C.")] = False,
    user: Annotated[str, typer.Option(metavar="USER", help="Those of one user.")] = "",
    outcome: Annotated[
        str, typer.Option(metavar="OUTCOME", help="answered, explanation, clarification, declined, refused or failed.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, with all that is kept.")
    ] = False,
) -> None:
    """Show the last questions, the newest last: when (UTC), ID, user, outcome, time, and the question.

    On a terminal a question is cut at its right edge; in a pipe it is whole. The first characters of an ID are enough
    for `nl2sql ledger feedback`.
    """
    _known_outcome(outcome)
    with _reader(context.obj.settings()) as reader:
        last = reader.last_number()
        _print_entries(reader.tail(lines, user=user, outcome=outcome), as_json)
        while follow:
            time.sleep(_FOLLOW_SECONDS)
            entries = reader.tail(1_000, user=user, outcome=outcome, after=last)
            last = max([last, *(entry.number for entry in entries)])
            _print_entries(entries, as_json)


@ledger.command(epilog=LEDGER_EXIT_CODES, short_help="Show figures of the last days.")
def stats(
    context: typer.Context,
    days: Days = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Show how much was asked, what came of it, how long it took, what it cost, by whom, and what readers said."""
    from nl2sql import terminal

    with _reader(context.obj.settings()) as reader:
        figures = reader.stats(days)
    if as_json:
        terminal.write_json(figures.shape, sys.stdout)
        return
    from nl2sql.ledger.figures import Line, told

    page = terminal.Page(sys.stdout)
    for part in told(figures, days):
        if isinstance(part, Line):
            page.line(part.text, part.style)
        else:
            page.table(part.header, part.rows, part.right)


@ledger.command(epilog=LEDGER_EXIT_CODES, short_help="Write the rows as CSV, JSON lines or Parquet.")
def export(
    context: typer.Context,
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="csv, jsonl or parquet.")] = "csv",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here; without: to standard output.")
    ] = None,
    days: AllDays = None,
) -> None:
    """Write every row with all that is kept, in the order of writing.

    FILE is for its owner alone (0600), and is only replaced by a complete one. In CSV, text that a spreadsheet would
    run as a formula begins with an apostrophe.
    """
    from nl2sql.ledger.export import write_entries

    chosen = _known_format(form)
    if output is None and chosen == "parquet" and sys.stdout.isatty():
        raise typer.BadParameter("parquet is not for a terminal; give --output FILE", param_hint="--format")
    with _reader(context.obj.settings()) as reader:
        reader.last_number()  # what is wrong with the ledger is told before anything is written
        if output is None:
            sys.stdout.flush()
            write_entries(reader.entries(days), chosen, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        with _replacing(output) as stream:
            count = write_entries(reader.entries(days), chosen, stream)
    typer.echo(f"{count:,} rows written to {output}.", err=True)


@ledger.command(epilog=LEDGER_EXIT_CODES, short_help="Say whether an answer was good or bad.")
def feedback(
    context: typer.Context,
    question_id: Annotated[str, typer.Argument(metavar="ID", help="Of the question, or its first characters.")],
    verdict: Annotated[str, typer.Argument(metavar="good|bad", help="What the answer was.")],
    comment: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept as the setting ledger_redact allows.")] = "",
) -> None:
    """Say whether the answer to a question was good or bad. Said again, it replaces what was said before."""
    said: Verdict = "good" if verdict == "good" else "bad"
    if verdict != said:
        raise typer.BadParameter("write good or bad", param_hint="good|bad")
    settings: Settings = context.obj.settings()
    with _reader(settings) as reader:
        found = _found(reader, question_id)
        reader.give_feedback(found, said, comment, days=settings.ledger_days, redact=settings.ledger_redact)
    typer.echo(f"{found}: {verdict}")


def _reader(settings: Settings) -> LedgerReader:
    from nl2sql.ledger.read import LedgerReader

    return LedgerReader(settings.ledger_url)


def _found(reader: LedgerReader, question_id: str) -> str:
    if len(question_id) < _SHORTEST_ID:
        raise typer.BadParameter(f"give at least {_SHORTEST_ID} characters of it", param_hint="ID")
    ids = reader.ids_starting(question_id)
    if not ids:
        raise typer.BadParameter(f"no question of the ledger has an ID like “{question_id}”", param_hint="ID")
    if len(ids) > 1:
        raise typer.BadParameter(f"several IDs begin with “{question_id}”; give more of it", param_hint="ID")
    return ids[0]


def _known_outcome(outcome: str) -> None:
    from nl2sql.answer.base import Outcome

    if outcome and outcome not in get_args(Outcome):
        allowed = ", ".join(get_args(Outcome))
        raise typer.BadParameter(f"“{outcome}” is not one of {allowed}", param_hint="--outcome")


def _known_format(name: str) -> Format:
    from nl2sql.ledger.export import FORMATS

    for form in FORMATS:
        if name == form:
            return form
    raise typer.BadParameter(f"“{name}” is not one of {', '.join(FORMATS)}", param_hint="--format")


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A private file beside `path`, which takes its place when all is written, and is gone otherwise."""
    if not path.name or path.is_dir():
        raise typer.BadParameter(f"{path} is a folder", param_hint="--output")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--output") from error
    try:
        with open(descriptor, "wb") as stream:
            yield stream
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _print_entries(entries: list[Entry], as_json: bool) -> None:
    from nl2sql import terminal

    if as_json:
        from nl2sql.ledger.export import json_line

        terminal.write_utf8("".join(json_line(entry).decode() for entry in entries), sys.stdout)
        return
    page = terminal.Page(sys.stdout)
    for entry in entries:
        page.line(_line(entry, page), _STYLES.get(entry.row.outcome, ""))
    sys.stdout.flush()


def _line(entry: Entry, page: Page) -> str:
    """One line, as wide as the terminal at most."""
    from nl2sql.terminal import visible

    row = entry.row
    marks = [f"[{row.code}]" if row.code != "ok" else "", "[cached]" if row.cached else "", _feedback_mark(entry)]
    text = " ".join([*(mark for mark in marks if mark), row.question or "–"])
    line = visible(
        f"{row.at:%Y-%m-%d %H:%M:%S}  {row.id[:_SHOWN_ID]:<{_SHOWN_ID}}  {_column(row.user, 12)}  "
        f"{_column(row.outcome, 13)}  {row.milliseconds:>9,.0f} ms  {text}"
    )
    if not page.on_terminal:
        return line
    from rich.cells import cell_len, set_cell_size

    width = page.console.width
    return line if cell_len(line) <= width else set_cell_size(line, width - 1).rstrip() + "…"


def _feedback_mark(entry: Entry) -> str:
    return f"[{entry.feedback}]" if entry.feedback else ""


def _column(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
