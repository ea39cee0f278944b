"""Values into the SQL of a verified query, as literals of its tree: no value is ever part of a text that is parsed.

A parameter is written :name; a period is its first day :name_start and the first day after it :name_end; a grain
stands in BUCKET(column, :name), which also takes a fixed one: BUCKET(column, 'month').
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from nl2sql.plan.base import Grain
from nl2sql.plan.compile.dialects import adapt, bucket
from nl2sql.plan.errors import PlanInvalid
from nl2sql.writers.verified.base import GRAINS, Bounds, Parameter, Value, VerifiedQuery

BUCKET = "BUCKET"


class SqlInvalid(Exception):
    """`message` says in a sentence why a SQL text cannot be that of a verified query."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def parsed(sql: str, grammar: str = "") -> exp.Query:
    """One statement that reads. Raises SqlInvalid."""
    try:
        statements = sqlglot.parse(sql, read=grammar or None)
    except (SqlglotError, RecursionError) as error:
        raise SqlInvalid("this is not SQL that can be read.") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SqlInvalid("this must be one SELECT statement.")
    return statements[0]


def check_placeholders(tree: exp.Query, parameters: tuple[Parameter, ...]) -> None:
    """Raises SqlInvalid for a place that nothing fills, and for a parameter that has none."""
    wanted = {name: parameter for parameter in parameters for name in _places(parameter)}
    found = [each.name for each in tree.find_all(exp.Placeholder, exp.Parameter)]
    for name in found:
        if name not in wanted:
            known = ", ".join(f":{each}" for each in wanted) or "none"
            raise SqlInvalid(f"“:{name}” is no parameter; there are {known}.")
    for name, parameter in wanted.items():
        if name not in found:
            raise SqlInvalid(f"the parameter {parameter.name} is not used: there is no :{name}.")
    for each in tree.find_all(exp.Placeholder):
        if wanted[each.name].type == "grain" and not _is_bucket(each.parent):
            raise SqlInvalid(f"a grain stands in {BUCKET}(column, :{each.name}) only.")
    for call in tree.find_all(exp.Anonymous):
        if _is_bucket(call):
            _check_bucket(call, wanted)


def bound_sql(query: VerifiedQuery, values: Mapping[str, Value], grammar: str) -> str:
    """The SQL with its values in a grammar of sqlglot. Raises SqlInvalid where the grammar cannot say it."""
    own = query.dialects.get(grammar)
    if own is None and not query.sql:
        raise SqlInvalid(f"there is none for {grammar}, only for {', '.join(query.dialects)}.")
    tree: exp.Expr = parsed(query.sql) if own is None else parsed(own, grammar)
    literals = _literals(values)
    for place in list(tree.find_all(exp.Placeholder)):
        place.replace(literals[place.name].copy())
    try:
        for call in list(tree.find_all(exp.Anonymous)):
            if _is_bucket(call):
                column, grain = call.expressions
                call.replace(bucket(column, _grain(grain.name), grammar))
        if own is None:
            tree = adapt(tree, grammar)
        return tree.sql(dialect=grammar, pretty=True, comments=False, unsupported_level=ErrorLevel.RAISE)
    except (SqlglotError, PlanInvalid) as error:
        raise SqlInvalid(f"this cannot be said in the SQL of {grammar}.") from error


def _places(parameter: Parameter) -> tuple[str, ...]:
    if parameter.type == "period":
        return f"{parameter.name}_start", f"{parameter.name}_end"
    return (parameter.name,)


def _is_bucket(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.upper() == BUCKET


def _check_bucket(call: exp.Anonymous, wanted: Mapping[str, Parameter]) -> None:
    given = call.expressions
    grain = given[1] if len(given) == 2 else None
    is_slot = isinstance(grain, exp.Placeholder) and wanted[grain.name].type == "grain"
    is_fixed = isinstance(grain, exp.Literal) and grain.is_string and grain.name in GRAINS
    if not (is_slot or is_fixed):
        raise SqlInvalid(f"{BUCKET} takes a column and a grain: one of {', '.join(GRAINS)}, or a parameter.")


def _grain(name: str) -> Grain:
    return next(each for each in GRAINS if each == name)


def _literals(values: Mapping[str, Value]) -> dict[str, exp.Expr]:
    """By the name of the place."""
    made: dict[str, exp.Expr] = {}
    for name, value in values.items():
        if isinstance(value, Bounds):
            made[f"{name}_start"] = exp.Literal.string(value.start.isoformat())
            made[f"{name}_end"] = exp.Literal.string(value.end.isoformat())
        elif isinstance(value, date):
            made[name] = exp.Literal.string(value.isoformat())
        elif isinstance(value, str):
            made[name] = exp.Literal.string(value)
        else:
            number = exp.Literal.number(f"{abs(Decimal(value)):f}")
            made[name] = exp.Neg(this=number) if value < 0 else number
    return made
