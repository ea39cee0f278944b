"""The functions a statement may call, read once from data/functions.yaml."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there


@cache
def _document() -> dict[str, dict[str, str] | list[str]]:
    text = files("nl2sql.guard").joinpath("data/functions.yaml").read_text(encoding="utf-8")
    document: dict[str, dict[str, str] | list[str]] = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    return document


@cache
def allowed_functions(dialect: str) -> frozenset[str]:
    """Lower-case names. MariaDB shares MySQL's list."""
    document = _document()
    own = document["mysql" if dialect == "mariadb" else dialect]
    return frozenset(document["common"]) | frozenset(own)


@cache
def growing_functions() -> frozenset[str]:
    return frozenset(_document()["growing"])
