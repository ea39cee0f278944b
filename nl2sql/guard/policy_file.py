"""Reads schema/<model>/policy.yaml: roles, what each may not see, and its limits.

    roles:
      analyst:
        hidden: [users.full_name]      # dataset.field, or table.column
        revealed: [users.email]        # a field the model marks sensitive that this role may read after all
        limits: {rows: 1000, seconds: 10}

Whatever the file does not say is denied or at its default: a sensitive field that no role reveals stays hidden, and a
role that the file does not list does not exist. Every fault is a PolicyInvalid that names the file and the line.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Final, NoReturn

import yaml
from rapidfuzz import process

from nl2sql.catalog.model import Dataset, SemanticModel
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.physical import columns_of_field, physical_tables, sensitive_columns
from nl2sql.guard.policy import Limits, Policy

_LIMIT_NAMES: Final = tuple(each.name for each in fields(Limits))
_MAX_FILE_BYTES: Final = 1_000_000


class _Reader:
    """Walks the YAML nodes, which know their lines; plain loading would forget them."""

    def __init__(self, path: Path, model: SemanticModel) -> None:
        self.path = path
        self.model = model

    def refuse(self, node: yaml.Node | None, problem: str, hint: str = "") -> NoReturn:
        line = node.start_mark.line + 1 if node is not None else 1
        raise PolicyInvalid(f"{self.path}, line {line}: {problem}", hint=hint)

    def mapping(self, node: yaml.Node | None, what: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self.refuse(node, f"{what} must be a mapping of names.")
        entries: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in entries:
                self.refuse(key, f"“{key.value}” is there twice.")
            entries[str(key.value)] = value
        return entries

    def known(self, entries: dict[str, yaml.Node], allowed: tuple[str, ...], what: str) -> None:
        for name, node in entries.items():
            if name not in allowed:
                self.refuse(node, f"{what} has no “{name}”; it may have {', '.join(allowed)}.")

    def columns(self, node: yaml.Node | None, what: str) -> frozenset[str]:
        if node is None:
            return frozenset()
        if not isinstance(node, yaml.SequenceNode):
            self.refuse(node, f"{what} must be a list of table.column names.")
        return frozenset(column for item in node.value for column in self.physical(item))

    def physical(self, node: yaml.Node) -> frozenset[str]:
        """The physical columns behind one "dataset.field" or "table.column"."""
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        table, _, column = text.rpartition(".")
        dataset = self.dataset(table)
        if dataset is None:
            names = ", ".join(sorted(self.model.dataset_by_name))
            self.refuse(node, f"“{text}” names no table of the model {self.model.name}.", f"Tables: {names}.")
        prefix = dataset.table.lower()
        found = [each for each in dataset.fields if each.name == column]
        if found:
            return frozenset(f"{prefix}.{name.lower()}" for name in columns_of_field(found[0]))
        if column.lower() in physical_tables(self.model)[prefix].columns:
            return frozenset({f"{prefix}.{column.lower()}"})
        self.refuse(node, f"{table} has no field or column “{column}”.", self.nearest(dataset, column))

    def dataset(self, name: str) -> Dataset | None:
        tables = {each.table.lower(): each for each in self.model.datasets}
        return self.model.dataset_by_name.get(name) or tables.get(name.lower())

    def nearest(self, dataset: Dataset, column: str) -> str:
        near = process.extractOne(column, [each.name for each in dataset.fields], score_cutoff=60)
        return f"Did you mean {dataset.name}.{near[0]}?" if near else ""

    def limits(self, node: yaml.Node | None) -> Limits:
        if node is None:
            return Limits()
        entries = self.mapping(node, "limits")
        self.known(entries, _LIMIT_NAMES, "limits")
        return Limits(**{name: self.number(value, name) for name, value in entries.items()})  # type: ignore[arg-type]

    def number(self, node: yaml.Node, name: str) -> int | float:
        wanted = type(getattr(Limits(), name))
        try:
            value = wanted(node.value)
        except (TypeError, ValueError):
            value = 0
        if not 0 < value < 10**12:
            kind = "whole number" if wanted is int else "number"
            self.refuse(node, f"the limit {name} must be a {kind} above zero.")
        return value  # type: ignore[no-any-return]

    def role(self, node: yaml.Node, role: str) -> Policy:
        entries = self.mapping(node, f"the role {role}")
        self.known(entries, ("hidden", "revealed", "limits"), f"the role {role}")
        hidden = self.columns(entries.get("hidden"), "hidden")
        revealed = self.columns(entries.get("revealed"), "revealed")
        both = hidden & revealed
        if both:
            self.refuse(node, f"{', '.join(sorted(both))} is hidden and revealed at once.")
        kept = sensitive_columns(self.model) - revealed
        return Policy(role, hidden | kept, self.limits(entries.get("limits")), revealed)


def load_policy(path: Path | str, model: SemanticModel, role: str = "analyst") -> Policy:
    """Checks every role of the file, not only the one asked for. Raises PolicyInvalid."""
    reader = _Reader(Path(path), model)
    entries = reader.mapping(_document(reader), "the file")
    reader.known(entries, ("roles",), "the file")
    roles = reader.mapping(entries.get("roles"), "roles")
    policies = {name: reader.role(node, name) for name, node in roles.items()}
    if role not in policies:
        reader.refuse(entries["roles"], f"there is no role “{role}”.", f"Roles: {', '.join(sorted(policies))}.")
    return policies[role]


def _document(reader: _Reader) -> yaml.Node | None:
    try:
        if reader.path.stat().st_size > _MAX_FILE_BYTES:
            raise PolicyInvalid(f"{reader.path} is too large to be a policy.")
        text = reader.path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyInvalid(f"The policy file {reader.path} cannot be read.") from error
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise PolicyInvalid(f"{reader.path}, line {line}: this is not valid YAML.") from error


def default_policy(model: SemanticModel, role: str = "analyst") -> Policy:
    """The policy of a model without a policy file: everything but the sensitive is visible."""
    return Policy(role=role, hidden=sensitive_columns(model))
