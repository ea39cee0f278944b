"""Values, business adjectives and verbs: what restricts."""

from __future__ import annotations

from nl2sql.catalog.model import Relationship
from nl2sql.writers.offline.frame import FilterAsk, MeasureAsk, Noun, ValueAsk
from nl2sql.writers.offline.language import LIGHT_VERBS
from nl2sql.writers.offline.placing import is_deed, names_a_kind, negates_noun, relate, set_head, set_rank
from nl2sql.writers.offline.read_counts import is_plural
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
    if reading.pending.by and not (said_before and said_before.words.lower() == "by"):
        raise reading.stuck(chunk)
    _refuse_unclear_person(reading, chunk, said_before)
    negated, of_noun = reading.pending.negated, negates_noun(reading)
    both = said_before is not None and said_before.word("both") is not None
    ask = ValueAsk(senses, (senses[0].value,), chunk.words, negated, both=both, said=_preposition(said_before))
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
    if following is not None and following.has(DatasetSense):
        ask.said = "of"  # "anna_k's listings"
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


def _is_name(reading: Reading, chunk: Chunk) -> bool:
    senses = chunk.of(ValueSense)
    return bool(senses) and all(reading.model.dataset(s.dataset).label_field == s.field for s in senses)


def _refuse_unclear_person(reading: Reading, chunk: Chunk, before: Chunk | None) -> None:
    """ "which sellers did anna_k buy from": she is not one of them. "on marco77's phones": he is no bidder there."""
    if not _is_name(reading, chunk):
        return
    dataset, head = chunk.of(ValueSense)[0].dataset, reading.frame.head
    does = before is not None and before.words.lower() in ("did", "do", "does", "has", "have", "had")
    if does and head is not None and head.dataset == dataset:
        raise reading.stuck(chunk)
    following = reading.peek()
    noun = reading.noun
    if noun is not None and noun.dataset == dataset and noun.link == "plain" and is_plural(noun.words):
        done = following is not None and following.has(VerbSense, FilterSense)
        if before is not None and (before.words.lower() in ("of", "from", "to", "for") or done):
            raise reading.stuck(chunk)  # "buyers of marco77", "sellers anna_k bought from"
    owns = any(f"{chunk.words}{mark}s" in reading.frame.text for mark in "'’")
    if owns and following is not None and is_value(reading, following):
        raise reading.stuck(chunk, f"I could not tell whose “{following.words}” are meant.")


def _preposition(before: Chunk | None) -> str:
    if before is None:
        return ""
    if before.has(VerbSense) and not before.has(DatasetSense):
        return "object"  # "who reviewed anna_k"
    return before.words.lower() if before.word("preposition") or before.word("by") else ""


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
    counted = reading.pending.compare is not None and reading.pending.compare[2] == "count" and not verbs
    if counted and not (following and following.has(DatasetSense, ValueSense, FilterSense)):
        noun = Noun(senses[0].dataset, chunk.words, restrictors=[ask])  # "more than 10 sales"
        take_noun(reading, noun, Chunk(chunk.words, (DatasetSense(noun.dataset),)))
        reading.at += 1
        return
    joined = following is not None and following.word("or") is not None
    if joined and (other := reading.peek(2)) and other.has(FilterSense):
        _either(reading, chunk, other)
        return
    if following and following.has(DatasetSense, FilterSense, RoleSense) and not is_deed(reading, chunk):
        reading.pending.negated = False
        reading.pending.before.append(ask)
    elif is_deed(reading, chunk):
        _did(reading, ask, verbs[0])
    else:
        reading.pending.negated = False
        if _asks_who_did(reading) or (following and following.word("by")) or _stands_before(reading, verbs):
            reading.frame.verbs.extend(verbs)  # "did anna_k sell", "sold by anna_k": the one who did it is named
        _filter_behind(reading, ask)
    reading.at += 1


def _asks_who_did(reading: Reading) -> bool:
    """ "did she sell": the deed stands in its base form behind "did"."""
    return any(c.words.lower() in ("did", "do", "does") for c in reading.chunks[: reading.at])


