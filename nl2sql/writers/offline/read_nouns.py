"""Nouns: datasets and the people that roles name, and what a noun is to the question when it is mentioned."""

from __future__ import annotations

from typing import Literal

from nl2sql.writers.offline.frame import (
    ColumnAsk,
    FilterAsk,
    GroupAsk,
    MeasureAsk,
    NotUnderstood,
    Noun,
    Restrictor,
    SeveralReadings,
    ValueAsk,
)
from nl2sql.writers.offline.language import NEWLY
from nl2sql.writers.offline.placing import add_aggregates, add_group, relate, set_head, set_rank
from nl2sql.writers.offline.read_fields import read_field
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    VerbSense,
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
        if not (reading.is_filler(chunk) or chunk.has(ValueSense, FilterSense)):
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
        _counted_noun(reading, noun)
    elif pending.by and not noun.restrictors and not _is_agent(reading, noun):
        add_group(reading, GroupAsk(chunk.words, _labels(reading, chunk), noun))
        reading.noun = noun
        return
    elif pending.negated:
        pending.negated = False
        noun.link = "without"
        relate(reading, noun)
    elif pending.most or pending.agg or pending.extreme:
        _measured_noun(reading, noun)
    elif (frame.head is None and not frame.measures) or (
        frame.head is None and (pending.number is not None or frame.listed)
    ):
        set_head(reading, noun)
    else:
        noun.link = _joined_link(reading) or ("with" if pending.with_ else noun.link)
        relate(reading, noun)
    pending.by = pending.with_ = False
    reading.noun = noun


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
    if chunk.has(VerbSense) and before.has(DatasetSense, RoleSense) and _is_plural(reading.noun):
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
    plural = owner is not None and owner.key is None and _is_plural(owner)
    if owner is None or owner is not frame.head or owner.role or noun.role or plural or owner.link != "plain":
        raise reading.stuck(chunk)
    frame.head = reading.noun = noun
    relate(reading, noun)


def _is_agent(reading: Reading, noun: Noun) -> bool:
    """ "sold by sellers in Germany": several, and which ones is said; "by seller" groups."""
    following, after = reading.peek(), reading.peek(2)
    joined = following is not None and following.word("preposition") is not None
    if following is not None and following.word("that") and _is_plural(noun):
        return True  # "bids by users who joined in 2025"
    return (
        joined
        and _is_plural(noun)
        and after is not None
        and any(v.dataset == noun.dataset for v in after.of(ValueSense))
    )


def _is_plural(noun: Noun) -> bool:
    return noun.words.lower() in ("people", "folks") or singular(noun.words.lower()) != noun.words.lower()


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


def _counted_noun(reading: Reading, noun: Noun) -> None:
    frame = reading.frame
    if reading.pending.sort:
        if frame.head is None or frame.measures or frame.counted or frame.groups:
            raise reading.stuck(reading.chunks[reading.at])
        reading.pending.sort = False
        frame.order_by = ColumnAsk(noun.words, noun=noun, counted=True)
        frame.shown.append(frame.order_by)
        set_rank(reading, "max", everything=True)
        return
    if frame.rank is not None and reading.pending.by:
        frame.rank.by, reading.pending.by = "measure", False  # "top 10 items by number of bids"
    if frame.rank is not None or reading.pending.most or reading.pending.extreme or frame.head is not None:
        frame.measures.append(MeasureAsk("count", noun.words, noun=noun))
        reading.compared = frame.measures[-1]
        if reading.pending.most or reading.pending.extreme:
            set_rank(reading, reading.pending.most or reading.pending.extreme)
        frame.nouns.append(noun)
    else:
        frame.counted = True
        frame.head = noun
        frame.nouns.append(noun)


def _measured_noun(reading: Reading, noun: Noun) -> None:
    """ "most bids", "average bid", "highest bid", "top sellers"."""
    pending, frame = reading.pending, reading.frame
    amounts = _own_amount(reading, noun)
    is_rank = pending.extreme and (frame.head is None) and not frame.measures
    if pending.most:
        if frame.head is None and not frame.listed:
            raise NotUnderstood(f"Who or what has the most {noun.words}? Please name it.", (noun.words,))
        frame.measures.append(MeasureAsk("count", noun.words, noun=noun))
        set_rank(reading, pending.most)
    elif pending.agg:
        if pending.agg == "sum":
            raise _count_or_sum(reading, noun, amounts)
        if not amounts:
            raise NotUnderstood(f"I do not know what of the {noun.words} to average.", (noun.words,))
        if _is_plural(noun):
            raise _average_of_many(reading, noun, amounts[0])
        add_aggregates(reading, noun.words, pending.agg, amounts)
    elif is_rank and (pending.number is not None or not amounts or noun.words.endswith("s") or noun.role):
        set_rank(
            reading,
            pending.extreme,
            "amount" if amounts and not noun.role and pending.number is not None else "measure",
        )
        pending.extreme = ""
        set_head(reading, noun)
        return
    elif amounts:
        add_aggregates(reading, noun.words, pending.extreme, amounts)
        if frame.head is not None:
            set_rank(reading, pending.extreme)
    else:
        raise NotUnderstood(f"I do not know what of the {noun.words} to compare.", (noun.words,))
    pending.most = pending.agg = pending.extreme = ""
    reading.compared = frame.measures[-1]
    frame.nouns.append(noun)


def _own_amount(reading: Reading, noun: Noun) -> tuple[FieldSense, ...]:
    """The amount that the bare word may stand for: a bid is its bid amount, but no listing is its current bid."""
    dataset = reading.model.dataset(noun.dataset)
    if not dataset.amount_field:
        return ()
    label = dataset.field(dataset.amount_field).label or dataset.amount_field.replace("_", " ")
    said = {singular(word) for word in noun.words.lower().split()}
    return (FieldSense(noun.dataset, dataset.amount_field),) if said & set(label.lower().split()) else ()


def _average_of_many(reading: Reading, noun: Noun, amount: FieldSense) -> SeveralReadings:
    """ "average bids per listing": how many, or how much?"""
    label = reading.model.dataset(amount.dataset).field(amount.field).label or amount.field
    choice = reading.frame.text.replace(noun.words, label, 1)
    return SeveralReadings(
        f"“Average {noun.words}”: I can average the {label}, but not yet how many there are.", (choice,)
    )


def _count_or_sum(reading: Reading, noun: Noun, amounts: tuple[FieldSense, ...]) -> SeveralReadings | NotUnderstood:
    """ "total bids": how many, or how much?"""
    if not amounts:
        return NotUnderstood(f"Do you mean the number of {noun.words}?", (noun.words,))
    label = reading.model.dataset(noun.dataset).field(amounts[0].field).label
    text = reading.frame.text
    previous = reading.previous()
    said = f"{previous.words} {noun.words}" if previous else noun.words
    if previous is None or not previous.word("agg") or said not in text:
        return NotUnderstood(f"“{said}”: I cannot tell how many from how much.", (noun.words,))
    choices = (text.replace(said, f"number of {noun.words}"), text.replace(said, f"sum of {label}"))
    return SeveralReadings(f"“{said}”: how many, or how much?", choices)
