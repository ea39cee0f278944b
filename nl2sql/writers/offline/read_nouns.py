"""Nouns: datasets and the people that roles name, and what a noun is to the question when it is mentioned."""

from __future__ import annotations

from typing import Literal

from nl2sql.writers.offline.frame import (
    ColumnAsk,
    FilterAsk,
    GroupAsk,
    NotUnderstood,
    Noun,
    Restrictor,
    ValueAsk,
)
from nl2sql.writers.offline.language import NEWLY
from nl2sql.writers.offline.placing import add_group, relate, set_head
from nl2sql.writers.offline.read_fields import read_field
from nl2sql.writers.offline.read_measured import counted_noun, is_many, measured_noun
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular


def read_noun(reading: Reading, chunk: Chunk) -> None:
    """A role before a field qualifies it ("seller country"); otherwise it is a noun."""
    roles = chunk.of(RoleSense)
    following = reading.chunks[reading.at + 1] if reading.at + 1 < len(reading.chunks) else None
    if roles and following:
        target = reading.graph.relationships[roles[0].relationship].target
        fields = tuple(f for f in following.of(FieldSense) if f.dataset == target and not reading.is_time(f))
        if fields:
            reading.at += 1
            read_field(reading, following, fields, roles[0].relationship)
            return
    if roles and _is_column(reading):
        noun = Noun(reading.graph.relationships[roles[0].relationship].target, chunk.words, roles[0].relationship)
        reading.frame.shown.append(ColumnAsk(chunk.words, role=roles[0].relationship, noun=noun))
        reading.at += 1
        return
    if (datasets := chunk.of(DatasetSense)) and chunk.has(FieldSense) and _is_column(reading):
        noun = Noun(datasets[0].dataset, chunk.words)
        reading.frame.shown.append(ColumnAsk(chunk.words, noun=noun))
        reading.at += 1
        return
    if roles and _says_as_what(reading, roles[0]):
        reading.at += 1
        return
    noun = _make_noun(reading, chunk)
    take_noun(reading, noun, chunk)
    reading.at += 1


def _is_column(reading: Reading) -> bool:
    """ "title and seller of …": a name to be shown, like the column before it."""
    before, following, frame = reading.previous(), reading.peek(), reading.frame
    if before is None or before.word("list"):
        return _begins_columns(reading)
    joined = before is not None and (before.word("and") or before.word("comma"))
    goes_on = following is not None and (
        following.words.lower() in ("of", "for") or following.word("and") or following.word("comma")
    )
    return bool(joined and goes_on and frame.columns and frame.head is None and not reading.pending.count)


def _begins_columns(reading: Reading) -> bool:
    """ "show buyer and final price of …": the second is a field of the rows, so the first is shown beside it."""
    roles, joint, after = reading.chunks[reading.at].of(RoleSense), reading.peek(), reading.peek(2)
    if not roles or joint is None or after is None or not (joint.word("and") or joint.word("comma")):
        return False
    source = reading.graph.relationships[roles[0].relationship].source
    singly = singular(reading.chunks[reading.at].words.lower()) == reading.chunks[reading.at].words.lower()
    if not singly or not any(f.dataset == source for f in after.of(FieldSense)) or after.has(DatasetSense):
        return False
    reading.frame.listed = True
    return True


def _says_as_what(reading: Reading, role: RoleSense) -> bool:
    """ "users with reviews as reviewer": which of the ways to belong is meant."""
    previous, noun = reading.previous(), reading.noun
    if previous is None or previous.words.lower() != "as" or noun is None:
        return False
    if reading.graph.relationships[role.relationship].source != noun.dataset:
        return False
    noun.verbs = (role.relationship,)
    return True


def _make_noun(reading: Reading, chunk: Chunk) -> Noun:
    roles = chunk.of(RoleSense)
    datasets = chunk.of(DatasetSense)
    if roles:
        target = reading.graph.relationships[roles[0].relationship].target
        noun = Noun(target, chunk.words, roles[0].relationship, roles[0].at_least)
    else:
        noun = Noun(datasets[0].dataset, chunk.words)
    noun.restrictors.extend(_adjectives(reading, noun))
    if reading.expected is not None and reading.expected.senses[0].dataset == noun.dataset:
        noun.restrictors.append(reading.expected)
        reading.expected = None
    noun.verbs = tuple(reading.frame.verbs)
    noun.said = _preposition(reading)
    return noun


