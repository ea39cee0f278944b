"""Ossie YAML → SemanticModel. Every problem is reported with file, line, what is wrong and what is allowed."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import sqlglot
from pydantic import BaseModel, ValidationError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.catalog import ossie
from nl2sql.catalog.model import (
    Dataset,
    Field,
    FieldValue,
    Group,
    Metric,
    NamedFilter,
    Relationship,
    SemanticModel,
)
from nl2sql.catalog.source import Source, plain
from nl2sql.errors import ModelInvalid

Extension = TypeVar("Extension", bound=BaseModel)


def load_model(path: Path, name: str = "") -> SemanticModel:
    """The model called `name`, or the file's first. Raises ModelInvalid."""
    source = Source(path)
    try:
        parsed = ossie.OssieFile.model_validate(source.value)
    except ValidationError as error:
        raise source.invalid(error) from error
    for index, model in enumerate(parsed.semantic_model):
        if not name or model.name == name:
            return _Builder(source, ("semantic_model", index), model).build()
    names = ", ".join(m.name for m in parsed.semantic_model)
    raise ModelInvalid(f"{path}: there is no semantic model called “{name}”. The file has: {names}.")


class _Builder:
    """One model of the file. Keeps the place it is at, so that each refusal has a line."""

    def __init__(self, source: Source, place: tuple[str | int, ...], model: ossie.OssieModel) -> None:
        self.source = source
        self.place = place
        self.model = model
        self.datasets: dict[str, Dataset] = {}

    def build(self) -> SemanticModel:
        for index, each in enumerate(self.model.datasets):
            place = (*self.place, "datasets", index)
            if each.name in self.datasets:
                raise self.source.problem(place, f"there are two datasets called “{each.name}”.")
            self.datasets[each.name] = self._dataset(place, each)
        relationships = self._unique(
            "relationships", [self._relationship(i, r) for i, r in self._each("relationships")]
        )
        metrics = self._unique("metrics", [self._metric(i, m) for i, m in self._each("metrics")])
        extension = self._extension(self.place, self.model, ossie.ModelExtension)
        return SemanticModel(
            name=self.model.name,
            datasets=tuple(self.datasets.values()),
            relationships=tuple(relationships),
            metrics=tuple(metrics),
            description=self.model.description,
            instructions=self.model.context.instructions,
            examples=tuple(self.model.context.examples),
            fingerprint=sha256(self.source.text.encode()).hexdigest()[:16],
            readings=extension.readings,
        )

    def _each(self, key: str) -> list[tuple[int, Any]]:
        return list(enumerate(getattr(self.model, key)))

    def _unique(self, key: str, made: list[Any]) -> list[Any]:
        seen: set[str] = set()
        for index, each in enumerate(made):
            if each.name in seen:
                raise self.source.problem((*self.place, key, index), f"there are two {key} called “{each.name}”.")
            seen.add(each.name)
        return made

    def _dataset(self, place: tuple[str | int, ...], each: ossie.OssieDataset) -> Dataset:
        extension = self._extension(place, each, ossie.DatasetExtension)
        fields = tuple(self._field((*place, "fields", i), f) for i, f in enumerate(each.fields))
        names = [f.name for f in fields]
        for name in names:
            if names.count(name) > 1:
                raise self.source.problem((*place, "fields"), f"there are two fields called “{name}”.")
        named = [extension.label_field, extension.time_field, extension.amount_field, *extension.list_fields]
        for name in [*named, *(f.time_field for f in extension.filters), *(f.time_field for f in fields)]:
            if name and name not in names:
                raise self.source.problem(place, f"there is no field “{name}” in {each.name}: {', '.join(names)}.")
        for text in [extension.rows, *(f.expression for f in extension.filters)]:
            if text:
                self._parsed(place, text)
        return Dataset(
            name=each.name,
            source=each.source,
            fields=fields,
            primary_key=tuple(each.primary_key),
            unique_keys=tuple(tuple(k) for k in each.unique_keys),
            label=extension.label,
            description=each.description,
            synonyms=tuple(each.context.synonyms),
            filters=tuple(
                NamedFilter(f.name, f.expression, tuple(f.synonyms), f.description, f.time_field)
                for f in extension.filters
            ),
            rows=extension.rows,
            label_field=extension.label_field,
            time_field=extension.time_field or _only_time(fields),
            amount_field=extension.amount_field,
            list_fields=tuple(extension.list_fields),
            refresh_seconds=extension.refresh_seconds,
        )

    def _field(self, place: tuple[str | int, ...], each: ossie.OssieField) -> Field:
        extension = self._extension(place, each, ossie.FieldExtension)
        self._parsed((*place, "expression"), each.expression.text)
        is_time = each.dimension.is_time
        return Field(
            name=each.name,
            expression=each.expression.text,
            datatype=each.datatype,
            is_time=each.datatype.is_temporal if is_time is None else is_time,
            label=each.label,
            description=each.description,
            synonyms=tuple(each.context.synonyms),
            sensitive=extension.sensitive,
            values=tuple(FieldValue(v.value, tuple(v.synonyms)) for v in extension.values),
            indexed=extension.indexed,
            unit=extension.unit,
            format=extension.format,
            time_field=extension.time_field,
            aggregation=extension.aggregation,
        )

    def _relationship(self, index: int, each: ossie.OssieRelationship) -> Relationship:
        place = (*self.place, "relationships", index)
        extension = self._extension(place, each, ossie.RelationshipExtension)
        for key, name in (("from", each.source), ("to", each.target)):
            if name not in self.datasets:
                known = ", ".join(self.datasets)
                raise self.source.problem((*place, key), f"there is no dataset “{name}”; there are {known}.")
        if len(each.from_columns) != len(each.to_columns):
            raise self.source.problem(place, "from_columns and to_columns must be of the same length.")
        for text in filter(None, (extension.condition, extension.membership)):
            self._parsed(place, text)
        return Relationship(
            name=each.name,
            source=each.source,
            target=each.target,
            source_columns=tuple(each.from_columns),
            target_columns=tuple(each.to_columns),
            role=extension.role,
            synonyms=tuple(each.context.synonyms),
            condition=extension.condition,
            membership=extension.membership or extension.condition,
            time_field=extension.time_field,
            verbs=tuple(extension.verbs),
            groups=tuple(Group(g.name, g.at_least, tuple(g.synonyms)) for g in extension.groups),
        )

    def _metric(self, index: int, each: ossie.OssieMetric) -> Metric:
        place = (*self.place, "metrics", index)
        extension = self._extension(place, each, ossie.MetricExtension)
        tree = self._parsed((*place, "expression"), each.expression.text)
        for column in tree.find_all(exp.Column):
            if column.table and column.table not in self.datasets:
                known = ", ".join(self.datasets)
                raise self.source.problem(
                    (*place, "expression"), f"“{column.sql()}” names no dataset of the model; there are {known}."
                )
        self._check_time_field(place, extension.time_field)
        return Metric(
            name=each.name,
            expression=each.expression.text,
            datatype=each.datatype,
            label=extension.label,
            description=each.description,
            synonyms=tuple(each.context.synonyms),
            time_field=extension.time_field,
            unit=extension.unit,
            format=extension.format,
            additive=extension.additive,
        )

    def _check_time_field(self, place: tuple[str | int, ...], name: str) -> None:
        if not name:
            return
        dataset, _, field = name.partition(".")
        if dataset not in self.datasets or field not in [f.name for f in self.datasets[dataset].fields]:
            raise self.source.problem(place, f"the time field “{name}” does not exist; write dataset.field.")

    def _parsed(self, place: tuple[str | int, ...], text: str) -> exp.Expr:
        try:
            tree: exp.Expr = sqlglot.parse_one(text)
        except SqlglotError as error:
            raise self.source.problem(place, f"“{text[:80]}” is not a SQL expression.") from error
        return tree

    def _extension(self, place: tuple[str | int, ...], each: ossie.Documented, shape: type[Extension]) -> Extension:
        """Our own extension on this object, or an empty one; other vendors' are not ours to read."""
        for index, extension in enumerate(each.custom_extensions):
            if extension.vendor_name != ossie.VENDOR:
                continue
            at = (*place, "custom_extensions", index, "data")
            try:
                return shape.model_validate(json.loads(extension.data))
            except json.JSONDecodeError as error:
                raise self.source.problem(
                    at, f"data must be JSON text: {error.msg} in its line {error.lineno}."
                ) from error
            except ValidationError as error:
                first = error.errors()[0]
                inside = ".".join(str(step) for step in first["loc"])
                allowed = ", ".join(shape.model_fields)
                raise self.source.problem(at, f"{inside}: {plain(first)} Keys here: {allowed}.") from error
        return shape()


def _only_time(fields: tuple[Field, ...]) -> str:
    """A dataset with a single date is dated by it; with several, the model has to say by which."""
    times = [f.name for f in fields if f.is_time]
    return times[0] if len(times) == 1 else ""
