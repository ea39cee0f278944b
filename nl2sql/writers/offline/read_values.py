"""Values, business adjectives and verbs: what restricts."""

from __future__ import annotations

from nl2sql.writers.offline.frame import FilterAsk, Noun, ValueAsk
from nl2sql.writers.offline.language import LIGHT_VERBS
from nl2sql.writers.offline.placing import is_deed, negates_noun, relate, set_head
from nl2sql.writers.offline.read_nouns import take_noun
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FilterSense,
    NumberSense,
    RoleSense,
    ValueSense,
    VerbSense,
)
from nl2sql.writers.offline.tokens import singular


def read_value(reading: Reading, chunk: Chunk) -> None:
    senses = chunk.of(ValueSense)
    said_before = reading.previous()
    if reading.pending.by and not (said_before and said_before.word("by")):
        raise reading.stuck(chunk)
    negated, of_noun = reading.pending.negated, negates_noun(reading)
    ask = ValueAsk(senses, (senses[0].value,), chunk.words, negated)
    reading.pending.negated = False
    while (joined := reading.peek()) and (joined.word("or") or joined.word("and") or joined.word("comma")):
        other = reading.peek(2)
        if not other or not is_value(reading, other):
            break
        same = [v for v in other.of(ValueSense) if (v.dataset, v.field) == (senses[0].dataset, senses[0].field)]
        if not same:
            break
        ask.values = (*ask.values, same[0].value)
        if not joined.word("or"):
            ask.joint = f"{ask.joint or ask.words} {joined.words} {other.words}"
        ask.words += f" or {other.words}"
        reading.skip_to_next()
        reading.skip_to_next()
    following = reading.chunks[reading.at + 1] if reading.at + 1 < len(reading.chunks) else None
    describes = following is not None and _describes(reading, following, senses)
    adjective = following and (following.has(DatasetSense, RoleSense) or is_value(reading, following))
    if describes or (adjective and not (reading.noun and _own(reading, reading.noun, senses))):
        reading.pending.before.append(ask)
        if of_noun and following is not None and following.has(DatasetSense, RoleSense):
            ask.negated, reading.pending.negated = False, True
    else:
        reading.restrict(ask)
    reading.pending.by = False
    reading.at += 1


def _describes(reading: Reading, chunk: Chunk, senses: tuple[ValueSense, ...]) -> bool:
    """ "French buyers": the value stands before the noun whose own it is."""
    if is_value(reading, chunk):
        return False
    targets = {reading.graph.relationships[r.relationship].target for r in chunk.of(RoleSense)}
    targets |= {d.dataset for d in chunk.of(DatasetSense)}
    return any(s.dataset in targets for s in senses)


def _own(reading: Reading, noun: Noun, senses: tuple[ValueSense, ...]) -> bool:
    return any(s.dataset == noun.dataset for s in senses)


def read_filter(reading: Reading, chunk: Chunk) -> None:
    senses = chunk.of(FilterSense)
    verbs = [v.relationship for v in chunk.of(VerbSense)]
    ask = FilterAsk(senses, chunk.words, reading.pending.negated)
    if verbs and reading.frame.people and reading.frame.head is None and not reading.frame.measures:
        set_head(reading, Noun(reading.graph.relationships[verbs[0]].target, "who"))
    following = reading.peek()
    if negates_noun(reading):
        _without(reading, ask, following)
        return
    joined = following is not None and following.word("or") is not None
    if joined and (other := reading.peek(2)) and other.has(FilterSense):
        _either(reading, chunk, other)
        return
    if following and (following.has(DatasetSense, FilterSense)) and not is_deed(reading, chunk):
        reading.pending.negated = False
        reading.pending.before.append(ask)
    elif is_deed(reading, chunk):
        _did(reading, ask, verbs[0])
    else:
        reading.pending.negated = False
        if _asks_who_did(reading) or (following and following.word("by")):
            reading.frame.verbs.extend(verbs)  # "did anna_k sell", "sold by anna_k": the one who did it is named
        _filter_behind(reading, ask)
    reading.at += 1


def _asks_who_did(reading: Reading) -> bool:
    """ "did she sell": the deed stands in its base form behind "did"."""
    return any(c.words.lower() in ("did", "do", "does") for c in reading.chunks[: reading.at])


