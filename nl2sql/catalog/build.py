"""One model of a file, read and checked → SemanticModel. Goes on after a problem, so that all of them can be told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.catalog import ossie
from nl2sql.catalog.dialects import ansi_of, is_plain, parsed
from nl2sql.catalog.kinds import datatype_of, dates_only, is_calendar
from nl2sql.catalog.model import (
    Dataset,
    Extension,
    Field,
    FieldValue,
    Group,
    Metric,
    NamedFilter,
    Relationship,
    SemanticModel,
)
from nl2sql.catalog.source import Place, Problem, Source, plain, some_of

Shape = TypeVar("Shape", bound=BaseModel)


class ModelBuilder:
    """`problems` is filled by `build`, in the order of the file's sections. With any, the model is not to be used."""

    def __init__(self, source: Source, place: Place, model: ossie.OssieModel) -> None:
        self.source = source
        self.place = place
        self.model = model
        self.datasets: dict[str, Dataset] = {}
        self.field_names: dict[str, frozenset[str]] = {}
        self.problems: list[Problem] = []
        self.left_out: list[Problem] = []

    def build(self) -> SemanticModel:
        for index, each in enumerate(self.model.datasets):
            place = (*self.place, "datasets", index)
            if each.name in self.datasets:
                self._problem(place, f"there are two datasets called “{each.name}”.")
            self.datasets[each.name] = self._dataset(place, each)
        self._check_unique("relationships", self.model.relationships)
        relationships = [self._relationship(i, r) for i, r in enumerate(self.model.relationships)]
        self._check_unique("metrics", self.model.metrics)
        metrics = [self._metric(i, m) for i, m in enumerate(self.model.metrics)]
        extension = self._own(self.place, self.model, ossie.ModelExtension)
        return SemanticModel(
            name=self.model.name,
            datasets=tuple(self.datasets.values()),
            relationships=tuple(relationships),
            metrics=tuple(m for m in metrics if m is not None),
            description=self.model.description,
            instructions=self.model.context.instructions,
            examples=tuple(self.model.context.examples),
            fingerprint=sha256(self.source.text.encode()).hexdigest()[:16],
            readings=extension.readings,
            synonyms=tuple(self.model.context.synonyms),
            extensions=_foreign(self.model),
            left_out=tuple(each.message for each in self.left_out),
        )

    def _problem(self, place: Place, message: str) -> None:
        self.problems.append(Problem(place, message))

    def _check_unique(self, key: str, given: Sequence[Any]) -> None:
        seen: set[str] = set()
        for index, each in enumerate(given):
            if each.name in seen:
                self._problem((*self.place, key, index), f"there are two {key} called “{each.name}”.")
            seen.add(each.name)

    def _dataset(self, place: Place, each: ossie.OssieDataset) -> Dataset:
        extension = self._own(place, each, ossie.DatasetExtension)
        made = (self._field((*place, "fields", i), each.name, f) for i, f in enumerate(each.fields))
        as_written = tuple(f for f in made if f is not None)
        fields = dates_only(as_written)
        self._check_names(place, each, extension, fields)
        for text in [extension.rows, *(f.expression for f in extension.filters)]:
            self._check_sql(place, text)
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
            start_field=extension.start_field,
            end_field=extension.end_field,
            is_calendar=is_calendar(as_written),
            instructions=each.context.instructions,
            examples=tuple(each.context.examples),
            extensions=_foreign(each),
        )

    def _check_names(
        self, place: Place, each: ossie.OssieDataset, extension: ossie.DatasetExtension, fields: Sequence[Field]
    ) -> None:
        written = [f.name for f in each.fields]
        names = self.field_names[each.name] = frozenset(f.name for f in fields)
        for name in _repeated(written):
            self._problem((*place, "fields"), f"there are two fields called “{name}”.")
        lasting = [extension.start_field, extension.end_field]
        single = [extension.label_field, extension.time_field, extension.amount_field]
        named = [*single, *lasting, *extension.list_fields]
        for name in [*named, *(f.time_field for f in extension.filters), *(f.time_field for f in fields)]:
            if name and name not in names:
                self._problem(place, f"there is no field “{name}” in {each.name}: {', '.join(written)}.")

    def _field(self, place: Place, dataset: str, each: ossie.OssieField) -> Field | None:
        extension = self._own(place, each, ossie.FieldExtension)
        expressions = _by_dialect(each.expression)
        expression = self._expression(place, f"the field {dataset}.{each.name}", expressions)
        if not expression:
            return None
        is_time = each.dimension.is_time
        return Field(
            name=each.name,
            expression=expression,
            datatype=datatype_of(each.datatype, expression),
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
            expressions=_beside(expressions, expression),
            instructions=each.context.instructions,
            examples=tuple(each.context.examples),
            extensions=_foreign(each),
        )

    def _relationship(self, index: int, each: ossie.OssieRelationship) -> Relationship:
        place = (*self.place, "relationships", index)
        extension = self._own(place, each, ossie.RelationshipExtension)
        for key, name in (("from", each.source), ("to", each.target)):
            if name not in self.datasets:
                known = some_of(self.datasets)
                self._problem((*place, key), f"there is no dataset “{name}”; there are {known}.")
        if len(each.from_columns) != len(each.to_columns):
            self._problem(place, "from_columns and to_columns must be of the same length.")
        for text in (extension.condition, extension.membership):
            self._check_sql(place, text)
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
            instructions=each.context.instructions,
            examples=tuple(each.context.examples),
            extensions=_foreign(each),
        )

    def _metric(self, index: int, each: ossie.OssieMetric) -> Metric | None:
        place = (*self.place, "metrics", index)
        extension = self._own(place, each, ossie.MetricExtension)
        expressions = _by_dialect(each.expression)
        expression = self._expression(place, f"the metric {each.name}", expressions)
        if not expression:
            return None
        self._check_owners(place, expression)
        self._check_time_field(place, extension.time_field)
        over = extension.additive if isinstance(extension.additive, str) else "all" if extension.additive else ""
        return Metric(
            name=each.name,
            expression=expression,
            datatype=each.datatype,
            label=extension.label,
            description=each.description,
            synonyms=tuple(each.context.synonyms),
            time_field=extension.time_field,
            unit=extension.unit,
            format=extension.format,
            additive=over == "all",
            additive_over=over,
            expressions=_beside(expressions, expression),
            instructions=each.context.instructions,
            examples=tuple(each.context.examples),
            extensions=_foreign(each),
        )

    def _check_owners(self, place: Place, expression: str) -> None:
        for column in parsed(expression).find_all(exp.Column):
            if column.table and column.table not in self.datasets:
                known = some_of(self.datasets)
                message = f"“{column.sql()}” names no dataset of the model; there are {known}."
                self._problem((*place, "expression"), message)

    def _check_time_field(self, place: Place, name: str) -> None:
        dataset, _, field = name.partition(".")
        if name and field not in self.field_names.get(dataset, ()):
            self._problem(place, f"the time field “{name}” does not exist; write dataset.field.")

    def _expression(self, place: Place, what: str, expressions: Mapping[str, str]) -> str:
        """ANSI, or translated to it; empty where there is none that is SQL (which is told) or a broken one."""
        try:
            chosen = ansi_of(expressions)
        except SqlglotError:
            text = next(iter(expressions.values()))
            self._problem(
                (*place, "expression"), f"“{expressions.get('ANSI_SQL', text)[:80]}” is not a SQL expression."
            )
            return ""
        if not chosen:
            message = f"{what} is left out: it is written in {', '.join(expressions)} alone, which is not SQL."
            self.left_out.append(Problem((*place, "expression"), message))
        return chosen

    def _check_sql(self, place: Place, text: str) -> None:
        if not text or is_plain(text):
            return
        try:
            parsed(text)
        except SqlglotError:
            self._problem(place, f"“{text[:80]}” is not a SQL expression.")

    def _own(self, place: Place, each: ossie.Object, shape: type[Shape]) -> Shape:
        """Our own extension on this object, or an empty one; other vendors' are not ours to read."""
        for index, extension in enumerate(each.custom_extensions):
            if extension.vendor_name != ossie.VENDOR:
                continue
            at = (*place, "custom_extensions", index, "data")
            try:
                return shape.model_validate(json.loads(extension.data))
            except json.JSONDecodeError as error:
                self._problem(at, f"data must be JSON text: {error.msg} in its line {error.lineno}.")
            except RecursionError:
                self._problem(at, "data must be JSON text that is not nested so deeply.")
            except ValidationError as error:
                first = error.errors()[0]
                inside = ".".join(str(step) for step in first["loc"])
                self._problem(at, f"{inside}: {plain(first)} Keys here: {', '.join(shape.model_fields)}.")
        return shape()


def _foreign(each: ossie.Object) -> tuple[Extension, ...]:
    return tuple(Extension(e.vendor_name, e.data) for e in each.custom_extensions if e.vendor_name != ossie.VENDOR)


def _by_dialect(expression: ossie.Expression) -> dict[str, str]:
    return {each.dialect: each.expression for each in expression.dialects}


def _beside(expressions: Mapping[str, str], expression: str) -> Mapping[str, str]:
    """Empty where there is nothing but the one in ANSI: so it is for nearly every field."""
    return {} if len(expressions) == 1 and next(iter(expressions.items())) == ("ANSI_SQL", expression) else expressions


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _only_time(fields: tuple[Field, ...]) -> str:
    """A dataset with a single date is dated by it; with several, the model has to say by which."""
    times = [f.name for f in fields if f.is_time]
    return times[0] if len(times) == 1 else ""
