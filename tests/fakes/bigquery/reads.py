"""Which columns a resolved statement reads: what a derived table names and nobody uses costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# (project, dataset, table); the table may be "INFORMATION_SCHEMA.COLUMNS".
Path = tuple[str, str, str]


def columns_read(query: Any) -> Mapping[Path, frozenset[str]]:
    used = {column.column_id for column in _columns_named(query)}
    with_entries = {each.with_query_name: _own_columns(each.with_subquery) for each in _of(query, "ResolvedWithEntry")}
    references = [(each.with_query_name, _own_columns(each)) for each in _of(query, "ResolvedWithRefScan")]
    while True:
        found = {
            inner
            for name, outer in references
            for inner, seen in zip(with_entries.get(name, ()), outer, strict=False)
            if seen in used
        }
        if found <= used:
            break
        used |= found
    reads: dict[Path, set[str]] = {}
    for scan in _of(query, "ResolvedTableScan"):
        project, dataset, table = scan.table.full_name.split("/")
        names = reads.setdefault((project, dataset, table), set())
        names.update(column.name for column in scan.parent.column_list if column.column_id in used)
    return {path: frozenset(names) for path, names in reads.items()}


def _columns_named(node: Any) -> Iterator[Any]:
    """Every column but those that a scan only passes on."""
    passes_on = node.DESCRIPTOR.name == "ResolvedScanProto"
    for name, child in _children(node):
        if passes_on and name == "column_list":
            continue
        if child.DESCRIPTOR.name == "ResolvedColumnProto":
            yield child
        else:
            yield from _columns_named(child)


def _own_columns(scan: Any) -> list[int]:
    """Ids, in the order of the scan's columns."""
    node = scan
    while node.DESCRIPTOR.name != "ResolvedScanProto" or "parent" not in node.DESCRIPTOR.fields_by_name:
        kinds = node.DESCRIPTOR.oneofs_by_name
        if "node" in kinds and node.WhichOneof("node"):
            node = getattr(node, node.WhichOneof("node"))
        elif node.DESCRIPTOR.name == "ResolvedScanProto" or "parent" not in node.DESCRIPTOR.fields_by_name:
            break
        else:
            node = node.parent
    return [column.column_id for column in getattr(node, "column_list", ())]


def _of(node: Any, kind: str) -> Iterator[Any]:
    for _, child in _children(node):
        if child.DESCRIPTOR.name == f"{kind}Proto":
            yield child
        yield from _of(child, kind)


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    for descriptor, value in node.ListFields():
        if descriptor.message_type is not None:
            for each in value if descriptor.is_repeated else (value,):
                yield descriptor.name, each
