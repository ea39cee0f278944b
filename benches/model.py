"""Measures a large semantic model: loading it first and again, its joins, its words. Asserts nothing.

The model is made up: datasets in layers, as warehouses have them, each pointing to some of the layer above.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.catalog.visibility import seen_by
from nl2sql.terminal import Page

LAYER = 20  # datasets that point to the same layer above
POINTS_TO = 3
TYPES = ("Integer", "Decimal", "String", "DateTime", "Boolean", "String")
ASKED = ("value 77 of name", "valeu 4711 of name", "nothing like any of them")

T = TypeVar("T")


def model_text(datasets: int, fields: int) -> str:
    """Ossie YAML with `fields` fields in all."""
    lines = ['version: "0.2.0.dev0"', "semantic_model:", "- name: large", "  datasets:"]
    for number in range(datasets):
        count = fields // datasets + (number < fields % datasets)
        lines.extend(_dataset(number, max(count, POINTS_TO + 2)))
    lines.append("  relationships:")
    for number in range(LAYER, datasets):
        for place in range(POINTS_TO):
            lines.extend(_relationship(number, place))
    lines.append("  metrics:")
    for number in range(datasets):
        expression = f"SUM(dataset_{number}.field_{POINTS_TO + 1})"
        lines.append(f"  - name: total_{number}")
        lines.append(f"    expression: {{dialects: [{{dialect: ANSI_SQL, expression: {expression}}}]}}")
        lines.append(f'    ai_context: {{synonyms: ["total amount {number}", "sum of amounts {number}"]}}')
    return "\n".join(lines) + "\n"


def _dataset(number: int, fields: int) -> Iterator[str]:
    extension = {"label": f"things {number}", "label_field": "name", "time_field": ""}
    yield f"  - name: dataset_{number}"
    yield f"    source: warehouse.public.table_{number}"
    yield "    primary_key: [id]"
    yield f'    description: "The things of kind {number}."'
    yield f'    ai_context: {{synonyms: ["thing {number}", "item {number}"]}}'
    yield f"    custom_extensions: [{{vendor_name: NL2SQL, data: {json.dumps(json.dumps(extension))}}}]"
    yield "    fields:"
    names = ["id", "name", *(f"field_{i}" for i in range(fields - 2))]
    for place, name in enumerate(names):
        yield f"    - name: {name}"
        yield f"      expression: {{dialects: [{{dialect: ANSI_SQL, expression: {name}}}]}}"
        yield f"      datatype: {'String' if name == 'name' else TYPES[place % len(TYPES)]}"
        yield f'      label: "{name.replace("_", " ")} of {number}"'
        yield f'      ai_context: {{synonyms: ["{name} {number}", "the {name} of thing {number}"]}}'
        if name == "name" and number % 10 == 0:
            yield """      custom_extensions: [{vendor_name: NL2SQL, data: '{"indexed": true}'}]"""


def _relationship(number: int, place: int) -> Iterator[str]:
    above = (number // LAYER - 1) * LAYER + (number * POINTS_TO + place) % LAYER
    yield f"  - name: r_{number}_{place}"
    yield f"    from: dataset_{number}"
    yield f"    to: dataset_{above}"
    yield f"    from_columns: [field_{place}]"
    yield "    to_columns: [id]"


class Values:
    """A database whose every name column holds 1,000 values."""

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        return [f"Value {number} of {column} in {table}" for number in range(1_000)][:limit]

    def fingerprint(self) -> str:
        return "1"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", type=int, default=300)
    parser.add_argument("--fields", type=int, default=5_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.yaml"
        path.write_text(model_text(given.datasets, given.fields), encoding="utf-8")
        size = f"{given.datasets:,} datasets, {given.fields:,} fields, {path.stat().st_size / 1e6:.1f} MB of YAML"
        page = Page(sys.stdout)
        page.line(size)
        page.table(("what", "ms"), [(what, f"{ms:,.1f}") for what, ms in measures(path)], right=frozenset({1}))


def measures(path: Path) -> Iterator[tuple[str, float]]:
    cache = path.parent / "cache"
    model, ms = timed(lambda: load_model(path, cache=cache))
    yield "load the file for the first time", ms
    yield "load it again", min(timed(lambda: load_model(path, cache=cache))[1] for _ in range(5))
    yield "as a role sees it, with hidden columns", timed(lambda: seen_by(model, {"table_1.field_1"}))[1]
    graph = JoinGraph(model)
    yield "all paths between all datasets", timed(lambda: _all_paths(graph, model))[1]
    index = ValueIndex(model, Values())
    entries, ms = timed(index.entries)
    yield f"read {len(entries):,} values", ms
    yield "make them searchable", timed(lambda: index.nearest("x"))[1]
    for asked in ASKED:
        yield f"nearest to “{asked}”", min(timed(partial(index.nearest, asked))[1] for _ in range(5))


def _all_paths(graph: JoinGraph, model: SemanticModel) -> int:
    names = [dataset.name for dataset in model.datasets]
    return sum(len(graph.paths(start, end)) for start in names for end in names)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    started = perf_counter()
    done = work()
    return done, (perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
