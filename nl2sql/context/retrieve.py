"""Which part of the catalog a question needs: ranked by words, closed over the join graph, reported where it was cut.

Small models are taken whole: leaving out a table then saves little and can cost the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context, Example, LinkedTerm
from nl2sql.context.detail import detailed
from nl2sql.context.examples import ExampleIndex
from nl2sql.context.instructions import without_instructions
from nl2sql.context.phrases import Phrase, distinct
from nl2sql.context.schema_index import HISTORY_TURNS, SchemaIndex, index_of, tables_named
from nl2sql.context.selection import MAX_DATASETS, Selection
from nl2sql.context.stored_values import StoredValues, stored_phrases
from nl2sql.errors import EngineError, LanguageModelError
from nl2sql.question import Question

if TYPE_CHECKING:
    from nl2sql.context.embedding import DenseIndex, Embedder

ValuesPolicy = Literal["none", "enums", "linked"]


class Retriever:
    """Made once; called with every question, from many threads.

    `examples` are in the engine's dialect; the nearest are given along. `values` says which values a prompt may hold:
    none; enums: those that the model lists; linked: also those of `stored` that the question names. With none there are
    no examples either, whose SQL is full of values. What an `embedder` or the database cannot do is a remark.
    """

    def __init__(
        self,
        examples: Sequence[Example] = (),
        *,
        values: ValuesPolicy = "enums",
        stored: StoredValues | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._examples = ExampleIndex(examples if values != "none" else ())
        self._values = values
        self._stored = stored if values == "linked" else None
        self._dense = _dense_index(embedder) if embedder is not None else None

    def __call__(self, question: Question, model: SemanticModel, dialect: str, as_of: date) -> Context:
        index = index_of(model)
        text = without_instructions(question.text)
        mended = index.vocabulary.mended(text)
        words = {mended.get(word, word): weight for word, weight in index.words(question).items()}
        phrases = index.phrases.in_text(text)
        remarks: list[str] = []
        phrases += self._stored_phrases(question.text, index, remarks)
        turns = question.history[-HISTORY_TURNS:]
        # What a misspelled word was taken for counts in the ranking, and is not told as what the question said.
        guessed = index.phrases.in_text(text, lambda word: mended.get(word, word)) if mended else []
        asked_before = [
            phrase for turn in turns for phrase in index.phrases.in_text(without_instructions(turn.question))
        ]
        said = distinct([*phrases, *guessed, *asked_before])
        scores = self._fused(index.scores(words, said), question.text, index, remarks)
        selection = Selection(index, scores, said, words)
        selection.cover(name for turn in turns for meant in tables_named(turn.sql or "", index) for name in meant)
        chosen = selection.filled()
        context = Context(
            model,
            dialect,
            as_of,
            datasets=tuple(chosen),
            linked=self._linked(phrases, frozenset(chosen), index),
            examples=self._examples.nearest(words, frozenset(chosen), index),
            values_of=frozenset() if self._values == "none" else None,
            needed=frozenset(selection.needed),
            remarks=tuple(remarks),
        )
        return detailed(
            context,
            lambda dataset: index.ranked_fields(dataset, words),
            lambda metric: index.metric_score(metric, words),
        )

    def _stored_phrases(self, text: str, index: SchemaIndex, remarks: list[str]) -> list[Phrase]:
        if self._stored is None:
            return []
        try:
            return stored_phrases(text, self._stored, index.shown)
        except EngineError:
            remarks.append("stored values could not be read")
            return []

    def _fused(self, scores: dict[str, float], text: str, index: SchemaIndex, remarks: list[str]) -> dict[str, float]:
        """A small model is taken whole, however it is ranked: it is not worth a request."""
        if self._dense is None or len(index.open) <= MAX_DATASETS:
            return scores
        try:
            return self._dense.fused(scores, text, index.shown)
        except LanguageModelError as error:
            remarks.append(f"no embeddings ({error.code}), ranked by words alone")
            return scores

    def _linked(self, phrases: Sequence[Phrase], chosen: frozenset[str], index: SchemaIndex) -> tuple[LinkedTerm, ...]:
        """What the phrases name in the chosen datasets, and in closed ones: that it is withheld has to be said."""
        near = chosen | index.shown.closed
        terms = [
            LinkedTerm(phrase.words, named.kind, named.target)
            for phrase in phrases
            for named in phrase.named
            if named.kind not in ("role", "verb") and near.issuperset(named.datasets)
        ]
        if self._values == "none":
            terms = [replace(term, target=term.place) if term.kind == "value" else term for term in terms]
        return tuple(dict.fromkeys(terms))


def _dense_index(embedder: Embedder) -> DenseIndex:
    """Imported where it is wanted: numpy is not needed to rank words."""
    from nl2sql.context.embedding import DenseIndex

    return DenseIndex(embedder)


retrieve = Retriever()
