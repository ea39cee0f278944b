"""What stands in a receipt beside what the statement says: definitions of metrics, and how many rows came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
import pytest

from nl2sql.answer.base import ColumnLabel, Labels, Receipt, ReceiptLine
from nl2sql.answer.definitions import metric_in, told_of
from nl2sql.answer.shape import Output
from nl2sql.engines.base import ResultTable

SQL = (
    "SELECT c.name AS name, SUM(l.current_bid) AS gmv FROM listings AS l JOIN categories AS c ON c.id = l.id GROUP BY 1"
)
MEANING = "What buyers pay for sold listings."


@pytest.fixture
def defined(labels: Labels) -> Labels:
    return replace(labels, metrics={**labels.metrics, "gmv": ColumnLabel("GMV", "money", "EUR", MEANING)})


def told(outputs: tuple[Output, ...], labels: Labels, *, truncated: bool = False, is_scalar: bool = False) -> list[str]:
    receipt = Receipt((ReceiptLine("measure", "GMV: sum"), ReceiptLine("source", "From listings")))
    result = ResultTable(pa.table({"name": ["a", "b"], "gmv": [1.0, 2.0]}), 2, truncated, 1.0)
    return [
        f"{line.kind}: {line.text}" for line in told_of(receipt, outputs, result, labels, is_scalar=is_scalar).lines
    ]


def test_a_metric_is_told_in_the_models_words_behind_the_measures(
    outputs: Callable[..., tuple[Output, ...]], defined: Labels
) -> None:
    assert told(outputs(SQL, {"name": ["a"], "gmv": [1.0]}), defined) == [
        "measure: GMV: sum",
        f"definition: GMV, as the model defines it: {MEANING}",
        "source: From listings",
        "limit: 2 rows came back",
    ]


def test_a_plain_column_called_like_a_metric_is_not_defined(
    outputs: Callable[..., tuple[Output, ...]], defined: Labels
) -> None:
    lines = told(outputs("SELECT l.bid_count AS gmv FROM listings AS l", {"gmv": [1]}), defined)
    assert not any(line.startswith("definition") for line in lines)


def test_a_cut_result_says_so(outputs: Callable[..., tuple[Output, ...]], defined: Labels) -> None:
    lines = told(outputs(SQL, {"name": ["a"], "gmv": [1.0]}), defined, truncated=True)
    assert lines[-1] == "limit: The first 2 rows came back; there are more"


def test_the_rows_of_one_number_are_not_counted(outputs: Callable[..., tuple[Output, ...]], defined: Labels) -> None:
    lines = told(outputs(SQL, {"name": ["a"], "gmv": [1.0]}), defined, is_scalar=True)
    assert lines[-1] == "source: From listings"


@pytest.mark.parametrize(
    ("name", "metric"), [("gmv", "gmv"), ("GMV_2025", "gmv"), ("share_of_gmv", "gmv"), ("gmvs", ""), ("total", "")]
)
def test_the_metric_in_a_name_is_found(labels: Labels, name: str, metric: str) -> None:
    assert metric_in(name, labels) == metric