def _preposition(reading: Reading) -> str:
    """What stands before the noun and its adjectives."""
    for chunk in reversed(reading.chunks[: reading.at]):
        if chunk.word("by") or chunk.word("preposition"):
            return chunk.words.lower()
        if not (is_filler(chunk) or chunk.has(ValueSense, FilterSense)):
            break
    return ""


def _adjectives(reading: Reading, noun: Noun) -> list[Restrictor]:
    """What stood before the noun. A filter of another dataset does not describe it ("active users")."""
    taken, reading.pending.before = reading.pending.before, []
    for each in taken:
        if isinstance(each, FilterAsk):
            matching = tuple(s for s in each.senses if s.dataset == noun.dataset)
            if not matching:
                raise NotUnderstood(f"I do not know what “{each.words} {noun.words}” means.", (each.words,))
            each.senses = matching
    for each in taken:
        if isinstance(each, ValueAsk) and each.words.lower() in NEWLY and noun.role:
            raise NotUnderstood(f"I do not know what “{each.words} {noun.words}” means.", (each.words,))
    kept = [each for each in taken if not _says_newly_added(reading, noun, each)]
    for each in kept:
        if isinstance(each, ValueAsk) and not _can_be(reading, noun, each):
            raise NotUnderstood(f"I do not know what “{each.words} {noun.words}” means.", (each.words,))
    return kept


def _can_be(reading: Reading, noun: Noun, ask: ValueAsk) -> bool:
    """Whether the thing itself, or something it belongs to, can have the value."""
    start = reading.graph.relationships[noun.role].source if noun.role else noun.dataset
    reached = (noun.dataset, start)
    return any(reading.graph.paths(dataset, sense.dataset) for dataset in reached for sense in ask.senses)


def _says_newly_added(reading: Reading, noun: Noun, ask: Restrictor) -> bool:
    """ "How many new users in May": counted things that have no such value are those added in the period, which is
    what dates them anyway."""
    if not isinstance(ask, ValueAsk) or ask.words.lower() not in NEWLY or ask.negated:
        return False
    has_value = any(reading.graph.paths(noun.dataset, sense.dataset) for sense in ask.senses)
    is_counted = reading.pending.count or bool(reading.pending.most)
    in_time = any(chunk.has(PeriodSense) or chunk.word("grain") for chunk in reading.chunks)
    return not has_value and not noun.role and is_counted and in_time


def take_noun(reading: Reading, noun: Noun, chunk: Chunk) -> None:
    pending, frame = reading.pending, reading.frame
    if _asks_what_for(reading, chunk):
        raise reading.stuck(chunk)
    if frame.how_much and frame.head is None and not frame.measures and not pending.by and not frame.groups:
        noun.link = "plain"  # "how much did users in Germany spend": one number for all of them
        pending.with_ = False
        relate(reading, noun)
        reading.noun = noun
        return
    if _follows_a_noun(reading, chunk):
        _compound(reading, noun, chunk)
        return
    _who_did(reading, noun, chunk)
    if pending.compare and pending.compare[2] == "count":
        operator, value, _ = pending.compare
        noun.link, noun.operator, noun.count = "count", operator, int(value)
        noun.up_to = None if pending.up_to is None else int(pending.up_to)
        noun.each_once = pending.each_once
        pending.compare = pending.up_to = None
        pending.each_once = False
        relate(reading, noun)
    elif pending.count:
        pending.count = False
        counted_noun(reading, noun)
    elif pending.by and not noun.restrictors and not _is_agent(reading, noun):
        add_group(reading, GroupAsk(chunk.words, _labels(reading, chunk), noun))
        reading.noun = noun
        return
    elif pending.negated:
        pending.negated = False
        noun.link = "without"
        relate(reading, noun)
    elif pending.most or pending.agg or pending.extreme:
        measured_noun(reading, noun)
    elif (frame.head is None and not frame.measures) or (
        frame.head is None and (pending.number is not None or frame.listed)
    ):
        set_head(reading, noun)
    else:
        noun.link = _joined_link(reading) or ("with" if pending.with_ else noun.link)
        _refuse_bare(reading, noun, chunk)
        relate(reading, noun)
    pending.by = pending.with_ = False
    reading.noun = noun


