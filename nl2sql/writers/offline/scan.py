"""Chunks → Frame: one pass from left to right, each chunk read once, none passed over.

A chunk that fits nowhere raises NotUnderstood: a question is answered as a whole or not at all.
"""

from __future__ import annotations

import re

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, cast

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.frame import (
    CompareAsk,
    FilterAsk,
    Frame,
    GroupAsk,
    MeasureAsk,
    NotUnderstood,
    Noun,
    PeriodAsk,
    RankAsk,
    Restrictor,
    SeveralReadings,
    ValueAsk,
)
from nl2sql.writers.offline.language import LIGHT_VERBS
from nl2sql.writers.offline.plan import Grain, Operator
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
    WordSense,
)

# Kinds of function words, in the order in which a chunk that has several is tried.
_ORDER = (
    "share", "count", "between", "compare", "or_more", "dear", "recent", "most", "extreme", "agg", "distinct", "grain",
    "by", "except", "not", "with", "list", "that", "is", "or", "and", "comma", "order", "money", "preposition", "filler",
)  # fmt: skip


@dataclass(slots=True)
class Pending:
    """What earlier words announced and a later noun, field or number must take up."""

    count: bool = False
    agg: str = ""
    extreme: str = ""
    most: str = ""
    by: bool = False
    negated: bool = False
    with_: bool = False
    number: Decimal | None = None
    compare: tuple[Operator, Decimal, str] | None = None
    before: list[Restrictor] = field(default_factory=list)  # adjectives waiting for their noun
    before_words: list[str] = field(default_factory=list)


