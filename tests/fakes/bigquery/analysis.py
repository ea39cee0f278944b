"""SQL as BigQuery's own analyser understands it: its kind, the columns of its result, and those it reads."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError

from tests.fakes.bigquery.errors import ApiError, invalid_query
from tests.fakes.bigquery.reads import Path, columns_read
from tests.fakes.bigquery.schema import Column, column_of
from tests.fakes.bigquery.zetasql_start import start_zetasql

_PREFIX = re.compile(r"^\[(\w+)\] ")
_SCRIPT = re.compile(r"\s*(DECLARE|SET|IF|LOOP|WHILE|REPEAT|FOR)\b", re.IGNORECASE)
_NOT_FOUND = re.compile(r"Table not found: ([^;\s]+)")


@dataclass(frozen=True)
class Analysis:
    """`reads`: the columns of each table whose bytes are read."""

    statement_type: str
    columns: tuple[Column, ...] = ()
    reads: Mapping[Path, frozenset[str]] = field(default_factory=dict)


class Analyser:
    """ZetaSQL is shared by the process; it reads one statement at a time, in some milliseconds."""

    _alone = threading.Lock()

    def __init__(self) -> None:
        from zetasql.types import AnalyzerOptions, ErrorMessageMode, LanguageOptions, ZetaSQLBuiltinFunctionOptions

        with self._alone:
            self._service = start_zetasql()
            language = LanguageOptions.maximum_features()
            self._options = AnalyzerOptions(
                language_options=language,
                prune_unused_columns=True,
                error_message_mode=ErrorMessageMode.ERROR_MESSAGE_ONE_LINE,
            )
            self._functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
        self._catalogs: dict[tuple[str, str], int] = {}

    def forget(self) -> None:
        """Tables have changed."""
        with self._alone:
            for number in self._catalogs.values():
                self._service.unregister_catalog(registered_id=number)
            self._catalogs.clear()

    def analyse(self, sql: str, tables: Mapping[Path, Sequence[Column]], default: tuple[str, str]) -> Analysis:
        """`default` is the project and dataset of plain names ("" for none). Raises ApiError."""
        from zetasql.core.exceptions import ZetaSQLError
        from zetasql.types import AnalyzeRequest
        from zetasql.wasi._pb2.zetasql.local_service.local_service_pb2 import AnalyzeResponse

        with self._alone:
            if default not in self._catalogs:
                self._catalogs[default] = self._registered(tables, default)
            asked = AnalyzeRequest(
                sql_statement=sql, options=self._options, registered_catalog_id=self._catalogs[default]
            )
            try:
                answer = self._service.wasm_client.call_grpc_func(
                    "ZetaSqlLocalService_Analyze", asked.to_proto(), AnalyzeResponse
                )
            except ZetaSQLError as error:
                if _is_script(sql):
                    return Analysis("SCRIPT")
                raise _refused(_PREFIX.sub("", str(error)), default) from None
        return _analysis(answer.resolved_statement)

    def _registered(self, tables: Mapping[Path, Sequence[Column]], default: tuple[str, str]) -> int:
        from zetasql.api import CatalogBuilder

        catalog = CatalogBuilder("bigquery")
        serial = 0
        for path, columns in tables.items():
            for name in _names(path, default):
                serial += 1
                catalog.add_table(_table(name, path, columns, serial))
        built = catalog.with_builtin_functions(self._functions).build()
        built.catalog = _nested(tables, default, itertools.count(serial + 1))
        number = self._service.register_catalog(simple_catalog=built, table_content={}).registered_id
        return int(number)


def _names(path: Path, default: tuple[str, str]) -> Iterator[str]:
    """As one quoted name: `p.d.t`, `d.t`, `t`. Nested catalogs are for names in several parts."""
    yield ".".join(path)
    if path[0] == default[0]:
        yield ".".join(path[1:])
        if path[1] == default[1]:
            yield path[2]


def _nested(tables: Mapping[Path, Sequence[Column]], default: tuple[str, str], serials: Iterator[int]) -> list[Any]:
    from zetasql.types import SimpleCatalog

    def views(project: str, dataset: str) -> Any:
        found = [(path, columns) for path, columns in tables.items() if path[:2] == (project, dataset)]
        named = [(path, columns) for path, columns in found if "." in path[2]]
        made = [_table(path[2].partition(".")[2], path, columns, next(serials)) for path, columns in named]
        return SimpleCatalog(name="INFORMATION_SCHEMA", table=made)

    def dataset_of(project: str, dataset: str) -> Any:
        found = [(path, columns) for path, columns in tables.items() if path[:2] == (project, dataset)]
        plain = [(path, columns) for path, columns in found if "." not in path[2]]
        made = [_table(path[2], path, columns, next(serials)) for path, columns in plain]
        return SimpleCatalog(name=dataset, table=made, catalog=[views(project, dataset)])

    def project_of(project: str) -> Any:
        datasets = sorted({path[1] for path in tables if path[0] == project})
        return SimpleCatalog(name=project, catalog=[dataset_of(project, dataset) for dataset in datasets])

    own = sorted({path[1] for path in tables if path[0] == default[0]})
    return [
        *(dataset_of(default[0], dataset) for dataset in own),
        *(project_of(project) for project in sorted({path[0] for path in tables})),
        views(*default),
    ]


def _table(name: str, path: Path, columns: Sequence[Column], serial: int) -> Any:
    from zetasql.api import TableBuilder
    from zetasql.types import ArrayType, Type, TypeKind

    made = TableBuilder(name, serial)
    for column in columns:
        kind = TypeKind["TYPE_" + {"FLOAT64": "DOUBLE"}.get(column.type, column.type)]
        shape: Any = kind
        if column.repeated:
            shape = Type(type_kind=TypeKind.TYPE_ARRAY, array_type=ArrayType(element_type=Type(type_kind=kind)))
        made.add_column(column.name, shape)
    built = made.build()
    built.full_name = "/".join(path)
    return built


def _refused(message: str, default: tuple[str, str]) -> ApiError:
    missing = _NOT_FOUND.search(message)
    if missing is None:
        return invalid_query(message)
    name = missing.group(1).replace("`", "")
    if "." not in name:
        if not default[1]:
            return invalid_query(f'Table "{name}" must be qualified with a dataset (e.g. dataset.table).')
        name = f"{default[1]}.{name}"
    dataset, _, table = name.rpartition(".")
    place = dataset.replace(".", ":") if "." in dataset else f"{default[0]}:{dataset}"
    return ApiError("notFound", f"Not found: Table {place}.{table} was not found in location US", place)


def _is_script(sql: str) -> bool:
    if _SCRIPT.match(sql):
        return True
    try:
        return sum(each is not None for each in sqlglot.parse(sql, read="bigquery")) > 1
    except SqlglotError:
        return False


def _analysis(statement: Any) -> Analysis:
    kind, node = "", statement
    while "node" in node.DESCRIPTOR.oneofs_by_name and node.WhichOneof("node"):
        kind = str(node.WhichOneof("node"))
        node = getattr(node, kind)
    name = kind.removeprefix("resolved_").removesuffix("_node").removesuffix("_stmt")
    if name != "query":
        return Analysis(_STATEMENTS.get(name, name.upper()))
    columns = tuple(
        column_of(f"f{place}_" if each.name.startswith("$") else each.name, each.column.type)
        for place, each in enumerate(node.output_column_list)
    )
    return Analysis("SELECT", columns, columns_read(node))


_STATEMENTS = {
    "create_table_as_select": "CREATE_TABLE_AS_SELECT",
    "create_function": "CREATE_FUNCTION",
    "drop": "DROP_TABLE",
    "truncate": "TRUNCATE_TABLE",
    "begin": "BEGIN_TRANSACTION",
    "execute_immediate": "SCRIPT",
}
