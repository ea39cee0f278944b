"""Embeddings as a second opinion on which datasets a question is about, fused with the ranking by words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nl2sql.context.kept import KeptByModel
from nl2sql.context.visible import ShownModel, shown_of

Vectors = NDArray[np.float32]

# Reciprocal rank fusion with the constant of its paper (Cormack, Clarke & Büttcher 2009).
FUSION = 60
# Nearness by meaning tells all datasets apart, and far down in its order means nothing.
MAX_NEAREST = 50
# Of a dataset's text. Models of embeddings read some hundreds of words.
_MAX_CHARS = 1_500


class Embedder(Protocol):
    """`embed` gives float32 [n, d], one row a text. What is to be asked for again (`keep`) may be kept. Raises
    LanguageModelError, soon, when there is nothing to be had."""

    def embed(self, texts: Sequence[str], *, keep: bool = False) -> Vectors: ...


class DenseIndex:
    """The datasets of a model as vectors: what may be told of them, without any value."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._documents: KeptByModel[tuple[tuple[str, ...], Vectors]] = KeptByModel(
            lambda model: _vectors(shown_of(model), embedder)
        )

    def fused(self, scores: Mapping[str, float], text: str, shown: ShownModel) -> dict[str, float]:
        """Dataset → a score of both rankings, by place alone. Raises LanguageModelError."""
        return fused(scores, self.nearest(text, shown))

    def nearest(self, text: str, shown: ShownModel) -> list[str]:
        """The open datasets nearest to a text, the nearest first. Raises LanguageModelError."""
        names, vectors = self._documents.of(shown.model)
        asked = _unit(self._embedder.embed([text]))[0]
        if asked.shape[0] != vectors.shape[1]:
            return []
        order = np.argsort(-(vectors @ asked), kind="stable")[:MAX_NEAREST]
        return [names[place] for place in order]


def fused(scores: Mapping[str, float], nearest: Sequence[str]) -> dict[str, float]:
    """Dataset → a score of both rankings, by place alone: neither has to be on the other's scale."""
    by_words = sorted(scores, key=lambda name: -scores[name])
    both: dict[str, float] = {}
    for ranking in (by_words, nearest):
        for place, name in enumerate(ranking, 1):
            both[name] = both.get(name, 0.0) + 1 / (FUSION + place)
    return both


def _vectors(shown: ShownModel, embedder: Embedder) -> tuple[tuple[str, ...], Vectors]:
    names = tuple(name for name in shown.place if name not in shown.closed)
    return names, _unit(embedder.embed([_text_of(name, shown) for name in names], keep=True))


def _unit(vectors: Vectors) -> Vectors:
    """Of length 1, so that a product is a cosine."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _text_of(name: str, shown: ShownModel) -> str:
    dataset = shown.dataset(name)
    called = ", ".join(dict.fromkeys(filter(None, (name.replace("_", " "), dataset.label, *dataset.synonyms))))
    fields = ", ".join(field.label or field.name.replace("_", " ") for field in dataset.fields)
    metrics = ", ".join(m.label or m.name for m, read in shown.metrics.values() if name in read)
    text = f"{called}. {dataset.description} Columns: {fields}."
    return (f"{text} Figures: {metrics}." if metrics else text)[:_MAX_CHARS]
