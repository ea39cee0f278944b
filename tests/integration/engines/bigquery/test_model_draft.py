"""A draft of a BigQuery dataset costs nothing: its tables are described, and no statement runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nl2sql.catalog.draft.draft import draft_model
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import DataType
from nl2sql.introspection.open import open_live

if TYPE_CHECKING:
    from tests.fakes.bigquery.server import FakeBigQuery


def test_tables_are_described_and_nothing_runs(fake: FakeBigQuery, tmp_path: Path) -> None:
    database = open_live(fake.url)
    try:
        path = tmp_path / "draft.yaml"
        path.write_text(draft_model(database, "shop").text, encoding="utf-8")
    finally:
        database.close()
    model = load_model(path)
    assert {"sales", "by_day", "by_country", "MixedCase"} <= set(model.dataset_by_name)
    sales = model.dataset("sales")
    assert [f.datatype for f in sales.fields][:4] == [
        DataType.INTEGER,
        DataType.STRING,
        DataType.DECIMAL,
        DataType.DATE,
    ]
    assert (sales.time_field, sales.label_field) == ("day", "title")
    assert not fake.jobs.all


def test_declared_keys_of_a_table_are_read() -> None:
    bigquery: Any = pytest.importorskip("google.cloud.bigquery")
    from nl2sql.introspection.bigquery import _facts

    table = bigquery.Table.from_api_repr(
        {
            "tableReference": {"projectId": "p", "datasetId": "d", "tableId": "sales"},
            "schema": {
                "fields": [{"name": "id", "type": "INT64"}, {"name": "tags", "type": "STRING", "mode": "REPEATED"}]
            },
            "tableConstraints": {
                "primaryKey": {"columns": ["id"]},
                "foreignKeys": [
                    {
                        "name": "f",
                        "referencedTable": {"projectId": "p", "datasetId": "d", "tableId": "users"},
                        "columnReferences": [{"referencingColumn": "user_id", "referencedColumn": "id"}],
                    }
                ],
            },
        }
    )
    facts = _facts(table)
    assert facts.primary_key == ("id",) and facts.columns[1].datatype is DataType.OPAQUE
    (key,) = facts.foreign_keys
    assert (key.columns, key.table, key.target_columns) == (("user_id",), "users", ("id",))
