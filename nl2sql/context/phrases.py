"""The phrases by which a model's things are called, and which of them a question has in it: schema linking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nl2sql.catalog.model import SemanticModel
from nl2sql.context.words import STOP, WORD, stem, stems

# The longest synonym that people write is five or six words; a longer one is a sentence.
MAX_PHRASE_WORDS = 6


@dataclass(frozen=True, slots=True)
class Named:
    """A thing that a phrase names. `kind` is as in LinkedTerm, or role: what a dataset is called by way of a
    relationship, or verb: what is said of it then. `datasets` are those it stands in."""

    kind: str
    target: str
    datasets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of a question, as they stand there, that name something."""

    words: str
    named: tuple[Named, ...]


class PhraseIndex:
    """By the words of a phrase in the singular."""

    def __init__(self, model: SemanticModel, datasets_of_metric: Mapping[str, Iterable[str]]) -> None:
        collected: dict[tuple[str, ...], list[Named]] = {}
        for kind, target, datasets, texts in _all_named(model, datasets_of_metric):
            named = Named(kind, target, datasets)
            for phrase in {tuple(stems(text)) for text in texts if text}:
                # A lone stop word ("in" for India, "it" for Italy) is nearly always just that word.
                if phrase and not all(word in STOP for word in phrase):
                    collected.setdefault(phrase, []).append(named)
        self._named = {phrase: tuple(named) for phrase, named in collected.items()}

    def in_text(self, text: str, corrected: Callable[[str], str] = str) -> list[Phrase]:
        """The longest phrases that name something, from the left, each once. `corrected` mends the words it knows
        better."""
        found = list(WORD.finditer(text))
        words = [corrected(stem(match.group().lower())) for match in found]
        phrases: dict[str, Phrase] = {}
        start = 0
        while start < len(words):
            size, named = self._longest(words[start : start + MAX_PHRASE_WORDS])
            if named:
                said = text[found[start].start() : found[start + size - 1].end()]
                phrases.setdefault(said, Phrase(said, named))
            start += size
        return list(phrases.values())

    def _longest(self, words: Sequence[str]) -> tuple[int, tuple[Named, ...]]:
        for size in range(len(words), 0, -1):
            if named := self._named.get(tuple(words[:size])):
                return size, named
        return 1, ()


def distinct(phrases: Iterable[Phrase]) -> list[Phrase]:
    """One of those that name the same things, however it is written."""
    return list({id(phrase.named): phrase for phrase in phrases}.values())


def _all_named(
    model: SemanticModel, datasets_of_metric: Mapping[str, Iterable[str]]
) -> Iterator[tuple[str, str, tuple[str, ...], Iterable[str]]]:
    for d in model.datasets:
        own = (d.name,)
        yield "dataset", d.name, own, (d.name, d.label, *d.synonyms)
        for n in d.filters:
            yield "filter", f"{d.name}.{n.name}", own, (n.name, *n.synonyms)
        for f in d.fields:
            yield "field", f"{d.name}.{f.name}", own, (f.name, f.label, *f.synonyms)
            for v in f.values:
                yield "value", f"{d.name}.{f.name}={v.value}", own, (v.value, *v.synonyms)
    for m in model.metrics:
        yield "metric", m.name, tuple(datasets_of_metric.get(m.name, ())), (m.name, m.label, *m.synonyms)
    for r in model.relationships:
        groups = [text for group in r.groups for text in (group.name, *group.synonyms)]
        yield "role", r.target, (r.target,), (r.role, *r.synonyms, *groups)
        yield "verb", r.source, (r.source,), r.verbs
