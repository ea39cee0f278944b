"""Values of frozen dataclasses as plain JSON and back, by their annotations: what is kept needs no code of its own.

Known are str, int, float, bool, None, Decimal, date, datetime, Literal, X | Y, tuple[X, ...], Mapping[str, X] and
dataclasses of these. A field that JSON lacks takes its default; one that the class lacks is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: object, *, without: frozenset[str] = frozenset()) -> Any:
    """What `json.dumps` takes. `without` names fields of `value` that are left out. Raises TypeError for others."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: to_plain(each) for name, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        names = (each.name for each in fields(value) if each.name not in without)
        return {name: to_plain(getattr(value, name)) for name in names}
    raise TypeError(f"{type(value).__name__} is not kept as JSON")


def from_plain(kind: type[T], plain: object, **given: object) -> T:
    """`given` are fields that were left out. Raises ValueError for what `to_plain` never makes of a `kind`."""
    return cast(T, _read_fields(kind, plain, given) if given else _read(kind, plain))


def _read(kind: Any, plain: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _read_one_of(get_args(kind), plain)
    if origin is Literal:
        return _expect(any(plain == each and type(plain) is type(each) for each in get_args(kind)), plain)
    if origin is tuple:
        _expect(isinstance(plain, list), plain)
        return tuple(_read(get_args(kind)[0], each) for each in plain)
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(plain, dict), plain)
        return MappingProxyType({str(name): _read(get_args(kind)[1], each) for name, each in plain.items()})
    return _read_fields(kind, plain, {}) if is_dataclass(kind) else _read_simple(kind, plain)


def _read_fields(kind: Any, plain: Any, given: Mapping[str, object]) -> Any:
    _expect(isinstance(plain, dict), plain)
    known = {name: hint for name, hint in _hints(kind).items() if name in plain and name not in given}
    try:
        return kind(**{name: _read(hint, plain[name]) for name, hint in known.items()}, **given)
    except TypeError:  # a field without a default is not there
        raise ValueError(f"no {kind} can be read from this") from None


def _read_simple(kind: Any, plain: Any) -> Any:
    if kind in (Decimal, date, datetime):
        _expect(isinstance(plain, str), plain)
        try:
            return kind(plain) if kind is Decimal else kind.fromisoformat(plain)
        except InvalidOperation:
            raise ValueError("no number can be read from this") from None
    if kind is float:  # 1.0 may have been given as 1
        return _expect(type(plain) in (float, int), plain)
    return _expect(type(plain) is kind, plain)


def _read_one_of(kinds: tuple[Any, ...], plain: Any) -> Any:
    if plain is None and NoneType in kinds:
        return None
    problem = ValueError("nothing can be read from this")
    for kind in kinds:
        if kind is not NoneType:
            try:
                return _read(kind, plain)
            except ValueError as error:
                problem = error
    raise problem


def _expect(is_right: bool, plain: Any) -> Any:
    if not is_right:
        raise ValueError(f"{type(plain).__name__} is not expected here")
    return plain


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)
