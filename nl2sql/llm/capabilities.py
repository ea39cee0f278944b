"""What endpoints turned out not to support, for the life of a process and, in a small file, of the next ones.

Entries are dated and forgotten after a week, so that an endpoint that learns something is asked for it again. A file
that is missing, damaged, foreign or cannot be written costs a refused request, never an answer.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import time
from typing import Any
from urllib.parse import urlsplit

from nl2sql.llm.own_folder import is_own, make_own, own_cache_folder, write_whole

FEATURES = (
    *("responses", "chat"),  # the protocols themselves
    *("stream", "stream_options", "temperature", "seed", "reasoning", "store"),
    *("strict", "json_schema", "json_object"),  # ways to hold the reply to its schema, the best first
)
KEPT_SECONDS = 7 * 24 * 3_600.0
# One installation asks a handful of models; past this, the oldest go.
MOST_ENDPOINTS = 200
# Ten times what so many endpoints need: what is larger is not ours.
MOST_BYTES = 500_000

# Feature → when it was rejected, in seconds since 1970; endpoint → its features.
_Features = dict[str, float]
_Entries = dict[str, _Features]


class CapabilityMemory:
    """Thread-safe. Without a path it lasts as long as the process. The file holds no key, and of an address only its
    host and a hash."""

    def __init__(self, path: Path | None = None, *, clock: Callable[[], float] = time) -> None:
        self._path = path
        self._clock = clock
        self._lock = Lock()
        self._entries: _Entries | None = None

    def rejected(self, address: str, model: str) -> frozenset[str]:
        """Features that the model at this address refused within the last week."""
        with self._lock:
            return frozenset(self._fresh(self._all().get(_name_of(address, model), {})))

    def reject(self, address: str, model: str, features: Iterable[str]) -> None:
        found = dict.fromkeys(features, self._clock())
        self._change(address, model, lambda known: {**known, **found})

    def forget(self, address: str, model: str) -> None:
        """For an endpoint that is another than it was."""
        self._change(address, model, lambda _: {})

    def _change(self, address: str, model: str, change: Callable[[_Features], _Features]) -> None:
        name = _name_of(address, model)
        with self._lock:
            entries = self._all()
            entries[name] = change(entries.get(name, {}))
            if self._path is None or _is_local(address):
                return
            # Others may have written meanwhile. What two write at the very same time, one of them finds out again.
            kept = {each: fresh for each, found in _read(self._path).items() if (fresh := self._fresh(found))}
            kept[name] = change(kept.get(name, {}))
            _write(self._path, _newest({each: found for each, found in kept.items() if found}))

    def _all(self) -> _Entries:
        if self._entries is None:
            self._entries = _read(self._path) if self._path is not None else {}
        return self._entries

    def _fresh(self, features: _Features) -> _Features:
        """Without what is too old, and what claims to come from the future."""
        now = self._clock()
        return {feature: at for feature, at in features.items() if now - KEPT_SECONDS < at <= now}


def users_own_memory() -> CapabilityMemory:
    """Kept below the user's cache folder; in the process alone for an account without a home."""
    folder = own_cache_folder("endpoints")
    return CapabilityMemory(folder / "capabilities.json" if folder is not None else None)


def _name_of(address: str, model: str) -> str:
    """Readable by its host; a path can hold an account's name, and is hashed."""
    parts = urlsplit(address)
    whole = f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path.rstrip('/')} {model}"
    return f"{parts.hostname} {sha256(whole.encode()).hexdigest()[:16]}"


def _is_local(address: str) -> bool:
    """What listens on a port of this machine is soon another: it is found out anew by each process."""
    host = urlsplit(address).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _newest(entries: _Entries) -> _Entries:
    names = sorted(entries, key=lambda name: max(entries[name].values()), reverse=True)
    return {name: entries[name] for name in names[:MOST_ENDPOINTS]}


def _read(path: Path) -> _Entries:
    try:
        if not is_own(path.parent) or path.stat().st_size > MOST_BYTES:
            return {}
        loaded = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    endpoints = loaded.get("endpoints") if isinstance(loaded, dict) else None
    if not isinstance(endpoints, dict):
        return {}
    return {name: _features(found) for name, found in endpoints.items() if isinstance(found, dict)}


def _features(found: Mapping[str, Any]) -> _Features:
    return {name: at for name, at in found.items() if name in FEATURES and type(at) is float}


def _write(path: Path, entries: _Entries) -> None:
    with contextlib.suppress(OSError):
        if make_own(path.parent):
            write_whole(path, json.dumps({"endpoints": entries}, indent=1).encode())
