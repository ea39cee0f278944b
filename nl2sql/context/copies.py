"""Tables that are copies of another one by their names and columns: an archive, a staging table, a year's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nl2sql.catalog.model import SemanticModel
from nl2sql.context.words import name_stems

# Copies have nearly all columns of what they copy, and some of their own (when it was archived, in which load).
LEAST_SHARED = 0.8
# Of one column nothing can be told.
_LEAST_FIELDS = 2


@dataclass(frozen=True, slots=True)
class Copy:
    """`marks` are the words of its name that the original's lacks: a question that says one of them means the copy."""

    original: str
    marks: frozenset[str]


def copies_in(model: SemanticModel, names: Iterable[str]) -> Mapping[str, Copy]:
    """Those of `names` that are copies of another of them, by name."""
    parts = {name: tuple(name_stems(name)) for name in names}
    by_parts: dict[tuple[str, ...], str] = {}
    for name, words in parts.items():
        by_parts.setdefault(words, name)
    fields = {name: frozenset(field.name for field in model.dataset(name).fields) for name in parts}
    found: dict[str, Copy] = {}
    for name, words in parts.items():
        for shorter in _shorter(words):
            original = by_parts.get(shorter)
            if original is not None and _is_copied(fields[original], fields[name]):
                found[name] = Copy(original, frozenset(words) - frozenset(shorter))
                break
    return found


def _shorter(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """What is left without words at either end, the shortest first, so that a copy of a copy has the first original."""
    return [each for size in range(1, len(words)) for each in dict.fromkeys((words[:size], words[len(words) - size :]))]


def _is_copied(original: frozenset[str], copy: frozenset[str]) -> bool:
    return len(original) >= _LEAST_FIELDS and len(original & copy) >= LEAST_SHARED * len(original)
