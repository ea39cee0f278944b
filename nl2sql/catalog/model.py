"""The semantic model as the rest of the product sees it: frozen values, nothing about files or databases.

`nl2sql.catalog.load` makes these from Apache Ossie YAML. Names are unique: datasets and metrics in the model,
fields in their dataset. Expressions are ANSI SQL text, over the physical columns of the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


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
class FieldValue:
    """One value of a field's vocabulary and the words people use for it ("Germany" for DE)."""

    value: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A row-level attribute. `unit` is shown with numbers ("EUR", "%", "s"); `sensitive` needs a policy to be read."""

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


@dataclass(frozen=True, slots=True)
class NamedFilter:
    """A business adjective: "sold", "cancelled", "open". `expression` is a predicate over the dataset's columns."""

    name: str
    expression: str
    synonyms: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One table. `label_field` names the field that identifies a row to a person (title, username).

    `parent` names a self-relationship that makes the dataset a tree (a category and what is below it).
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
    label_field: str = ""
    time_field: str = ""
    parent: str = ""

    @property
    def table(self) -> str:
        """The physical table's own name: the last part of `source`."""
        return self.source.rsplit(".", 1)[-1].strip('"`[]')

    def field(self, name: str) -> Field:
        for each in self.fields:
            if each.name == name:
                return each
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Relationship:
    """Many rows of `source` point to one row of `target`. `role` is what the target is called then ("seller").

    `condition` is a predicate over the source dataset under which the role holds (a listing's highest bidder is
    its *buyer* only once it is sold).
    """

    name: str
    source: str
    target: str
    source_columns: tuple[str, ...]
    target_columns: tuple[str, ...]
    role: str = ""
    synonyms: tuple[str, ...] = ()
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """An aggregate with a business name. `expression` qualifies columns by dataset name.

    `time_field` ("listings.closed_at") dates it; `format` is one of number, money, percent, duration;
    `additive` says whether group values add up to the total.
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


@dataclass(frozen=True)
class SemanticModel:
    """What the database means. `fingerprint` changes whenever anything that matters to an answer does."""

    name: str
    datasets: tuple[Dataset, ...]
    relationships: tuple[Relationship, ...] = ()
    metrics: tuple[Metric, ...] = ()
    description: str = ""
    instructions: str = ""
    examples: tuple[str, ...] = ()
    fingerprint: str = ""
    readings: Mapping[str, str] = field(default_factory=dict)  # business term → how it is read, in a sentence

    @cached_property
    def dataset_by_name(self) -> Mapping[str, Dataset]:
        return {d.name: d for d in self.datasets}

    @cached_property
    def metric_by_name(self) -> Mapping[str, Metric]:
        return {m.name: m for m in self.metrics}

    @cached_property
    def dataset_by_table(self) -> Mapping[str, Dataset]:
        return {d.table.lower(): d for d in self.datasets}

    def dataset(self, name: str) -> Dataset:
        return self.dataset_by_name[name]
