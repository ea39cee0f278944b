"""Vectors of texts, kept in a folder of their own: one file of raw float32 a text, named by the text's hash."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nl2sql.llm.own_folder import is_own, make_own, write_whole

Vectors = NDArray[np.float32]

# 20,000 vectors of 1,536 numbers are 120 MB. Models of the same datasets share theirs; beyond, none is added.
MAX_FILES = 20_000
# Little-endian whatever the machine, so that a folder can move.
_STORED = np.dtype("<f4")


class VectorStore:
    """Neither method raises: a folder that cannot be used is an empty one. Nothing read is trusted to be whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, texts: Iterable[str]) -> dict[str, Vectors]:
        found: dict[str, Vectors] = {}
        with contextlib.suppress(OSError, ValueError):
            if not is_own(self._folder):
                return found
            for text in dict.fromkeys(texts):
                vector = _vector(self._path(text))
                if vector is not None:
                    found[text] = vector
        return found

    def write(self, vectors: Mapping[str, Vectors]) -> None:
        with contextlib.suppress(OSError, ValueError):
            if not make_own(self._folder) or len(os.listdir(self._folder)) + len(vectors) > MAX_FILES:
                return
            for text, vector in vectors.items():
                write_whole(self._path(text), vector.astype(_STORED).tobytes())

    def _path(self, text: str) -> Path:
        return self._folder / f"{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}.f32"


def _vector(path: Path) -> Vectors | None:
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    if not stored or len(stored) % _STORED.itemsize:
        return None
    vector = np.frombuffer(stored, dtype=_STORED).astype(np.float32)
    return vector if np.isfinite(vector).all() else None
