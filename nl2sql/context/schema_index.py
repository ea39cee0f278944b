"""How well each dataset of a model fits a question, by words alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from heapq import nlargest

from rapidfuzz import fuzz, process

from nl2sql.catalog.model import Dataset, Field, Metric, SemanticModel
from nl2sql.context.kept import KeptByModel
from nl2sql.context.lexical import LexicalIndex, document
from nl2sql.context.phrases import Phrase, PhraseIndex
from nl2sql.context.secrets import datasets_of
from nl2sql.context.visible import ShownModel, shown_of
from nl2sql.context.words import STOP, name_stems, stems
from nl2sql.question import Question

# A word in a name says more about a table than one in a description or in a list of values.
NAME_WEIGHT, FIELD_WEIGHT, TEXT_WEIGHT = 4, 2, 1
# A follow-up ("and in Germany?") leans on the two turns before it, but its own words count more.
HISTORY_TURNS, HISTORY_WEIGHT = 2, 0.5
# A whole phrase that is a thing's name says more than its words, the less the more things are called so. A rare word
# of BM25 is worth about 10.
PHRASE_WEIGHTS: Mapping[str, float] = {
    **{"metric": 8, "dataset": 8, "role": 4, "filter": 4},
    **{"field": 3, "value": 3, "verb": 2},
}
# Of the datasets that are joined to one, the best so many lend it this share of their score: what a question is about
# stands together, and an archive of the same name stands alone.
NEAR_COUNT, NEAR_SHARE = 3, 0.3
# A slip of the finger in a word of seven letters leaves 0.85 of it; below, other words are as near ("shipping" is 0.8
# of "sniping"). Nobody misspells more than a few.
LEAST_ALIKE, LEAST_LETTERS, MAX_MENDED = 85, 5, 5

# The last part of a name after FROM or JOIN.
_READ_TABLE = re.compile(r"(?i)\b(?:from|join)\s+(?:[\"`\[]?[\w-]+[\"`\]]?\s*\.\s*)*[\"`\[]?(\w+)")


class SchemaIndex:
    """Made once a model, asked with every question. Closed datasets have no score, and join nothing."""

    def __init__(self, model: SemanticModel) -> None:
        self.model = model
        self.shown: ShownModel = shown_of(model)
        self.open = tuple(d.name for d in model.datasets if d.name not in self.shown.closed)
        self.neighbours, self.targets = _joined(model, frozenset(self.open))
        metric_datasets = {m.name: tuple(sorted(datasets_of(m, model))) for m in model.metrics}
        roles: dict[str, list[str]] = {name: [] for name in model.dataset_by_name}
        for r in model.relationships:
            roles[r.source] += [r.role, *r.synonyms, *r.verbs]
            roles[r.target] += [r.role, *r.synonyms]
        documents: list[tuple[dict[str, int], tuple[str, ...]]] = [
            (_dataset_document(d, roles[d.name]), (d.name,)) for d in model.datasets
        ]
        self._metric_words = {
            m.name: document(([m.name, m.label, *m.synonyms], NAME_WEIGHT), ([m.description], TEXT_WEIGHT))
            for m in model.metrics
        }
        documents += [(words, metric_datasets[name]) for name, words in self._metric_words.items()]
        self._stands_for = [datasets for _, datasets in documents]
        self._lexical = LexicalIndex([words for words, _ in documents])
        self.phrases = PhraseIndex(model, metric_datasets)
        self._field_words: dict[str, dict[str, dict[str, int]]] = {}
        self._vocabulary = sorted({word for words, _ in documents for word in words if len(word) >= LEAST_LETTERS - 1})
        self._known = frozenset(self._vocabulary)

    @cached_property
    def by_table(self) -> Mapping[str, tuple[str, ...]]:
        """Physical table or dataset in lower case → the open datasets that SQL can mean by it."""
        found: dict[str, list[str]] = {}
        for name in self.open:
            for called in {name.lower(), self.model.dataset(name).table.lower()}:
                found.setdefault(called, []).append(name)
        return {called: tuple(names) for called, names in found.items()}

    def words(self, question: Question) -> dict[str, float]:
        """The question's words in the singular, misspelled ones mended, with what they weigh."""
        weights: dict[str, float] = {}
        for turn in question.history[-HISTORY_TURNS:]:
            weights |= dict.fromkeys(name_stems(f"{turn.question} {turn.sql or ''}"), HISTORY_WEIGHT)
        weights |= dict.fromkeys(name_stems(question.text), 1.0)
        return {word: weight for word, weight in weights.items() if word not in STOP}

    def mended(self, text: str) -> dict[str, str]:
        """Word of the text that the model does not know → the one it is most likely a misspelling of."""
        unknown = [w for w in dict.fromkeys(stems(text)) if len(w) >= LEAST_LETTERS and w not in self._known]
        found: dict[str, str] = {}
        for word in [word for word in unknown if word.isalpha() and word not in STOP][: 2 * MAX_MENDED]:
            near = process.extractOne(word, self._vocabulary, scorer=fuzz.ratio, score_cutoff=LEAST_ALIKE)
            if near is not None and len(found) < MAX_MENDED:
                found[word] = near[0]
        return found

    def scores(self, words: Mapping[str, float], phrases: Sequence[Phrase]) -> dict[str, float]:
        """Open dataset → score, of those that have any. A metric lends its score to each dataset it reads."""
        own: dict[str, float] = {}
        for place, score in self._lexical.scores(words).items():
            for name in self._stands_for[place]:
                own[name] = own.get(name, 0.0) + score
        for phrase in phrases:
            best: dict[str, float] = {}
            for named in phrase.named:
                for name in named.datasets:
                    best[name] = max(best.get(name, 0.0), PHRASE_WEIGHTS[named.kind])
            for name, weight in best.items():
                own[name] = own.get(name, 0.0) + weight * 2 / (1 + len(best) ** 0.5)
        return self._with_neighbours({name: score for name, score in own.items() if name not in self.shown.closed})

    def _with_neighbours(self, own: Mapping[str, float]) -> dict[str, float]:
        lent: dict[str, float] = {}
        for name, score in own.items():
            near = [own[each] for each in self.neighbours[name] if each in own]
            lent[name] = score + NEAR_SHARE * sum(nlargest(NEAR_COUNT, near) if len(near) > NEAR_COUNT else near)
        return lent

    def field_score(self, dataset: Dataset, field: Field, words: Mapping[str, float]) -> float:
        """What the question's words say for a field, by its names and texts."""
        known = self._field_words.get(dataset.name)
        if known is None:
            known = self._field_words[dataset.name] = {each.name: _field_document(each) for each in dataset.fields}
        return self._said(known.get(field.name, {}), words)

    def metric_score(self, metric: Metric, words: Mapping[str, float]) -> float:
        return self._said(self._metric_words.get(metric.name, {}), words)

    def _said(self, found: Mapping[str, int], words: Mapping[str, float]) -> float:
        return sum(weight * found[word] * self._lexical.rarity(word) for word, weight in words.items() if word in found)


