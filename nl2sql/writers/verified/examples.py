"""Verified queries as examples for a language model, each with the values that stand where nobody names others."""

from __future__ import annotations

from datetime import date

from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Example
from nl2sql.errors import EngineError
from nl2sql.writers.verified.base import VerifiedQueries, VerifiedQuery
from nl2sql.writers.verified.bind import SqlInvalid, bound_sql
from nl2sql.writers.verified.phrase import suggestion
from nl2sql.writers.verified.slots import Vocabularies
from nl2sql.writers.verified.trial import trial_values


def examples_of(
    verified: VerifiedQueries, values: ValueIndex, model: SemanticModel, grammar: str, as_of: date
) -> tuple[Example, ...]:
    """In a grammar of sqlglot. Without those that it cannot say, or whose values this database does not have."""
    fields = [each.field for query in verified.queries for each in query.parameters if each.field]
    vocabularies = Vocabularies(fields, values)
    found = (_example(query, vocabularies, model, grammar, as_of) for query in verified.queries)
    return tuple(example for example in found if example is not None)


def _example(
    query: VerifiedQuery, vocabularies: Vocabularies, model: SemanticModel, grammar: str, as_of: date
) -> Example | None:
    try:
        given = trial_values(query, vocabularies, model, as_of)
        if isinstance(given, str):
            return None
        values = tuple((each.field, str(given[each.name])) for each in query.parameters if each.field)
        return Example(suggestion(query), bound_sql(query, given, grammar), values)
    except (EngineError, SqlInvalid):
        return None
