"""A text to look for, said the other way round: "listings that have the word vintage in their title", "usernames that
end in 77", "users with 77 in their username". Each is put as FIELD contains TEXT, which the plain reader knows."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, preceding
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    NumberSense,
    PeriodSense,
    TextSense,
    ValueSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_ENDS = {"end": "ends with", "ends": "ends with", "ending": "ends with"}
_STARTS = {"start": "starts with", "starts": "starts with", "starting": "starts with", "begin": "starts with",
           "begins": "starts with", "beginning": "starts with"}  # fmt: skip
_HOLDS = frozenset("have has having with contain contains containing include includes including".split())
_PHRASES = {
    ("text", "contains"): "say | says | saying | having the word | with the term | have the phrase | have the term"
}


def read_text_turns(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = _edges(_field_behind(question.chunks, question.model), question.model)
    if chunks is question.chunks:
        return None
    plan = inner(chunks)
    question.settle(chunks)  # all that was taken out stands in FIELD contains TEXT
    return plan


def _field_behind(chunks: Chunks, model: SemanticModel) -> Chunks:
    """ "contain TEXT in their title": the field is said behind the text."""
    for at, chunk in enumerate(chunks):
        if chunk.words.lower() != "in" or not at:
            continue
        place = following(chunks, at)
        fields = _texts(chunks[place], model) if place < len(chunks) else ()
        fields = fields or (_plain_text(chunks, at, place, model) if place < len(chunks) else ())
        start = at
        while start and _is_text(chunks[start - 1]):
            start -= 1
        verb = preceding(chunks, start)
        if not fields or start == at or verb < 0 or not (chunks[verb].word("text") or _holds(chunks[verb])):
            continue
        if place + 1 < len(chunks) and _goes_on(chunks, place):
            continue
        text = Chunk(" ".join(c.words for c in chunks[start:at]), (TextSense(_spelled(chunks[start:at])),))
        before = _without_that(chunks[:verb])
        named = Chunk(chunks[place].words, fields)
        noun = () if _names_rows(before, fields) else (_noun(fields, model),)
        return (*before, *noun, word("whose", "with"), named, word("contains", "text", "contains"), text,
                *chunks[place + 1 :])  # fmt: skip
    return chunks


def _edges(chunks: Chunks, model: SemanticModel) -> Chunks:
    """ "usernames end in 77", "titles ending in X": what a text ends with."""
    for at, chunk in enumerate(chunks):
        said = chunk.word("text")
        two = said is None and at + 1 < len(chunks) and chunks[at + 1].words.lower() in ("in", "with", "on")
        kind = said.argument if said else (_ENDS | _STARTS).get(chunk.words.lower().split()[0], "") if two else ""
        if kind not in ("ends with", "starts with"):
            continue
        place = at + 1 if said else at + 2
        back = at
        while back and (is_filler(chunks[back - 1]) or chunks[back - 1].word("that") or chunks[back - 1].word("is")):
            back -= 1
        fields = _texts(chunks[back - 1], model) if back else ()
        if not fields or place >= len(chunks) or not _is_text(chunks[place]):
            continue
        if said and chunks[place].has(TextSense) and _names_rows(chunks[: back - 1], fields):
            continue  # the plain reader's own words
        text = Chunk(chunks[place].words, (TextSense(_spelled((chunks[place],))),))
        named = replace(chunks[back - 1], senses=fields)
        before = chunks[: back - 1]
        noun = () if _names_rows(before, fields) else (_noun(fields, model), word("whose", "with"))
        return (*before, *noun, named, word(kind, "text", kind), text, *chunks[place + 1 :])
    return chunks


def _is_text(chunk: Chunk) -> bool:
    """A word that nobody knows, one in quotation marks, or a number as it is written."""
    number = chunk.has(NumberSense) and chunk.words.isalnum()
    return not chunk.senses or chunk.has(TextSense) or number or _is_bare_year(chunk)


def _is_bare_year(chunk: Chunk) -> bool:
    return chunk.has(PeriodSense) and chunk.words.isdigit()


def _spelled(chunks: Chunks) -> str:
    return " ".join(c.of(TextSense)[0].text if c.has(TextSense) else c.words for c in chunks)


def _texts(chunk: Chunk, model: SemanticModel) -> tuple[FieldSense, ...]:
    """The fields of that name that hold text, and are no code of a vocabulary."""
    if chunk.has(ValueSense, DatasetSense):
        return ()
    fields = [(f, model.dataset(f.dataset).field(f.field)) for f in chunk.of(FieldSense)]
    return tuple(
        f
        for f, field in fields
        if field.datatype == "String" and not field.is_time and not field.values and not field.sensitive
    )


def _plain_text(chunks: Chunks, at: int, place: int, model: SemanticModel) -> tuple[FieldSense, ...]:
    """ "in the text": the one field of the rows before that the model calls their text."""
    noun = next((c for c in reversed(chunks[:at]) if c.has(DatasetSense)), None)
    if noun is None or chunks[place].words.lower().split()[-1] != "text":
        return ()
    dataset = model.dataset(noun.of(DatasetSense)[0].dataset)
    fields = [f for f in dataset.fields if f.label.lower().split()[-1:] == ["text"] and not f.sensitive]
    return (FieldSense(dataset.name, fields[0].name),) if len(fields) == 1 else ()


def _holds(chunk: Chunk) -> bool:
    return chunk.words.lower().split()[-1] in _HOLDS


def _goes_on(chunks: Chunks, place: int) -> bool:
    return bool(chunks[place + 1].word("or")) or bool(
        chunks[place + 1].word("and") and place + 2 < len(chunks) and chunks[place + 2].has(FieldSense)
    )


def _without_that(before: Chunks) -> Chunks:
    while before and (before[-1].word("that") or before[-1].words.lower() in ("do", "does", "did", "can")):
        before = before[:-1]
    return before


def _names_rows(before: Chunks, fields: tuple[FieldSense, ...]) -> bool:
    return any(d.dataset in {f.dataset for f in fields} for c in before for d in c.of(DatasetSense))


def _noun(fields: tuple[FieldSense, ...], model: SemanticModel) -> Chunk:
    dataset = fields[0].dataset
    return Chunk(model.dataset(dataset).label or dataset, (DatasetSense(dataset),))


TEXT_TURNS = Construct("a text, said the other way round", read_text_turns, _PHRASES)