_indexes: KeptByModel[SchemaIndex] = KeptByModel(SchemaIndex)


def index_of(model: SemanticModel) -> SchemaIndex:
    return _indexes.of(model)


def tables_named(sql: str, index: SchemaIndex) -> list[tuple[str, ...]]:
    """For each table that a statement reads, and that is open, the datasets it can be; searched for and not parsed."""
    tables = dict.fromkeys(match.group(1).lower() for match in _READ_TABLE.finditer(sql))
    return [index.by_table[table] for table in tables if table in index.by_table]


def _joined(model: SemanticModel, names: frozenset[str]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Dataset → those joined to it, and → those it points to; in the model's order."""
    neighbours: dict[str, list[str]] = {d.name: [] for d in model.datasets}
    targets: dict[str, list[str]] = {d.name: [] for d in model.datasets}
    for r in model.relationships:
        if r.is_self or not {r.source, r.target} <= names:
            continue
        for found, end, other in ((neighbours, r.source, r.target), (neighbours, r.target, r.source)):
            if other not in found[end]:
                found[end].append(other)
        if r.target not in targets[r.source]:
            targets[r.source].append(r.target)
    return neighbours, targets


def _dataset_document(dataset: Dataset, roles: Iterable[str]) -> dict[str, int]:
    fields = [text for f in dataset.fields for text in (f.name, f.label, *f.synonyms)]
    fields += [text for n in dataset.filters for text in (n.name, *n.synonyms)]
    rest = [dataset.description, *(f.description for f in dataset.fields), *(n.description for n in dataset.filters)]
    rest += [text for f in dataset.fields for v in f.values for text in (v.value, *v.synonyms)]
    names = [dataset.name, dataset.label, *dataset.synonyms, *roles]
    return document((names, NAME_WEIGHT), (fields, FIELD_WEIGHT), (rest, TEXT_WEIGHT))


def _field_document(field: Field) -> dict[str, int]:
    values = [text for v in field.values for text in (v.value, *v.synonyms)]
    return document(
        ([field.name, field.label, *field.synonyms], FIELD_WEIGHT), ([field.description, *values], TEXT_WEIGHT)
    )
