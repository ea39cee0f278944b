"""What was made from a model, kept for as long as the model is in use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from nl2sql.catalog.model import SemanticModel

Made = TypeVar("Made")

# Servers hold one model, as a few roles see it; evaluations a few more.
MAX_MODELS = 8


class KeptByModel(Generic[Made]):
    """Known by the model itself and not by its fingerprint: the same file read for another database has other
    expressions. Models are frozen, so what was made from one never becomes wrong. Safe to share between threads."""

    def __init__(self, make: Callable[[SemanticModel], Made], limit: int = MAX_MODELS) -> None:
        self._make = make
        self._limit = limit
        self._lock = Lock()
        # With the model beside it, so that its id is not given to another one.
        self._made: OrderedDict[int, tuple[SemanticModel, Made]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._made)

    def of(self, model: SemanticModel) -> Made:
        """Whoever asks second, while it is being made, waits."""
        with self._lock:
            found = self._made.get(id(model))
            if found is None:
                found = self._made[id(model)] = (model, self._make(model))
                if len(self._made) > self._limit:
                    self._made.popitem(last=False)
            self._made.move_to_end(id(model))
            return found[1]
