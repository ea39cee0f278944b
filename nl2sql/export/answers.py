"""A whole answer, or a board of them, as one page of HTML and as PDF: everything that one needs to believe it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nl2sql.answer.base import Answer
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions
from nl2sql.answer.formats import format_cell, is_number
from nl2sql.answer.grammar import opening
from nl2sql.engines.base import ResultTable
from nl2sql.errors import ExportUnavailable
from nl2sql.export.about import moment_words, rows_words, written_by
from nl2sql.export.browser import print_page
from nl2sql.export.charting import chart_of, drawn
from nl2sql.export.page import Chart, figure_json, page, text
from nl2sql.provenance import provenance, reading, stands_in, whole_question

MAX_ROWS = 200  # of a table: three printed pages; whoever needs more takes the data
_MAX_TEXT = 400  # characters of a cell

_RECEIPT = {
    "measure": "Measure", "definition": "Definition", "source": "Data", "policy": "Your view", "join": "Links",
    "filter": "Filter", "period": "Period", "group": "Grouping", "having": "Group filter", "order": "Order",
    "limit": "Rows", "combine": "Combination", "note": "Note",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """One answer of a page. `title` stands above its headline; `note` below, for what the page has to say of it."""

    answer: Answer
    options: ChartOptions = AUTOMATIC
    title: str = ""
    note: str = ""


def answers_html(title: str, sections: Sequence[Section], *, lead: str = "", at: datetime | None = None) -> str:
    """One self-contained page. `title` "": that of the only answer. `lead` is a line below the title, like the filters
    of a board. `at` is when (UTC, without zone) it is made; None: now."""
    moment = at or datetime.now(UTC).replace(tzinfo=None)
    charts: list[Chart] = []
    parts = [_article(each, charts, moment, heading="h2" if title else "h1") for each in sections]
    made = f'<p class="soft">Exported on {moment_words(moment)}</p>'
    head = [f"<h1>{text(title)}</h1>" if title else "", f'<p class="soft">{text(lead)}</p>' if lead else ""]
    top = [f"<header>{''.join(head)}{made}</header>"] if title else []
    body = "\n".join([*top, *parts, *([] if title else [made])])
    name = title or next((each.answer.question.text for each in sections), "Answer")
    return page(name, body, charts)


def answers_pdf(html: str) -> bytes:
    """The page printed. Raises ExportUnavailable where no Chromium is, or where it fails."""
    return print_page(html)


def chart_html(answer: Answer, options: ChartOptions, at: datetime) -> str:
    """The chart alone, with what it shows where the mouse is. Raises ExportUnavailable for an answer without one."""
    charts: list[Chart] = [_both(answer, options)]
    spec = chart_of(answer, options)
    said = _paragraphs([*provenance(answer, at), f"Exported on {moment_words(at)}"])
    title = (spec.title if spec is not None else "") or answer.headline
    return page(answer.question.text, "\n".join([_chart(0, title), *said]), charts)


def _article(section: Section, charts: list[Chart], at: datetime, heading: str) -> str:
    answer = section.answer
    said = [
        f"<h3>{text(section.title)}</h3>" if section.title else "",
        f'<p class="soft">{text(answer.question.text)}</p>',
        f"<{heading}>{text(answer.headline)}</{heading}>",
        *_paragraphs([section.note, *_read_as(answer), stands_in(answer)]),
        _chips(answer.assumptions),
        *(f'<p class="finding {each.severity}">{text(each.text)}</p>' for each in answer.findings),
    ]
    spec = chart_of(answer, section.options)
    if spec is not None and spec.kind != "number":  # the headline says a number
        try:
            charts.append(_both(answer, section.options))
            said.append(_chart(len(charts) - 1, spec.title or answer.headline))
        except ExportUnavailable as error:
            said += _paragraphs([error.user_message])
    if answer.table is not None and answer.table.row_count:
        said.append(_table(answer, answer.table))
    said.append(_receipt(answer))
    told = (*provenance(answer, at), f"Written by {written_by(answer)}" if written_by(answer) else "")
    said += _paragraphs([" · ".join(each for each in told if each)])
    if answer.sql:
        said.append(f'<section class="block"><h3>SQL</h3><pre>{text(answer.sql)}</pre></section>')
    return f"<article>{''.join(said)}</article>"


def _read_as(answer: Answer) -> list[str]:
    whole, read = whole_question(answer), reading(answer)
    computed = "Computed as" if whole else "Read as"
    return [f"Read as: {whole}" if whole else "", f"{computed}: {read}" if read else ""]


def _paragraphs(texts: Sequence[str]) -> list[str]:
    return [f'<p class="soft">{text(each)}</p>' for each in texts if each]


def _chips(texts: Sequence[str]) -> str:
    items = "".join(f"<li>{text(each)}</li>" for each in texts)
    return f'<ul class="chips" aria-label="Assumptions">{items}</ul>' if items else ""


def _both(answer: Answer, options: ChartOptions) -> Chart:
    return {"light": figure_json(drawn(answer, options, "light")), "dark": figure_json(drawn(answer, options, "dark"))}


def _chart(number: int, title: str) -> str:
    return f'<div class="chart block" id="chart-{number}" role="img" aria-label="{text(f"Chart: {title}")}"></div>'


def _table(answer: Answer, result: ResultTable) -> str:
    shown = result.table.slice(0, MAX_ROWS)
    kinds = [' class="number"' if is_number(kind) else "" for kind in shown.schema.types]
    head = "".join(
        f'<th scope="col"{kind}>{text(opening(label.label))}</th>'
        for label, kind in zip(answer.columns, kinds, strict=True)
    )
    columns = [
        [f"<td{kind}>{text(_short(format_cell(value, label)))}</td>" for value in column.to_pylist()]
        for column, label, kind in zip(shown.columns, answer.columns, kinds, strict=True)
    ]
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in zip(*columns, strict=True))
    size = rows_words(result)
    if result.row_count > MAX_ROWS:
        size = f"The first {MAX_ROWS} of {result.row_count:,} rows; the data as a file has them all. {size}."
    return (
        f'<section class="block"><div class="rows"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>'
        f'</div><p class="soft">{text(size)}</p></section>'
    )


def _short(value: str) -> str:
    return value if len(value) <= _MAX_TEXT else f"{value[: _MAX_TEXT - 1]}…"


def _receipt(answer: Answer) -> str:
    if answer.receipt is None or not answer.receipt.lines:
        return ""
    rows, before = [], ""
    for line in answer.receipt.lines:
        named = f"<dt>{text(_RECEIPT.get(line.kind, line.kind))}</dt>" if line.kind != before else ""
        rows.append(f"{named}<dd>{text(line.text)}</dd>")
        before = line.kind
    return f'<section class="block"><h3>What was computed</h3><dl>{"".join(rows)}</dl></section>'
