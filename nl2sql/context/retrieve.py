"""Which part of the catalog a question needs: lexical ranking, closed over the join graph.

Scoring is BM25 (Robertson & Zaragoza 2009) over one document a dataset and one a metric. Small models are taken whole:
leaving out a table then saves little and can cost the answer.
"""

from __future__ import annotations

import math
import re
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock

from nl2sql.catalog.model import Dataset, Metric, SemanticModel
from nl2sql.context.base import Context, LinkedTerm
from nl2sql.context.visible import datasets_of
from nl2sql.question import Question

# Up to here a model is given whole, and a larger one is cut to it: about 10,000 characters of prompt.
MAX_DATASETS = 12
# BM25's usual constants: how fast repeated words stop counting, and how much long documents are held back.
K1, B = 1.2, 0.75
# A word in a name says more about a table than one in a description or in a list of values.
NAME_WEIGHT, FIELD_WEIGHT, TEXT_WEIGHT = 4, 2, 1
# A follow-up ("and in Germany?") leans on the two turns before it, but its own words count more.
HISTORY_TURNS, HISTORY_WEIGHT = 2, 0.5
# Servers hold one model, evaluations a few.
MAX_INDEXES = 8
# The longest synonym that people write is five or six words; a longer one is a sentence.
MAX_PHRASE_WORDS = 6

_WORD = re.compile(r"[^\W_]+")
_STOP = frozenset(
    _WORD.findall(
        "a an and are as at by did do does each every for from had has have how i in is it its last many me much my "
        "of on or our per show than that the their them there they this to us was we were what when where which who "
        "whose with"
    )
)


def retrieve(question: Question, model: SemanticModel, dialect: str, as_of: date) -> Context:
    index = _index_of(model)
    scores = index.scores(_weighted_words(question))
    ranked = sorted(index.datasets, key=lambda name: (-scores.get(name, 0.0), -index.degree[name], name))
    if len(ranked) > MAX_DATASETS:
        ranked = index.closed(ranked, scores)
    return Context(model, dialect, as_of, tuple(ranked), index.link(question.text))


