"""All rules on all models of a file. A file that cannot be read as YAML is an error of its own (ModelInvalid)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from nl2sql.catalog import ossie
from nl2sql.catalog.build import ModelBuilder
from nl2sql.catalog.facts import TableFacts
from nl2sql.catalog.lint.base import Finding, Linted
from nl2sql.catalog.lint.expressions import check_aggregates, check_columns, check_dialects, check_reach
from nl2sql.catalog.lint.live import check_live
from nl2sql.catalog.lint.structure import check_cycles, check_dates_and_labels, check_keys, check_roles
from nl2sql.catalog.lint.words import check_function_words, check_one_meaning, check_values
from nl2sql.catalog.source import Place, Source

Rule = Callable[[Linted], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    check_keys,
    check_cycles,
    check_columns,
    check_aggregates,
    check_reach,
    check_dialects,
    check_roles,
    check_dates_and_labels,
    check_one_meaning,
    check_function_words,
    check_values,
)


def lint_file(path: Path, tables: Sequence[TableFacts] = (), dialect: str = "") -> list[Finding]:
    """In the order of lines. With `tables`, the models are compared with what the database has. Raises ModelInvalid."""
    source = Source(path)
    try:
        file = ossie.OssieFile.model_validate(source.value)
    except ValidationError as error:
        return sorted((Finding("error", "format", *each) for each in source.lines(error)), key=_order)
    found = [
        finding
        for index, model in enumerate(file.semantic_model)
        for finding in _lint_model(source, ("semantic_model", index), model, tables, dialect)
    ]
    return sorted(dict.fromkeys(found), key=_order)


def _lint_model(
    source: Source, place: Place, model: ossie.OssieModel, tables: Sequence[TableFacts], dialect: str
) -> Iterator[Finding]:
    builder = ModelBuilder(source, place, model)
    built = builder.build()
    linted = Linted(source, place, model, built)
    for problem in builder.problems:
        yield linted.finding("error", "broken", problem.place, problem.message)
    for problem in builder.left_out:
        yield linted.finding("warning", "left_out", problem.place, problem.message)
    if builder.problems:
        return  # the rules would trip over what is broken
    for rule in RULES:
        yield from rule(linted)
    if tables:
        yield from check_live(linted, tables, dialect)


def _order(finding: Finding) -> tuple[int, str, str]:
    return finding.line, finding.level, finding.message
