"""The semantic model as the rest of the product sees it: frozen values, nothing about files or databases.

`nl2sql.catalog.load` makes these from Apache Ossie YAML. Names are unique: datasets and metrics in the model,
fields in their dataset. Expressions are ANSI SQL text, over the physical columns of the dataset; what the file says in
other dialects stands beside it in `expressions`, by the format's name of each (`nl2sql.catalog.dialects` chooses).
`instructions` and `examples` are the file's words for language models, `extensions` what other vendors wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

_QUERY = re.compile(r"[\s(]*(SELECT|WITH|VALUES)\b(?=\s|\()", re.IGNORECASE)


class DataType(StrEnum):
    STRING = "String"
    INTEGER = "Integer"
    DECIMAL = "Decimal"
    FLOAT = "Float"
    BOOLEAN = "Boolean"
    DATE = "Date"
    TIME = "Time"
    DATETIME = "DateTime"
    DATETIME_TZ = "DateTimeTz"
    OPAQUE = "Opaque"

    @property
    def is_number(self) -> bool:
        return self in (DataType.INTEGER, DataType.DECIMAL, DataType.FLOAT)

    @property
    def is_temporal(self) -> bool:
        return self in (DataType.DATE, DataType.TIME, DataType.DATETIME, DataType.DATETIME_TZ)


@dataclass(frozen=True, slots=True)
class Extension:
    """What another vendor's tool wrote on an object, untouched."""

    vendor: str
    data: str


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value of a field's vocabulary and the words people use for it ("Germany" for DE)."""

    value: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A row-level attribute. `sensitive` needs a policy to be read; `unit` and `format` say how numbers are shown.

    `time_field` dates the value where that is not the dataset's own (a final price by the closing);
    `aggregation` is what the bare word means over many rows ("rating by seller" is an average).
    """

    name: str
    expression: str
    datatype: DataType = DataType.OPAQUE
    is_time: bool = False
    label: str = ""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    sensitive: bool = False
    values: tuple[FieldValue, ...] = ()
    indexed: bool = False  # its distinct values are read from the database into the value index
    unit: str = ""
    format: str = "number"
    time_field: str = ""
    aggregation: str = ""
    expressions: Mapping[str, str] = field(default_factory=dict, hash=False)
    instructions: str = ""
    examples: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedFilter:
    """A business adjective: "sold", "cancelled". `expression` is a predicate that qualifies columns by dataset name;
    `time_field` dates the rows it selects (a sold listing by its closing, not by its creation)."""

    name: str
    expression: str
    synonyms: tuple[str, ...] = ()
    description: str = ""
    time_field: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One table, or the `rows` of it that satisfy a predicate (two datasets may share a table: the levels of a tree).

    `label_field` identifies a row to a person (title, username); `time_field` dates it (its only date, where the model
    names none); `amount_field` is what "bids above 500" compares; `list_fields` are shown when rows are listed.
    A kept answer from it is never older than `refresh_seconds`, where that is above 0. `start_field` and `end_field`
    are the moments from which to which a row lasts: an auction's opening and its end. Of a calendar (`is_calendar`)
    each row is a day: what points to it happened on that day.
    """

    name: str
    source: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...] = ()
    unique_keys: tuple[tuple[str, ...], ...] = ()
    label: str = ""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    filters: tuple[NamedFilter, ...] = ()
    rows: str = ""
    label_field: str = ""
    time_field: str = ""
    amount_field: str = ""
    list_fields: tuple[str, ...] = ()
    refresh_seconds: int = 0
    start_field: str = ""
    end_field: str = ""
    is_calendar: bool = False
    instructions: str = ""
    examples: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()

    @property
    def table(self) -> str:
        """The physical table's own name: the last part of `source`. Where that is a query, the dataset's name: a view
        of that name has to bring the query into the database."""
        return self.name if self.query else self.source.rsplit(".", 1)[-1].strip('"`[]')

    @property
    def query(self) -> str:
        """`source` where it is a query and not the name of a table, else empty."""
        return self.source if _QUERY.match(self.source) else ""

    def field(self, name: str) -> Field:
        for each in self.fields:
            if each.name == name:
                return each
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Group:
    """Targets of a role with at least so many rows: a *repeat buyer* bought at least twice."""

    name: str
    at_least: int
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Relationship:
    """Many rows of `source` point to one row of `target`. `role` is what the target is called then ("seller").

    `condition` is a predicate over the source dataset under which the role holds (a listing's highest bidder is
    its *buyer* only once it is sold); `membership` says which rows make a target one of the role (a *seller* has a
    listing that is not a draft), and is `condition` where it is empty; `time_field` dates it; `verbs` say it of
    the target ("bought", "won").
    """

    name: str
    source: str
    target: str
    source_columns: tuple[str, ...]
    target_columns: tuple[str, ...]
    role: str = ""
    synonyms: tuple[str, ...] = ()
    condition: str = ""
    membership: str = ""
    time_field: str = ""
    verbs: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    instructions: str = ""
    examples: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()

    @property
    def is_self(self) -> bool:
        """Whether the rows of a dataset form a tree by it, as categories under a category do."""
        return self.source == self.target


@dataclass(frozen=True, slots=True)
class Metric:
    """An aggregate with a business name. `expression` qualifies columns by dataset name.

    `time_field` ("listings.closed_at") dates it; `format` is one of number, money, percent, duration;
    `additive` says whether group values add up to the total, whatever the groups; `additive_over` for which groups they
    do: all, time (values of months add up, those of customers do not), all_but_time (a balance), or empty for none.
    """

    name: str
    expression: str
    datatype: DataType = DataType.OPAQUE
    label: str = ""
    description: str = ""
    synonyms: tuple[str, ...] = ()
    time_field: str = ""
    unit: str = ""
    format: str = "number"
    additive: bool = False
    additive_over: str = ""
    expressions: Mapping[str, str] = field(default_factory=dict, hash=False)
    instructions: str = ""
    examples: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True)
class SemanticModel:
    """What the database means. `fingerprint` changes whenever anything that matters to an answer does; `left_out` says
    in sentences what the file has and no SQL database can be asked for (expressions in MDX alone)."""

    name: str
    datasets: tuple[Dataset, ...]
    relationships: tuple[Relationship, ...] = ()
    metrics: tuple[Metric, ...] = ()
    description: str = ""
    instructions: str = ""
    examples: tuple[str, ...] = ()
    fingerprint: str = ""
    readings: Mapping[str, str] = field(default_factory=dict)  # business term → how it is read, in a sentence
    synonyms: tuple[str, ...] = ()
    extensions: tuple[Extension, ...] = ()
    left_out: tuple[str, ...] = ()

    @cached_property
    def dataset_by_name(self) -> Mapping[str, Dataset]:
        return {d.name: d for d in self.datasets}

    @cached_property
    def metric_by_name(self) -> Mapping[str, Metric]:
        return {m.name: m for m in self.metrics}

    @cached_property
    def datasets_by_table(self) -> Mapping[str, tuple[Dataset, ...]]:
        """By the physical table's name in lower case, in the model's order."""
        found: dict[str, list[Dataset]] = {}
        for each in self.datasets:
            found.setdefault(each.table.lower(), []).append(each)
        return {table: tuple(datasets) for table, datasets in found.items()}

    @cached_property
    def names_of_tables(self) -> frozenset[str]:
        """What a query cannot be called: every dataset's name and its table's."""
        return frozenset(name for each in self.datasets for name in (each.name, each.table))

    def dataset(self, name: str) -> Dataset:
        return self.dataset_by_name[name]
