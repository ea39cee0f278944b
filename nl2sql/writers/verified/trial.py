"""Values to try a verified query with: its defaults and examples."""

from __future__ import annotations

from datetime import date

from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.verified.base import Value, VerifiedQuery
from nl2sql.writers.verified.slots import NO_WORDS, Vocabularies, read_whole


def trial_values(
    query: VerifiedQuery, vocabularies: Vocabularies, seen: SemanticModel, as_of: date
) -> dict[str, Value] | str:
    """By the name of the parameter; instead, the name of one whose words are no value of this database, or none that
    the role may see. Raises EngineError when the database's values cannot be read."""
    values: dict[str, Value] = {}
    for each in query.parameters:
        vocabulary = vocabularies.of(each.field, seen) if each.field else NO_WORDS
        filled = read_whole(each, each.words, as_of, vocabulary)
        if filled is None:
            return each.name
        values[each.name] = filled.value
    return values
