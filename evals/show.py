"""Prints what was scored: a table and the cases to look at, or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TextIO

from evals.cases import Suite
from evals.score import RESULTS, Scored, Tally, by_kind, by_tag, tally
from nl2sql.terminal import Page

HEADER = ("kind", "tag", "cases", *RESULTS, "coverage", "right/answered", "median ms")
NUMBERS = frozenset(range(2, len(HEADER)))
STYLES = {"wrong": "bold red", "failed": "bold red", "refused": "yellow", "declined": "yellow"}


def print_scores(suite: Suite, scored: Sequence[Scored], writer: str, stream: TextIO, model: str = "") -> None:
    """`model` says which language model was asked, and by which prompt; empty where none was."""
    page = Page(stream)
    questions = f"{len(scored)} question{'' if len(scored) == 1 else 's'}"
    asked = f"{writer} writer ({model})" if model else f"{writer} writer"
    page.line(f"{suite.name}: {questions}, {asked}, as of {suite.as_of}", "bold")
    page.line()
    if page.on_terminal:
        _draw_table(page, scored)
    else:
        page.table(HEADER, _rows(scored), NUMBERS)
    _print_wrong(page, [each for each in scored if each.result == "wrong"])
    for result, title in (("declined", "Declined"), ("refused", "Refused"), ("failed", "Failed")):
        _print_unanswered(page, result, title, [each for each in scored if each.result == result])
    page.line()
    page.line(verdict_line(tally(scored)), "bold")


def _draw_table(page: Page, scored: Sequence[Scored]) -> None:
    """Fits 80 columns: kind and tag share one, and a kind closes its tags."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("tag, kind", min_width=14)
    for name in ("cases", *RESULTS, "coverage", "accuracy", "ms"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind, tag, *numbers in _rows(scored):
        is_sum = tag == "all"
        cells = [
            Text(number, style=STYLES.get(name, "") if number != "0" else "dim")
            for name, number in zip(HEADER[2:], numbers, strict=True)
        ]
        table.add_row(
            kind if is_sum else tag, *cells, style="bold" if is_sum else "", end_section=is_sum and kind == "answerable"
        )
    page.console.print(table)


def verdict_line(total: Tally) -> str:
    parts = [f"{total.right} of {total.cases} right", f"{total.wrong} wrong"]
    parts += [f"{count} {name}" for name in ("declined", "refused", "failed") if (count := getattr(total, name))]
    parts += [f"coverage {_percent(total.coverage)}", f"right when answered {_percent(total.selective_accuracy)}"]
    return ", ".join(parts)


def _rows(scored: Sequence[Scored]) -> list[list[str]]:
    rows = []
    for kind, of_kind in by_kind(scored).items():
        if kind == "answerable":
            rows += [_row(kind, tag, tally(group)) for tag, group in by_tag(of_kind).items()]
        rows.append(_row(kind, "all", tally(of_kind)))
    return [*rows, _row("all", "all", tally(scored))]


def _row(kind: str, tag: str, counts: Tally) -> list[str]:
    numbers = (counts.cases, counts.right, counts.wrong, counts.declined, counts.refused, counts.failed)
    shares = (_percent(counts.coverage), _percent(counts.selective_accuracy))
    took = "–" if counts.median_ms is None else f"{counts.median_ms:,.0f}"
    return [kind, tag, *(f"{number:,}" for number in numbers), *shares, took]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _print_wrong(page: Page, wrong: Sequence[Scored]) -> None:
    if not wrong:
        return
    page.line()
    page.line(f"Wrong ({len(wrong)})", STYLES["wrong"])
    for each in wrong:
        page.line()
        page.line(f"  {each.case.id}: {each.case.question}", "bold")
        page.line(f"    {each.reason}", "red")
        if each.case.sql:
            page.line(_indented("gold", each.case.sql))
        page.line(_indented("ran", each.answer.sql or "(no SQL shown)"))


def _print_unanswered(page: Page, result: str, title: str, unanswered: Sequence[Scored]) -> None:
    if not unanswered:
        return
    page.line()
    page.line(f"{title} ({len(unanswered)})", STYLES[result])
    for each in unanswered:
        page.line(f"  {each.case.id}: {each.case.question}")
        words = f" (not understood: {', '.join(each.answer.unknown_words)})" if each.answer.unknown_words else ""
        page.line(f"    {each.answer.code}: {each.reason}{words}", "dim")


def _indented(title: str, sql: str) -> str:
    return "\n".join([f"    {title}:", *(f"      {line}" for line in sql.strip().splitlines())])


def to_json(suite: Suite, scored: Sequence[Scored], writer: str, model: str = "") -> str:
    summary = {
        "suite": suite.name,
        "as_of": suite.as_of.isoformat(),
        "writer": writer,
        "model": model or None,
        **asdict(tally(scored)),
        "by_kind": {kind: asdict(tally(group)) for kind, group in by_kind(scored).items()},
        "by_tag": {tag: asdict(tally(group)) for tag, group in by_tag(scored).items()},
    }
    return json.dumps({"summary": summary, "cases": [_case(each) for each in scored]}, ensure_ascii=False, indent=2)


def _case(each: Scored) -> dict[str, Any]:
    answer, case = each.answer, each.case
    return {
        "id": case.id,
        "question": case.question,
        "kind": case.kind,
        "tag": case.tag,
        "result": each.result,
        "reason": each.reason,
        "outcome": answer.outcome,
        "code": answer.code,
        "headline": answer.headline,
        "unknown_words": answer.unknown_words,
        "writer": answer.origin.writer,
        "sql": answer.sql,
        "gold_sql": case.sql,
        "rows": answer.table.row_count if answer.table else None,
        "gold_rows": each.gold_rows,
        "ms": round(each.ms, 1),
    }
