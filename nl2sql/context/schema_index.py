"""How well each dataset of a model fits a question, by words alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from heapq import nlargest

from nl2sql.catalog.model import Dataset, Field, Metric, SemanticModel
from nl2sql.context.copies import Copy, copies_in
from nl2sql.context.field_words import FieldWords
from nl2sql.context.instructions import without_instructions
from nl2sql.context.kept import KeptByModel
from nl2sql.context.lexical import LexicalIndex, document
from nl2sql.context.phrases import Phrase, PhraseIndex
from nl2sql.context.secrets import datasets_of, identifiers
from nl2sql.context.visible import ShownModel, shown_of
from nl2sql.context.vocabulary import Vocabulary
from nl2sql.context.words import STOP, name_stems
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
# Of a name that is said in part ("wallet transactions" of wallet_transactions_daily), times the share that is said.
PART_OF_NAME_WEIGHT = 5
# An archive or a staging copy that the question does not mean scores this share of what it would.
COPY_SHARE = 0.5
# Of the datasets that are joined to one, the best so many lend it this share of their score: what a question is about
# stands together, and an archive of the same name stands alone.
NEAR_COUNT, NEAR_SHARE = 3, 0.3
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
        self.copies: Mapping[str, Copy] = copies_in(model, self.open)
        self.vocabulary = Vocabulary(word for words, _ in documents for word in words)
        self._names_with = self._by_word_of_name()
        self._measured = frozenset(named for m in model.metrics for named in identifiers(m.expression))
        self._field_words: dict[str, FieldWords] = {}

    @cached_property
    def by_table(self) -> Mapping[str, tuple[str, ...]]:
        """Physical table or dataset in lower case → the open datasets that SQL can mean by it."""
        found: dict[str, list[str]] = {}
        for name in self.open:
            for called in {name.lower(), self.model.dataset(name).table.lower()}:
                found.setdefault(called, []).append(name)
        return {called: tuple(names) for called, names in found.items()}

    def _by_word_of_name(self) -> Mapping[str, tuple[tuple[str, int, float], ...]]:
        """Word → dataset, which of its names has the word, and the share of that name which the word is."""
        found: dict[str, list[tuple[str, int, float]]] = {}
        for name in self.open:
            dataset = self.model.dataset(name)
            for number, called in enumerate({name, dataset.label, *dataset.synonyms}):
                words = set(name_stems(called)) - STOP
                rarity = {word: self._lexical.rarity(word) for word in words}
                for word in words:
                    found.setdefault(word, []).append((name, number, rarity[word] / (sum(rarity.values()) or 1)))
        return {word: tuple(names) for word, names in found.items()}

    def words(self, question: Question) -> dict[str, float]:
        """The question's words in the singular with what they weigh."""
        weights: dict[str, float] = {}
        for turn in question.history[-HISTORY_TURNS:]:
            said = f"{without_instructions(turn.question)} {turn.sql or ''}"
            weights |= dict.fromkeys(name_stems(said), HISTORY_WEIGHT)
        weights |= dict.fromkeys(name_stems(without_instructions(question.text)), 1.0)
        return {word: weight for word, weight in weights.items() if word not in STOP}

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
        self._add_parts_of_names(own, words)
        own = {name: score for name, score in own.items() if name not in self.shown.closed}
        return self._with_neighbours(self._without_copies(own, words))

    def _add_parts_of_names(self, own: dict[str, float], words: Mapping[str, float]) -> None:
        said: dict[tuple[str, int], float] = {}
        for word, weight in words.items():
            for name, number, part in self._names_with.get(word, ()):
                said[name, number] = said.get((name, number), 0.0) + weight * part
        best: dict[str, float] = {}
        for (name, _), part in said.items():
            best[name] = max(best.get(name, 0.0), part)
        for name, part in best.items():
            own[name] = own.get(name, 0.0) + PART_OF_NAME_WEIGHT * part

    def _without_copies(self, own: dict[str, float], words: Mapping[str, float]) -> dict[str, float]:
        """What a copy that is meant has, its original has too: "of 2023" can be a table's name, or a period."""
        scores = dict(own)
        for name, score in own.items():
            copy = self.copies.get(name)
            if copy is None:
                continue
            if self.is_meant(name, words):
                scores[copy.original] = max(scores.get(copy.original, 0.0), score)
            else:
                scores[name] = COPY_SHARE * score
        return scores

    def named_in_part(self, word: str) -> set[str]:
        """The datasets that have a word in one of their names."""
        return {name for name, _, _ in self._names_with.get(word, ())}

    def is_meant(self, name: str, words: Mapping[str, float]) -> bool:
        """Whether a dataset is no copy, or one that the words speak of."""
        copy = self.copies.get(name)
        return copy is None or not copy.marks.isdisjoint(words)

    def _with_neighbours(self, own: Mapping[str, float]) -> dict[str, float]:
        lent: dict[str, float] = {}
        for name, score in own.items():
            near = [own[each] for each in self.neighbours[name] if each in own]
            lent[name] = score + NEAR_SHARE * sum(nlargest(NEAR_COUNT, near) if len(near) > NEAR_COUNT else near)
        return lent

    def ranked_fields(self, dataset: Dataset, words: Mapping[str, float]) -> list[Field]:
        """The fields of a dataset, those first that the question's words say most for."""
        known = self._field_words.get(dataset.name)
        if known is None:
            measured = {field for name, field in self._measured if name == dataset.name}
            known = self._field_words[dataset.name] = FieldWords(dataset.fields, measured, self._lexical.rarity)
        return known.ranked(words)

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
