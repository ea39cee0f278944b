"""Nouns that are measured: "how many bids", "most bids", "average bid", "top sellers"."""

from __future__ import annotations

from nl2sql.writers.offline.frame import (
    ColumnAsk,
    MeasureAsk,
    NotUnderstood,
    Noun,
    SeveralReadings,
)
from nl2sql.writers.offline.placing import add_aggregates, set_head, set_rank
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    FieldSense,
)
from nl2sql.writers.offline.tokens import singular


def is_many(noun: Noun) -> bool:
    return noun.words.lower() in ("people", "folks") or singular(noun.words.lower()) != noun.words.lower()


def counted_noun(reading: Reading, noun: Noun) -> None:
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


def measured_noun(reading: Reading, noun: Noun) -> None:
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
        if is_many(noun):
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
