"""Values this process may use again, within a bound: for what is costly to make and never wrong to keep by its key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class Memo(Generic[V]):
    """The least recently used goes first when the sum of weights passes `most`. Safe for many threads.

    What alone weighs more than `heaviest` is not kept: it would push out many others.
    """

    def __init__(self, most: int, heaviest: int) -> None:
        self._most = most
        self._heaviest = heaviest
        self._sum = 0
        self._lock = Lock()
        self._values: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()

    def get(self, key: Hashable) -> V | None:
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: V, weight: int) -> None:
        if weight > self._heaviest:
            return
        with self._lock:
            old = self._values.pop(key, None)
            self._sum += weight - (old[1] if old else 0)
            self._values[key] = (value, weight)
            while self._sum > self._most:
                self._sum -= self._values.popitem(last=False)[1][1]
