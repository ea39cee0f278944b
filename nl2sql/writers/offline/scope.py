"""From where the join graph is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nl2sql.plan.base import FieldRef, Path


@dataclass(slots=True)
class Scope:
    """A dataset, where it stands as seen from the plan's base (or the inside of an Exists), and what dates it.

    `spent` are the verbs that led here: they say who did it, and no longer whom a further name means.
    """

    dataset: str
    path: Path
    time: Callable[[], FieldRef] | None = None
    spent: frozenset[str] = frozenset()
