"""Prints values of the product as text: with colour and boxes on a terminal, as plain aligned text in a pipe.

Whatever comes from a database or a model is made visible first: a control character in a title must not move a cursor.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from nl2sql.answer.base import Answer
    from nl2sql.catalog.model import Dataset, Field, SemanticModel
    from nl2sql.doctor.base import Check
    from nl2sql.guard.checked import CheckedSql
    from nl2sql.guard.violation import Violations
    from nl2sql.trace import StageEvent

# A screen holds about 40 lines; 30 rows leave room for the headline and the receipt.
TERMINAL_ROWS = 30
_COST_CODES = ("over_soft_limit", "too_costly")
_MARKS = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


def visible(text: str) -> str:
    """Control characters as spaces, so that data cannot write escape sequences."""
    return "".join(c if c.isprintable() else " " for c in text)


def prepare_streams() -> None:
    """For a process of one's own, before anything is read or written.

    A closed stream's number is taken at once: the next file to be opened, such as a database, would get it. Standard
    output then refuses every write, as a full disk does; what would go to a closed standard error is lost.
    """
    for name, flag in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, flag)  # the lowest free one: that of the closed stream
            if name != "stdin":
                stream = open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
                setattr(sys, name, stream)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="strict")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # “€” is a question mark where the encoding has none


def abandon(stream: TextIO) -> None:
    """Nobody takes what is written: what Python would still flush at exit goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_utf8(text: str, stream: TextIO) -> None:
    """JSON is UTF-8 whatever the encoding of the stream."""
    stream.flush()
    stream.buffer.write(text.encode("utf-8", "replace"))
    stream.buffer.flush()


def write_json(value: object, stream: TextIO) -> None:
    """`value` as JSON in lines, for people to look at and for programs to read."""
    write_utf8(json.dumps(value, ensure_ascii=False, indent=2) + "\n", stream)


