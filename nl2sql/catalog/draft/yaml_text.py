"""A model as plain lists and dictionaries → YAML as people write it: short values in one line, extensions as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_WIDTH = 118
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")
# What YAML reads as something else than text, in any case.
_OTHER = frozenset("y n yes no on off true false null none".split())


def yaml_text(file: Mapping[str, Any], comments: Sequence[str]) -> str:
    lines = [f"# {_printable(each)}".rstrip() for each in comments]
    return "\n".join([*lines, *_mapping(file, 0)]) + "\n"


def _mapping(value: Mapping[str, Any], indent: int) -> Iterator[str]:
    space = " " * indent
    for key, each in value.items():
        short = f"{space}{key}: {_flow(each)}"
        if key == "data":
            yield from _json(each, indent)
        elif _is_flat(each) and len(short) <= _WIDTH:
            yield short
        elif isinstance(each, Mapping):
            yield f"{space}{key}:"
            yield from _mapping(each, indent + 2)
        elif isinstance(each, list) and all(isinstance(item, Mapping) for item in each):
            yield f"{space}{key}:"
            for item in each:
                first, *rest = _mapping(item, indent + 2)
                yield f"{space}- {first.strip()}"
                yield from rest
        else:
            yield short


def _json(data: Mapping[str, Any], indent: int) -> Iterator[str]:
    space = " " * indent
    yield f"{space}data: |"
    text = json.dumps(data, ensure_ascii=False)
    if not text.isprintable():
        text = json.dumps(data)
    if len(text) + indent + 2 <= _WIDTH:
        yield f"{space}  {text}"
        return
    yield f"{space}  {{"
    for number, (key, each) in enumerate(data.items(), 1):
        comma = "," if number < len(data) else ""
        ascii_only = not text.isprintable() or text.isascii()
        yield f"{space}    {json.dumps(key)}: {json.dumps(each, ensure_ascii=ascii_only)}{comma}"
    yield f"{space}  }}"


def _is_flat(value: Any) -> bool:
    """Whether it may stand in one line: an expression is; lists of objects are not, and what has an extension."""
    if isinstance(value, Mapping):
        return "data" not in value and all(_is_flat(each) for each in value.values())
    if isinstance(value, list):
        return not any(isinstance(each, Mapping) and len(each) > 2 for each in value) and all(map(_is_flat, value))
    return True


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return "true" if value is True else "false" if value is False else _scalar(str(value))


def _scalar(text: str) -> str:
    """Quoted unless it is a plain word; what cannot be printed is escaped."""
    if text and set(text) <= _SAFE and not text[0].isdigit() and text.lower() not in _OTHER:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
