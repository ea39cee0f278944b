"""Words that leave a choice open, or say something else in everyday English."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from nl2sql.catalog.lint.base import Finding, Linted
from nl2sql.catalog.normalise import folded, normalised
from nl2sql.catalog.source import Place, some_of

# What questions are built with. As the name of something, each would be heard in every second question.
FUNCTION_WORDS = frozenset(
    "a about above after all also am an and any are as at average be because been before below best between both but"
    " by can compare could count day days did do does each every few fewer first for from get give has have highest how"
    " i if in into is it its just largest last latest least less like list lowest many maximum me minimum month months"
    " more most much my name new newest next no not now of off on one only or other our out over past per previous"
    " quarter recent same share show since so some such sum than that the their them then there these they this those"
    " through to today together too top total until up us very was we week were what when where which while who whom"
    " whose why will with within without worst would year years yesterday yet you your".split()
)
_SHOWN = 3
# Nobody asks for one of these without saying of what.
_ANSWERS = frozenset({"yes", "no", "y", "n", "true", "false", "t", "f", "0", "1", "unknown", "other", "none", ""})


@dataclass(frozen=True, slots=True)
class Meaning:
    """`scope` is where one chooses by naming it: a dataset for its fields and filters; empty for the whole model."""

    kind: str
    name: str
    scope: str
    place: Place


def _said(linted: Linted) -> Iterator[tuple[str, Meaning]]:
    model = linted.model
    for dataset in model.datasets:
        place = linted.dataset_places[dataset.name]
        for word in (dataset.name, dataset.label, *dataset.synonyms):
            yield word, Meaning("dataset", dataset.name, "", place)
        for each in dataset.fields:
            at = linted.field_places[dataset.name, each.name]
            for word in (each.label or each.name, *each.synonyms):
                yield word, Meaning("field", f"{dataset.name}.{each.name}", dataset.name, at)
        for named in dataset.filters:
            for word in (named.name, *named.synonyms):
                yield word, Meaning("filter", f"“{named.name}” of {dataset.name}", dataset.name, place)
    for metric in model.metrics:
        for word in (metric.name, metric.label, *metric.synonyms):
            yield word, Meaning("metric", metric.name, "", linted.metric_places[metric.name])
    for link in model.relationships:
        for word in (link.role, *(link.synonyms if link.role else ())):
            yield word, Meaning("role", link.name, link.source, linted.relationship_places[link.name])


def check_one_meaning(linted: Linted) -> Iterator[Finding]:
    """One word on several objects of a kind with nothing that tells them apart; also on a metric and a dataset."""
    meanings: dict[tuple[str, str, str], dict[str, Meaning]] = defaultdict(dict)
    for word, meaning in _said(linted):
        kind = "thing" if meaning.kind in ("dataset", "metric") else meaning.kind
        key = normalised(word)
        if key:
            meanings[kind, meaning.scope, key].setdefault(f"{meaning.kind} {meaning.name}", meaning)
    for (_, _, word), found in meanings.items():
        if len(found) > 1:
            *_, last = found.values()
            message = f"“{word}” may mean {some_of(found, ' or ')}: a question with it gets a question back."
            yield linted.finding("warning", "several_meanings", last.place, message)


def check_function_words(linted: Linted) -> Iterator[Finding]:
    for word, meaning in _all_words(linted):
        if folded(word) in FUNCTION_WORDS:
            message = (
                f"“{word}” is a word for the {meaning.kind} {meaning.name}, and says something else in most questions."
            )
            yield linted.finding("warning", "function_word", meaning.place, message)


def _all_words(linted: Linted) -> Iterator[tuple[str, Meaning]]:
    """What the model calls things of its own accord: not the names of columns, nor stored values, which are given."""
    given = {(d.name, f.name) for d in linted.model.datasets for f in d.fields if not f.label}
    for word, meaning in _said(linted):
        owner, _, name = meaning.name.partition(".")
        if not (meaning.kind == "field" and (owner, name) in given and word == name):
            yield word, meaning
    for dataset in linted.model.datasets:
        for each in dataset.fields:
            place = linted.field_places[dataset.name, each.name]
            for value in each.values:
                for word in value.synonyms:
                    yield word, Meaning("value", f"“{value.value}” of {dataset.name}.{each.name}", "", place)


def check_values(linted: Linted) -> Iterator[Finding]:
    """A value that several fields have: "open" alone does not say whose state it is."""
    holders: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)  # word → fields, each with its column
    for dataset in linted.model.datasets:
        for each in dataset.fields:
            for value in () if each.sensitive else each.values:
                for word in (value.value, *value.synonyms):
                    if normalised(word) not in _ANSWERS:
                        column = f"{dataset.table} {each.expression}"
                        holders[normalised(word)].setdefault((dataset.name, each.name), column)
    shared: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    for word, fields in sorted(holders.items()):
        if len(set(fields.values())) > 1:  # two datasets of one table have the same column
            shared[tuple(fields)].append(word)
    for names, words in shared.items():
        shown = ", ".join(f"“{word}”" for word in words[:_SHOWN]) + (", …" if len(words) > _SHOWN else "")
        several = some_of([".".join(each) for each in names], " and ")
        message = f"{several} share {len(words)} of their values: {shown}."
        yield linted.finding("warning", "shared_values", linted.field_places[names[-1]], message)
