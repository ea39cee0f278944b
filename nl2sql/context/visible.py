"""What of a context may leave the house: the model without its sensitive fields, and without whatever reads them.

An expression is searched for identifiers, not parsed: when in doubt about what a name belongs to, it counts as
sensitive. Free text is dropped when it spells a sensitive column (`users.email`, full_name); a plain word such as
"email" in a sentence is English, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nl2sql.catalog.model import Dataset, Field, Metric, NamedFilter, Relationship, SemanticModel
from nl2sql.context.base import Context, Example, LinkedTerm

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_QUOTES = str.maketrans("", "", '"`[]')
_IDENTIFIER = re.compile(r"(?:(\w+)\s*\.\s*)?(\w+)")


@dataclass(frozen=True, slots=True)
class VisibleModel:
    """Datasets are in the model's own order, so that prompts begin alike and a provider can reuse what it has read.

    What has a reading is not described a second time; `withheld` are words of the question that name
    something which is not shown. `joins` are by "dataset.expression" of the field that is joined on, else by "dataset".
    """

    description: str
    instructions: str
    datasets: tuple[Dataset, ...]
    joins: Mapping[str, tuple[Relationship, ...]]
    metrics: tuple[Metric, ...]
    readings: tuple[tuple[str, str], ...]
    linked: tuple[LinkedTerm, ...]
    withheld: tuple[str, ...]
    examples: tuple[Example, ...]


def visible(context: Context) -> VisibleModel:
    model = context.model
    secret = _Secrets(model)
    names = set(context.datasets)
    shown = [dataset for dataset in model.datasets if dataset.name in names]
    linked = [term for term in context.linked if term.target.partition("=")[0].partition(".")[0] in names]
    linked += [term for term in context.linked if term.kind == "metric"]
    metrics = tuple(m for m in model.metrics if datasets_of(m, model) <= names and not secret.in_metric(m))
    metric_names = {m.name for m in metrics}
    kept = [t for t in linked if not secret.in_target(t, metric_names)]
    return VisibleModel(
        description=secret.text(model.description),
        instructions=secret.text(model.instructions),
        datasets=tuple(secret.without(dataset) for dataset in shown),
        joins=_joins(
            [r for r in model.relationships if {r.source, r.target} <= names and not secret.in_relationship(r)],
            {f"{dataset.name}.{each.expression}" for dataset in shown for each in dataset.fields},
        ),
        metrics=tuple(replace(m, description=secret.text(_unsaid(m, model))) for m in metrics),
        readings=tuple((term, text) for term, text in model.readings.items() if secret.text(f"{term} {text}")),
        linked=tuple(kept),
        withheld=tuple(dict.fromkeys(t.words for t in linked if t not in kept)),
        examples=tuple(e for e in context.examples if not secret.in_expression(e.sql, "")),
    )


def _joins(relationships: Iterable[Relationship], fields: set[str]) -> dict[str, tuple[Relationship, ...]]:
    joins: dict[str, tuple[Relationship, ...]] = {}
    for each in relationships:
        field = f"{each.source}.{each.source_columns[0]}"
        place = field if len(each.source_columns) == 1 and field in fields else each.source
        joins[place] = (*joins.get(place, ()), each)
    return joins


def datasets_of(metric: Metric, model: SemanticModel) -> set[str]:
    """The datasets whose columns a metric reads, in its expression and its time."""
    qualifiers = {q for q, _ in _identifiers(f"{metric.expression} {metric.time_field}")}
    return qualifiers & set(model.dataset_by_name)


def _unsaid(named: Field | Metric | NamedFilter, model: SemanticModel) -> str:
    """The description, unless a reading of the same name says it."""
    called = {name.lower().replace("_", " ").replace("-", " ") for name in (named.name, *named.synonyms)}
    return "" if any(term.lower().replace("-", " ") in called for term in model.readings) else named.description


def _identifiers(expression: str) -> list[tuple[str, str]]:
    """(qualifier or "", name) of everything in an expression that could be a column."""
    bare = _LITERAL.sub(" ", expression).translate(_QUOTES)
    return [(m.group(1) or "", m.group(2)) for m in _IDENTIFIER.finditer(bare)]


class _Secrets:
    """The sensitive columns by physical table: a table seen through a second dataset is no way around them."""

    def __init__(self, model: SemanticModel) -> None:
        self._model = model
        self._table_of: Mapping[str, str] = {d.name.lower(): d.table.lower() for d in model.datasets}
        self._columns: dict[str, set[str]] = {}
        for dataset in model.datasets:
            self._columns.setdefault(dataset.table.lower(), set()).update(_sensitive_columns(dataset))
        self._all = set().union(*self._columns.values()) if self._columns else set()
        spelled = {rf"{name}\.{c}" for name, table in self._table_of.items() for c in self._columns[table]}
        spelled |= {re.escape(c) for c in self._all if "_" in c}
        self._spelled = re.compile(rf"(?i)\b(?:{'|'.join(sorted(spelled))})\b") if spelled else None

    def in_expression(self, expression: str, dataset: str) -> bool:
        """Whether a sensitive column may be read; names without a qualifier belong to `dataset`, "" being any."""
        return any(name.lower() in self._of(q or dataset) for q, name in _identifiers(expression))

    def in_metric(self, metric: Metric) -> bool:
        return self.in_expression(f"{metric.expression} {metric.time_field}", "")

    def in_relationship(self, relationship: Relationship) -> bool:
        ends = ((relationship.source, relationship.source_columns), (relationship.target, relationship.target_columns))
        joined = any(column.lower() in self._of(end) for end, columns in ends for column in columns)
        return joined or self.in_expression(relationship.condition, relationship.source)

    def in_target(self, term: LinkedTerm, metrics: Iterable[str]) -> bool:
        """Whether a linked term names something that is not shown."""
        if term.kind == "metric":
            return term.target not in metrics
        dataset, _, name = term.target.partition("=")[0].partition(".")
        return name.lower() in self._of(dataset)

    def text(self, text: str) -> str:
        return "" if self._spelled and self._spelled.search(text) else text

    def without(self, dataset: Dataset) -> Dataset:
        fields = tuple(
            replace(f, description=self.text(_unsaid(f, self._model)))
            for f in dataset.fields
            if not f.sensitive and not self.in_expression(f"{f.name} {f.expression}", dataset.name)
        )
        names = {f.name for f in fields}
        return replace(
            dataset,
            fields=fields,
            description=self.text(dataset.description),
            rows="" if self.in_expression(dataset.rows, dataset.name) else dataset.rows,
            primary_key=tuple(c for c in dataset.primary_key if c.lower() not in self._of(dataset.name)),
            filters=tuple(self._without(f) for f in dataset.filters if not self._in_filter(f, dataset.name)),
            label_field=dataset.label_field if dataset.label_field in names else "",
            time_field=dataset.time_field if dataset.time_field in names else "",
        )

    def _in_filter(self, each: NamedFilter, dataset: str) -> bool:
        return self.in_expression(f"{each.expression} {each.time_field}", dataset)

    def _without(self, each: NamedFilter) -> NamedFilter:
        return replace(each, description=self.text(_unsaid(each, self._model)))

    def _of(self, qualifier: str) -> set[str]:
        table = self._table_of.get(qualifier.lower())
        return self._all if table is None else self._columns[table]


def _sensitive_columns(dataset: Dataset) -> set[str]:
    """Columns that only sensitive fields expose, and the names of those fields."""
    open_columns = {f.expression.lower() for f in dataset.fields if not f.sensitive}
    found: set[str] = set()
    for each in dataset.fields:
        if each.sensitive:
            columns = {name.lower() for _, name in _identifiers(each.expression)}
            found |= {each.name.lower()} | (columns - open_columns)
    return found
