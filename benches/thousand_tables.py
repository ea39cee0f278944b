"""A large semantic model around a small one: the tables of a company, made up, deterministic, with confusable names.

Departments have tables as their software has them (a shop's orders, finance's invoices, an advertiser's bids and
auctions, appraisals that are called reviews), then each table comes back as archive, history, staging copy and regional
copy, those of the small model too. Columns, synonyms, values and joins are shared as they are in such warehouses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from benches.company import COLUMN_FORMS, COPIES, DEPARTMENTS, METRICS, VALUES
from nl2sql.catalog.model import Dataset, DataType, Field, FieldValue, Metric, Relationship, SemanticModel

_DECIMAL = "amount price cost total fee discount balance budget salary value rate gross net revenue_share".split()
_INTEGER = (
    "quantity count points score rating level days hours minutes year views uses size votes weight latency".split()
)


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    synonyms: tuple[str, ...]
    department: str
    description: str
    points_to: Mapping[str, str]  # column → table


def thousand_tables(core: SemanticModel, tables: int = 1_000) -> SemanticModel:
    """`core` with as many made-up datasets as make `tables` in all; its own keep their names, and stand scattered."""
    made = _tables(core, tables - len(core.datasets))
    datasets = [_dataset(table) for table in made]
    step = max(1, len(datasets) // (len(core.datasets) + 1))
    for number, own in enumerate(core.datasets, 1):
        datasets.insert(number * step + number - 1, own)
    return replace(
        core,
        name=f"{core.name}_in_{tables}",
        datasets=tuple(datasets),
        relationships=(*core.relationships, *_relationships(made)),
        metrics=(*core.metrics, *_metrics(made)),
        fingerprint=sha256(f"{core.fingerprint} {tables} {len(made)}".encode()).hexdigest()[:16],
    )


def wide_tables(model: SemanticModel, columns: int = 300) -> SemanticModel:
    """The same with so many columns in each table, as exports have them: earlier and converted forms of its own ones,
    and those of other departments, of which its own ones stand far apart."""
    others = list(dict.fromkeys(c for table in _department_tables() for c in table.columns))
    return replace(
        model,
        datasets=tuple(_widened(each, others, columns) for each in model.datasets),
        fingerprint=sha256(f"{model.fingerprint} {columns} columns".encode()).hexdigest()[:16],
    )


def _widened(dataset: Dataset, others: Sequence[str], columns: int) -> Dataset:
    own = {field.name for field in dataset.fields}
    forms = [form.format(field.name) for form in COLUMN_FORMS for field in dataset.fields]
    forms += [form.format(other) for form in ("{}", *COLUMN_FORMS) for other in others]
    made = [name for name in dict.fromkeys(forms) if name not in own][: max(0, columns - len(own))]
    fields = [Field(name, name, _datatype(name), label=name.replace("_", " ")) for name in made]
    step = max(1, len(fields) // (len(own) + 1))
    for number, field in enumerate(dataset.fields, 1):
        fields.insert(number * step + number - 1, field)
    return replace(dataset, fields=tuple(fields))


def thousand_tables_text(core: Path, tables: int = 1_000) -> str:
    """The same as a file in the format of `core`, a semantic model's YAML (JSON is YAML too)."""
    document: dict[str, Any] = yaml.safe_load(core.read_text(encoding="utf-8"))
    model = document["semantic_model"][0]
    names = [Dataset(each["name"], each["source"], _own_fields(each)) for each in model["datasets"]]
    made = _tables(SemanticModel(model["name"], tuple(names)), tables - len(names))
    model["datasets"] += [_dataset_entry(_dataset(table)) for table in made]
    model["relationships"] += [
        {"name": r.name, "from": r.source, "to": r.target, "from_columns": [*r.source_columns], "to_columns": ["id"]}
        for r in _relationships(made)
    ]
    model["metrics"] += [_metric_entry(metric) for metric in _metrics(made)]
    return json.dumps(document, ensure_ascii=False, indent=1)


def _own_fields(entry: Mapping[str, Any]) -> tuple[Field, ...]:
    return tuple(Field(each["name"], each["name"]) for each in entry["fields"])


def _tables(core: SemanticModel, wanted: int) -> list[_Table]:
    """Departments first, then their copies and those of the core's tables, kind by kind of copy."""
    base = list(_department_tables())
    taken = {each.name for each in core.datasets}
    base = [table for table in base if table.name not in taken]
    own = [
        _Table(d.name, tuple(f.name for f in d.fields if f.name != "id"), (), core.name, d.name, {})
        for d in core.datasets
    ]
    copies = [_copy(table, number) for number in range(len(COPIES)) for table in (*own, *base)]
    made = [*base, *(table for table in copies if table.name not in taken)]
    if len(made) < wanted:
        made += [replace(t, name=f"{t.name}_{n}") for n in range(2, 9) for t in made[: wanted - len(made)]]
    return made[: max(wanted, 0)]


