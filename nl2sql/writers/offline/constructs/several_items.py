"""Where a question names several numbers at once: "GMV, revenue and number of bids | by category"."""

from __future__ import annotations

from dataclasses import dataclass

from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.constructs.base import word
from nl2sql.writers.offline.constructs.pieces import said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    MetricSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular

_NOUNS = (DatasetSense, RoleSense)
_COUNT = "number of"


@dataclass(frozen=True, slots=True)
class Item:
    """The chunks of one number, and what is said of it alone."""

    core: tuple[Chunk, ...]
    tail: tuple[Chunk, ...]

    @property
    def words(self) -> str:
        return " ".join(chunk.words for chunk in (*self.core, *self.tail)).strip()


@dataclass(frozen=True, slots=True)
class Items:
    """`before` and `after` are said of every item."""

    before: tuple[Chunk, ...]
    items: tuple[Item, ...]
    after: tuple[Chunk, ...]

    def question_for(self, item: Item) -> tuple[Chunk, ...]:
        return (*self.before, *item.core, *item.tail, *self.after)


def find_items(chunks: tuple[Chunk, ...], model: SemanticModel) -> Items | None:
    """None where at most one number is named."""
    if not any(said(c, "and", "comma") for c in chunks) or any(said(c, "share", "or") for c in chunks):
        return None
    finder = _Finder(chunks, model)
    start = finder.first()
    return finder.all_from(start) if start is not None else None


