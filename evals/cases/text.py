"""A case as the YAML of a suite, as people write it: statements as blocks, words unquoted where YAML lets them be."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import yaml

from evals.cases.base import Case, GoldQuery

_WIDTH = 112  # of a line of a text that is folded; with its margin it stays under 120
# Words and spaces with what is harmless between them. Everything else is quoted.
_PLAIN = re.compile(r"[A-Za-z][\w ,.?!'()/+-]*[\w.?!')]|[A-Za-z]")


def case_text(case: Case, indent: int = 2) -> str:
    """An item of the list of cases, its dash `indent` columns in. Only what differs from what would be without it."""
    lines = list(_lines(case))
    margin = " " * indent
    return "".join(f"{margin}{'- ' if not number else '  '}{line}".rstrip() + "\n" for number, line in enumerate(lines))


def _lines(case: Case) -> Iterator[str]:
    yield f"id: {scalar(case.id)}"
    yield from _folded("question", case.question)
    for key in ("kind", "family", "role", "model", "database", "twin"):
        yield from _changed(case, key, scalar)
    yield from _changed(case, "as_of", lambda day: f'"{day.isoformat()}"')
    for key in ("turns", "tags"):
        yield from _changed(case, key, _flow)
    yield from _changed(case, "attributes", _mapping)
    yield from _sql(case.sql)
    yield from _changed(case, "required_columns", _flow)
    yield from _changed(case, "order_by", lambda names: "gold" if names == ("gold",) else _flow(names))
    for key in ("rows", "decimals", "ties", "time_grain"):
        yield from _changed(case, key, str)
    yield from _changed(case, "accept_scale", lambda factors: f"[{', '.join(f'{each:g}' for each in factors)}]")
    if case.must_pass:
        yield "must_pass: true"
    if case.comment:
        yield from _folded("comment", case.comment)


def _changed(case: Case, key: str, spell: Callable[[Any], str]) -> Iterator[str]:
    value = getattr(case, key)
    if value not in (None, (), {}) and value != Case.model_fields[key].default:
        yield f"{key}: {spell(value)}"


def _sql(golds: tuple[GoldQuery, ...]) -> Iterator[str]:
    if len(golds) == 1 and golds[0].dialect is None and not golds[0].required_columns:
        yield from _block("sql: ", golds[0].sql, 2)
    elif golds:
        yield "sql:"
        for gold in golds:
            yield from _block("  - sql: ", gold.sql, 6)
            if gold.dialect:
                yield f"    dialect: {gold.dialect}"
            if gold.required_columns:
                yield f"    required_columns: {_flow(gold.required_columns)}"


def _folded(key: str, text: str) -> Iterator[str]:
    """A long text over several lines, where its spaces let it be put together again."""
    if len(text) <= _WIDTH or not text.isprintable() or " ".join(text.split()) != text:
        yield f"{key}: {scalar(text)}"
        return
    yield f"{key}: >-"
    yield from (f"  {line}" for line in textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False))


def _block(start: str, text: str, indent: int) -> Iterator[str]:
    lines = text.removesuffix("\n").split("\n")
    if text[:1].isspace() or not lines[-1] or any(not line.isprintable() or line != line.rstrip() for line in lines):
        yield f"{start}{scalar(text)}"
        return
    yield f"{start}{'|' if text.endswith(chr(10)) else '|-'}"
    yield from (f"{' ' * indent}{line}" for line in lines)


def _flow(texts: Iterable[str]) -> str:
    return f"[{', '.join(_in_flow(each) for each in texts)}]"


def _mapping(values: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{_in_flow(name)}: {_in_flow(value)}' for name, value in values.items())}}}"


def _in_flow(text: str) -> str:
    """Within brackets, a comma ends a text, and for some readers a question mark does."""
    return _quoted(text) if "," in text or "?" in text else scalar(text)


def scalar(text: str) -> str:
    """Unquoted where it is read as that very text."""
    return text if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text else _quoted(text)


def _quoted(text: str) -> str:
    """As JSON, which YAML reads; what cannot be printed is escaped, also where JSON would let it stand."""
    shown = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in shown)
