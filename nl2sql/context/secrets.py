"""Which columns of a model are sensitive, and what of its texts and expressions would give one away.

An expression is searched for identifiers, not parsed: when in doubt about what a name belongs to, it counts as
sensitive. Free text is dropped when it spells a sensitive column (`users.email`, full_name); a plain word such as
"email" in a sentence is English, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from nl2sql.catalog.model import Dataset, Field, Metric, NamedFilter, Relationship, SemanticModel
from nl2sql.context.base import Example

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_QUOTES = str.maketrans("", "", '"`[]')
_WORDS = re.compile(r"\w+")
_DOTTED = re.compile(r"\w+(?:\.\w+)*")
_IDENTIFIER = re.compile(r"(?:(\w+)\s*\.\s*)?(\w+)")


class Secrets:
    """The sensitive columns by physical table: a table seen through a second dataset is no way around them."""

    def __init__(self, model: SemanticModel) -> None:
        self._model = model
        self._table_of: Mapping[str, str] = {d.name.lower(): d.table.lower() for d in model.datasets}
        self._columns: dict[str, set[str]] = {}
        for dataset in model.datasets:
            self._columns.setdefault(dataset.table.lower(), set()).update(_sensitive_columns(dataset))
        self._open = {d.name.lower(): _open_columns(d) - self._columns[d.table.lower()] for d in model.datasets}
        self._closed = self._columns.keys() - {d.table.lower() for d in model.datasets if not is_closed(d)}
        self._all = set().union(*self._columns.values()) if self._columns else set()
        # A dataset's name can have marks in it: its last word is what stands before the dot.
        self._spelled = {
            f"{last_words[-1]}.{column}"
            for name, table in self._table_of.items()
            if (last_words := _WORDS.findall(name))
            for column in self._columns[table]
        }
        self._spelled |= {column for column in self._all if "_" in column}

    @property
    def names(self) -> frozenset[str]:
        """Of all sensitive columns, in lower case; a column of another table can be called the same."""
        return frozenset(self._all)

    def in_expression(self, expression: str, dataset: str) -> bool:
        """Whether a sensitive column may be read; names without a qualifier belong to `dataset`, "" being any."""
        return any(name.lower() in self._of(q or dataset) for q, name in identifiers(expression))

    def in_statement(self, sql: str) -> bool:
        """Whether a sensitive column of the tables it names may be read, or a closed table.

        An alias can be called like another dataset, so a name counts as open only where that dataset has it.
        """
        names = [(qualifier.lower(), name.lower()) for qualifier, name in identifiers(sql)]
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
        """Whether a text names a sensitive column in a way that is no English."""
        for dotted in _DOTTED.findall(text.lower()):
            if "." not in dotted:
                if dotted in self._spelled:
                    return True
                continue
            words = dotted.split(".")
            pairs = (f"{first}.{second}" for first, second in pairwise(words))
            if not self._spelled.isdisjoint(words) or not self._spelled.isdisjoint(pairs):
                return True
        return False

    def without(self, dataset: Dataset) -> Dataset:
        fields = tuple(
            replace(f, description=self.text(unsaid(f, self._model)))
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
        return replace(each, description=self.text(unsaid(each, self._model)))

    def _of(self, qualifier: str) -> set[str]:
        table = self._table_of.get(qualifier.lower())
        return self._all if table is None else self._columns[table]


def unsaid(named: Field | Metric | NamedFilter, model: SemanticModel) -> str:
    """The description, unless a reading of the same name says it."""
    called = {name.lower().replace("_", " ").replace("-", " ") for name in (named.name, *named.synonyms)}
    return "" if any(term.lower().replace("-", " ") in called for term in model.readings) else named.description


def identifiers(expression: str) -> list[tuple[str, str]]:
    """(qualifier or "", name) of everything in an expression that could be a column."""
    bare = _LITERAL.sub(" ", expression).translate(_QUOTES)
    return [(m.group(1) or "", m.group(2)) for m in _IDENTIFIER.finditer(bare)]


def _sensitive_columns(dataset: Dataset) -> set[str]:
    """Columns that only sensitive fields expose, and the names of those fields."""
    open_columns = _open_columns(dataset)
    found: set[str] = set()
    for each in dataset.fields:
        if each.sensitive:
            columns = {name.lower() for _, name in identifiers(each.expression)}
            found |= {each.name.lower()} | (columns - open_columns)
    return found


def is_closed(dataset: Dataset) -> bool:
    """Whether nothing of a dataset may be seen, which says that its rows may not be counted either."""
    return bool(dataset.fields) and all(field.sensitive for field in dataset.fields)


def _open_columns(dataset: Dataset) -> set[str]:
    return {f.expression.lower() for f in dataset.fields if not f.sensitive}


def datasets_of(metric: Metric, model: SemanticModel) -> set[str]:
    """The datasets whose columns a metric reads, in its expression and its time."""
    qualifiers = {q for q, _ in identifiers(f"{metric.expression} {metric.time_field}")}
    return qualifiers & model.dataset_by_name.keys()
