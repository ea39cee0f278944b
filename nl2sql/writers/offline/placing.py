"""Small steps of building a frame that several readers share."""

from __future__ import annotations

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.frame import GroupAsk, MeasureAsk, Noun, RankAsk, RankBy, Restrictor, ValueAsk
from nl2sql.writers.offline.language import NEGATES_NOUNS
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    VerbSense,
)


def set_head(reading: Reading, noun: Noun) -> None:
    if reading.pending.number is not None:
        rank = reading.frame.rank or RankAsk(True, words="undirected")
        rank.number = int(reading.pending.number)
        reading.frame.rank = rank
        reading.pending.number = None
    reading.frame.head = noun
    reading.noun_at = reading.at
    reading.frame.nouns.append(noun)


def set_rank(reading: Reading, direction: str, by: RankBy = "measure", *, everything: bool = False) -> None:
    rank = reading.frame.rank or RankAsk(direction == "max")
    rank.descending, rank.all, rank.by = direction == "max", everything, by
    if reading.pending.number is not None:
        rank.number = int(reading.pending.number)
        reading.pending.number = None
    reading.frame.rank = rank


def add_aggregates(reading: Reading, words: str, function: str, fields: tuple[FieldSense, ...]) -> None:
    """One measure for each function that was announced: "lowest and highest price"."""
    for each in (*reading.pending.also, function):
        reading.frame.measures.append(MeasureAsk("agg", words, function=each, fields=fields))
    reading.pending.also = []


def kind_of_thing(model: SemanticModel, graph: JoinGraph, said: list[Restrictor]) -> Noun | None:
    """ "cameras": the name of a kind stands for the rows that are of it, where there is one table of them."""
    for ask in said:
        if isinstance(ask, ValueAsk) and not ask.negated and (dataset := _rows_of_kind(model, graph, ask)):
            return Noun(dataset, ask.words, restrictors=list(said))
    return None


def _rows_of_kind(model: SemanticModel, graph: JoinGraph, ask: ValueAsk) -> str:
    kinds = {s.dataset for s in ask.senses if model.dataset(s.dataset).label_field == s.field}
    people = {r.target for r in model.relationships if r.role}
    if len(kinds) != 1 or kinds & people:
        return ""
    kind = kinds.pop()
    table = model.dataset(kind).table
    near = {d.name: paths for d in model.datasets if d.table != table and (paths := graph.paths(d.name, kind))}
    shortest = min((len(paths[0]) for paths in near.values()), default=0)
    nearest = [name for name, paths in near.items() if len(paths[0]) == shortest and len(paths) == 1]
    return nearest[0] if len(nearest) == 1 else ""


def rows_of_kind(reading: Reading, chunk: Chunk) -> str:
    """The dataset whose rows the name of a kind stands for ("phones"); empty where the word is none."""
    senses = chunk.of(ValueSense)
    if not senses or chunk.has(DatasetSense, FilterSense):
        return ""
    return _rows_of_kind(reading.model, reading.graph, ValueAsk(senses, (senses[0].value,), chunk.words))


def names_a_kind(reading: Reading) -> bool:
    said = [*reading.frame.loose, *reading.pending.before]
    return kind_of_thing(reading.model, reading.graph, said) is not None


def count_kind(reading: Reading) -> None:
    """ "how many cameras …": nothing else was said to count."""
    frame, pending = reading.frame, reading.pending
    if not pending.count or frame.head is not None or frame.measures or frame.groups or frame.columns:
        return
    if kind := kind_of_thing(reading.model, reading.graph, frame.loose):
        pending.count, frame.counted, frame.head, frame.loose = False, True, kind, []
        frame.nouns.insert(0, kind)


def negates_noun(reading: Reading) -> bool:
    """ "no sold items" negates the items, "not sold items" the sold."""
    previous = reading.previous()
    return reading.pending.negated and previous is not None and previous.words.lower() in NEGATES_NOUNS


def is_deed(reading: Reading, chunk: Chunk) -> bool:
    """Whether the word says what the people in question did ("sellers who sold"), rather than what was done."""
    verbs = chunk.of(VerbSense)
    subject = reading.frame.head or reading.noun
    if not verbs or subject is None:
        return False
    return reading.graph.relationships[verbs[0].relationship].target == subject.dataset


def relate(reading: Reading, noun: Noun) -> None:
    between = reading.chunks[reading.noun_at + 1 : reading.at]
    noun.apart = any(c.word(kind) for c in between for kind in ("and", "or", "but", "comma", "that"))
    reading.noun_at = reading.at
    if reading.in_part():
        reading.frame.part_nouns.append(noun)
    elif not reading.takes_option(reading.frame.head, noun):
        reading.frame.nouns.append(noun)
        reading.said.append((reading.frame.head, noun))


def add_group(reading: Reading, ask: GroupAsk) -> None:
    reading.frame.groups.append(ask)
    reading.pending.by = False
    following, after = reading.peek(), reading.peek(2)
    joined = following and (following.word("and") or following.word("comma"))
    groups_too = after and (after.has(FieldSense, DatasetSense, RoleSense) or after.word("grain"))
    if joined and after and groups_too and not after.has(MetricSense) and not after.word("by"):
        reading.skip_to_next()
        reading.pending.by = True