class _Finder:
    def __init__(self, chunks: tuple[Chunk, ...], model: SemanticModel) -> None:
        self.chunks = chunks
        self.model = model
        self.bare = -1  # where counted things stand without "number of"

    def first(self) -> int | None:
        """Where the first number begins; a number that something is ranked by or grouped by is none."""
        for index in range(len(self.chunks)):
            if self._core(index) is not None:
                if (bare := self._bare_first()) is not None and self._only_things(bare, index):
                    return bare
                self.bare = -1
                before = self.chunks[:index]
                ranked = any(said(c, "extreme", "most", "dear", "recent", "sort", "compare", "edge") for c in before)
                led = next((c for c in reversed(before) if not is_filler(c)), None)
                return None if ranked or (led is not None and said(led, "by", "with", "compare")) else index
        return self._bare_first()

    def _bare_first(self) -> int | None:
        """ "bids and comments by month": things that are grouped are counted, with or without "number of"."""
        at = 0
        while at < len(self.chunks) and (is_filler(self.chunks[at]) or said(self.chunks[at], "list")):
            at += 1
        groups = any(said(c, "by") and self._groups(i + 1) for i, c in enumerate(self.chunks))
        if at < len(self.chunks) and groups and self.chunks[at].has(*_NOUNS) and _is_plural(self.chunks[at]):
            self.bare = at
            return at
        return None

    def _only_things(self, start: int, end: int) -> bool:
        """ "listings, bids and GMV by category"."""
        between = self.chunks[start:end]
        return bool(between) and all(
            is_filler(c) or said(c, "and", "comma") or (c.has(*_NOUNS) and _is_plural(c)) for c in between
        )

    def _groups(self, at: int) -> bool:
        chunk = self.chunks[at] if at < len(self.chunks) else None
        return chunk is not None and (said(chunk, "grain") is not None or self._names(chunk) or chunk.has(*_NOUNS))

    def all_from(self, start: int) -> Items | None:
        cores: list[tuple[Chunk, ...]] = []
        tails: list[tuple[Chunk, ...]] = []
        at = start
        found = self._core(at)
        while found is not None:
            core, at = found
            *more, core = _one_function_each(core)
            cores += [*more, core]
            tails += [()] * len(more)
            tail_start = at
            found = None
            while at < len(self.chunks):
                if (behind := self._joint(at)) and (found := self._next(behind, cores[-1], at == tail_start)):
                    break
                at += 1
            cores[-1], tail_start = self._with_deed(cores[-1], tail_start, at)
            tails.append(self.chunks[tail_start:at])
        if len(cores) < 2:
            return None
        return _shared(self.chunks[:start], [Item(*pair) for pair in zip(cores, tails, strict=True)])

    # -- one number --------------------------------------------------------------------------------------------------

    def _core(self, at: int) -> tuple[tuple[Chunk, ...], int] | None:
        """The chunks of a number that begins there, and where they end."""
        chunk = self.chunks[at]
        if at == self.bare:
            return (word(_COUNT, "count"), chunk), at + 1
        if chunk.has(MetricSense, MeasureSense):
            return (chunk,), at + 1
        if said(chunk, "count"):
            noun = self._noun(at + 1) or self._state(at + 1)
            return (self.chunks[at:noun], noun) if noun else None
        if said(chunk, "agg", "extreme") and not self._ranks(at):
            return self._aggregate(at)
        fields = [self.model.dataset(f.dataset).field(f.field) for f in chunk.of(FieldSense)]
        if fields and all(f.aggregation for f in fields) and not chunk.has(*_NOUNS, ValueSense):
            return (chunk,), at + 1
        return None

    def _ranks(self, at: int) -> bool:
        """ "top 5 …": the number is how many to show."""
        return at + 1 < len(self.chunks) and self.chunks[at].words.lower() in ("top", "bottom")

    def _aggregate(self, at: int) -> tuple[tuple[Chunk, ...], int] | None:
        """Functions, several perhaps, and what they are of: "lowest and highest price", "average number of bids"."""
        end = at + 1
        while end < len(self.chunks):
            chunk = self.chunks[end]
            if is_filler(chunk) or said(chunk, "agg", "extreme") or said(chunk, "preposition"):
                end += 1
            elif (
                (behind := self._joint(end))
                and behind < len(self.chunks)
                and said(self.chunks[behind], "agg", "extreme")
            ):
                end = behind
            else:
                break
        if end >= len(self.chunks):
            return None
        chunk = self.chunks[end]
        if said(chunk, "count"):
            noun = self._noun(end + 1)
            if not noun:
                return None
            stop = self._with_unit(noun)
            return self.chunks[at:stop], stop
        if chunk.has(MetricSense, MeasureSense, FieldSense, *_NOUNS):
            return self.chunks[at : end + 1], end + 1
        return None

    def _with_unit(self, noun: int) -> int:
        """ "average number of bids per listing and …": the unit belongs to this number, as another follows."""
        if noun + 2 < len(self.chunks) and self.chunks[noun].words.lower() == "per" and self._joint(noun + 2):
            return noun + 2
        return noun

    def _noun(self, at: int) -> int:
        """Where the noun phrase that begins there ends; 0 when there is none."""
        while at < len(self.chunks):
            chunk = self.chunks[at]
            if chunk.has(*_NOUNS) or (chunk.has(FilterSense) and _is_plural(chunk)):
                return at + 1
            if self._names(chunk) and not chunk.has(FilterSense, ValueSense):
                return at + 1
            if not (is_filler(chunk) or chunk.has(FilterSense, ValueSense) or said(chunk, "distinct")):
                return 0
            at += 1
        return 0

    def _state(self, at: int) -> int:
        """ "how many were sold": the state names the things; where it ends, 0 where none is named."""
        while at < len(self.chunks) and (is_filler(self.chunks[at]) or said(self.chunks[at], "is")):
            at += 1
        return at + 1 if at < len(self.chunks) and self.chunks[at].has(FilterSense) else 0

    def _names(self, chunk: Chunk) -> bool:
        fields = [self.model.dataset(f.dataset).field(f.field) for f in chunk.of(FieldSense)]
        return bool(fields) and not any(f.datatype.is_number or f.is_time for f in fields)

    def _with_deed(self, core: tuple[Chunk, ...], at: int, end: int) -> tuple[tuple[Chunk, ...], int]:
        """ "number of items sold, average price …": a state right behind the counted noun is said of it alone."""
        deed = self.chunks[at] if at < end else None
        of = {s.dataset for c in core for s in c.of(DatasetSense)} if any(said(c, "count") for c in core) else set()
        if deed is None or not of or not all(s.dataset in of for s in deed.of(FilterSense)):
            return core, at
        plain = deed.has(FilterSense) and not deed.has(*_NOUNS, MetricSense)
        behind = self.chunks[at + 1] if at + 1 < len(self.chunks) else None
        ends = behind is None or at + 1 == end or said(behind, "and", "comma", "by")
        return ((*core, deed), at + 1) if plain and ends else (core, at)

    # -- the next one ------------------------------------------------------------------------------------------------

    def _joint(self, at: int) -> int:
        """Behind "and" or a comma (and both): the place of what is joined; 0 when nothing is."""
        end = at
        while end < len(self.chunks) and said(self.chunks[end], "and", "comma"):
            end += 1
        if end == at:
            return 0
        while end < len(self.chunks) and is_filler(self.chunks[end]):
            end += 1
        return end

    def _next(self, at: int, core: tuple[Chunk, ...], adjacent: bool) -> tuple[tuple[Chunk, ...], int] | None:
        """The number that begins there. Right behind another one, "number of" holds for it too."""
        if at >= len(self.chunks):
            return None
        if said(self.chunks[at], "count") and (elided := self._elided(at, core)):
            return elided
        if found := self._core(at):
            return found
        start = at + 1 if said(self.chunks[at], "preposition") and self.chunks[at].words.lower() == "of" else at
        noun = self._noun(start) if adjacent else 0
        if not noun or not self.chunks[noun - 1].has(*_NOUNS, FilterSense) or not _is_plural(self.chunks[noun - 1]):
            return None
        counts = next((i for i, c in enumerate(core) if said(c, "count")), -1)
        lead = core[: counts + 1] if counts >= 0 else (word(_COUNT, "count"),)
        return (*lead, *self.chunks[start:noun]), noun

    def _elided(self, at: int, core: tuple[Chunk, ...]) -> tuple[tuple[Chunk, ...], int] | None:
        """ "how many listings are sold and how many are unsold"."""
        behind = self.chunks[at + 1] if at + 1 < len(self.chunks) else None
        core = tuple(c for c in core if not c.has(FilterSense))
        nouns = tuple(c for c in core if c.has(*_NOUNS))
        if behind is None or not said(behind, "is") or behind.has(*_NOUNS) or not nouns:
            return None
        return (self.chunks[at], nouns[-1]), at + 1


