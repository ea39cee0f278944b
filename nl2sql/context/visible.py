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

# Of a question's words that name something, and of those that name what is not shown: more than any question needs.
MAX_LINKED = 40

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
    shown = [each for each in model.datasets if each.name in context.datasets and not _is_closed(each)]
    names = {dataset.name for dataset in shown}
    metrics = tuple(m for m in model.metrics if datasets_of(m, model) <= names and not secret.in_metric(m))
    datasets = tuple(secret.without(dataset) for dataset in shown)
    targets = _targets(datasets, metrics)
    near = [term for term in context.linked if _place(term).partition(".")[0] in context.datasets]
    near += [term for term in context.linked if term.kind == "metric"]
    kept = [term for term in near if (term.kind == "metric", _place(term)) in targets]
    return VisibleModel(
        description=secret.text(model.description),
        instructions=secret.text(model.instructions),
        datasets=datasets,
        joins=_joins(
            [r for r in model.relationships if {r.source, r.target} <= names and not secret.in_relationship(r)],
            {f"{dataset.name}.{each.expression}" for dataset in shown for each in dataset.fields},
        ),
        metrics=tuple(replace(m, description=secret.text(_unsaid(m, model))) for m in metrics),
        readings=tuple((term, text) for term, text in model.readings.items() if secret.text(f"{term} {text}")),
        linked=tuple(kept[:MAX_LINKED]),
        withheld=tuple(dict.fromkeys(t.words for t in near if t not in kept))[:MAX_LINKED],
        examples=tuple(e for e in context.examples if not secret.in_example(e)),
    )


def names_hidden(sql: str, model: SemanticModel) -> bool:
    """Whether a statement may read a sensitive column."""
    return _Secrets(model).in_statement(sql)


def _targets(datasets: Iterable[Dataset], metrics: Iterable[Metric]) -> set[tuple[bool, str]]:
    """(whether it is a metric, name) of everything that is shown and that words can link to."""
    found = {(True, metric.name) for metric in metrics}
    for each in datasets:
        found.add((False, each.name))
        found |= {(False, f"{each.name}.{field.name}") for field in each.fields}
        found |= {(False, f"{each.name}.{named.name}") for named in each.filters}
    return found


def _place(term: LinkedTerm) -> str:
    """users.country, of the target users.country=DE."""
    return term.target.partition("=")[0]


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
        self._open = {d.name.lower(): _open_columns(d) - self._columns[d.table.lower()] for d in model.datasets}
        self._closed = self._columns.keys() - {d.table.lower() for d in model.datasets if not _is_closed(d)}
        self._all = set().union(*self._columns.values()) if self._columns else set()
        spelled = {rf"{name}\.{c}" for name, table in self._table_of.items() for c in self._columns[table]}
        spelled |= {re.escape(c) for c in self._all if "_" in c}
        self._spelled = re.compile(rf"(?i)\b(?:{'|'.join(sorted(spelled))})\b") if spelled else None

    def in_expression(self, expression: str, dataset: str) -> bool:
        """Whether a sensitive column may be read; names without a qualifier belong to `dataset`, "" being any."""
        return any(name.lower() in self._of(q or dataset) for q, name in _identifiers(expression))

    def in_statement(self, sql: str) -> bool:
        """Whether a sensitive column of the tables it names may be read, or a closed table.

        An alias can be called like another dataset, so a name counts as open only where that dataset has it.
        """
        names = [(qualifier.lower(), name.lower()) for qualifier, name in _identifiers(sql)]
        tables = self._columns.keys() & {name for _, name in names}
        secret = set().union(*(self._columns[table] for table in tables)) if tables else self._all
        return not tables.isdisjoint(self._closed) or any(
            name in secret and name not in self._open.get(qualifier, set()) for qualifier, name in names
        )

    def in_example(self, example: Example) -> bool:
        return self.spelled(example.question) or self.in_statement(example.sql)

    def in_metric(self, metric: Metric) -> bool:
        return self.in_expression(f"{metric.expression} {metric.time_field}", "")

    def in_relationship(self, relationship: Relationship) -> bool:
        ends = ((relationship.source, relationship.source_columns), (relationship.target, relationship.target_columns))
        joined = any(column.lower() in self._of(end) for end, columns in ends for column in columns)
        return joined or self.in_expression(relationship.condition, relationship.source)

    def text(self, text: str) -> str:
        return "" if self.spelled(text) else text

    def spelled(self, text: str) -> bool:
        return self._spelled is not None and self._spelled.search(text) is not None

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
    open_columns = _open_columns(dataset)
    found: set[str] = set()
    for each in dataset.fields:
        if each.sensitive:
            columns = {name.lower() for _, name in _identifiers(each.expression)}
            found |= {each.name.lower()} | (columns - open_columns)
    return found


def _is_closed(dataset: Dataset) -> bool:
    """Whether nothing of a dataset may be seen, which says that its rows may not be counted either."""
    return bool(dataset.fields) and all(field.sensitive for field in dataset.fields)


def _open_columns(dataset: Dataset) -> set[str]:
    return {f.expression.lower() for f in dataset.fields if not f.sensitive}
