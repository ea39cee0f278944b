"""Dataclasses as plain JSON values and back: checked by their types, so that a damaged or foreign file is told of.

Keys that a class does not have are passed over: a newer version of the product may have written them.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, TypeVar, Union

T = TypeVar("T")


class NotThatForm(ValueError):
    """`str(error)` names the key and what it cannot hold."""


def plain(value: Any) -> Any:
    """What `json.dumps` takes: dataclasses and mappings as dicts, tuples as lists."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def build(kind: type[T], value: object, place: str = "") -> T:
    """An instance of a dataclass from what `json.loads` gave. Raises NotThatForm."""
    if not isinstance(value, dict):
        raise NotThatForm(f"{place or 'it'} is no object")
    made = {}
    known: Any = kind
    for name, hint, is_needed in _shape(known):
        if name in value:
            made[name] = _read(hint, value[name], f"{place}.{name}" if place else name)
        elif is_needed:
            raise NotThatForm(f"“{f'{place}.{name}' if place else name}” is missing")
    return kind(**made)


@cache
def _shape(kind: Any) -> tuple[tuple[str, Any, bool], ...]:
    hints = typing.get_type_hints(kind)
    return tuple(
        (each.name, hints[each.name], each.default is MISSING and each.default_factory is MISSING)
        for each in fields(kind)
    )


def _read(hint: Any, value: Any, place: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if is_dataclass(hint):
        return build(typing.cast(type, hint), value, place)
    if origin is tuple and isinstance(value, list):
        return tuple(_read(inner[0], each, place) for each in value)
    if origin is not None and origin not in (tuple, Literal, Union, types.UnionType) and isinstance(value, dict):
        return MappingProxyType({str(key): _read(inner[1], each, place) for key, each in value.items()})
    if origin in (Union, types.UnionType):
        return _any_of(inner, value, place)
    if (origin is Literal and value in inner) or _is_scalar(hint, value):
        return value
    raise NotThatForm(f"“{place}” cannot hold {_told(value)}")


def _any_of(kinds: tuple[Any, ...], value: Any, place: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    classes = [each for each in kinds if is_dataclass(each)]
    if classes and isinstance(value, dict):
        return _read(classes[0], value, place)
    if any(_is_scalar(each, value) for each in kinds):
        return value
    raise NotThatForm(f"“{place}” cannot hold {_told(value)}")


def _is_scalar(kind: Any, value: Any) -> bool:
    """A whole number is a float too; true and false are no numbers."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return kind in (str, bool) and isinstance(value, kind)


def _told(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return repr(value)[:60]