def _stands_before(reading: Reading, verbs: list[str]) -> bool:
    """ "the items that anna_k sold": who did it stands before the deed, and behind nothing that says otherwise."""
    people = {reading.graph.relationships[v].target for v in verbs}
    before = reading.previous()
    if before is None or not any(v.dataset in people for v in before.of(ValueSense)):
        return False
    earlier = reading.before(reading.chunks.index(before))
    return earlier is None or not (earlier.word("preposition") or earlier.word("by"))


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
        ask.senses, ask.negated = matching, False  # "never sold an item": no item, sold – and not one unsold
        reading.frame.verbs.append(verb)
        reading.expected = ask
        return
    noun = Noun(relationship.source, ask.words, verbs=(verb,), restrictors=[FilterAsk(matching, ask.words)])
    noun.link = "without" if reading.pending.negated else "with"
    reading.pending.negated = False
    if reading.pending.compare and reading.pending.compare[2] == "count" and noun.link == "with":
        operator, value, _ = reading.pending.compare
        noun.link, noun.operator, noun.count = "count", operator, int(value)
        reading.pending.compare = None
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
    named_later = any(
        isinstance(s, DatasetSense) and s.dataset == relationship.source
        for c in reading.chunks[reading.at + 1 :]
        for s in c.senses
    )
    is_light = chunk.words.lower() in LIGHT_VERBS
    if not named_later and not is_light and _is_thing(reading, chunk):
        noun = Noun(relationship.source, chunk.words, verbs=tuple(verbs), restrictors=reading.pending.before)
        reading.pending.before = []
        reading.frame.deeds.append((chunk.words, tuple(verbs)))
        take_noun(reading, noun, Chunk(chunk.words, (DatasetSense(noun.dataset),)))
        reading.at += 1
        return
    subject = reading.frame.head
    shown = reading.frame.shown[-1] if reading.frame.shown else None
    if shown is not None and shown.counted and shown.noun is reading.noun and shown.noun is not None:
        shown.noun.verbs = (*shown.noun.verbs, *verbs)  # "the number of items they bought"
        reading.at += 1
        return
    before = reading.previous()
    by_nobody = before is not None and before.words.lower() in ("nobody", "no one")
    if by_nobody and subject is not None and subject.dataset == relationship.target:
        raise reading.stuck(chunk)  # "users nobody reviewed": it was not they who did it
    if _ranks_by_deeds(reading, chunk, relationship) or _befell(reading, chunk, relationship):
        reading.at += 1
        return
    if subject and subject.dataset == relationship.target and not named_later and not is_light:
        noun = Noun(relationship.source, chunk.words, verbs=tuple(verbs))
        noun.link = "without" if reading.pending.negated else "with"
        reading.pending.negated = False
        relate(reading, noun)
        reading.noun = noun
    elif not is_light:
        reading.frame.deeds.append((chunk.words, tuple(verbs)))
    reading.at += 1


def _ranks_by_deeds(reading: Reading, chunk: Chunk, relationship: Relationship) -> bool:
    """ "most watched listings": how often that was done to each."""
    pending, frame, following = reading.pending, reading.frame, reading.peek()
    direction = pending.most or pending.extreme
    if not direction or following is None or frame.head is not None or frame.measures or pending.before:
        return False
    things = [d.dataset for d in following.of(DatasetSense)]
    if not things or relationship.source in things or not reading.graph.paths(relationship.source, things[0]):
        return False
    label = reading.model.dataset(relationship.source).label or relationship.source
    noun = Noun(relationship.source, label, verbs=(relationship.name,))
    frame.measures.append(MeasureAsk("count", label, noun=noun))
    frame.nouns.append(noun)
    set_rank(reading, direction)
    pending.most = pending.extreme = ""
    frame.listed = True
    return True


def _befell(reading: Reading, chunk: Chunk, relationship: Relationship) -> bool:
    """ "listings watched by anna_k", "items that were never reviewed": what was done to the rows in question."""
    head, before, following = reading.frame.head, reading.previous(), reading.peek()
    if head is None or head.role or head.dataset in (relationship.target, relationship.source):
        return False
    passive = (following is not None and following.word("by")) or (
        before is not None and (before.word("not") or before.words.lower() in ("were", "was", "been", "are"))
    )
    if not passive or not reading.graph.paths(relationship.source, head.dataset):
        return False
    if following is not None and following.word("by") and (after := reading.peek(2)) and not is_value(reading, after):
        return False
    noun = Noun(relationship.source, chunk.words, verbs=(relationship.name,))
    noun.link = "without" if reading.pending.negated else "with"
    reading.pending.negated = False
    relate(reading, noun)
    reading.noun = noun
    return True


def _is_thing(reading: Reading, chunk: Chunk) -> bool:
    """ "number of purchases", "purchases by country", "what did she buy": what was done, rather than who did it."""
    frame, pending = reading.frame, reading.pending
    if frame.people or frame.measures or pending.negated or pending.agg or pending.extreme or pending.most:
        return False
    plural = is_plural(chunk.words)
    if pending.compare and pending.compare[2] == "count":
        return True
    if pending.count:
        return frame.head is None and (plural or names_a_kind(reading))
    source = reading.graph.relationships[chunk.of(VerbSense)[0].relationship].source
    names = bool(reading.model.dataset(source).label_field)
    asks_what = reading.chunks[0].words.lower().split()[0] == "what" and not frame.columns and names
    return frame.head is None and (plural or asks_what)


def is_value(reading: Reading, chunk: Chunk) -> bool:
    """A value wins over other senses unless the word is also an adjective or verb of the model ("sold")."""
    if not chunk.has(ValueSense) or chunk.has(FilterSense) or chunk.has(DatasetSense):
        return False
    before = reading.previous() if chunk is reading.chunks[min(reading.at, len(reading.chunks) - 1)] else None
    if not chunk.has(VerbSense) or before is None:
        return True
    people = {reading.graph.relationships[v.relationship].target for v in chunk.of(VerbSense)}
    named = [d.dataset for d in before.of(DatasetSense)] + [v.dataset for v in before.of(ValueSense)]
    named += [reading.graph.relationships[r.relationship].target for r in before.of(RoleSense)]
    return not (before.word("that") or people & set(named))  # "who watches", "does anna_k watch" are deeds
