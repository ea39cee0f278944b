"""Texts to look for: "title contains omega", "with 'vintage' in the title", "comments mentioning shipping"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from nl2sql.catalog.model import Field, SemanticModel
from nl2sql.plan.base import AnyOf, Comparison, Condition, Operator
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    Placer,
    TextSense,
    ValueSense,
)

_OPPOSITE: dict[Operator, Operator] = {"contains": "not contains"}


@dataclass(frozen=True, slots=True)
class _Text:
    """`texts` joined by "or" (`either`) or "and"; `end` is the index behind them."""

    texts: tuple[str, ...]
    either: bool
    end: int


def texts(chunks: tuple[Chunk, ...], model: SemanticModel) -> tuple[Chunk, ...]:
    read: list[Chunk] = []
    at = 0
    while at < len(chunks):
        if chunks[at].word("text") is not None:
            at = _behind_verb(chunks, at, read, model)
        elif chunks[at].has(TextSense) and _is_the_text(chunks[at], read, model):
            at += 1
        elif _may_be_text(chunks[at]) and (end := _in_field(chunks, at, read, model)):
            at = end
        else:
            read.append(chunks[at])
            at += 1
    return tuple(read)


def _behind_verb(chunks: tuple[Chunk, ...], at: int, read: list[Chunk], model: SemanticModel) -> int:
    """FIELD contains TEXT, or ROWS containing TEXT. Returns where to read on."""
    verb = chunks[at].word("text")
    found = _text(chunks, at + 1)
    if verb is None or found is None:
        read.append(chunks[at])
        return at + 1
    words = [chunks[at].words, *found.texts]
    negated = False
    while read and (_says_little(read[-1]) or read[-1].word("is") or read[-1].word("that") or read[-1].word("not")):
        negated = negated or read[-1].word("not") is not None
        words.insert(0, read.pop().words)
    fields = _text_fields(read[-1], model) if read else ()
    if fields:
        words.insert(0, read.pop().words)
        while read and (
            _says_little(read[-1]) or read[-1].word("with") or read[-1].words.lower() in ("whose", "where")
        ):
            words.insert(0, read.pop().words)
    elif read and (named := read[-1].of(DatasetSense)):
        fields = _free_texts(named[0].dataset, model)
    if not fields:
        raise NotUnderstood("I do not know in which field to look for the text.", (" ".join(words),))
    read.append(_made(fields, cast(Operator, verb.argument), found, " ".join(words), negated=negated))
    return found.end


def _is_the_text(chunk: Chunk, read: list[Chunk], model: SemanticModel) -> bool:
    """ "with the title 'X'", "whose title is 'X'": exactly that."""
    words, back = [chunk.words], len(read)
    while back and (_says_little(read[back - 1]) or read[back - 1].word("is") or read[back - 1].word("compare")):
        said = read[back - 1].word("compare")
        if said is not None and said.argument != "=":
            return False
        back -= 1
        words.insert(0, read[back].words)
    fields = _text_fields(read[back - 1], model) if back else ()
    if not fields or chunk.has(ValueSense):
        return False
    del read[back:]
    words.insert(0, read.pop().words)
    while read and (_says_little(read[-1]) or read[-1].word("with") or read[-1].words.lower() in ("whose", "where")):
        words.insert(0, read.pop().words)
    text = chunk.of(TextSense)[0].text
    read.append(_made(fields, "=", _Text((text,), False, 0), " ".join(words), negated=False))
    return True


def _in_field(chunks: tuple[Chunk, ...], at: int, read: list[Chunk], model: SemanticModel) -> int:
    """TEXT in the FIELD. Returns the index behind it; 0 where this is no such phrase."""
    found = _text(chunks, at, strict=False)
    if found is None or found.end >= len(chunks) or chunks[found.end].words.lower() not in ("in", "in the"):
        return 0
    end = found.end + 1
    while end < len(chunks) and _says_little(chunks[end]):
        end += 1
    fields = _text_fields(chunks[end], model) if end < len(chunks) else ()
    if not fields:
        return 0
    words = [*found.texts, "in", chunks[end].words]
    negated = False
    while read and (
        _says_little(read[-1]) or any(read[-1].word(kind) for kind in ("with", "is", "not", "that", "word"))
    ):
        negated = negated or read[-1].word("not") is not None
        words.insert(0, read.pop().words)
    read.append(_made(fields, "contains", found, " ".join(words), negated=negated))
    return end + 1


def _text(chunks: tuple[Chunk, ...], at: int, *, strict: bool = True) -> _Text | None:
    """What to look for, from `at` on: words in quotation marks, or unknown ones; several with one kind of joint.
    `strict` raises where known words follow unknown ones: where the text ends is then not clear."""
    while at < len(chunks) and (_says_little(chunks[at]) or chunks[at].word("word") or chunks[at].word("either")):
        at += 1
    found: list[str] = []
    joint = ""
    while True:
        text, end = _one_text(chunks, at, alone=not found, strict=strict)
        if not text:
            break
        found.append(text)
        at = end
        said = chunks[at].word("or") or chunks[at].word("and") if at < len(chunks) else None
        more = said is not None and _one_text(chunks, at + 1, alone=False, strict=False)[0]
        if not more or said is None or (joint and said.kind != joint):
            break
        joint = said.kind
        at += 1
    return _Text(tuple(found), joint == "or", at) if found else None


def _one_text(chunks: tuple[Chunk, ...], at: int, *, alone: bool, strict: bool) -> tuple[str, int]:
    """One text and the index behind it. A known word is a text only right behind the verb, and where nothing that
    might belong to it follows."""
    if at >= len(chunks):
        return "", at
    if quoted := chunks[at].of(TextSense):
        return quoted[0].text, at + 1
    words: list[str] = []
    while at < len(chunks) and not chunks[at].senses:
        words.append(chunks[at].words)
        at += 1
    following = chunks[at] if at < len(chunks) else None
    if words:
        if (
            strict
            and following is not None
            and following.has(DatasetSense, ValueSense, FieldSense, FilterSense, MetricSense)
        ):
            raise NotUnderstood("Please put the text to look for in quotation marks.", (*words, following.words))
        return " ".join(words), at
    names = following is not None and following.has(ValueSense, DatasetSense) and not following.has(FilterSense)
    if strict and alone and following is not None and names and at + 1 == len(chunks):
        return following.words, at + 1
    return "", at


def _may_be_text(chunk: Chunk) -> bool:
    return chunk.has(TextSense) or not chunk.senses


def _says_little(chunk: Chunk) -> bool:
    return bool(chunk.senses) and chunk.word("filler") is not None and not chunk.has(FieldSense, DatasetSense)


def _text_fields(chunk: Chunk, model: SemanticModel) -> tuple[FieldSense, ...]:
    return tuple(s for s in chunk.of(FieldSense) if _is_text(model.dataset(s.dataset).field(s.field)))


def _is_text(field: Field) -> bool:
    return not (field.datatype.is_number or field.datatype.is_temporal or field.is_time) and field.datatype != "Boolean"


def _free_texts(dataset: str, model: SemanticModel) -> tuple[FieldSense, ...]:
    """The fields of the rows that hold text as people write it, rather than names of a vocabulary."""
    fields = model.dataset(dataset).fields
    return tuple(
        FieldSense(dataset, f.name)
        for f in fields
        if _is_text(f) and not f.sensitive and not f.indexed and not f.values and f.datatype == "String"
    )


def _made(fields: tuple[FieldSense, ...], operator: Operator, found: _Text, words: str, *, negated: bool) -> Chunk:
    if negated and (operator not in _OPPOSITE or len(found.texts) > 1):
        raise NotUnderstood(f"I cannot turn “{words}” around.", (words,))
    said = _OPPOSITE[operator] if negated else operator

    def bind(placer: Placer, scope: Scope) -> list[Condition]:
        each: list[Condition] = []
        own = tuple(f for f in fields if f.dataset == scope.dataset)
        places = (
            [placer.place((f,), scope, words) for f in own] if len(own) > 1 else [placer.place(fields, scope, words)]
        )
        for text in found.texts:
            looked = tuple(Comparison(place, said, (text,)) for place in places)
            if negated:
                each += looked
            else:
                each.append(looked[0] if len(looked) == 1 else AnyOf(looked))
        return [AnyOf(tuple(each))] if found.either and len(each) > 1 else each

    return Chunk(words, (ConditionSense(bind),))