def _department_tables() -> Iterator[_Table]:
    for department, text in DEPARTMENTS.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        names = [line.partition(":")[0] for line in lines]
        for line in lines:
            name, _, rest = line.partition(":")
            columns, _, synonyms = rest.partition("|")
            found = tuple(columns.split())
            points_to = {c: t for c in found if c.endswith("_id") and (t := _plural(c[:-3])) in names}
            said = tuple(each.strip() for each in synonyms.split(","))
            description = f"{said[0].capitalize()} records of the {department} department."
            yield _Table(name, found, said, department, description, points_to)


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + "s"


def _copy(table: _Table, number: int) -> _Table:
    """Of a copy's keys only the first still joins."""
    name, said, description, moment = COPIES[number]
    spoken = table.name.replace("_", " ")
    return _Table(
        name.format(table.name),
        tuple(dict.fromkeys((*table.columns, moment, f"{table.department}_batch"))),
        (said.format(spoken),),
        table.department,
        description.format(spoken),
        dict(list(table.points_to.items())[:1]),
    )


def _dataset(table: _Table) -> Dataset:
    fields = (Field("id", "id", DataType.INTEGER), *(_field(column, table) for column in table.columns))
    names = {field.name for field in fields}
    times = [field.name for field in fields if field.is_time]
    label = next((n for n in ("name", "title", "subject", "order_number", "code") if n in names), "")
    return Dataset(
        table.name,
        table.name,
        fields,
        primary_key=("id",),
        synonyms=table.synonyms,
        description=table.description,
        label_field=label,
        time_field=times[0] if times else "",
    )


def _field(column: str, table: _Table) -> Field:
    datatype = _datatype(column)
    values = tuple(
        FieldValue(value, tuple(s for s in synonyms.split(",") if s))
        for value, _, synonyms in (each.partition("=") for each in VALUES.get(column, "").split(";"))
        if value
    )
    spoken = column.replace("_", " ")
    owner = (table.synonyms or (table.name,))[0]
    return Field(
        column,
        column,
        datatype,
        is_time=datatype.is_temporal,
        label="" if column.endswith("_id") else spoken,
        synonyms=() if column.endswith("_id") or not table.synonyms else (f"{owner} {spoken}",),
        values=values,
        indexed=column in ("name", "title"),
        sensitive=column in ("email", "salary"),
        unit="EUR" if column in _DECIMAL and column != "rate" else "",
    )


def _datatype(column: str) -> DataType:
    last = column.rpartition("_")[2]
    if last == "at":
        return DataType.DATETIME
    if last in ("on", "until", "from"):
        return DataType.DATE
    if column.startswith("is_"):
        return DataType.BOOLEAN
    if last in _DECIMAL:
        return DataType.DECIMAL
    return DataType.INTEGER if last == "id" or last in _INTEGER else DataType.STRING


def _relationships(made: list[_Table]) -> list[Relationship]:
    names = {table.name for table in made}
    return [
        Relationship(f"{table.name}_{column}", table.name, target, (column,), ("id",))
        for table in made
        for column, target in table.points_to.items()
        if target in names
    ]


def _metrics(made: list[_Table]) -> Iterator[Metric]:
    """Of copies too: every warehouse has its revenue of 2023."""
    names = {table.name for table in made}
    for key, (expression, synonyms, time) in METRICS.items():
        table, _, metric = key.partition(".")
        for place in (table, f"{table}_archive", f"{table}_emea"):
            if place in names:
                suffix = place.removeprefix(table)
                said = tuple(s.strip() + suffix.replace("_", " ") for s in synonyms.split(","))
                name = f"{metric}{suffix}"
                yield Metric(name, expression.format(place), synonyms=said, time_field=f"{place}.{time}")


def _dataset_entry(dataset: Dataset) -> dict[str, Any]:
    own = {"label_field": dataset.label_field, "time_field": dataset.time_field}
    return {
        "name": dataset.name,
        "source": dataset.source,
        "primary_key": [*dataset.primary_key],
        "description": dataset.description,
        "ai_context": {"synonyms": [*dataset.synonyms]},
        "custom_extensions": [{"vendor_name": "NL2SQL", "data": json.dumps(own)}],
        "fields": [_field_entry(field) for field in dataset.fields],
    }


def _field_entry(field: Field) -> dict[str, Any]:
    own: dict[str, Any] = {"indexed": field.indexed, "sensitive": field.sensitive, "unit": field.unit}
    own["values"] = [{"value": v.value, "synonyms": [*v.synonyms]} for v in field.values]
    entry: dict[str, Any] = {
        "name": field.name,
        "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": field.expression}]},
        "datatype": field.datatype.value,
        "ai_context": {"synonyms": [*field.synonyms]},
    }
    kept = {key: value for key, value in own.items() if value}
    extensions = {"custom_extensions": [{"vendor_name": "NL2SQL", "data": json.dumps(kept)}]} if kept else {}
    return entry | ({"label": field.label} if field.label else {}) | extensions


def _metric_entry(metric: Metric) -> dict[str, Any]:
    return {
        "name": metric.name,
        "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": metric.expression}]},
        "datatype": "Decimal",
        "ai_context": {"synonyms": [*metric.synonyms]},
        "custom_extensions": [{"vendor_name": "NL2SQL", "data": json.dumps({"time_field": metric.time_field})}],
    }
