"""The nearest questions that can be answered: examples of the model, and questions made of what was understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, FilterSense, MetricSense, RoleSense

SUGGESTIONS = 3
# Reading a question takes about a millisecond; more tries than these are not worth the wait for somebody declined.
_TRIES = 6
# So many letters tell whether two words are forms of one: "category", "categories".
_STEM = 6


def nearest(
    text: str, chunks: tuple[Chunk, ...], model: SemanticModel, answers: Callable[[str], bool]
) -> tuple[str, ...]:
    """Made questions first, as they hold the asker's own words; then examples, those first that share most words with
    the question, misspelt ones included. `answers` says whether a question can be answered."""
    made: list[str] = []
    for tries, question in enumerate(_made(chunks, model)):
        if tries == _TRIES or len(made) == SUGGESTIONS - 1:
            break
        if question not in made and answers(question):
            made.append(question)
    scored = [(fuzz.token_set_ratio(text, each, processor=default_process), each) for each in model.examples]
    scored.sort(key=lambda pair: -pair[0])
    return tuple(dict.fromkeys([*made, *(each for _, each in scored)]))[:SUGGESTIONS]


def _made(chunks: tuple[Chunk, ...], model: SemanticModel) -> Iterator[str]:
    """A metric or things that were named, by the groups that were named."""
    groups = list(dict.fromkeys(_groups(chunks, model)))
    for measure in dict.fromkeys(_measures(chunks, model)):
        for group in groups:
            if group[:_STEM] not in measure.lower():
                yield f"{measure} by {group}"
        yield measure
        yield f"{measure} by month"


def _measures(chunks: tuple[Chunk, ...], model: SemanticModel) -> Iterator[str]:
    for chunk in chunks:
        for metric in chunk.of(MetricSense)[:1]:
            yield model.metric_by_name[metric.metric].label or metric.metric.replace("_", " ")
    for chunk in chunks:
        if chunk.has(MetricSense):
            continue
        for named in chunk.of(FilterSense)[:1]:
            yield f"Number of {named.filter} {model.dataset(named.dataset).label or named.dataset}"
        for rows in chunk.of(DatasetSense)[:1]:
            yield f"Number of {model.dataset(rows.dataset).label or rows.dataset}"
        for role in chunk.of(RoleSense)[:1]:
            yield f"Number of {next(r.role for r in model.relationships if r.name == role.relationship)}s"


def _groups(chunks: tuple[Chunk, ...], model: SemanticModel) -> Iterator[str]:
    for chunk in chunks:
        for field in chunk.of(FieldSense):
            known = model.dataset(field.dataset).field(field.field)
            if not (known.sensitive or known.is_time or known.datatype.is_number):
                yield known.label or known.name.replace("_", " ")
        for rows in chunk.of(DatasetSense):
            if model.dataset(rows.dataset).label_field:
                yield chunk.words.lower()
