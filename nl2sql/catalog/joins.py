"""The join graph: which datasets can be reached from which, without ever multiplying a row.

A forward step goes from the many side of a relationship to its one side, so a forward path keeps every row of its
start once. Everything the other way round is asked by existence, never joined.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from nl2sql.catalog.model import Relationship, SemanticModel

Path = tuple[str, ...]  # relationship names, each walked forward

# Longer chains exist in no question people ask, and their number grows with the model.
MAX_HOPS = 4
# Parallel relationships multiply along a path (four roles at each of four hops: 256). Nobody chooses among more.
MAX_PATHS = 64

Cardinality = Literal["many_to_one", "one_to_one"]


class JoinGraph:
    def __init__(self, model: SemanticModel) -> None:
        self._model = model
        self._paths: dict[str, Mapping[str, list[Path]]] = {}

    @cached_property
    def relationships(self) -> Mapping[str, Relationship]:
        return {r.name: r for r in self._model.relationships}

    @cached_property
    def _leaving(self) -> Mapping[str, list[Relationship]]:
        leaving: dict[str, list[Relationship]] = {}
        for each in self._model.relationships:
            leaving.setdefault(each.source, []).append(each)
        return leaving

    def paths(self, start: str, end: str) -> list[Path]:
        """The shortest forward paths, in the order in which the model declares their relationships."""
        if start == end:
            return [()]
        return self._from(start).get(end, [])

    def _from(self, start: str) -> Mapping[str, list[Path]]:
        """Breadth first; a dataset keeps only the paths of its first (shortest) level."""
        if start not in self._paths:
            found: dict[str, list[Path]] = {}
            level: list[tuple[str, Path]] = [(start, ())]
            for _ in range(MAX_HOPS):
                reached: dict[str, list[Path]] = {}
                for dataset, path in level:
                    for each in self._leaving.get(dataset, []):
                        if each.target == start or each.target in found:
                            continue  # also a relationship of a dataset to itself: it is the last step of `via` alone
                        known = reached.setdefault(each.target, [])
                        if len(known) < MAX_PATHS:
                            known.append((*path, each.name))
                found |= reached
                level = [(dataset, path) for dataset, paths in reached.items() for path in paths]
            self._paths[start] = found
        return self._paths[start]

    def via(self, start: str, relationship: str) -> list[Path]:
        """The shortest forward paths whose last step is `relationship`."""
        last = self.relationships[relationship]
        return [(*path, relationship) for path in self.paths(start, last.source)]

    def role_of(self, path: Path) -> Relationship | None:
        """The relationship of the path that gives its end a role ("seller"), if one does."""
        return next((r for r in (self.relationships[name] for name in reversed(path)) if r.role), None)

    def self_relationships(self, dataset: str) -> list[Relationship]:
        """Those by which the dataset's rows form a tree, as a category has a parent."""
        return [each for each in self._leaving.get(dataset, []) if each.is_self]

    def cardinality(self, relationship: Relationship) -> Cardinality:
        """Seen from the source; the target side is always one."""
        return "one_to_one" if self.is_one_to_one(relationship) else "many_to_one"

    def is_one_to_one(self, relationship: Relationship) -> bool:
        """Whether the source points to each target at most once: then walking it backwards multiplies nothing.

        So it is when a key of the source is among the columns that point, in whatever order.
        """
        source = self._model.dataset(relationship.source)
        columns = frozenset(relationship.source_columns)
        return any(key and columns.issuperset(key) for key in (source.primary_key, *source.unique_keys))
