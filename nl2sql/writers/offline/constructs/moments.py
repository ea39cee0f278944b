"""Moments in words: a date of the model ("closing"), the first or last of related rows ("the first bid")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from nl2sql.catalog.model import Dataset
from nl2sql.plan.base import DurationUnit, FieldRef, Related
from nl2sql.writers.offline.constructs.base import Linked
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, FilterSense, Placer, VerbSense

# Words that may stand around a moment and say nothing of their own.
LINKS = frozenset(
    "the a an of its their his her being be to get gets got getting is are was were until till for from do does did it "
    "take takes took in on after before between and there that this then at".split()
)
GRAIN_UNITS: dict[str, tuple[DurationUnit, int]] = {"day": ("days", 1), "week": ("days", 7)}
# Verbs that help others: "had closed", "has been sold".
_AUXILIARIES = ("is", "was", "are", "were", "had", "has", "have", "has been", "had been", "have been", "been", "got")
Edge = Literal["", "min", "max"]


@dataclass(frozen=True, slots=True)
class Moment:
    """Dates of the model that the words may mean; `edge` makes it the first (min) or last (max) of related rows."""

    words: str
    fields: tuple[FieldSense, ...]
    edge: Edge = ""


class Moments:
    """The chunks of a question, a place in them, and what was passed on so far; reads moments at any place."""

    def __init__(self, question: Linked) -> None:
        self.question = question
        self.chunks = question.chunks
        self.model = question.model
        self.done: list[Chunk] = []
        self.at = 0
        self.changed = False

    def words_at(self, at: int) -> str:
        """Lower case; empty past the end."""
        return self.chunks[at].words.lower() if at < len(self.chunks) else ""

    def moment(self, at: int) -> tuple[Moment, int] | None:
        begin = at
        edge: Edge = ""
        while at < len(self.chunks):
            chunk = self.chunks[at]
            said = chunk.word("edge") or chunk.word("recent")
            if said and said.argument in ("min", "max") and at + 1 < len(self.chunks):
                edge, at = ("max" if said.argument == "max" else "min"), at + 1
            elif chunk.words.lower() in LINKS and not self.times(chunk):
                at += 1
            else:
                break
        if at >= len(self.chunks):
            return None
        chunk = self.chunks[at]
        times = self.times(chunk)
        words = " ".join(c.words for c in self.chunks[begin : at + 1] if c.words.lower() not in LINKS)
        owner = {d.dataset for d in chunk.of(DatasetSense)}
        if owner and not edge and at + 1 < len(self.chunks):
            last = at + 1
            while last + 1 < len(self.chunks) and self.words_at(last) in _AUXILIARIES:
                last += 1  # "after the listing had closed"
            behind = self.chunks[last]
            own = tuple(f for f in (*self.times(behind), *self._of_states(behind)) if f.dataset in owner)
            if own:  # "the listing's close", "after the listing closed"
                return Moment(f"{words} {behind.words}", own), last + 1
        if owner and not edge and (event := self._event_behind(at + 1)):
            return event
        if owner:
            moment = self.row_moment(chunk, edge)
            return (moment, at + 1) if moment else None
        if times and not edge:
            return Moment(words, times), self._past_owner(at + 1, times)
        filtered = self._of_states(chunk)
        return (Moment(words, filtered), at + 1) if filtered and not edge else None

    def _of_states(self, chunk: Chunk) -> tuple[FieldSense, ...]:
        """The moments that date the states which the words name: closed, sold."""
        return tuple(
            FieldSense(s.dataset, f.time_field)
            for s in chunk.of(FilterSense)
            for f in self.model.dataset(s.dataset).filters
            if f.name == s.filter and f.time_field
        )

    def _event_behind(self, at: int) -> tuple[Moment, int] | None:
        """ "until a listing gets its first bid": what happens to it is the moment."""
        while at < len(self.chunks) and leads_to_event(self.chunks[at]) and not self.chunks[at].word("edge"):
            at += 1
        said = self.chunks[at].word("edge") if at < len(self.chunks) else None
        found = self.moment(at) if said else None
        return found if found and found[0].edge else None

    def _past_owner(self, at: int, times: tuple[FieldSense, ...]) -> int:
        """ "the close of the listing": whose date it is says nothing new."""
        if at >= len(self.chunks) or self.chunks[at].words.lower() != "of":
            return at
        end = at + 1
        while end < len(self.chunks) and self.chunks[end].words.lower() in ("the", "a", "an", "their", "its"):
            end += 1
        owners = {d.dataset for d in self.chunks[end].of(DatasetSense)} if end < len(self.chunks) else set()
        return end + 1 if owners & {f.dataset for f in times} else at

    def _filtered(self, chunk: Chunk) -> tuple[FieldSense, ...]:
        """When rows became what an adjective says: the closing of a closed listing."""
        return tuple(
            FieldSense(s.dataset, f.time_field)
            for s in chunk.of(FilterSense)
            for f in self.model.dataset(s.dataset).filters
            if f.name == s.filter and f.time_field
        )

    def times(self, chunk: Chunk) -> tuple[FieldSense, ...]:
        return tuple(f for f in chunk.of(FieldSense) if self.model.dataset(f.dataset).field(f.field).is_time)

    def row_moment(self, chunk: Chunk, edge: str) -> Moment | None:
        dataset = self.model.dataset(chunk.of(DatasetSense)[0].dataset)
        name = event_field(dataset)
        if not name:
            return None
        words = f"{'first ' if edge == 'min' else 'last ' if edge else ''}{chunk.words}"
        return Moment(words, (FieldSense(dataset.name, name),), cast(Edge, edge))

    def lifetime(self, dataset: str) -> tuple[Moment, Moment] | None:
        """From when to when a row lasts, where the model says so."""
        row = self.model.dataset(dataset)
        if not (row.start_field and row.end_field):
            return None
        return Moment("start", (FieldSense(dataset, row.start_field),)), Moment(
            "end", (FieldSense(dataset, row.end_field),)
        )


def placed(moment: Moment, placer: Placer, scope: Scope) -> FieldRef | Related:
    if not moment.edge:
        reached = tuple(f for f in moment.fields if placer.graph.paths(scope.dataset, f.dataset))
        return placer.place(reached or moment.fields, scope, moment.words)
    field = moment.fields[0]
    paths = placer.graph.paths(field.dataset, scope.dataset)
    if not paths or scope.path or paths == [()]:
        raise NotUnderstood(f"I could not tell whose “{moment.words}” is meant.", (moment.words,))
    if len(paths) > 1:
        raise NotUnderstood(f"There are several ways to read “{moment.words}” here.", (moment.words,))
    backwards = tuple(f"-{name}" for name in reversed(paths[0]))
    relative = FieldRef((), field.dataset, field.field)
    return Related(backwards, field.dataset, moment.edge, relative)


def event_field(dataset: Dataset) -> str:
    """The moment that gives a row its name: the payment date of a payment; else what dates it."""
    singular = {dataset.name.removesuffix("s"), (dataset.label or dataset.name).removesuffix("s")}
    names = {f"{each} {kind}" for each in singular for kind in ("date", "time")}
    named = [f.name for f in dataset.fields if f.is_time and f.label.lower() in names]
    return named[0] if len(named) == 1 else dataset.time_field


def slug(words: str) -> str:
    return "_".join(words.lower().replace("-", " ").split())


def label(dataset: Dataset, moment: Moment) -> str:
    field = dataset.field(moment.fields[0].field)
    return field.label or field.name.replace("_", " ")


def leads_to_event(chunk: Chunk) -> bool:
    return chunk.words.lower() in LINKS or chunk.has(VerbSense) or chunk.word("with") is not None


def duration_unit(chunk: Chunk) -> tuple[DurationUnit, int] | None:
    if said := chunk.word("unit"):
        return cast(DurationUnit, said.argument), 1
    grain = chunk.word("grain")
    found = GRAIN_UNITS.get(grain.argument) if grain else None
    return found
