"""Where templates run: they reach the values they are given and nothing else, and what they insert is made harmless."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment

from nl2sql.catalog.model import Dataset, DataType, Field, FieldValue, Group, Metric, NamedFilter, Relationship
from nl2sql.context.base import Example, LinkedTerm
from nl2sql.context.periods import Period
from nl2sql.context.quoting import MAX_SQL_CHARS, MAX_TEXT_CHARS, as_json, as_word, harmless
from nl2sql.context.visible import VisibleModel
from nl2sql.prompt.base import EarlierTry, Problem
from nl2sql.prompt.notation import BriefModel, also, called, is_headed, says_itself
from nl2sql.question import Turn

_VALUES = frozenset(
    {
        *(Dataset, Field, FieldValue, Group, Metric, NamedFilter, Relationship, Example, LinkedTerm, Period),
        *(VisibleModel, BriefModel, EarlierTry, Problem, Turn),
    }
)
# Parts of plain values, which need no further look; anything else is looked at as Jinja's sandbox does.
_PLAIN_PARTS = frozenset(each.name for value in _VALUES for each in fields(value))
_PLAIN_OTHERS = frozenset(
    {(str, "endswith"), (dict, "get"), (DataType, "value"), (LoopContext, "last"), (LoopContext, "index0")}
)
# Names, labels and values of some twenty wide tables: what is said of a model is said again for each question.
_KEPT = 16_384
# What people typed is not kept: it seldom comes again, and is long.
_KEPT_CHARS = 200


def environment() -> SandboxedEnvironment:
    # Nothing rendered here is HTML; `finalize` escapes for the place it goes to.
    env = _Sandbox(
        undefined=StrictUndefined, finalize=_finalized, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    env.filters |= {"data": _as_data, "sql_data": _as_sql_data, "word": _as_word, "also": also, "called": called}
    env.tests |= {"headed": is_headed, "self_evident": says_itself}
    return env


class _Sandbox(SandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        kind = type(obj)
        if (kind in _VALUES and attribute in _PLAIN_PARTS) or (kind, attribute) in _PLAIN_OTHERS:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


_kept_harmless = lru_cache(_KEPT)(harmless)
_kept_json = lru_cache(_KEPT)(as_json)
_kept_word = lru_cache(_KEPT)(as_word)


def _finalized(value: object) -> str:
    text = str(value)
    return _kept_harmless(text) if len(text) <= _KEPT_CHARS else harmless(text)


def _as_data(value: object, limit: int = MAX_TEXT_CHARS) -> str:
    text = str(value)
    return _kept_json(text, limit) if len(text) <= _KEPT_CHARS else as_json(text, limit)


def _as_word(value: object) -> str:
    text = str(value)
    return _kept_word(text) if len(text) <= _KEPT_CHARS else as_word(text)


def _as_sql_data(value: object) -> str:
    return as_json(value, MAX_SQL_CHARS)