class Scanner:
    """Reads `chunks` once; make a new one for each question."""

    def __init__(self, model: SemanticModel, graph: JoinGraph, chunks: tuple[Chunk, ...], text: str) -> None:
        self.model = model
        self.graph = graph
        self.chunks = chunks
        self.at = 0
        self.frame = Frame(text=text)
        self.pending = Pending()
        self.noun: Noun | None = None  # the last one mentioned: what follows describes it
        self._compared: MeasureAsk | tuple[tuple[FieldSense, ...], str] | None = None  # what a bound would bound
        self._expected: FilterAsk | None = None  # "sold", waiting for the noun it was done to
        self.split = self._share_split()

    def scan(self) -> Frame:
        unknown = tuple(c.words for c in self.chunks if not c.senses)
        if unknown:
            raise NotUnderstood("", unknown)
        self.frame.corrected = [(c.words, c.corrected) for c in self.chunks if c.corrected]
        while self.at < len(self.chunks):
            before = self.at
            self._step(self.chunks[self.at])
            if self.at == before:
                self.at += 1
        self._finish()
        return self.frame

    # -- reading order -------------------------------------------------------------------------------------------

    def _step(self, chunk: Chunk) -> None:
        if chunk.of(PeriodSense):
            self._period(chunk)
        elif chunk.of(NumberSense):
            self._number(chunk)
        elif chunk.of(MetricSense) and not (self.pending.agg and chunk.of(FieldSense)):
            self._metric(chunk)
        elif self._is_value(chunk):
            self._value(chunk)
        elif chunk.of(RoleSense) or chunk.of(DatasetSense):
            self._noun_or_label(chunk)
        elif chunk.of(FilterSense):
            self._filter(chunk)
        elif chunk.of(FieldSense):
            self._field(chunk)
        elif chunk.of(VerbSense):
            self._verb(chunk)
        else:
            self._word(chunk)

    def _is_value(self, chunk: Chunk) -> bool:
        """A value wins over other senses unless the word is also an adjective or verb of the model ("sold")."""
        return bool(chunk.of(ValueSense)) and not chunk.of(FilterSense) and not chunk.of(DatasetSense)

    def _peek(self, ahead: int = 1) -> Chunk | None:
        """The next chunk that is not filler."""
        index = self.at
        while ahead and index + 1 < len(self.chunks):
            index += 1
            if not self._is_filler(self.chunks[index]):
                ahead -= 1
        return self.chunks[index] if ahead == 0 else None

    def _is_filler(self, chunk: Chunk) -> bool:
        return all(isinstance(s, WordSense) and s.kind == "filler" for s in chunk.senses)

    def _skip_to_next(self) -> None:
        """Move to the chunk `_peek` showed."""
        self.at += 1
        while self.at < len(self.chunks) and self._is_filler(self.chunks[self.at]):
            self.at += 1

    def _stuck(self, chunk: Chunk, why: str = "") -> NotUnderstood:
        return NotUnderstood(why or f"I could not fit “{chunk.words}” into the question.", (chunk.words,))

    # -- numbers and periods ----------------------------------------------------------------------------------------

    def _period(self, chunk: Chunk) -> None:
        period = cast(PeriodSense, chunk.of(PeriodSense)[0]).period
        fields: tuple[FieldSense, ...] = ()
        previous = next((c for c in reversed(self.chunks[: self.at]) if not self._is_filler(c)), None)
        if previous and not previous.word("preposition"):
            fields = cast(tuple[FieldSense, ...], tuple(f for f in previous.of(FieldSense) if self._is_time(f)))  # type: ignore[arg-type]
        following = self._peek()
        if following and following.word("and"):
            after = self._peek(2)
            if after and after.of(PeriodSense):
                later = cast(PeriodSense, after.of(PeriodSense)[0]).period
                if period.end != later.start:
                    raise self._stuck(chunk, "I can only read one continuous period.")
                period = type(period)(period.start, later.end, f"{period.words} and {later.words}")
                self._skip_to_next()
                self._skip_to_next()
        self._restrict(PeriodAsk(period, fields), everything=True)
        self.at += 1

    def _is_time(self, sense: FieldSense) -> bool:
        return self.model.dataset(sense.dataset).field(sense.field).is_time

    def _number(self, chunk: Chunk) -> None:
        number = cast(NumberSense, chunk.of(NumberSense)[0])
        unit, words = number.unit, [chunk.words]
        following = self._peek()
        if following and following.word("money"):
            self._skip_to_next()
            unit = "EUR"
            words.append(following.words)
            following = self._peek()
        if following and following.word("or_more"):
            self._skip_to_next()
            word = following.word("or_more")
            operator = cast(Operator, word.argument if word else ">=")
            self.pending.compare = None
            self._comparison(operator, number.value, unit, " ".join([*words, following.words]))
        elif self.pending.compare is not None:
            operator, _, _ = self.pending.compare
            self.pending.compare = None
            self._comparison(operator, number.value, unit, " ".join(words))
        elif self.noun and self._is_key(chunk) and not unit:
            self.noun.key = number.value
        elif self._takes_number(following) and number.value == int(number.value):
            self.pending.number = number.value
        else:
            raise self._stuck(chunk, f"I do not know what the number {chunk.words} refers to.")
        self.at += 1

    def _is_key(self, chunk: Chunk) -> bool:
        """ "listing 42": the number stands right behind the noun."""
        previous = self.chunks[self.at - 1]
        return bool(previous.of(DatasetSense)) and self.pending.number is None

    def _takes_number(self, following: Chunk | None) -> bool:
        if following is None:
            return self.frame.rank is not None and self.frame.rank.number is None
        kinds = (DatasetSense, RoleSense, FilterSense, ValueSense)
        words = ("dear", "recent", "extreme", "most", "grain", "distinct")
        return any(following.of(k) for k in kinds) or any(following.word(w) for w in words)

    def _comparison(self, operator: Operator, value: Decimal, unit: str, words: str) -> None:
        """A bound was read; what it bounds stood before it, or comes next."""
        last = self._compared
        following = self._peek()
        if last is None and following and not unit and (following.of(DatasetSense) or self._counts_verb(following)):
            self.pending.compare = (operator, value, "count")
            return
        if isinstance(last, MeasureAsk):
            self.frame.having = (operator, value, unit)
        else:
            fields = last[0] if last else ()
            role = last[1] if last else ""
            if last is None and following and self._numbers(following):
                fields = self._numbers(following)
                self._skip_to_next()
            self._restrict(CompareAsk(fields, operator, (value,), unit, words, role))
        self._compared = None

    def _numbers(self, chunk: Chunk) -> tuple[FieldSense, ...]:
        senses = cast(tuple[FieldSense, ...], chunk.of(FieldSense))
        return tuple(s for s in senses if self.model.dataset(s.dataset).field(s.field).datatype.is_number)

    def _counts_verb(self, chunk: Chunk) -> bool:
        return bool(chunk.of(FilterSense)) and bool(chunk.of(VerbSense))

    # -- nouns ----------------------------------------------------------------------------------------------------

    def _noun_or_label(self, chunk: Chunk) -> None:
        """A role before a field qualifies it ("seller country"); otherwise it is a noun."""
        roles = cast(tuple[RoleSense, ...], chunk.of(RoleSense))
        following = self.chunks[self.at + 1] if self.at + 1 < len(self.chunks) else None
        if roles and following:
            target = self.graph.relationships[roles[0].relationship].target
            fields = tuple(
                f for f in cast(tuple[FieldSense, ...], following.of(FieldSense)) if f.dataset == target and not self._is_time(f)
            )
            if fields:
                self.at += 1
                self._field(following, fields, roles[0].relationship)
                return
        noun = self._make_noun(chunk)
        self._take_noun(noun, chunk)
        self.at += 1

    def _make_noun(self, chunk: Chunk) -> Noun:
        roles = cast(tuple[RoleSense, ...], chunk.of(RoleSense))
        datasets = cast(tuple[DatasetSense, ...], chunk.of(DatasetSense))
        if roles:
            target = self.graph.relationships[roles[0].relationship].target
            noun = Noun(target, chunk.words, roles[0].relationship, roles[0].at_least)
        else:
            noun = Noun(datasets[0].dataset, chunk.words)
        noun.restrictors.extend(self._adjectives(noun))
        if self._expected is not None and self._expected.senses[0].dataset == noun.dataset:
            noun.restrictors.append(self._expected)
            self._expected = None
        noun.verbs = tuple(self.frame.verbs)
        return noun

    def _adjectives(self, noun: Noun) -> list[Restrictor]:
        """What stood before the noun. A filter of another dataset does not describe it ("active users")."""
        taken, self.pending.before = self.pending.before, []
        for each in taken:
            if isinstance(each, FilterAsk):
                matching = tuple(s for s in each.senses if s.dataset == noun.dataset)
                if not matching:
                    raise NotUnderstood(f"I do not know what “{each.words} {noun.words}” means.", (each.words,))
                each.senses = matching
        return taken

    def _take_noun(self, noun: Noun, chunk: Chunk) -> None:
        pending, frame = self.pending, self.frame
        if pending.compare and pending.compare[2] == "count":
            operator, value, _ = pending.compare
            noun.link, noun.operator, noun.count = "count", operator, int(value)
            pending.compare = None
            self._relate(noun)
        elif pending.count:
            pending.count = False
            self._counted_noun(noun)
        elif pending.by and not noun.restrictors:
            self._group(GroupAsk(chunk.words, self._labels(chunk), noun))
            self.noun = noun
            return
        elif pending.negated:
            pending.negated = False
            noun.link = "without"
            self._relate(noun)
        elif pending.most or pending.agg or pending.extreme:
            self._measured_noun(noun)
        elif (frame.head is None and not frame.measures) or (frame.head is None and (pending.number is not None or frame.listed)):
            self._head(noun)
        else:
            noun.link = self._joined_link() or ("with" if pending.with_ else noun.link)
            self._relate(noun)
        pending.by = pending.with_ = False
        self.noun = noun

    def _joined_link(self) -> Literal["", "with", "without"]:
        """ "with bids and comments": the second noun is asked for like the first; "listings and users" is no phrase."""
        previous = next((c for c in reversed(self.chunks[: self.at]) if not self._is_filler(c)), None)
        if previous is None or not (previous.word("and") or previous.word("comma") or previous.word("or")):
            return ""
        link = self.noun.link if self.noun else "plain"
        if link not in ("with", "without") or previous.word("or"):
            raise self._stuck(self.chunks[self.at])
        return link

    def _labels(self, chunk: Chunk) -> tuple[FieldSense, ...]:
        return cast(tuple[FieldSense, ...], chunk.of(FieldSense))

    def _counted_noun(self, noun: Noun) -> None:
        frame = self.frame
        if frame.rank is not None or self.pending.most or self.pending.extreme or frame.head is not None:
            frame.measures.append(MeasureAsk("count", noun.words, noun=noun))
            self._compared = frame.measures[-1]
            if self.pending.most or self.pending.extreme:
                self._rank(self.pending.most or self.pending.extreme)
            frame.nouns.append(noun)
        else:
            frame.counted = True
            frame.head = noun
            frame.nouns.append(noun)

    def _measured_noun(self, noun: Noun) -> None:
        """ "most bids", "average bid", "highest bid", "top sellers"."""
        pending, frame = self.pending, self.frame
        amount = self.model.dataset(noun.dataset).amount_field
        amounts = (FieldSense(noun.dataset, amount),) if amount else ()
        is_rank = pending.extreme and (frame.head is None) and not frame.measures
        if pending.most:
            if frame.head is None and not frame.listed:
                raise NotUnderstood(f"Who or what has the most {noun.words}? Please name it.", (noun.words,))
            frame.measures.append(MeasureAsk("count", noun.words, noun=noun))
            self._rank(pending.most)
        elif pending.agg:
            if pending.agg == "sum":
                raise self._count_or_sum(noun, amounts)
            if not amounts:
                raise NotUnderstood(f"I do not know what of the {noun.words} to average.", (noun.words,))
            frame.measures.append(MeasureAsk("agg", noun.words, function=pending.agg, fields=amounts))
        elif is_rank and (pending.number is not None or not amounts or noun.words.endswith("s") or noun.role):
            self._rank(pending.extreme, "amount" if amounts and not noun.role and pending.number is not None else "measure")
            pending.extreme = ""
            self._head(noun)
            return
        elif amounts:
            frame.measures.append(MeasureAsk("agg", noun.words, function=pending.extreme, fields=amounts))
            if frame.head is not None:
                self._rank(pending.extreme)
        else:
            raise NotUnderstood(f"I do not know what of the {noun.words} to compare.", (noun.words,))
        pending.most = pending.agg = pending.extreme = ""
        self._compared = frame.measures[-1]
        frame.nouns.append(noun)

    def _count_or_sum(self, noun: Noun, amounts: tuple[FieldSense, ...]) -> SeveralReadings | NotUnderstood:
        """ "total bids": how many, or how much?"""
        if not amounts:
            return NotUnderstood(f"Do you mean the number of {noun.words}?", (noun.words,))
        label = self.model.dataset(noun.dataset).field(amounts[0].field).label
        text = self.frame.text
        found = re.search(rf"\w+\s+{re.escape(noun.words)}", text)
        said = found.group() if found else noun.words
        choices = (text.replace(said, f"number of {noun.words}"), text.replace(said, f"sum of {label}"))
        return SeveralReadings(f"“{said}”: how many, or how much?", choices)

    def _rank(self, direction: str, by: str = "measure") -> None:
        rank = self.frame.rank or RankAsk(direction == "max")
        rank.descending = direction == "max"
        rank.by = by  # type: ignore[assignment]
        if self.pending.number is not None:
            rank.number = int(self.pending.number)
            self.pending.number = None
        self.frame.rank = rank

    def _head(self, noun: Noun) -> None:
        if self.pending.number is not None:
            rank = self.frame.rank or RankAsk(True, words="undirected")
            rank.number = int(self.pending.number)
            self.frame.rank = rank
            self.pending.number = None
        self.frame.head = noun
        self.frame.nouns.append(noun)

    def _relate(self, noun: Noun) -> None:
        target = self.frame.part_nouns if self._in_part() else self.frame.nouns
        target.append(noun)

    # -- measures, fields, values -------------------------------------------------------------------------------------

    def _metric(self, chunk: Chunk) -> None:
        metric = cast(MetricSense, chunk.of(MetricSense)[0])
        pending = self.pending
        if pending.agg and not self._agrees(metric.metric, pending.agg):
            raise NotUnderstood(f"I cannot take the {pending.agg} of “{chunk.words}” yet.", (chunk.words,))
        if pending.by and self.frame.rank is None:
            raise self._stuck(chunk)
        if pending.negated:
            raise self._stuck(chunk)
        pending.by = pending.with_ = pending.count = False
        pending.agg = ""
        ask = MeasureAsk("metric", chunk.words, metric=metric.metric)
        self.frame.measures.append(ask)
        self._compared = ask
        if pending.most or pending.extreme:
            self._rank(pending.most or pending.extreme)
            pending.most = pending.extreme = ""
        self.frame.loose.extend(pending.before)
        pending.before = []
        self.at += 1

    def _agrees(self, name: str, aggregate: str) -> bool:
        """ "average premium" is the metric premium when that is an average; "total GMV" is GMV."""
        metric = self.model.metric_by_name[name]
        head = metric.expression.split("(", 1)[0].strip().upper()
        return (aggregate == "sum" and (metric.additive or " / " in metric.expression)) or head == aggregate.upper()

    def _field(self, chunk: Chunk, fields: tuple[FieldSense, ...] = (), role: str = "") -> None:
        fields = fields or cast(tuple[FieldSense, ...], chunk.of(FieldSense))
        pending, frame = self.pending, self.frame
        dates_only = all(self._is_time(f) for f in fields)
        if dates_only and chunk.of(VerbSense):
            verbs = [cast(VerbSense, v).relationship for v in chunk.of(VerbSense)]
            frame.verbs.extend(verbs)
            if frame.people and frame.head is None and not pending.by:
                self._head(Noun(self.graph.relationships[verbs[0]].target, "who"))
        elif pending.negated:
            pending.negated = False
            self._restrict(CompareAsk(fields, "is null", (), "", chunk.words, role))
        elif pending.by and dates_only and (after := self._peek()) and (grain := after.word("grain")):
            self._skip_to_next()
            self._group(GroupAsk(chunk.words, fields, grain=cast(Grain, grain.argument)))
        elif pending.by:
            pending.by = False
            self._group(GroupAsk(chunk.words, fields, role=role))
        elif pending.agg or pending.extreme:
            function = pending.agg or pending.extreme
            ranked = bool(pending.extreme) and (frame.head is not None or frame.listed or frame.rank is not None)
            frame.measures.append(MeasureAsk("agg", chunk.words, function=function, fields=fields))
            if ranked:
                self._rank(pending.extreme)
            pending.agg = pending.extreme = ""
            self._compared = frame.measures[-1]
        elif not dates_only:
            self._plain_field(chunk, fields, role)
        self.at += 1

    def _plain_field(self, chunk: Chunk, fields: tuple[FieldSense, ...], role: str) -> None:
        following = self._peek()
        after = self._peek(2)
        compares = following and (
            following.word("compare")
            or following.word("between")
            or following.of(NumberSense)
            or ((following.word("preposition") or following.word("is"))
            and after
            and (after.word("compare") or after.of(NumberSense) or after.word("between")))
        )
        if compares:
            self._compared = (fields, role)
            if following and (following.word("preposition") or following.word("is")):
                self._skip_to_next()
                following = self._peek()
            if following and following.of(NumberSense) and self.pending.compare is None:
                self.pending.compare = ("=", Decimal(0), "")
        elif self.pending.with_:
            self._restrict(CompareAsk(fields, "is not null", (), "", chunk.words, role))
            self.pending.with_ = False
        elif self.pending.count:
            raise self._stuck(chunk)
        elif self.frame.listed and self.frame.head is None and not self.frame.measures and not self._default_agg(fields):
            self.frame.columns.append(fields)
        elif self._default_agg(fields):
            self.frame.measures.append(MeasureAsk("agg", chunk.words, function=self._default_agg(fields), fields=fields))
            self._compared = self.frame.measures[-1]
        else:
            self.frame.columns.append(fields)

    def _default_agg(self, fields: tuple[FieldSense, ...]) -> str:
        return next((a for f in fields if (a := self.model.dataset(f.dataset).field(f.field).aggregation)), "")

    def _group(self, ask: GroupAsk) -> None:
        self.frame.groups.append(ask)
        self.pending.by = False
        following, after = self._peek(), self._peek(2)
        joined = following and (following.word("and") or following.word("comma"))
        if joined and after and (after.of(FieldSense) or after.of(DatasetSense) or after.of(RoleSense) or after.word("grain")):
            if not (after.of(MetricSense) or after.word("by")):
                self._skip_to_next()
                self.pending.by = True

    def _value(self, chunk: Chunk) -> None:
        senses = cast(tuple[ValueSense, ...], chunk.of(ValueSense))
        ask = ValueAsk(senses, (senses[0].value,), chunk.words, self.pending.negated)
        self.pending.negated = False
        while (joined := self._peek()) and (joined.word("or") or joined.word("and") or joined.word("comma")):
            other = self._peek(2)
            if not other or not self._is_value(other):
                break
            same = [v for v in cast(tuple[ValueSense, ...], other.of(ValueSense)) if (v.dataset, v.field) == (senses[0].dataset, senses[0].field)]
            if not same:
                break
            ask.values = (*ask.values, same[0].value)
            ask.words += f" or {other.words}"
            self._skip_to_next()
            self._skip_to_next()
        following = self.chunks[self.at + 1] if self.at + 1 < len(self.chunks) else None
        adjective = following and (following.of(DatasetSense) or following.of(RoleSense) or self._is_value(following))
        if adjective and not (self.noun and self._own(self.noun, senses)):
            self.pending.before.append(ask)
        else:
            self._restrict(ask)
        self.pending.by = False
        self.at += 1

    def _own(self, noun: Noun, senses: tuple[ValueSense, ...]) -> bool:
        return any(s.dataset == noun.dataset for s in senses)

    def _filter(self, chunk: Chunk) -> None:
        senses = cast(tuple[FilterSense, ...], chunk.of(FilterSense))
        verbs = [cast(VerbSense, v).relationship for v in chunk.of(VerbSense)]
        ask = FilterAsk(senses, chunk.words, self.pending.negated)
        following = self._peek()
        joined = following is not None and following.word("or") is not None
        if joined and (other := self._peek(2)) and other.of(FilterSense):
            self._either(chunk, other)
            return
        if following and (following.of(DatasetSense) or following.of(FilterSense)) and not self._verbal(verbs):
            self.pending.negated = False
            self.pending.before.append(ask)
        elif self._verbal(verbs):
            self._did(ask, verbs[0])
        else:
            self.pending.negated = False
            if chunk.words.lower().startswith("sell") or (following and following.word("by")):
                self.frame.verbs.extend(verbs)  # "did anna_k sell", "sold by anna_k": the one who did it is named
            self._filter_behind(ask)
        self.at += 1

    def _either(self, chunk: Chunk, other: Chunk) -> None:
        """ "sold or unsold": both are values of one field."""
        first = cast(tuple[ValueSense, ...], chunk.of(ValueSense))
        second = cast(tuple[ValueSense, ...], other.of(ValueSense))
        pairs = [(a, b) for a in first for b in second if (a.dataset, a.field) == (b.dataset, b.field)]
        if not pairs:
            raise self._stuck(other)
        senses = tuple(a for a, _ in pairs)
        ask = ValueAsk(senses, (pairs[0][0].value, pairs[0][1].value), f"{chunk.words} or {other.words}", self.pending.negated)
        self.pending.negated = False
        self._skip_to_next()
        self._skip_to_next()
        following = self._peek()
        if following and following.of(DatasetSense):
            self.pending.before.append(ask)
        else:
            self._restrict(ask)
        self.at += 1

    def _verbal(self, verbs: list[str]) -> bool:
        """Whether the word says what the people in question did ("sellers who sold"), rather than what was done."""
        subject = self.frame.head or self.noun
        return bool(verbs) and subject is not None and self.graph.relationships[verbs[0]].target == subject.dataset

    def _did(self, ask: FilterAsk, verb: str) -> None:
        """The subject did it: at least once, never, or as often as the number before the next noun says."""
        relationship = self.graph.relationships[verb]
        matching = tuple(s for s in ask.senses if s.dataset == relationship.source)
        following, after = self._peek(), self._peek(2)
        noun_follows = following and (following.of(DatasetSense) or following.word("compare"))
        if noun_follows and not (following and following.word("compare") and after and after.of(NumberSense) is None):
            ask.senses = matching
            self.frame.verbs.append(verb)
            self._expected = ask
            return
        noun = Noun(relationship.source, ask.words, verbs=(verb,), restrictors=[FilterAsk(matching, ask.words)])
        noun.link = "without" if self.pending.negated else "with"
        self.pending.negated = False
        self._relate(noun)
        self.noun = noun

    def _filter_behind(self, ask: FilterAsk) -> None:
        """A filter behind its noun; without any noun it names one ("sales by month")."""
        known = [n for n in (self.noun, *reversed(self.frame.nouns)) if n is not None]
        for noun in known:
            matching = tuple(s for s in ask.senses if s.dataset == noun.dataset and not noun.role)
            if matching:
                ask.senses = matching
                self._restrict(ask, noun)
                return
        if self.pending.count or self.pending.most or (self.frame.head is None and not self.frame.measures):
            noun = Noun(ask.senses[0].dataset, ask.words, restrictors=[ask])
            noun.restrictors.extend(self.pending.before)
            self.pending.before = []
            self._take_noun(noun, Chunk(ask.words, (DatasetSense(noun.dataset),)))
            return
        self._restrict(ask, None)

    def _verb(self, chunk: Chunk) -> None:
        """What someone did. With the thing named later ("placed a bid") a hint; else the deed itself ("bought")."""
        verbs = [cast(VerbSense, v).relationship for v in chunk.of(VerbSense)]
        self.frame.verbs.extend(verbs)
        relationship = self.graph.relationships[verbs[0]]
        if self.frame.people and self.frame.head is None:
            self._head(Noun(relationship.target, "who"))
        subject = self.frame.head
        named_later = any(
            isinstance(s, DatasetSense) and s.dataset == relationship.source
            for c in self.chunks[self.at + 1 :]
            for s in c.senses
        )
        is_light = chunk.words.lower() in LIGHT_VERBS
        if subject and subject.dataset == relationship.target and not named_later and not is_light:
            noun = Noun(relationship.source, chunk.words, verbs=tuple(verbs))
            noun.link = "without" if self.pending.negated else "with"
            self.pending.negated = False
            self._relate(noun)
            self.noun = noun
        elif not is_light:
            self.frame.deeds.append((chunk.words, tuple(verbs)))
        self.at += 1

    # -- attaching ----------------------------------------------------------------------------------------------------

    def _restrict(self, ask: Restrictor, noun: Noun | None = None, *, everything: bool = False) -> None:
        if self._in_part() and not everything:
            self.frame.part.append(ask)
            return
        target = noun or self.noun
        if target is None:
            self.frame.loose.append(ask)
        else:
            target.restrictors.append(ask)

    def _share_split(self) -> int:
        """Where a share's whole ends and its part begins; past the end when there is none."""
        marks = [i for i, c in enumerate(self.chunks) if c.word("share")]
        if not marks:
            return len(self.chunks)
        start = marks[0]
        links = [
            i
            for i in range(start + 1, len(self.chunks))
            if (self.chunks[i].word("is") or self.chunks[i].word("that")) and self._says_something_after(i)
        ]
        if links:
            return links[0]
        for i in range(start + 1, len(self.chunks)):
            if any(self.chunks[i].of(k) for k in (DatasetSense, RoleSense, MetricSense)):
                return i
        return len(self.chunks)

    def _says_something_after(self, index: int) -> bool:
        kinds = (ValueSense, FilterSense, DatasetSense, RoleSense, VerbSense)
        return any(self.chunks[i].of(k) for i in range(index + 1, len(self.chunks)) for k in kinds)

    def _in_part(self) -> bool:
        return self.at > self.split

    # -- function words --------------------------------------------------------------------------------------------------

    def _word(self, chunk: Chunk) -> None:
        kinds = {s.kind: s.argument for s in cast(tuple[WordSense, ...], chunk.of(WordSense))}
        kind = next(k for k in _ORDER if k in kinds)
        argument = kinds[kind]
        pending = self.pending
        match kind:
            case "count":
                pending.count = True
            case "agg":
                pending.agg = argument
            case "extreme":
                pending.extreme = argument
            case "most":
                pending.most = argument
            case "dear" | "recent":
                self._rank(argument, "amount" if kind == "dear" else "time")
            case "distinct":
                self.frame.distinct = True
            case "by":
                pending.by = True
            case "grain":
                self._grain(chunk, cast(Grain, argument))
            case "compare":
                pending.compare = (cast(Operator, argument), Decimal(0), "")
            case "between":
                self._between(chunk)
            case "not" | "except":
                pending.negated = not pending.negated
            case "share":
                self.frame.share = True
            case "list" | "that":
                self._list(chunk)
            case "with":
                pending.with_ = True
            case "order":
                self._order(argument)
            case "or" | "or_more":
                raise self._stuck(chunk)
            case _:
                pass
        self.at += 1

    def _list(self, chunk: Chunk) -> None:
        nothing_yet = self.frame.head is None and not self.frame.measures and not self.pending.count
        if nothing_yet:
            self.frame.listed = True
            self.frame.people = chunk.words.lower() in ("who", "whose")

    def _grain(self, chunk: Chunk, grain: Grain) -> None:
        by, self.pending.by = self.pending.by, False
        adverb = chunk.words.lower().endswith(("ly", "ual")) or " " in chunk.words
        if by or adverb or self.frame.groups:
            self._group(GroupAsk(chunk.words, grain=grain))
        elif self.frame.head is None and not self.frame.measures:
            if self.pending.extreme:
                self._rank(self.pending.extreme)
                self.pending.extreme = ""
            elif self.pending.number is not None:
                self._rank("max")
            self.frame.groups.append(GroupAsk(chunk.words, grain=grain))
            self.frame.listed = True
        else:
            raise self._stuck(chunk)

    def _between(self, chunk: Chunk) -> None:
        low, joint, high = self._peek(), self._peek(2), self._peek(3)
        if not (low and joint and high and low.of(NumberSense) and joint.word("and") and high.of(NumberSense)):
            raise self._stuck(chunk)
        first, second = (cast(NumberSense, c.of(NumberSense)[0]) for c in (low, high))
        for _ in range(3):
            self._skip_to_next()
        if (following := self._peek()) and following.word("money"):
            self._skip_to_next()
        last = self._compared
        if isinstance(last, MeasureAsk):
            raise self._stuck(chunk)
        fields, role = last or ((), "")
        words = f"between {low.words} and {high.words}"
        self._restrict(CompareAsk(fields, ">=", (first.value,), first.unit or second.unit, words, role))
        self._restrict(CompareAsk(fields, "<=", (second.value,), first.unit or second.unit, words, role))
        self._compared = None

    def _order(self, direction: str) -> None:
        rank = self.frame.rank or RankAsk(direction == "desc")
        rank.descending = direction == "desc"
        self.frame.rank = rank

    def _finish(self) -> None:
        pending = self.pending
        self.frame.loose.extend(pending.before)
        if self._expected is not None:
            raise NotUnderstood(f"I could not tell what was “{self._expected.words}”.", (self._expected.words,))
        left = [
            (pending.negated, "not"), (bool(pending.compare), "a comparison"), (pending.by, "by"),
            (bool(pending.agg), pending.agg), (bool(pending.extreme), "highest or lowest"), (bool(pending.most), "most"),
            (pending.number is not None, f"the number {pending.number}"), (pending.count, "how many"),
        ]  # fmt: skip
        for is_left, words in left:
            if is_left:
                raise NotUnderstood(f"I could not tell what “{words}” refers to.", (words,))
