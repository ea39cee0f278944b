"""Beside what the statement says: how the model defines the metrics it names, and how many rows came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nl2sql.answer.base import Labels, Receipt, ReceiptLine
from nl2sql.answer.grammar import counted, opening
from nl2sql.answer.shape import Output
from nl2sql.engines.base import ResultTable


def told_of(
    receipt: Receipt, outputs: Iterable[Output], result: ResultTable, labels: Labels, *, is_scalar: bool
) -> Receipt:
    """Definitions stand behind the measures, rows at the end. A single number needs no count of its rows."""
    lines = list(receipt.lines)
    at = next((place for place, line in enumerate(lines) if line.kind != "measure"), len(lines))
    lines[at:at] = _definitions(outputs, labels)
    if not is_scalar:
        lines.append(ReceiptLine("limit", _rows(result)))
    return replace(receipt, lines=tuple(lines))


def _definitions(outputs: Iterable[Output], labels: Labels) -> list[ReceiptLine]:
    """The model's words for a metric that a column is named after. What was computed, the measure's own line says."""
    names = dict.fromkeys(name for each in outputs if each.is_aggregate and (name := metric_in(each.name, labels)))
    known = [labels.metrics[name] for name in names]
    return [
        ReceiptLine("definition", f"{opening(each.label)}, as the model defines it: {each.description}")
        for each in known
        if each.description
    ]


def metric_in(name: str, labels: Labels) -> str:
    """ "gmv" of gmv, share_of_gmv and gmv_2025; "" for the name of no metric."""
    name = name.lower().removeprefix("share_of_")
    if name in labels.metrics:
        return name
    return max((each for each in labels.metrics if name.startswith(f"{each}_")), key=len, default="")


def _rows(result: ResultTable) -> str:
    rows = counted(result.row_count, "row")
    return f"The first {rows} came back; there are more" if result.truncated else f"{opening(rows)} came back"
