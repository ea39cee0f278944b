"""How far a command that reads or writes whole tables has come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

# Table, rows done, rows in all.
Advance = Callable[[str, int, int], None]


@contextmanager
def table_bars(done: str) -> Iterator[Advance]:
    """On standard error: a bar for each table on a terminal; in a pipe a line for each that is `done`."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:

        def line(table: str, rows: int, total: int) -> None:
            if rows == total:
                typer.echo(f"{table}: {total:,} {done}", err=True)

        yield line
        return
    columns = (TextColumn("{task.description:<13}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks = {}

        def advance(table: str, rows: int, total: int) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table, total=total)
            bars.update(tasks[table], completed=rows, total=total)

        yield advance