def is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Page:
    """One output stream; `style` is ignored where colour is not wanted (a pipe, or NO_COLOR)."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.on_terminal = is_terminal(stream)
        self._console: Any = None

    def line(self, text: str = "", style: str = "") -> None:
        """`text` is one line or several; each is made visible."""
        shown = "\n".join(visible(part) for part in text.split("\n"))
        if not self.on_terminal:
            self.stream.write(shown + "\n")
            return
        from rich.text import Text

        self.console.print(Text(shown, style=style))

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        right: frozenset[int] = frozenset(),
        styles: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """`right` holds the indexes of right-aligned columns, `styles` the colours of rows that are not plain."""
        cells = [[visible(cell) for cell in row] for row in rows]
        if not self.on_terminal:
            self.stream.write(aligned([visible(name) for name in header], cells, right))
            return
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for index, name in enumerate(header):
            table.add_column(Text(visible(name)), justify="right" if index in right else "left", overflow="fold")
        for number, row in enumerate(cells):
            table.add_row(*[Text(cell) for cell in row], style=styles.get(number))
        self.console.print(table)

    @property
    def console(self) -> Any:
        if self._console is None:
            from rich.console import Console

            self._console = Console(file=self.stream, markup=False, highlight=False, emoji=False)
        return self._console


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Columns two spaces apart, as wide as their widest cell."""
    table = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    lines = [
        "  ".join(cell.rjust(widths[i]) if i in right else cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip()
        for row in table
    ]
    return "".join(f"{line}\n" for line in lines)


class Progress:
    """A listener of the pipeline, also from several threads: one line for the stage at work and how far it is, written
    over; silent where there is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = is_terminal(stream)

    def __call__(self, event: StageEvent) -> None:
        if event.state != "done":
            self._write("… " + " · ".join(part for part in (event.stage, event.note) if part))

    def clear(self) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        if self._shown:
            # One line at most: a longer one would wrap, and its beginning would stay on the screen.
            room = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[2K{visible(text)[:room]}")
            self._stream.flush()


class CountProgress:
    """How many of `total` are done: one line, written over; silent where there is no terminal."""

    def __init__(self, stream: TextIO, total: int, what: str) -> None:
        self._stream = stream
        self._total = total
        self._what = what
        self._shown = is_terminal(stream)
        self._each = max(1, total // 100)

    def __enter__(self) -> CountProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._write("")

    def __call__(self, done: int) -> None:
        if done % self._each == 0:
            self._write(f"… {done:,} of {self._total:,} {self._what}")

    def _write(self, text: str) -> None:
        if self._shown:
            self._stream.write(f"\r\x1b[2K{text}")
            self._stream.flush()


def print_answer(answer: Answer, stream: TextIO) -> None:
    from nl2sql.provenance import reading, stands_in, whole_question

    page = Page(stream)
    if whole := whole_question(answer):
        page.line(f"Read as: {whole}", "dim")
    page.line(answer.headline, "bold")
    if read := reading(answer):
        page.line(f"{'Computed' if whole else 'Read'} as: {read}", "dim")
    if instead := stands_in(answer):
        page.line(instead, "dim")
    _print_rows(page, answer)
    if answer.receipt is not None and answer.receipt.lines:
        page.line()
        page.line("What was computed", "bold")
        for line in answer.receipt.lines:
            page.line(f"  · {line.text}")
    for assumption in answer.assumptions:
        page.line(f"  · assumed: {assumption}")
    for finding in answer.findings:
        mark, style = ("!", "yellow") if finding.severity == "warning" else ("i", "cyan")
        page.line(f"  {mark} {finding.text}", style)
    page.line()
    _print_provenance(page, answer)
    page.line(origin_line(answer), "dim")


def _print_provenance(page: Page, answer: Answer) -> None:
    from nl2sql.provenance import provenance

    again = ("--fresh runs it again",) if answer.cached else ()
    parts = (*provenance(answer), *again)
    if parts:
        page.line(" · ".join(parts), "dim")


def _print_rows(page: Page, answer: Answer) -> None:
    from nl2sql.answer.formats import format_cell

    if answer.table is None or answer.table.row_count == 0:
        return
    if answer.table.row_count == 1 and len(answer.table.columns) == 1:
        return  # the headline says it
    arrow = answer.table.table
    shown = arrow.slice(0, TERMINAL_ROWS) if page.on_terminal else arrow
    columns = answer.columns
    values = [column.to_pylist() for column in shown.columns]
    rows = [[format_cell(v, label) for v, label in zip(row, columns, strict=True)] for row in zip(*values, strict=True)]
    right = frozenset(i for i, kind in enumerate(arrow.schema.types) if _is_number(str(kind)))
    page.line()
    page.table([label.label for label in columns], rows, right)
    hidden = arrow.num_rows - shown.num_rows
    if hidden:
        page.line(f"… and {hidden:,} more rows (use --csv)", "dim")


def _is_number(arrow_type: str) -> bool:
    return arrow_type.startswith(("int", "uint", "float", "double", "half", "decimal"))


def origin_line(answer: Answer) -> str:
    """Who wrote the SQL, and the time it all took."""
    origin = answer.origin
    writer = {"offline": "offline writer", "llm": "language model", "verified": "Verified query"}.get(
        origin.writer, origin.writer
    )
    took = sum(stage.ms for stage in answer.stages)
    parts = [writer, origin.detail, f"{took:,.0f} ms"]
    return " · ".join(part for part in parts if part)


def print_trace(answer: Answer, stream: TextIO) -> None:
    """Each stage with its time and what it found; below it what happened on the way."""
    page = Page(stream)
    named = max((len(each.stage) for each in answer.stages), default=0)
    for each in answer.stages:
        page.line(f"{each.stage:<{named}}  {each.ms:>10,.1f} ms  {each.note}".rstrip())
        for remark in each.remarks:
            page.line(f"{'':{named}}  {'':13}  · {remark}", "dim")


def print_cut(answer: Answer, stream: TextIO) -> None:
    """Whoever reads the rows alone must still learn that there are more."""
    if answer.table is not None and answer.table.truncated:
        Page(stream).line(f"Only the first {answer.table.row_count:,} rows: the policy's limit cut the rest.", "yellow")


def print_no_answer(answer: Answer, stream: TextIO) -> None:
    """The reason there is none, what was not understood, what could be asked instead, and how to go on."""
    page = Page(stream)
    page.line(answer.headline, "bold")
    if answer.unknown_words:
        page.line(f"Not understood: {', '.join(answer.unknown_words)}")
    if answer.hint and (answer.outcome == "failed" or answer.code in _COST_CODES):
        page.line(answer.hint)
    if answer.code == "over_soft_limit":
        page.line("Nothing was run. To run it at this cost, ask again with --accept-cost.")
    if answer.choices:
        page.line("Did you mean" if answer.outcome == "clarification" else "You could ask", "bold")
        for choice in answer.choices:
            page.line(f"  · {choice}")


def print_explanation(answer: Answer, stream: TextIO) -> None:
    """An answer in words, and what can be asked next."""
    page = Page(stream)
    for line in answer.headline.splitlines():
        page.line(line)
    if answer.choices:
        page.line("You could ask", "bold")
        for choice in answer.choices:
            page.line(f"  · {choice}")


def print_model(model: SemanticModel, stream: TextIO) -> None:
    page = Page(stream)
    page.line(f"{model.name}: {model.description}" if model.description else model.name, "bold")
    for dataset in model.datasets:
        page.line()
        page.line(dataset.name, "bold cyan")
        if dataset.description:
            page.line(dataset.description)
        page.table(("field", "type", "meaning"), [_field_row(each, dataset) for each in dataset.fields])
    page.line()
    page.line("metrics", "bold cyan")
    page.table(("metric", "unit", "meaning"), [(m.name, m.unit or m.format, m.description) for m in model.metrics])
    page.line()
    page.line("relationships", "bold cyan")
    page.table(
        ("from", "to", "as"),
        [
            (f"{r.source}.{','.join(r.source_columns)}", f"{r.target}.{','.join(r.target_columns)}", r.role)
            for r in model.relationships
        ],
    )


def _field_row(each: Field, dataset: Dataset) -> tuple[str, str, str]:
    notes = ["sensitive"] if each.sensitive else []
    if each.name in dataset.primary_key:
        notes.append("key")
    mark = f" [{', '.join(notes)}]" if notes else ""
    return each.name, str(each.datatype), f"{each.description or each.label}{mark}"


def print_verdict(verdict: CheckedSql | Violations, stream: TextIO, *, full: bool = False) -> None:
    """`full`: with the hints, and with the text as it is executed below the canonical one."""
    from nl2sql.guard.violation import Violations

    page = Page(stream)
    if isinstance(verdict, Violations):
        page.line("refused", "bold red")
        for violation in verdict.items:
            page.line(f"  {violation.code}: {violation.message}")
            page.line(f"    at: {violation.fragment}", "dim")
            if full and violation.hint:
                page.line(f"    → {violation.hint}", "dim")
        return
    page.line("allowed", "bold green")
    page.line(f"  reads: {', '.join(verdict.tables) or 'no table'}")
    page.line(f"  at most {verdict.row_limit:,} rows, {verdict.seconds:g} seconds")
    page.line()
    page.line(verdict.sql)
    if full:
        page.line()
        page.line("executed as", "bold")
        page.line(verdict.executed_shown)


def print_check(check: Check, stream: TextIO) -> None:
    page = Page(stream)
    mark, style = _MARKS[check.state]
    page.line(f"{mark}  {check.about:<10} {check.text}", style if check.state != "ok" else "")
    if check.advice:
        page.line(f"{'':17}→ {check.advice}", "dim")
