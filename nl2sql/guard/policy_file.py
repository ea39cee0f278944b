"""Reads schema/<model>/policy.yaml: roles, what each may see, and its limits.

    roles:
      country_manager:
        attributes: {country: text}              # what must be known of whoever asks: text or integer
        datasets:                                # without it, everything; "*" stands for all others
          users:
            rows: country = :user.country        # ANSI SQL over the table's own columns; may hold subqueries
            columns:
              allow: [email]                     # a field the model marks sensitive that may be read after all
              mask: {full_name: partial, email: hash}
              aggregate_only: {balance: 20}      # only summed, averaged and counted, over at least 20 rows
              deny: [last_seen_at]               # ["*"] denies all that are not named elsewhere
        limits: {rows: 1000, seconds: 10, ask_above: {bytes: 10000000000, price: 0.10}, refuse_above: {price: 1}}

Whatever the file does not say is denied or at its default: a sensitive field that no role names stays hidden, and a
role that the file does not list does not exist. Every fault is a PolicyInvalid that names the file and the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

import yaml
from rapidfuzz import process

from nl2sql.catalog.model import Dataset, DataType, SemanticModel
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.dialects import DIALECTS, dialect_named
from nl2sql.guard.physical import PhysicalTable, columns_of_field, physical_tables, sensitive_columns
from nl2sql.guard.policy import AttributeType, Cost, Limits, Mask, Policy
from nl2sql.guard.policy_nodes import Nodes
from nl2sql.guard.row_filters import attributes_in, try_predicate

_COSTS: Final = ("ask_above", "refuse_above")
_COST_NAMES: Final = tuple(each.name for each in fields(Cost))
_LIMIT_NAMES: Final = {"bytes": "result_bytes"} | {
    each.name: each.name for each in fields(Limits) if each.name not in ("result_bytes", *_COSTS)
}
# A warehouse holds petabytes: 10^18 bytes are a thousand of them.
_MOST_COST: Final = 10**18
_ALL: Final = "*"
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")
# Of a group of one, the average is the value.
_SMALLEST_GROUP: Final = 2


@dataclass(slots=True)
class _Columns:
    """What one role may do with columns, gathered over its datasets. Names are "table.column"."""

    allow: set[str] = field(default_factory=set)
    mask: dict[str, Mask] = field(default_factory=dict)
    aggregate_only: dict[str, int] = field(default_factory=dict)
    deny: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)  # tables of which only the named columns are seen

    def named(self) -> set[str]:
        return self.allow | self.mask.keys() | self.aggregate_only.keys()


class _Reader:
    def __init__(self, path: Path, model: SemanticModel) -> None:
        self.nodes = Nodes(path)
        self.model = model
        self.tables = physical_tables(model)

    def roles(self, wanted: str = "") -> dict[str, Policy]:
        """All of them; `wanted` must be among them where it is given."""
        entries = self.nodes.mapping(self.nodes.document(), "the file", ("roles",))
        roles = self.nodes.mapping(entries.get("roles"), "roles")
        if not roles:
            self.nodes.refuse(entries.get("roles"), "roles must be a mapping of names.")
        policies = {name: self.role(node, name) for name, node in roles.items()}
        if wanted and wanted not in policies:
            names = ", ".join(sorted(policies))
            self.nodes.refuse(entries["roles"], f"there is no role “{wanted}”.", f"Roles: {names}.")
        return policies

    def role(self, node: yaml.Node, name: str) -> Policy:
        entries = self.nodes.mapping(node, f"the role {name}", ("attributes", "datasets", "limits"))
        attributes = self.attributes(entries.get("attributes"))
        columns, rows = _Columns(), dict[str, tuple[yaml.Node, str]]()
        tables = self.datasets(entries.get("datasets"), columns, rows)
        both = columns.deny & columns.named()
        if both:
            self.nodes.refuse(node, f"{', '.join(sorted(both))} is denied and shown at once.")
        denied = {f"{table}.{each}" for table in columns.closed for each in self.tables[table].columns}
        hidden = columns.deny | (denied - columns.named()) | (sensitive_columns(self.model) - columns.named())
        policy = Policy(
            name,
            frozenset(hidden),
            self.limits(entries.get("limits")),
            frozenset(columns.allow),
            tables,
            columns.mask,
            columns.aggregate_only,
            {table: predicate for table, (_, predicate) in rows.items()},
            attributes,
        )
        for table, (place, _) in rows.items():
            self.try_rows(policy, table, place)
        return policy

    def attributes(self, node: yaml.Node | None) -> dict[str, AttributeType]:
        found: dict[str, AttributeType] = {}
        for name, kind in self.nodes.mapping(node, "attributes").items():
            if not _NAME.match(name):
                self.nodes.refuse(kind, f"“{name}” is not a name for an attribute: use small letters, digits and _.")
            chosen = self.nodes.choice(kind, f"the attribute {name}", ("text", "integer"))
            found[name] = "integer" if chosen == "integer" else "text"
        return found

    def datasets(
        self, node: yaml.Node | None, columns: _Columns, rows: dict[str, tuple[yaml.Node, str]]
    ) -> frozenset[str] | None:
        """The tables that may be asked about, None for all."""
        entries = self.nodes.mapping(node, "datasets")
        tables: set[str] = set()
        for name, part in entries.items():
            if name == _ALL:
                self.nodes.mapping(part, "“*”", ())
                continue
            dataset = self.dataset(name, part)
            table = dataset.table.lower()
            tables.add(table)
            what = f"the dataset {name}"
            given = self.nodes.mapping(part, what, ("rows", "columns"))
            self.columns(given.get("columns"), dataset, columns)
            if "rows" in given:
                if table in rows:
                    self.nodes.refuse(given["rows"], f"the rows of the table {table} are given twice.")
                rows[table] = (given["rows"], self.nodes.text(given["rows"], f"rows of {name}"))
        return None if node is None or _ALL in entries else frozenset(tables)

    def dataset(self, name: str, node: yaml.Node) -> Dataset:
        tables = {each.table.lower(): each for each in self.model.datasets}
        found = self.model.dataset_by_name.get(name) or tables.get(name.lower())
        if found is None:
            names = ", ".join(sorted(self.model.dataset_by_name))
            self.nodes.refuse(node, f"“{name}” names no table of the model {self.model.name}.", f"Tables: {names}.")
        return found

    def columns(self, node: yaml.Node | None, dataset: Dataset, found: _Columns) -> None:
        what = f"columns of {dataset.name}"
        given = self.nodes.mapping(node, what, ("allow", "mask", "aggregate_only", "deny"))
        for item in self.nodes.texts(given.get("allow"), f"{what}, allow"):
            found.allow |= self.physical(dataset, item.value, item)
        for item in self.nodes.texts(given.get("deny"), f"{what}, deny"):
            if item.value == _ALL:
                found.closed.add(dataset.table.lower())
            else:
                found.deny |= self.physical(dataset, item.value, item)
        for name, part in self.nodes.mapping(given.get("mask"), f"{what}, mask").items():
            self.mask(dataset, name, part, found)
        for name, part in self.nodes.mapping(given.get("aggregate_only"), f"{what}, aggregate_only").items():
            self.aggregate_only(dataset, name, part, found)
        treated = [found.allow, found.mask.keys(), found.aggregate_only.keys()]
        twice = (treated[0] & treated[1]) | (treated[0] & treated[2]) | (treated[1] & treated[2])
        if twice:
            self.nodes.refuse(node, f"{', '.join(sorted(twice))} is allowed, masked or aggregated at once.")

    def mask(self, dataset: Dataset, name: str, node: yaml.Node, found: _Columns) -> None:
        kind = self.nodes.choice(node, f"the mask of {dataset.name}.{name}", ("hash", "partial"))
        for column in self.physical(dataset, name, node):
            datatype = self.column_type(column)
            if kind == "partial" and datatype not in (DataType.STRING, DataType.OPAQUE):
                self.nodes.refuse(node, f"{column} is not text, so it has no first letter; mask it as hash.")
            found.mask[column] = "hash" if kind == "hash" else "partial"

    def aggregate_only(self, dataset: Dataset, name: str, node: yaml.Node, found: _Columns) -> None:
        what = f"the smallest group of {dataset.name}.{name}"
        group = int(self.nodes.number(node, what, whole=True, least=_SMALLEST_GROUP))
        for column in self.physical(dataset, name, node):
            if not (self.column_type(column).is_number or self.column_type(column) is DataType.OPAQUE):
                self.nodes.refuse(node, f"{column} is not a number, so it cannot be averaged.")
            if len(self.table_of(column).key) != 1:
                self.nodes.refuse(node, f"{dataset.name} needs a primary key of one column, by which rows are counted.")
            found.aggregate_only[column] = group

    def table_of(self, column: str) -> PhysicalTable:
        return self.tables[column.rpartition(".")[0]]

    def column_type(self, column: str) -> DataType:
        return self.table_of(column).columns[column.rpartition(".")[2]].datatype

    def physical(self, dataset: Dataset, name: str, node: yaml.Node) -> frozenset[str]:
        """The physical columns behind one field or column of the dataset."""
        prefix = dataset.table.lower()
        fields_named = [each for each in dataset.fields if each.name == name]
        if fields_named:
            return frozenset(f"{prefix}.{column.lower()}" for column in columns_of_field(fields_named[0]))
        if name.lower() in self.tables[prefix].columns:
            return frozenset({f"{prefix}.{name.lower()}"})
        near = process.extractOne(name, [each.name for each in dataset.fields], score_cutoff=60)
        hint = f"Did you mean {dataset.name}.{near[0]}?" if near else ""
        self.nodes.refuse(node, f"{dataset.name} has no field or column “{name}”.", hint)

    def try_rows(self, policy: Policy, table: str, node: yaml.Node) -> None:
        try:
            unknown = attributes_in(policy.rows[table]) - policy.attributes.keys()
            if unknown:
                self.nodes.refuse(node, f"the role has no attribute {', '.join(sorted(unknown))}.")
            for each in DIALECTS:
                dialect = dialect_named(each)
                if dialect is not None:
                    try_predicate(self.model, policy, table, dialect)
        except PolicyInvalid as error:
            if str(error).startswith(str(self.nodes.path)):
                raise
            self.nodes.refuse(node, str(error), error.hint)

    def limits(self, node: yaml.Node | None) -> Limits:
        entries = self.nodes.mapping(node, "limits", (*_LIMIT_NAMES, *_COSTS))
        values: dict[str, Any] = {}
        for name, part in entries.items():
            if name not in _COSTS:
                own = _LIMIT_NAMES[name]
                is_whole = isinstance(getattr(Limits(), own), int)
                values[own] = self.nodes.number(part, f"the limit {name}", whole=is_whole)
        soft, hard = self.costs(entries)
        return Limits(**values, ask_above=soft, refuse_above=hard)

    def costs(self, entries: dict[str, yaml.Node]) -> tuple[Cost, Cost]:
        """Both bounds. What only refuse_above names is not asked about first: the default of ask_above gives way."""
        written = {name: self.cost(entries.get(name), name) for name in _COSTS}
        soft, hard = (replace(getattr(Limits(), name), **written[name]) for name in _COSTS)
        for unit in _COST_NAMES:
            asked, refused = getattr(soft, unit), getattr(hard, unit)
            if asked is None or refused is None or asked <= refused:
                continue
            if unit in written["ask_above"]:
                self.nodes.refuse(
                    entries["ask_above"],
                    f"ask_above has {asked} {unit}, which is more than the {refused} of refuse_above.",
                    f"Set {unit} of refuse_above to at least {asked}.",
                )
            soft = replace(soft, **{unit: refused})
        return soft, hard

    def cost(self, node: yaml.Node | None, name: str) -> dict[str, Any]:
        """What the file says of it."""
        found: dict[str, Any] = {}
        for unit, part in self.nodes.mapping(node, name, _COST_NAMES).items():
            what = f"{unit} of {name}"
            is_money = unit == "price"
            found[unit] = (
                self.nodes.money(part, what) if is_money else self.nodes.number(part, what, whole=True, most=_MOST_COST)
            )
        return found


def load_policy(path: Path | str, model: SemanticModel, role: str = "analyst") -> Policy:
    """Checks every role of the file, not only the one asked for. Raises PolicyInvalid."""
    return _Reader(Path(path), model).roles(role)[role]


def load_policies(path: Path | str, model: SemanticModel) -> dict[str, Policy]:
    """By role. Raises PolicyInvalid."""
    return _Reader(Path(path), model).roles()


def default_policy(model: SemanticModel, role: str = "analyst") -> Policy:
    """The policy of a model without a policy file: everything but the sensitive is visible."""
    return Policy(role=role, hidden=sensitive_columns(model))
