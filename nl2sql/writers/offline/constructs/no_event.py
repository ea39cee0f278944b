"""Events that never were: "sellers who never made a sale", "with zero sales", "who failed to sell anything", "who never
cancelled a listing". There is none of them; the state of no row is turned round."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import Rewrite, mentions, read_rewritten
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.language import LIGHT_VERBS, NEGATES_NOUNS
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FilterSense,
    NumberSense,
    RoleSense,
    VerbSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular

Chunks = tuple[Chunk, ...]
_NOUNS = (DatasetSense, RoleSense)
_FAILED = ("failed to ", "fail to ", "did not ", "do not ", "does not ", "has not ", "have not ", "didn't ")
_HELPS = frozenset("has have had".split())


def read_no_event(question: Linked, inner: Inner) -> QueryPlan | None:
    if not any(c.has(FilterSense) for c in question.chunks):
        return None
    return read_rewritten(question, inner, _REWRITES)


def _zero(chunks: Chunks, question: Linked) -> Chunks:
    """ "with zero sales": with no sales."""
    for at, chunk in enumerate(chunks[:-1]):
        behind = chunks[at + 1]
        if not chunk.has(NumberSense) or not behind.has(FilterSense) or behind.has(*_NOUNS):
            continue
        if any(n.value == 0 for n in chunk.of(NumberSense)):
            lead = chunks[:at]
            if lead and (lead[-1].word("with") or lead[-1].word("is")):
                lead = lead[:-1]
            return (*lead, word("no", "not"), *chunks[at + 1 :])
    return chunks


def _failed_to(chunks: Chunks, question: Linked) -> Chunks:
    """ "sellers who failed to sell anything": the model may know "failed to sell" as the state of a thing."""
    for at, chunk in enumerate(chunks):
        if not chunk.has(FilterSense) or chunk.has(VerbSense):
            continue
        state = chunk.words.lower()
        opener = next((each for each in _FAILED if state.startswith(each)), "")
        who = _subject(chunks, at, question) if opener else ""
        if not who:
            continue
        deed = state.removeprefix(opener)
        if not (found := _deed(deed, who, question)):
            raise NotUnderstood(f"I do not know of whom “{chunk.words}” is said.", (chunk.words,))
        return (*_led(chunks[:at]), word("never", "not"), found, *chunks[at + 1 :])
    return chunks


def _no_such_event(chunks: Chunks, question: Linked) -> Chunks:
    """ "never made a sale": the event is known as a state of rows, and who does it by a verb."""
    if not mentions(chunks, frozenset({"not"})):
        return chunks
    for at, chunk in enumerate(chunks):
        if not chunk.word("not") or chunk.has(*_NOUNS) or not (who := _subject(chunks, at, question)):
            continue
        event = at + 1
        while event < len(chunks) and _only_leads(chunks[event]):
            event += 1
        if event >= len(chunks) or not _is_state(chunks[event], who, question):
            continue
        if (noun := _noun_behind(chunks, event)) < 0:
            if _reads_as_it_stands(chunks, at, event):
                continue
            deeds = _deeds(chunks[event].of(FilterSense), who, question)
            if len(deeds) == 1:
                done = replace(chunks[event], senses=(*chunks[event].of(FilterSense), VerbSense(deeds[0])))
                return (*_led(chunks[:at]), word("never", "not"), done, *chunks[event + 1 :])
        elif chunk.words.lower() not in NEGATES_NOUNS:
            return (*_led(chunks[:at]), word("without", "not"), chunks[event], *chunks[noun:])
    return chunks


def _reads_as_it_stands(chunks: Chunks, at: int, event: int) -> bool:
    """ "sellers with no sales" is read as it is: the role says whose they are."""
    head = next(c for c in reversed(chunks[:at]) if c.has(*_NOUNS))
    plural = singular(words := chunks[event].words.lower()) != words
    return plural and event == at + 1 and chunks[at].words.lower() in NEGATES_NOUNS and head.has(RoleSense)


def _subject(chunks: Chunks, at: int, question: Linked) -> str:
    """The dataset of the people named last, if nothing else was named since; empty where there are none."""
    head = next((c for c in reversed(chunks[:at]) if c.has(*_NOUNS)), None)
    if head is None or any(c.word("comma") for c in chunks[chunks.index(head) : at]):
        return ""
    roles = [r for r in question.graph.relationships.values() if r.role]
    named = {s.dataset for s in head.of(DatasetSense)}
    named |= {question.graph.relationships[s.relationship].target for s in head.of(RoleSense)}
    people = sorted(named & {r.target for r in roles} - {r.source for r in roles})
    return people[0] if len(people) == 1 else ""


def _only_leads(chunk: Chunk) -> bool:
    """What stands between "never" and the event: "made a single", "ever had any"."""
    if chunk.has(*_NOUNS, FilterSense):
        return False
    light = chunk.has(VerbSense) and chunk.words.lower() in LIGHT_VERBS
    helps = bool(chunk.word("is")) and chunk.words.lower() in _HELPS
    one = any(n.value == 1 for n in chunk.of(NumberSense))
    return is_filler(chunk) or light or helps or one or bool(chunk.word("single"))


def _is_state(chunk: Chunk, who: str, question: Linked) -> bool:
    """A state of rows that those people have something to do with, and no deed of theirs yet."""
    sources = {r.source for r in question.graph.relationships.values() if r.target == who}
    states = {s.dataset for s in chunk.of(FilterSense)}
    return bool(states & sources) and who not in states and not chunk.has(*_NOUNS, VerbSense)


def _noun_behind(chunks: Chunks, event: int) -> int:
    """Where the things are named that the state is of ("cancelled a single listing"); −1 where they are not."""
    noun = event + 1
    while noun < len(chunks) and (is_filler(chunks[noun]) or chunks[noun].word("single")):
        noun += 1
    states = {s.dataset for s in chunks[event].of(FilterSense)}
    behind = chunks[noun] if noun < len(chunks) else None
    return noun if behind is not None and states & {s.dataset for s in behind.of(DatasetSense)} else -1


def _deeds(states: tuple[FilterSense, ...], who: str, question: Linked) -> list[str]:
    """The relationships whose verb says that somebody brought the state about: "sold" of a seller."""
    found = []
    for sense in states:
        named = next(f for f in question.model.dataset(sense.dataset).filters if f.name == sense.filter)
        words = {named.name, *named.synonyms}
        for each in question.graph.relationships.values():
            if (each.source, each.target) == (sense.dataset, who) and words & set(each.verbs):
                found.append(each.name)
    return list(dict.fromkeys(found))


def _deed(verb: str, who: str, question: Linked) -> Chunk | None:
    """The verb as the deed of somebody, with the state that it brings about."""
    for each in question.graph.relationships.values():
        if each.target != who or verb not in each.verbs:
            continue
        filters = question.model.dataset(each.source).filters
        states = [FilterSense(each.source, f.name) for f in filters if verb in (f.name, *f.synonyms)]
        if len(states) == 1:
            return Chunk(verb, (states[0], VerbSense(each.name)))
    return None


def _led(chunks: Chunks) -> Chunks:
    """Without the words that only lead to the negation: "who have", "that made"."""
    while chunks and not chunks[-1].has(*_NOUNS) and (chunks[-1].word("with") or _only_leads(chunks[-1])):
        chunks = chunks[:-1]
    return chunks


_REWRITES: tuple[Rewrite, ...] = (_zero, _failed_to, _no_such_event)

NO_EVENT = Construct("events that never were", read_no_event)
