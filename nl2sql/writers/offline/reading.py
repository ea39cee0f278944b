"""Where the reading of a question stands: what was read, what is announced, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Operator
from nl2sql.writers.offline.frame import (
    EitherAsk,
    FilterAsk,
    Frame,
    MeasureAsk,
    NotUnderstood,
    Noun,
    PeriodAsk,
    Restrictor,
)
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)


@dataclass(slots=True)
class Pending:
    """What earlier words announced and a later noun, field or number must take up."""

    count: bool = False
    agg: str = ""
    also: list[str] = field(default_factory=list)  # further functions of the same thing: "lowest and highest"
    extreme: str = ""
    extreme_words: str = ""
    ranked: str = ""  # "highest average …": the direction, while the function is announced
    most: str = ""
    by: bool = False
    sort: bool = False
    negated: bool = False
    with_: bool = False
    number: Decimal | None = None
    compare: tuple[Operator, Decimal, str] | None = None
    each_once: bool = False  # "3 different listings"
    up_to: Decimal | None = None  # the upper end of a count
    before: list[Restrictor] = field(default_factory=list)  # adjectives waiting for their noun


class Reading:
    """Chunks, a place in them, and the frame that grows. Made anew for each question."""

    def __init__(self, model: SemanticModel, graph: JoinGraph, chunks: tuple[Chunk, ...], text: str) -> None:
        self.model = model
        self.graph = graph
        self.chunks = chunks
        self.at = 0
        self.frame = Frame(text=text)
        self.pending = Pending()
        self.noun: Noun | None = None  # the last one mentioned: what follows describes it
        self.noun_at = 0  # where the last noun was placed
        self.compared: MeasureAsk | tuple[tuple[FieldSense, ...], str] | None = None  # what a bound would bound
        self.expected: FilterAsk | None = None  # "sold", waiting for the noun it was done to
        self.said: list[tuple[Noun | None, Restrictor | Noun]] = []  # what was said since the head, and of what
        self.either: EitherAsk | None = None
        self.awaits_option = False  # "or" was read, and what comes next is the other option
        self.split = self.share_split()

    def peek(self, ahead: int = 1) -> Chunk | None:
        """The next chunk that is not filler."""
        index = self.at
        while ahead and index + 1 < len(self.chunks):
            index += 1
            if not is_filler(self.chunks[index]):
                ahead -= 1
        return self.chunks[index] if ahead == 0 else None

    def previous(self) -> Chunk | None:
        """The chunk before this one that is not filler."""
        return self.before(self.at)

    def skip_to_next(self) -> None:
        """Move to the chunk `_peek` showed."""
        self.at += 1
        while self.at < len(self.chunks) and is_filler(self.chunks[self.at]):
            self.at += 1

    def stuck(self, chunk: Chunk, why: str = "") -> NotUnderstood:
        return NotUnderstood(why or f"I could not fit “{chunk.words}” into the question.", (chunk.words,))

    def restrict(self, ask: Restrictor, noun: Noun | None = None, *, everything: bool = False) -> None:
        if self.in_part() and not everything:
            self.frame.part.append(ask)
            return
        target = noun or self.noun
        if self.takes_option(target, ask):
            return
        if target is None:
            self.frame.loose.append(ask)
        else:
            target.restrictors.append(ask)
            if isinstance(ask, PeriodAsk) and not ask.fields and (other := self._done_as_well(target)):
                other.restrictors.append(ask)
        self.said.append((target, ask))

    def _done_as_well(self, deed: Noun) -> Noun | None:
        """ "who sold and bought in 2025": the deed before, of which nothing else is said, was in that time too."""
        related = [item for _, item in self.said if isinstance(item, Noun)]
        if len(related) < 2 or related[-1] is not deed or not deed.verbs or related[-2].link != deed.link:
            return None
        other, index = related[-2], self.noun_at - 1
        joined = index > 0 and any(self.chunks[i].word("and") for i in (index, index - 1))
        plain = all(isinstance(r, FilterAsk) for r in other.restrictors) and other.link in ("with", "without")
        return other if joined and plain and other.verbs else None

    # -- "or" --------------------------------------------------------------------------------------------------------

    def await_option(self, chunk: Chunk) -> None:
        """ "or" joins what was said last with what comes next, where that is all that was said of the head."""
        head = self.frame.head
        if head is None or self.frame.share or self.frame.groups or (self.either is None and not self.said):
            raise self.stuck(chunk)
        if self.either is None:
            owner, first = self.said[0]
            inside = [of for of, _ in self.said[1:]]
            if (owner is not head and not isinstance(first, Noun)) or any(of is not first for of in inside):
                raise self.stuck(chunk)
        self.awaits_option = True
        self.noun = head

    def takes_option(self, owner: Noun | None, item: Restrictor | Noun) -> bool:
        """Whether the item went into an either-or; what is said of both options of one is not clear."""
        head = self.frame.head
        if not self.awaits_option:
            return self.either is not None and self._of_an_option(owner, item)
        self.awaits_option = False
        if head is None or (not isinstance(item, Noun) and owner is not head):
            raise NotUnderstood("I could not tell what “or” joins.", ("or",))
        if self.either is None:
            first = self.said[0][1]
            undated = isinstance(first, FilterAsk) and isinstance(item, PeriodAsk)  # "sold or created in 2025"
            if undated or (isinstance(item, Noun) != isinstance(first, Noun) and len(self.said) > 1):
                raise NotUnderstood("I could not tell what “or” joins.", ("or",))
            if isinstance(first, Noun):
                self.frame.nouns.remove(first)
            else:
                head.restrictors.remove(first)
            self.either = EitherAsk([first], "or")
            head.restrictors.append(self.either)
        self.either.options.append(item)
        return True

    def _of_an_option(self, owner: Noun | None, item: Restrictor | Noun) -> bool:
        """ "who bid or commented in 2025": the period is that of both deeds; anything else must belong to the last."""
        options = self.either.options if self.either else []
        last = options[-1]
        if owner is not last or not isinstance(last, Noun) or isinstance(item, Noun):
            raise NotUnderstood("I could not tell to which side of “or” the rest belongs.", ("or",))
        others = [o for o in options[:-1] if isinstance(o, Noun) and not o.restrictors]
        if others and not isinstance(item, PeriodAsk):
            raise NotUnderstood("I could not tell to which side of “or” the rest belongs.", ("or",))
        for each in (*others, last):
            each.restrictors.append(item)
        return True

    def in_part(self) -> bool:
        return self.at > self.split

    def share_split(self) -> int:
        """Where a share's whole ends and its part begins; past the end when there is no share.

        The part is the last thing said of the whole: "users who joined in 2025 | bought something".
        """
        marks = [i for i, c in enumerate(self.chunks) if c.word("share")]
        nouns = [
            i
            for i, c in enumerate(self.chunks)
            if marks and i > marks[0] and c.has(DatasetSense, RoleSense, MetricSense)
        ]
        if not nouns:
            return len(self.chunks)
        starts = [i for i in range(nouns[0] + 1, len(self.chunks)) if self._begins_a_clause(i)]
        alone = [i for i in starts if not self._is_joined(i) and self._says_something_after(i - 1)]
        return alone[-1] - 1 if alone else nouns[0]

    def _begins_a_clause(self, index: int) -> bool:
        """A word that says something of the subject, and does not continue a clause that has begun."""
        chunk, before = self.chunks[index], self.before(index)
        opens = chunk.word("is") or chunk.word("that") or chunk.word("not") or chunk.has(FilterSense, VerbSense)
        dates = any(self.is_time(f) for f in chunk.of(FieldSense))
        kinds = ("is", "that", "not", "with", "preposition", "count", "compare")
        return bool(opens or dates) and not (before and any(before.word(kind) for kind in kinds))

    def _is_joined(self, index: int) -> bool:
        before = self.before(index)
        return before is not None and bool(before.word("and") or before.word("but") or before.word("comma"))

    def before(self, index: int) -> Chunk | None:
        return next((c for c in reversed(self.chunks[:index]) if not is_filler(c)), None)

    def _says_something_after(self, index: int) -> bool:
        kinds = (ValueSense, FilterSense, DatasetSense, RoleSense, VerbSense, FieldSense)
        return any(chunk.has(*kinds) for chunk in self.chunks[index + 1 :])

    def is_time(self, sense: FieldSense) -> bool:
        return self.model.dataset(sense.dataset).field(sense.field).is_time