def stem(word: str) -> str:
    """English plurals and nothing more: cities → city, boxes → box, bids → bid."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _words(text: str) -> list[str]:
    return [stem(word) for word in _WORD.findall(text.lower())]


def _weighted_words(question: Question) -> dict[str, float]:
    weights: dict[str, float] = {}
    for turn in question.history[-HISTORY_TURNS:]:
        weights |= dict.fromkeys(_words(f"{turn.question} {turn.sql or ''}"), HISTORY_WEIGHT)
    weights |= dict.fromkeys(_words(question.text), 1.0)
    return {word: weight for word, weight in weights.items() if word not in _STOP}


@dataclass(frozen=True, slots=True)
class _Document:
    """The weighted words of a dataset or a metric; `datasets` are what it stands for."""

    datasets: tuple[str, ...]
    counts: Mapping[str, int]
    length: int


class _Index:
    def __init__(self, model: SemanticModel) -> None:
        self.datasets = tuple(d.name for d in model.datasets)
        self.neighbours: dict[str, set[str]] = {name: set() for name in self.datasets}
        for r in model.relationships:
            self.neighbours[r.source].add(r.target)
            self.neighbours[r.target].add(r.source)
        self.degree = {name: len(found) for name, found in self.neighbours.items()}
        roles: dict[str, list[str]] = {name: [] for name in self.datasets}
        for r in model.relationships:
            roles[r.source] += [r.role, *r.synonyms, *r.verbs]
            roles[r.target] += [r.role, *r.synonyms]
        documents = [_dataset_document(d, roles[d.name]) for d in model.datasets]
        documents += [_metric_document(m, datasets_of(m, model)) for m in model.metrics]
        self._phrases = _phrases(model)
        self._postings = _postings(documents)

    def scores(self, words: Mapping[str, float]) -> dict[str, float]:
        """Dataset → score. A metric lends its score to each dataset it reads."""
        scores: dict[str, float] = {}
        for word, weight in words.items():
            for datasets, score in self._postings.get(word, ()):
                for name in datasets:
                    scores[name] = scores.get(name, 0.0) + weight * score
        return scores

    def closed(self, ranked: Sequence[str], scores: Mapping[str, float]) -> list[str]:
        """The best datasets with the tables that join them, then their neighbours, up to MAX_DATASETS."""
        seeds = [name for name in ranked if scores.get(name, 0.0) > 0] or list(ranked[:1])
        chosen: list[str] = []
        for seed in seeds:
            path = self._path_to(seed, chosen)
            if len(set(chosen) | set(path)) <= MAX_DATASETS:
                chosen += [name for name in path if name not in chosen]
        near = [name for name in ranked if name not in chosen and self.neighbours[name] & set(chosen)]
        return chosen + near[: MAX_DATASETS - len(chosen)]

    def _path_to(self, seed: str, chosen: Sequence[str]) -> list[str]:
        """`seed` and the fewest datasets that join it to a chosen one; alone when nothing does."""
        came_from: dict[str, str] = {seed: ""}
        queue = deque([seed])
        while queue:
            here = queue.popleft()
            if here in chosen:
                path = [here]
                while came_from[path[-1]]:
                    path.append(came_from[path[-1]])
                return path[::-1]
            for name in sorted(self.neighbours[here]):
                if name not in came_from:
                    came_from[name] = here
                    queue.append(name)
        return [seed]

    def link(self, text: str) -> tuple[LinkedTerm, ...]:
        """The longest phrases of the question that name something, from the left. One phrase can name several."""
        found = list(_WORD.finditer(text))
        stems = [stem(match.group().lower()) for match in found]
        linked: list[LinkedTerm] = []
        start = 0
        while start < len(stems):
            for size in range(min(MAX_PHRASE_WORDS, len(stems) - start), 0, -1):
                targets = self._phrases.get(tuple(stems[start : start + size]))
                if targets:
                    words = text[found[start].start() : found[start + size - 1].end()]
                    linked += [LinkedTerm(words, kind, target) for kind, target in targets]
                    start += size - 1
                    break
            start += 1
        return tuple(dict.fromkeys(linked))


def _dataset_document(dataset: Dataset, roles: Iterable[str]) -> _Document:
    names = [dataset.name, dataset.label, *dataset.synonyms, *roles]
    fields = [text for f in dataset.fields for text in (f.name, f.label, *f.synonyms)]
    fields += [text for n in dataset.filters for text in (n.name, *n.synonyms)]
    rest = [dataset.description, *(f.description for f in dataset.fields), *(n.description for n in dataset.filters)]
    rest += [text for f in dataset.fields for v in f.values for text in (v.value, *v.synonyms)]
    return _document((dataset.name,), names, fields, rest)


def _metric_document(metric: Metric, datasets: Iterable[str]) -> _Document:
    return _document(tuple(sorted(datasets)), [metric.name, metric.label, *metric.synonyms], [], [metric.description])


def _document(datasets: tuple[str, ...], names: Iterable[str], fields: Iterable[str], rest: Iterable[str]) -> _Document:
    counts: Counter[str] = Counter()
    for texts, weight in ((names, NAME_WEIGHT), (fields, FIELD_WEIGHT), (rest, TEXT_WEIGHT)):
        # Once for each kind of place: ten synonyms that share a word do not make it ten times as telling.
        for word in {word for text in texts for word in _words(text)} - _STOP:
            counts[word] += weight
    return _Document(datasets, counts, sum(counts.values()))


def _postings(documents: Sequence[_Document]) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    """Word → what it says for which datasets, worked out once."""
    average = sum(d.length for d in documents) / len(documents) if documents else 1.0
    containing = Counter(word for d in documents for word in d.counts)
    postings: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for document in documents:
        for word, count in document.counts.items():
            rarity = math.log(1 + (len(documents) - containing[word] + 0.5) / (containing[word] + 0.5))
            held_back = 1 - B + B * document.length / average
            score = rarity * count * (K1 + 1) / (count + K1 * held_back)
            postings.setdefault(word, []).append((document.datasets, score))
    return postings


def _phrases(model: SemanticModel) -> dict[tuple[str, ...], list[tuple[str, str]]]:
    """Stemmed phrase → (kind, target) of everything that is called so."""
    named: list[tuple[str, str, Iterable[str]]] = []
    for d in model.datasets:
        named.append(("dataset", d.name, (d.name, d.label, *d.synonyms)))
        named += [("filter", f"{d.name}.{n.name}", (n.name, *n.synonyms)) for n in d.filters]
        for f in d.fields:
            named.append(("field", f"{d.name}.{f.name}", (f.name, f.label, *f.synonyms)))
            named += [("value", f"{d.name}.{f.name}={v.value}", (v.value, *v.synonyms)) for v in f.values]
    named += [("metric", m.name, (m.name, m.label, *m.synonyms)) for m in model.metrics]
    phrases: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for kind, target, texts in named:
        for phrase in {tuple(_words(text)) for text in texts}:
            # A lone stop word ("in" for India, "it" for Italy) is nearly always just that word.
            if phrase and not all(word in _STOP for word in phrase):
                phrases.setdefault(phrase, []).append((kind, target))
    return phrases


_indexes: OrderedDict[str, _Index] = OrderedDict()
_lock = Lock()


def _index_of(model: SemanticModel) -> _Index:
    """The index of the model, kept by its fingerprint; a model without one is indexed each time."""
    if not model.fingerprint:
        return _Index(model)
    with _lock:
        index = _indexes.get(model.fingerprint)
        if index is None:
            index = _indexes[model.fingerprint] = _Index(model)
            if len(_indexes) > MAX_INDEXES:
                _indexes.popitem(last=False)
        else:
            _indexes.move_to_end(model.fingerprint)
        return index