def _refuse_bare(reading: Reading, noun: Noun, chunk: Chunk) -> None:
    """ "top sellers by GMV category": right behind a number, a length of time or a group, a noun is neither a group
    nor said to be anything else."""
    before = reading.chunks[reading.at - 1] if reading.at else None
    following = reading.peek()
    if before is None or noun.link != "plain" or noun.restrictors or noun.role:
        return
    counts = before.has(MetricSense) or before.word("grain") is not None
    groups = bool(reading.frame.groups) and before.has(FieldSense)
    if (counts or groups) and not (following is not None and following.has(NumberSense, ValueSense)):
        raise reading.stuck(chunk)


def _asks_what_for(reading: Reading, chunk: Chunk) -> bool:
    """ "what did she bid on": the things are asked for, and not the bids."""
    asks = reading.chunks[0].words.lower().split()[0] == "what" and reading.frame.head is None
    did = any(c.words.lower() in ("did", "do", "does") for c in reading.chunks[: reading.at])
    compares = reading.pending.extreme or reading.pending.agg or reading.pending.most
    return asks and did and chunk.has(VerbSense) and not reading.frame.measures and not compares


def _follows_a_noun(reading: Reading, chunk: Chunk) -> bool:
    """ "listing 42's bids", "user reviews"; but not "items users bought", where a deed follows."""
    before = reading.chunks[reading.at - 1] if reading.at else None
    following = reading.peek()
    if before is None or reading.noun is None or reading.pending.by or (following and following.has(VerbSense)):
        return False
    if chunk.has(VerbSense) and before.has(DatasetSense, RoleSense) and is_many(reading.noun):
        return False  # "which users bid on …"
    return before.has(DatasetSense, RoleSense) or (reading.noun.key is not None and before.has(NumberSense))


def _compound(reading: Reading, noun: Noun, chunk: Chunk) -> None:
    """The second noun is the thing, the first says whose."""
    owner, frame = reading.noun, reading.frame
    if owner and owner.role and reading.graph.relationships[owner.role].source == noun.dataset:
        relate(reading, noun)  # "on German sellers' listings"
        if owner is frame.head:
            frame.head = noun
        reading.noun = noun
        return
    plural = owner is not None and owner.key is None and is_many(owner)
    if owner is None or owner is not frame.head or owner.role or noun.role or plural or owner.link != "plain":
        raise reading.stuck(chunk)
    frame.head = reading.noun = noun
    relate(reading, noun)


def _is_agent(reading: Reading, noun: Noun) -> bool:
    """ "sold by sellers in Germany": several, and which ones is said; "by seller" groups."""
    following, after = reading.peek(), reading.peek(2)
    joined = following is not None and following.word("preposition") is not None
    if following is not None and following.word("that") and is_many(noun):
        return True  # "bids by users who joined in 2025"
    return (
        joined and is_many(noun) and after is not None and any(v.dataset == noun.dataset for v in after.of(ValueSense))
    )


def _who_did(reading: Reading, noun: Noun, chunk: Chunk) -> None:
    """ "who bid on …": the word names both the deed and its thing; those who did it are asked for."""
    verbs = [v.relationship for v in chunk.of(VerbSense)]
    doers = [v for v in verbs if reading.graph.relationships[v].source == noun.dataset]
    pending = reading.pending
    if reading.frame.people and reading.frame.head is None and doers and not (pending.most or pending.count):
        set_head(reading, Noun(reading.graph.relationships[doers[0]].target, "who"))
        noun.verbs = (*noun.verbs, *doers)
        pending.with_ = True


def _joined_link(reading: Reading) -> Literal["", "with", "without"]:
    """ "with bids and comments": the second noun is asked for like the first; "listings and users" is no phrase."""
    previous = reading.previous()
    if previous is None or not (previous.word("and") or previous.word("comma") or previous.word("or")):
        return ""
    if previous.word("or") and reading.pending.with_:
        return "with"
    said = reading.said[-1][1] if reading.said else None
    last = said if previous.word("or") and isinstance(said, Noun) else reading.noun
    link = last.link if last else "plain"
    if link not in ("with", "without"):
        raise reading.stuck(reading.chunks[reading.at])
    return link


def _labels(reading: Reading, chunk: Chunk) -> tuple[FieldSense, ...]:
    return chunk.of(FieldSense)
