"""How long something took: "average time between closing and payment", "how many hours until the first bid"."""

from __future__ import annotations

from typing import cast

from nl2sql.plan.base import DurationUnit, Function, Measure, Span
from nl2sql.writers.offline.constructs.base import word
from nl2sql.writers.offline.constructs.moments import LINKS, Moment, Moments, duration_unit, label, placed, slug
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    MeasureSense,
    NumberSense,
    Placer,
    RoleSense,
    VerbSense,
    WordSense,
)

_FUNCTION_WORDS = {"avg": "average", "median": "median", "min": "shortest", "max": "longest", "sum": "total"}
_JOINTS = ("and", "to", "until", "till", "after", "from", "since", "before")
_OPENERS = ("between", "from", "until", "till", "to", "before", "for", "after", "since")
_AUXILIARIES = ("do", "doe", "did", "does", "is", "are")
_AFTER = ("after", "of", "from", "since", "following")


class HowLong(Moments):
    def asks_how_long(self) -> bool:
        chunk = self.chunks[self.at]
        asked = chunk.word("how long") or chunk.word("span") or chunk.word("length") or self._unit_asked(chunk)
        if asked is None or self._is_counted(chunk):
            return False
        unit = cast(DurationUnit, asked.argument or "hours")
        if chunk.word("grain") or chunk.word("unit"):
            unit = cast(DurationUnit, {"day": "days"}.get(asked.argument, asked.argument))
        owner = self._owner_before(chunk)
        if owner is not None:
            self.done.pop()
        function, before = self._function()
        found = self._lasting(owner) if owner else self._two_moments() or self._lasting(None)
        if found is None:
            self.done.extend([owner] if owner else [])
            return False
        start, end, stop = found
        if not function:
            self._drop_average(stop)
        unit = self._unit_behind(stop) or unit
        del self.done[before:]
        self._rank_before()
        self._measure(start, end, unit, function or "avg", [c.words for c in self.chunks[self.at : stop]])
        self.done.extend([owner] if owner else [])
        self.at = stop
        return True

    def _owner_before(self, chunk: Chunk) -> Chunk | None:
        """ "average auction duration": whose duration it is stands before it."""
        last = self.done[-1] if self.done else None
        if last is None or not (chunk.word("span") or chunk.word("length")):
            return None
        return last if any(self.lifetime(d.dataset) for d in last.of(DatasetSense)) else None

    def _rank_before(self) -> None:
        """ "the longest average time": the longest of what is computed, as "highest" says it of numbers."""
        said = self.done[-1].word("longest") if self.done else None
        if said is not None:
            words = self.done.pop().words
            self.done.append(word(words, "extreme", said.argument))

    def _unit_asked(self, chunk: Chunk) -> WordSense | None:
        """ "average days between …": a unit behind an aggregate asks for a duration."""
        said = chunk.word("unit") or chunk.word("grain")
        if said is None or said.argument not in ("seconds", "minutes", "hours", "day"):
            return None
        following = self.chunks[self.at + 1 : self.at + 2]
        opens = following and following[0].words.lower() in ("between", "from", "until", "to", "till", "after", "it")
        return said if opens else None

    def _is_counted(self, chunk: Chunk) -> bool:
        """ "7 days": a number before the unit makes it a bound."""
        return bool(self.done and self.done[-1].has(NumberSense)) and not chunk.word("how long")

    def _function(self) -> tuple[Function, int]:
        """The aggregate before the duration, and where it begins in what was passed on."""
        begin = len(self.done)
        while begin and self.done[begin - 1].words.lower() in ("the", "number of", "of", "in"):
            begin -= 1
        if begin:
            before = self.done[begin - 1]
            said = before.word("agg") or before.word("extreme")
            if said and said.argument in _FUNCTION_WORDS:
                return cast(Function, said.argument), begin - 1
            if longest := before.word("longest"):
                return cast(Function, longest.argument), begin - 1
        return "", len(self.done)

    def _drop_average(self, stop: int) -> None:
        """ "how long do auctions run on average": that is what is computed anyway."""
        for index, chunk in enumerate(self.chunks):
            if chunk.words.lower() in ("on average", "in average") and not self.at <= index < stop:
                comma = index - 1 if index >= stop and self.chunks[index - 1].word("comma") else index
                if index >= stop:
                    self.chunks = self.chunks[:comma] + self.chunks[index + 1 :]
                elif chunk in self.done:
                    self.done.remove(chunk)
                return

    def _unit_behind(self, stop: int) -> DurationUnit | None:
        """ "…, in days": the unit of the answer."""
        for index in range(stop, len(self.chunks) - 1):
            unit = duration_unit(self.chunks[index + 1])
            if self.words_at(index) == "in" and unit is not None and unit[1] == 1:
                comma = index - 1 if index > stop and self.chunks[index - 1].word("comma") else index
                self.chunks = self.chunks[:comma] + self.chunks[index + 2 :]
                return unit[0]
        return None

    def _two_moments(self) -> tuple[Moment | None, Moment, int] | None:
        at, joined, subject = self.at + 1, "", None
        while at < len(self.chunks):
            chunk = self.chunks[at]
            name = chunk.words.lower()
            if chunk.has(DatasetSense) and self._takes_after(at):
                subject, at = self.row_moment(chunk, ""), at + 1
                continue
            if name in _OPENERS:
                joined, at = name, at + 1
                break
            if chunk.word("takes") or name in LINKS or (chunk.word("agg") and "average" in name):
                at += 1
                continue
            break
        if not joined:
            return None
        first = self.moment(at)
        if first is None:
            return None
        moment, at = first
        joint = self.chunks[at].words.lower() if at < len(self.chunks) else ""
        second = self.moment(at + 1) if joint in _JOINTS else None
        if joined in ("between", "from"):
            if second is None or joint not in ("and", "to", "until", "till"):
                return None
            return moment, second[0], second[1]
        if subject is not None:
            return moment, subject, at
        if joined in ("after", "since"):
            return self._then(moment, at)
        if second is not None and joint in ("after", "from", "since"):
            return second[0], moment, second[1]
        return None, moment, at

    def _takes_after(self, at: int) -> bool:
        """ "how long does payment take after closing"."""
        following = self.chunks[at + 1 : at + 3]
        return len(following) == 2 and bool(following[0].word("takes")) and following[1].words.lower() in _AFTER

    def _then(self, start: Moment, at: int) -> tuple[Moment | None, Moment, int] | None:
        """ "how many days after registration do users place their first bid": what came then is named last."""
        for index in range(at, len(self.chunks)):
            chunk = self.chunks[index]
            if (event := self._deed_of(at, index)) is not None:
                return start, event, at + 1
            if chunk.word("edge") or chunk.word("recent"):
                second = self.moment(index)
                return (start, second[0], second[1]) if second and second[0].edge else None
            light = chunk.words.lower() in LINKS or chunk.word("filler")
            if not light and not chunk.has(DatasetSense, RoleSense, VerbSense):
                return None
        return None

    def _deed_of(self, at: int, index: int) -> Moment | None:
        """ "after the close do payments arrive": the thing's own moment, where nothing but a verb stands behind it."""
        chunk, behind = self.chunks[index], self.chunks[index + 1 : index + 2]
        nouns = chunk.of(DatasetSense)
        if self.words_at(at) not in _AUXILIARIES or not nouns or not behind or not behind[0].word("filler"):
            return None
        moment = self.row_moment(chunk, "")
        return moment if moment and self.model.dataset(nouns[0].dataset).time_field else None

    def _lasting(self, owner: Chunk | None) -> tuple[Moment | None, Moment, int] | None:
        """how long do auctions run · the duration of auctions · average auction length"""
        senses = [(i, d.dataset) for i, c in enumerate(self.chunks) for d in c.of(DatasetSense)]
        nouns = [(i, dataset) for i, dataset in senses if self.lifetime(dataset)]
        if not nouns:
            return None
        here = self.chunks[self.at]
        lasts = [i for i, c in enumerate(self.chunks) if i > self.at and (c.word("lasts") or c.word("takes"))]
        if here.word("how long"):
            if not lasts or not self.at < nouns[0][0] < lasts[0] or len(lasts) > 1:
                return None
            del_at = lasts[0]
            self.chunks = self.chunks[:del_at] + self.chunks[del_at + 1 :]
            dataset, stop = nouns[0][1], self.at + 1
            while self.words_at(stop) in _AUXILIARIES:
                stop += 1
        elif here.word("span") or here.word("length"):
            following = [c.words.lower() for c in self.chunks[self.at + 1 : self.at + 2]]
            near = [n for n in nouns if owner is self.chunks[n[0]] or (following == ["of"] and n[0] > self.at)]
            if not near:
                return None
            dataset, stop = near[0][1], self.at + 1
        else:
            return None
        found = self.lifetime(dataset)
        return (*found, stop) if found else None

    def _measure(
        self, start: Moment | None, end: Moment, unit: DurationUnit, function: Function, words: list[str]
    ) -> None:
        dataset = self._base(start, end)
        begin = start or self._default_start(dataset, end)
        said = " ".join(words)
        name = f"{_FUNCTION_WORDS[function]}_{unit}_from_{slug(begin.words)}_to_{slug(end.words)}"
        told = f"“{said}” counted from the {label(self.model.dataset(dataset), begin)}." if start is None else ""

        def bind(placer: Placer, scope: Scope) -> Measure:
            if told:
                placer.assumptions.append(told)
            span = Span(placed(begin, placer, scope), placed(end, placer, scope), unit)
            return Measure("agg", name, function, span)

        self.done.append(Chunk(said, (MeasureSense(dataset, bind),)))
        self.changed = True

    def _base(self, start: Moment | None, end: Moment) -> str:
        """The dataset whose rows have both moments: the one from which the others are reached without multiplying."""
        graph = self.question.graph
        moments = [m for m in (start, end) if m]
        plain = [f.dataset for m in moments if not m.edge for f in m.fields]
        related = [f.dataset for m in moments if m.edge for f in m.fields]
        nouns = [d.dataset for c in self.chunks for d in c.of(DatasetSense)]
        nouns += [graph.relationships[r.relationship].target for c in self.chunks for r in c.of(RoleSense)]
        # "how long until the first bid": of what bids point to, which lasts from a start on
        targets = [r.target for each in related for r in graph.relationships.values() if r.source == each]
        lasting = [t for t in targets if self.model.dataset(t).start_field and not plain]
        for each in dict.fromkeys([*plain, *lasting, *(n for n in nouns if n in targets), *nouns]):
            if each not in related and all(self._has(each, m) for m in moments):
                return each
        words = ", ".join(m.words for m in moments)
        raise NotUnderstood(f"I could not tell of what the time to “{words}” is meant.", (words,))

    def _has(self, dataset: str, moment: Moment) -> bool:
        graph = self.question.graph
        if moment.edge:
            return any(f.dataset != dataset and graph.paths(f.dataset, dataset) for f in moment.fields)
        return any(graph.paths(dataset, f.dataset) for f in moment.fields)

    def _default_start(self, dataset: str, end: Moment) -> Moment:
        row = self.model.dataset(dataset)
        name = row.start_field or row.time_field
        if not name or any((f.dataset, f.field) == (dataset, name) for f in end.fields):
            raise NotUnderstood(f"From when on to “{end.words}”? Please name where the time begins.", (end.words,))
        return Moment("start", (FieldSense(dataset, name),))