def _without(reading: Reading, ask: FilterAsk, following: Chunk | None) -> None:
    """ "no sold items", "no sales": the negation is of the things, the adjective stays what it is."""
    ask.negated = False
    if following and following.has(DatasetSense):
        reading.pending.before.append(ask)
    elif singular(ask.words.lower()) != ask.words.lower():
        noun = Noun(ask.senses[0].dataset, ask.words, restrictors=[ask])
        take_noun(reading, noun, Chunk(ask.words, (DatasetSense(noun.dataset),)))
    else:
        raise reading.stuck(reading.chunks[reading.at])
    reading.at += 1


def _either(reading: Reading, chunk: Chunk, other: Chunk) -> None:
    """ "sold or unsold": both are values of one field."""
    first = chunk.of(ValueSense)
    second = other.of(ValueSense)
    pairs = [(a, b) for a in first for b in second if (a.dataset, a.field) == (b.dataset, b.field)]
    if not pairs:
        raise reading.stuck(other)
    senses = tuple(a for a, _ in pairs)
    ask = ValueAsk(
        senses, (pairs[0][0].value, pairs[0][1].value), f"{chunk.words} or {other.words}", reading.pending.negated
    )
    reading.pending.negated = False
    reading.skip_to_next()
    reading.skip_to_next()
    following = reading.peek()
    if following and following.has(DatasetSense):
        reading.pending.before.append(ask)
    else:
        reading.restrict(ask)
    reading.at += 1


def _did(reading: Reading, ask: FilterAsk, verb: str) -> None:
    """The subject did it: at least once, never, or as often as the number before the next noun says."""
    relationship = reading.graph.relationships[verb]
    matching = tuple(s for s in ask.senses if s.dataset == relationship.source)
    following, after = reading.peek(), reading.peek(2)
    counted = following is not None and (following.word("compare") or following.word("most"))
    noun_follows = following and (following.has(DatasetSense) or counted)
    if noun_follows and not (following and following.word("compare") and after and after.has(NumberSense) is False):
        ask.senses = matching
        reading.frame.verbs.append(verb)
        reading.expected = ask
        return
    noun = Noun(relationship.source, ask.words, verbs=(verb,), restrictors=[FilterAsk(matching, ask.words)])
    noun.link = "without" if reading.pending.negated else "with"
    reading.pending.negated = False
    relate(reading, noun)
    reading.noun = noun


def _filter_behind(reading: Reading, ask: FilterAsk) -> None:
    """A filter behind its noun; without any noun it names one ("sales by month")."""
    known = [n for n in (reading.noun, *reversed(reading.frame.nouns)) if n is not None]
    for noun in known:
        matching = tuple(s for s in ask.senses if s.dataset == noun.dataset and not noun.role)
        if matching:
            ask.senses = matching
            reading.restrict(ask, noun)
            return
    if reading.pending.count or reading.pending.most or (reading.frame.head is None and not reading.frame.measures):
        noun = Noun(ask.senses[0].dataset, ask.words, restrictors=[ask])
        noun.restrictors.extend(reading.pending.before)
        reading.pending.before = []
        take_noun(reading, noun, Chunk(ask.words, (DatasetSense(noun.dataset),)))
        return
    reading.restrict(ask, None)


def read_verb(reading: Reading, chunk: Chunk) -> None:
    """What someone did. With the thing named later ("placed a bid") a hint; else the deed itself ("bought")."""
    verbs = [v.relationship for v in chunk.of(VerbSense)]
    reading.frame.verbs.extend(verbs)
    relationship = reading.graph.relationships[verbs[0]]
    if reading.frame.people and reading.frame.head is None:
        set_head(reading, Noun(relationship.target, "who"))
    subject = reading.frame.head
    named_later = any(
        isinstance(s, DatasetSense) and s.dataset == relationship.source
        for c in reading.chunks[reading.at + 1 :]
        for s in c.senses
    )
    is_light = chunk.words.lower() in LIGHT_VERBS
    if subject and subject.dataset == relationship.target and not named_later and not is_light:
        noun = Noun(relationship.source, chunk.words, verbs=tuple(verbs))
        noun.link = "without" if reading.pending.negated else "with"
        reading.pending.negated = False
        relate(reading, noun)
        reading.noun = noun
    elif not is_light:
        reading.frame.deeds.append((chunk.words, tuple(verbs)))
    reading.at += 1


def is_value(reading: Reading, chunk: Chunk) -> bool:
    """A value wins over other senses unless the word is also an adjective or verb of the model ("sold")."""
    if not chunk.has(ValueSense) or chunk.has(FilterSense) or chunk.has(DatasetSense):
        return False
    before = reading.previous() if chunk is reading.chunks[min(reading.at, len(reading.chunks) - 1)] else None
    return not (chunk.has(VerbSense) and before is not None and before.word("that"))  # "who watches" is a deed