def _one_function_each(core: tuple[Chunk, ...]) -> list[tuple[Chunk, ...]]:
    """ "average and median number of bids": a count has no two functions at once, so it is two numbers."""
    functions = [i for i, c in enumerate(core) if said(c, "agg")]
    count = next((i for i, c in enumerate(core) if said(c, "count")), -1)
    if len(functions) < 2 or count < functions[-1]:
        return [core]
    return [(core[i], *core[count:]) for i in functions]


def _is_plural(chunk: Chunk) -> bool:
    last = chunk.words.lower().split()[-1]
    return singular(last) != last or last == "people"


def _shared(before: tuple[Chunk, ...], items: list[Item]) -> Items:
    """What stands behind the last number is said of all, where nothing is said of the others alone; else only its
    groupings and its period, where the others have none."""
    last = items[-1]
    own = [bool(_meaningful(item.tail)) for item in items[:-1]]
    if not any(own):
        return Items(before, tuple(Item(item.core, ()) for item in items), last.tail)
    if not all(own) or not _meaningful(last.tail):
        said_of = " ".join(c.words for item in items for c in _meaningful(item.tail))
        raise NotUnderstood(f"I could not tell whether “{said_of}” is said of one number or of all of them.")
    others = [chunk for item in items[:-1] for chunk in item.tail]
    cut = len(last.tail)
    if not any(said(c, "by") for c in others):
        cut = next((i for i, c in enumerate(last.tail) if said(c, "by")), cut)
    tail, shared = last.tail[:cut], last.tail[cut:]
    if not any(c.has(PeriodSense) for c in others):
        shared = (*(c for c in tail if c.has(PeriodSense)), *shared)
        tail = tuple(c for c in tail if not c.has(PeriodSense))
    return Items(before, (*items[:-1], Item(last.core, tail)), shared)


def _meaningful(tail: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    return tuple(chunk for chunk in tail if not is_filler(chunk) and not said(chunk, "is"))
