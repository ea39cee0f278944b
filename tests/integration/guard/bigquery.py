"""BigQuery's own grammar, analyser and reference evaluator (ZetaSQL), without the service: a fifth database.

It starts once for a process, and compiles once for a machine; a statement then takes some milliseconds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.bigquery.zetasql_start import start_zetasql
from tests.integration.guard.auction import TABLES, View, everything
from tests.integration.guard.databases import Answer, Refused

_NUMERIC_SCALE = 10**9


class BigQueryWorld:
    """Tables and rows registered with the evaluator."""

    def __init__(self, service: Any, options: Any, catalog: int) -> None:
        self._service, self._options, self._catalog = service, options, catalog

    def run(self, sql: str) -> Answer:
        """All rows. Raises Refused with the analyser's or the evaluator's words."""
        from zetasql.types import EvaluateQueryRequest
        from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import EvaluateQueryResponse

        # The package's own reader of answers loses times: this is the message as it came.
        asked = EvaluateQueryRequest(sql=sql, options=self._options, registered_catalog_id=self._catalog)
        given = self._called("ZetaSqlLocalService_EvaluateQuery", asked.to_proto(), EvaluateQueryResponse)
        return [tuple(_python(cell) for cell in row.cell) for row in given.content.table_data.row]

    def analyse(self, sql: str) -> None:
        """Raises Refused unless every name and type in it is resolved."""
        from zetasql.types import AnalyzeRequest
        from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import AnalyzeResponse

        asked = AnalyzeRequest(sql_statement=sql, options=self._options, registered_catalog_id=self._catalog)
        self._called("ZetaSqlLocalService_Analyze", asked.to_proto(), AnalyzeResponse)

    def _called(self, procedure: str, asked: Any, answer: type) -> Any:
        from zetasql.core.exceptions import ZetaSQLError

        try:
            return self._service.wasm_client.call_grpc_func(procedure, asked, answer)
        except ZetaSQLError as error:
            raise Refused(str(error)) from error

    def close(self) -> None:
        self._service.unregister_catalog(registered_id=self._catalog)


class BigQuery:
    dialect = "bigquery"

    def __init__(self) -> None:
        from zetasql.types import AnalyzerOptions, LanguageOptions, ZetaSQLBuiltinFunctionOptions

        self._service = start_zetasql()
        language = LanguageOptions.maximum_features()
        self._options = AnalyzerOptions(language_options=language)
        self._functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
        self.worlds: dict[str, BigQueryWorld] = {}

    def world(self, name: str, view: View | None = None, shuffle: int = 0) -> BigQueryWorld:
        if name not in self.worlds:
            self.worlds[name] = self._made(view, shuffle)
        return self.worlds[name]

    def shuffled(self, name: str, view: View) -> Iterator[BigQueryWorld]:
        return (self.world(f"{name}_{shuffle}", view, shuffle) for shuffle in range(1, 4))

    def _made(self, view: View | None, shuffle: int) -> BigQueryWorld:
        from zetasql.api import CatalogBuilder, TableBuilder
        from zetasql.types import TableContent, TableData, TypeKind

        kinds = {
            "key": TypeKind.TYPE_INT64,
            "integer": TypeKind.TYPE_INT64,
            "money": TypeKind.TYPE_NUMERIC,
            "bool": TypeKind.TYPE_BOOL,
            "text": TypeKind.TYPE_STRING,
            "time": TypeKind.TYPE_TIMESTAMP,
        }
        shown = view or View(frozenset(), {})
        catalog, contents = CatalogBuilder("auction"), {}
        for table in sorted(shown.tables):
            made, names = TableBuilder(table), shown.columns(table)
            for name in names:
                made.add_column(name, kinds[TABLES[table][name]])
            catalog.add_table(made.build())
            rows = list(shown.rows(table) if view else everything()[table])
            if shuffle:
                random.Random(shuffle).shuffle(rows)  # noqa: S311 - repeatable, not secret
            cells = [TableData.Row(cell=[_cell(row[name]) for name in names]) for row in rows]
            contents[table] = TableContent(table_data=TableData(row=cells))
        catalog.with_builtin_functions(self._functions)
        registered = self._service.register_catalog(simple_catalog=catalog.build(), table_content=contents)
        return BigQueryWorld(self._service, self._options, registered.registered_id)

    def close(self) -> None:
        for world in self.worlds.values():
            world.close()


def _cell(value: object) -> Any:
    from google.protobuf.timestamp_pb2 import Timestamp
    from zetasql.types import Value

    if value is None:
        return Value()
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, int):
        return Value(int64_value=value)
    if isinstance(value, Decimal):
        scaled = int(value * _NUMERIC_SCALE)
        return Value(numeric_value=scaled.to_bytes(scaled.bit_length() // 8 + 1, "little", signed=True))
    if isinstance(value, datetime):
        moment = Timestamp()
        moment.FromDatetime(value)
        return Value(timestamp_value=moment)
    return Value(string_value=str(value))


def _python(cell: Any) -> Any:
    kind = cell.WhichOneof("value")
    if kind is None:
        return None
    value = getattr(cell, kind)
    if kind == "numeric_value":
        return Decimal(int.from_bytes(value, "little", signed=True)) / _NUMERIC_SCALE
    if kind == "timestamp_value":
        return value.ToDatetime()
    if kind == "array_value":
        return tuple(_python(each) for each in value.element)
    if kind == "struct_value":
        return tuple(_python(each) for each in value.field)
    return value if isinstance(value, bool | int | float | str | bytes) else str(value)


@contextmanager
def bigquery_database() -> Iterator[BigQuery]:
    pytest.importorskip("zetasql", reason="ZetaSQL is not installed")
    database = BigQuery()
    try:
        yield database
    finally:
        database.close()
