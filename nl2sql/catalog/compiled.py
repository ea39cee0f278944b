"""Models as they were made from large files, kept as JSON: loading one again takes a fraction of the time.

The key is the text of the file and that of the code that made the model, so that neither can be outdated. Nothing read
here is trusted to be whole: whatever does not fit is as if it were not there.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import GenericAlias
from typing import Any, get_args, get_origin, get_type_hints

from nl2sql.catalog.model import DataType, SemanticModel

# Smaller files load in less than a fifth of a second: not worth a file of ours.
LEAST_CHARACTERS = 100_000
# Each is a few megabytes; the oldest go when a new one comes.
MOST_FILES = 16

Decoder = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class CompiledStore:
    """One file, which may be there or not. Neither method raises anything about it."""

    path: Path

    def read(self) -> SemanticModel | None:
        try:
            if not _is_ours(self.path.parent):
                return None
            made = _decoder(SemanticModel)(json.loads(self.path.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        return made if isinstance(made, SemanticModel) else None

    def write(self, model: SemanticModel) -> None:
        folder = self.path.parent
        with contextlib.suppress(OSError, ValueError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_ours(folder):
                return
            text = json.dumps(_encoded(model), ensure_ascii=False, separators=(",", ":"))
            number, name = tempfile.mkstemp(dir=folder, suffix=".new")
            try:
                with os.fdopen(number, "w", encoding="utf-8") as file:
                    file.write(text)
                os.replace(name, self.path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(name)
                raise
            _drop_oldest(folder)


def open_store(text: str, name: str, folder: Path | None) -> CompiledStore | None:
    """None for a small file, and where there is no folder to be had."""
    if len(text) < LEAST_CHARACTERS:
        return None
    place = folder or _users_own()
    if place is None:
        return None
    try:
        key = sha256(f"{_code_version()}\n{name}\n".encode() + text.encode()).hexdigest()[:32]
    except (OSError, ValueError):
        return None
    return CompiledStore(place / f"{key}.json")


def _users_own() -> Path | None:
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nl2sql" / "models"
    except RuntimeError:  # an account without a home
        return None


@cache
def _code_version() -> str:
    """Of every module of the catalog: a file that any of them reads in another way is another file."""
    return sha256(b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))).hexdigest()


def _is_ours(folder: Path) -> bool:
    """Nobody else may have written there."""
    if not hasattr(os, "geteuid"):
        return folder.is_dir()
    state = folder.stat()
    return state.st_uid == os.geteuid() and not state.st_mode & 0o077


def _drop_oldest(folder: Path) -> None:
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[MOST_FILES:]:
        path.unlink(missing_ok=True)


def _encoded(value: Any) -> Any:
    """Fields at their default are left out: most are."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: _encoded(found)
            for each in fields(value)
            if (found := getattr(value, each.name)) != _default_of(each)
        }
    if isinstance(value, tuple):
        return [_encoded(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _default_of(each: Any) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()


@cache
def _decoder(shape: Any) -> Decoder:
    """JSON → a value of the type, by the annotations of its dataclass. Raises ValueError, TypeError or KeyError."""
    if is_dataclass(shape) and isinstance(shape, type):
        return _of_dataclass(shape)
    if shape is DataType:
        return DataType
    if get_origin(shape) is tuple:
        return _of_list(_decoder(get_args(shape)[0]), get_args(shape)[0] is str)
    if isinstance(get_origin(shape), type) and issubclass(get_origin(shape), Mapping):
        return _text_by_text
    return _of(shape)


def _of_dataclass(shape: type) -> Decoder:
    hints = get_type_hints(shape)
    decoders = {each.name: _decoder(hints[each.name]) for each in fields(shape)}

    def decode(value: Any) -> Any:
        return shape(**{name: decoders[name](given) for name, given in value.items()})

    return decode


def _of_list(decode: Decoder, is_text: bool) -> Decoder:
    def decode_all(value: Any) -> Any:
        if type(value) is not list:
            raise TypeError(type(value).__name__)
        if is_text and not all(type(each) is str for each in value):
            raise TypeError("not all are texts")
        return tuple(value) if is_text else tuple(decode(each) for each in value)

    return decode_all


def _text_by_text(value: Any) -> Any:
    if type(value) is not dict or not all(type(each) is str for each in value.values()):
        raise TypeError("not all are texts")
    return value


def _of(shape: type | GenericAlias) -> Decoder:
    def decode(value: Any) -> Any:
        if type(value) is not shape:
            raise TypeError(type(value).__name__)
        return value

    return decode
