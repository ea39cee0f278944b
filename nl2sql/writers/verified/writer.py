"""Questions that somebody answers for, answered with the SQL they verified. Everything else is for the next writer."""

from __future__ import annotations

from datetime import date

from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Context
from nl2sql.llm.base import NO_CALL, Call
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Origin, Repair, SqlDraft
from nl2sql.writers.verified.base import VerifiedQueries, VerifiedQuery
from nl2sql.writers.verified.bind import SqlInvalid, bound_sql
from nl2sql.writers.verified.match import Match, Matcher, VocabularyOf, most_literal
from nl2sql.writers.verified.phrase import assumption, phrase
from nl2sql.writers.verified.slots import NO_WORDS, Vocabularies, Vocabulary

# Raised whenever the same question could match differently than before: cached drafts are then written anew.
MATCHER_VERSION = "1"


class VerifiedWriter:
    """Safe to share between threads."""

    name = "verified"

    def __init__(self, verified: VerifiedQueries, values: ValueIndex) -> None:
        self._verified = verified
        self._values = values
        self._matcher = Matcher(verified.queries)
        self._vocabularies = Vocabularies(
            (each.field for query in verified.queries for each in query.parameters if each.field), values
        )

    @property
    def version(self) -> str:
        return f"{MATCHER_VERSION}.{self._verified.fingerprint}.{self._values.state()}"

    @property
    def queries(self) -> tuple[VerifiedQuery, ...]:
        return self._verified.queries

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        """`repair` is of no use here. Raises EngineError when the database's values cannot be read."""
        vocabulary_of = self._vocabulary_of(context.model)
        found = most_literal(self._matcher.matches(question.text, context.as_of, vocabulary_of))
        if len(found) == 1:
            return _draft(found[0], context.dialect) or self._nothing()
        return self._which(found, context.as_of, vocabulary_of) or self._nothing()

    def _which(self, found: list[Match], as_of: date, vocabulary_of: VocabularyOf) -> Clarification | None:
        """A question back, where each choice then means one query alone."""
        choices = [phrase(match.query, _words(match)) for match in found]
        for match, choice in zip(found, choices, strict=True):
            again = most_literal(self._matcher.matches(choice, as_of, vocabulary_of))
            if [each.query.id for each in again] != [match.query.id] or again[0].values != match.values:
                return None
        if not choices:
            return None
        message = "This can be read in more than one way. Which one do you mean?"
        return Clarification(message, Origin(self.name), tuple(choices))

    def _vocabulary_of(self, seen: SemanticModel) -> VocabularyOf:
        """Each vocabulary is asked for once a question."""
        known: dict[str, Vocabulary] = {"": NO_WORDS}

        def of(field: str) -> Vocabulary:
            if field not in known:
                known[field] = self._vocabularies.of(field, seen)
            return known[field]

        return of

    def _nothing(self) -> CannotAnswer:
        return CannotAnswer("This is no verified question.", "not_understood", Origin(self.name))


def _draft(match: Match, grammar: str) -> SqlDraft | None:
    """None where this database's SQL cannot say it: another writer may."""
    try:
        sql = bound_sql(match.query, match.values, grammar)
    except SqlInvalid:
        return None
    labels = {each.name: each for each in match.query.parameters}
    assumptions = tuple(assumption(labels[name], match.filled[name].said) for name in match.assumed)
    said = {name: each.said for name, each in match.filled.items()}
    return SqlDraft(sql, Origin("verified", match.query.detail), phrase(match.query, said), assumptions)


def _words(match: Match) -> dict[str, str]:
    return {name: each.words for name, each in match.filled.items()}
