"""One dataset of BigQuery, by tables.list and tables.get, which cost nothing. Nothing is sampled: every statement would
be billed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from nl2sql.catalog.facts import ColumnFacts, ForeignKey, TableFacts
from nl2sql.catalog.model import DataType
from nl2sql.engines.bigquery_address import BigQueryOptions, parse_bigquery
from nl2sql.engines.bigquery_client import answered_within
from nl2sql.engines.bigquery_dataset import DatasetClient
from nl2sql.engines.bigquery_errors import DRIVER_ERRORS, mapped
from nl2sql.errors import Nl2SqlError

# For all tables: each is a request of about a tenth of a second.
SECONDS = 120.0
_KINDS = {
    "STRING": DataType.STRING,
    "INTEGER": DataType.INTEGER,
    "INT64": DataType.INTEGER,
    "FLOAT": DataType.FLOAT,
    "FLOAT64": DataType.FLOAT,
    "NUMERIC": DataType.DECIMAL,
    "BIGNUMERIC": DataType.DECIMAL,
    "BOOLEAN": DataType.BOOLEAN,
    "BOOL": DataType.BOOLEAN,
    "DATE": DataType.DATE,
    "TIME": DataType.TIME,
    "DATETIME": DataType.DATETIME,
    "TIMESTAMP": DataType.DATETIME_TZ,
}


class BigQueryDataset:
    """Keys are those that the tables declare: BigQuery does not enforce them."""

    dialect = "bigquery"

    def __init__(self, url: str, location: str = "", endpoint: str = "") -> None:
        options = BigQueryOptions(location=location, endpoint=endpoint)
        self._client = DatasetClient(parse_bigquery(url, options))

    def tables(self) -> tuple[TableFacts, ...]:
        with self._asking():
            return tuple(_facts(self._client.table(name)) for name in sorted(self._client.table_names()))

    def sample(self, table: str, columns: Sequence[str], limit: int) -> list[tuple[Any, ...]]:
        return []

    def distinct(self, table: str, column: str, limit: int) -> list[Any] | None:
        return None

    def contained(self, table: str, column: str, target: str, target_column: str, limit: int) -> tuple[int, int]:
        return 0, 0

    def is_key(self, table: str, column: str) -> bool:
        return False

    def close(self) -> None:
        self._client.close()

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            with answered_within(SECONDS):
                yield
        except Nl2SqlError:
            raise
        except DRIVER_ERRORS as error:
            raise mapped(error, SECONDS) from None


def _facts(table: Any) -> TableFacts:
    """Of a google.cloud.bigquery.Table."""
    constraints = table.table_constraints
    primary = constraints.primary_key if constraints is not None else None
    return TableFacts(
        name=table.table_id,
        columns=tuple(
            ColumnFacts(
                each.name,
                DataType.OPAQUE if each.mode == "REPEATED" else _KINDS.get(each.field_type, DataType.OPAQUE),
                each.field_type,
                each.description or "",
            )
            for each in table.schema
        ),
        primary_key=tuple(primary.columns) if primary is not None else (),
        foreign_keys=tuple(sorted(_foreign_keys(constraints))),
        is_view=table.table_type in ("VIEW", "MATERIALIZED_VIEW"),
        comment=table.description or "",
    )


def _foreign_keys(constraints: Any) -> Iterator[ForeignKey]:
    for each in (constraints.foreign_keys or ()) if constraints is not None else ():
        pairs = [(ref.referencing_column, ref.referenced_column) for ref in each.column_references]
        columns, targets = tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
        yield ForeignKey(columns, each.referenced_table.table_id, targets)
