"""What is to be shown beside each row: "with title, seller and final price", "with their number of bids"."""

from __future__ import annotations

from nl2sql.writers.offline.frame import ColumnAsk, FilterAsk, NotUnderstood, Noun, Restrictor, ValueAsk
from nl2sql.writers.offline.placing import kind_of_thing, set_head
from nl2sql.writers.offline.read_counts import is_plural
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)

_OWN = ("their", "its", "his", "her")
_ANY = ("a", "an", "any", "some", "all")


def read_columns(reading: Reading) -> bool:
    """Reads a list of columns that begins behind the present chunk; False where what follows restricts instead."""
    frame = reading.frame
    if frame.head is None and not frame.measures and not frame.people and not reading.pending.count:
        _assume_kind(reading)
    if frame.head is None or frame.counted or frame.measures or frame.groups or frame.share or reading.pending.negated:
        return False
    asks, at, owned = _items(reading)
    if not asks or not _is_list(asks, owned=owned) or _is_bounded(reading, at):
        return False
    frame.shown += asks
    if asks[-1].counted and asks[-1].noun is not None:
        reading.noun = asks[-1].noun
    reading.at = at
    return True


def _assume_kind(reading: Reading) -> None:
    """ "list paintings with title and seller": they are rows of what is of that kind."""
    kind = kind_of_thing(reading.model, reading.graph, reading.frame.loose)
    following = reading.peek()
    if kind is not None and following is not None and following.has(FieldSense, RoleSense):
        reading.frame.loose = []
        set_head(reading, kind)
        reading.noun = kind


def _is_list(asks: list[ColumnAsk], *, owned: bool) -> bool:
    """ "with a buy-now price" says that there is one; "with title and price" and "with their seller" show."""
    return owned or len(asks) > 1 or asks[0].counted or asks[0].noun is not None or bool(asks[0].role)


def _items(reading: Reading) -> tuple[list[ColumnAsk], int, bool]:
    """The columns, the index behind them, and whether "their" or "its" stood before one."""
    asks: list[ColumnAsk] = []
    owned, at = False, reading.at + 1
    while True:
        start, own, vague = _determined(reading, at)
        ask, end = _item(reading, start) if not vague else (None, at)
        if ask is None:
            return (asks, at - 1 if asks else at, owned) if not vague else ([], at, False)
        asks.append(ask)
        owned = owned or own
        at = end
        if not _joins(reading, at):
            return asks, at, owned
        while _joins(reading, at):
            at += 1


def _determined(reading: Reading, at: int) -> tuple[int, bool, bool]:
    """Where the item itself begins; whether it is said to be theirs; whether it is any one ("a price")."""
    own = vague = False
    while at < len(reading.chunks) and is_filler(reading.chunks[at]):
        said = reading.chunks[at].words.lower()
        own, vague = own or said in _OWN, vague or said in _ANY
        at += 1
    return at, own, vague


def _joins(reading: Reading, at: int) -> bool:
    return at < len(reading.chunks) and bool(reading.chunks[at].word("and") or reading.chunks[at].word("comma"))


def _item(reading: Reading, at: int) -> tuple[ColumnAsk | None, int]:
    if at >= len(reading.chunks):
        return None, at
    chunk = reading.chunks[at]
    head = reading.frame.head
    if chunk.word("count"):
        return _counted(reading, at + 1)
    if head is None or chunk.has(MetricSense, NumberSense):
        return None, at
    if roles := chunk.of(RoleSense):
        relationship = reading.graph.relationships[roles[0].relationship]
        following = reading.chunks[at + 1] if at + 1 < len(reading.chunks) else None
        fields = tuple(f for f in following.of(FieldSense) if f.dataset == relationship.target) if following else ()
        if following and fields:
            return ColumnAsk(f"{chunk.words} {following.words}", fields, roles[0].relationship), at + 2
        if not reading.graph.via(head.dataset, relationship.name) or roles[0].at_least > 1:
            return None, at
        noun = Noun(relationship.target, chunk.words, relationship.name)
        return ColumnAsk(chunk.words, role=relationship.name, noun=noun), at + 1
    if datasets := chunk.of(DatasetSense):
        paths = reading.graph.paths(head.dataset, datasets[0].dataset)
        if not paths or paths == [()]:
            return None, at
        return ColumnAsk(chunk.words, noun=Noun(datasets[0].dataset, chunk.words)), at + 1
    if chunk.has(FieldSense) and not chunk.has(ValueSense, FilterSense, VerbSense):
        return ColumnAsk(chunk.words, chunk.of(FieldSense)), at + 1
    return None, at


def _counted(reading: Reading, at: int) -> tuple[ColumnAsk | None, int]:
    """ "number of sold listings": adjectives and the thing that is counted."""
    asks: list[Restrictor] = []
    words: list[str] = []
    while at < len(reading.chunks):
        chunk = reading.chunks[at]
        words.append(chunk.words)
        if datasets := chunk.of(DatasetSense):
            dataset = datasets[0].dataset
            if not all(_describes(each, dataset) for each in asks):
                return None, at
            noun = Noun(dataset, chunk.words, restrictors=asks)
            return ColumnAsk(" ".join(words), noun=noun, counted=True), at + 1
        if (roles := chunk.of(RoleSense)) and not asks:
            relationship = reading.graph.relationships[roles[0].relationship]
            noun = Noun(relationship.target, chunk.words, relationship.name, roles[0].at_least)
            return ColumnAsk(" ".join(words), noun=noun, counted=True), at + 1
        verbs = [v.relationship for v in chunk.of(VerbSense)]
        if verbs and is_plural(chunk.words) and not chunk.has(ValueSense):  # "purchases"
            source = reading.graph.relationships[verbs[0]].source
            noun = Noun(source, chunk.words, verbs=tuple(verbs), restrictors=asks)
            return ColumnAsk(" ".join(words), noun=noun, counted=True), at + 1
        if senses := chunk.of(FilterSense):
            asks.append(FilterAsk(senses, chunk.words))
        elif values := chunk.of(ValueSense):
            asks.append(ValueAsk(values, (values[0].value,), chunk.words))
        elif not is_filler(chunk):
            return None, at
        at += 1
    return None, at


def _describes(ask: Restrictor, dataset: str) -> bool:
    if isinstance(ask, FilterAsk):
        ask.senses = tuple(s for s in ask.senses if s.dataset == dataset)
        return bool(ask.senses)
    return True


def _is_bounded(reading: Reading, at: int) -> bool:
    """A bound, a choice or a further statement follows: then what was read restricts, and is no column."""
    while at < len(reading.chunks) and is_filler(reading.chunks[at]):
        at += 1
    if at >= len(reading.chunks):
        return False
    chunk: Chunk = reading.chunks[at]
    return chunk.has(NumberSense) or any(
        chunk.word(kind) for kind in ("compare", "between", "or", "is", "not", "moment", "but", "except")
    )


def refuse_hidden_rows(ask: ColumnAsk, held: bool) -> None:
    """A listing that is not sold has no buyer, though somebody bid highest so far."""
    if not held:
        raise NotUnderstood(f"Not every one has {ask.words} here; please say which ones are meant.", (ask.words,))
