"""People whose part a plan passes over: who did it, to whom, whether they did all of it."""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import (
    Against,
    Comparison,
    Exists,
    FieldRef,
    Related,
    RoleHolds,
)
from nl2sql.writers.offline.language import LIGHT_VERBS
from nl2sql.writers.offline.look import Look, does, values
from nl2sql.writers.offline.senses import (
    DatasetSense,
    FieldSense,
    FilterSense,
    NumberSense,
    RoleSense,
    ValueSense,
    VerbSense,
)


def _whose_else(look: Look) -> str:
    """ "a listing they bought", "place on it": whom or what the pronoun stands for is not followed."""
    counted = any(isinstance(c.value, Related) for c in look.plan.columns)
    if counted or any(isinstance(c, Against) for c in look.conditions()):
        return ""  # "users with the number of items they bought", "listings closed before they ended"
    for i, chunk in enumerate(look.chunks):
        words, before, behind = chunk.words.lower(), look.chunks[i - 1 : i], look.chunks[i + 1 : i + 2]
        if words in ("they", "he", "she") and i > 1 and behind and (does(behind[0]) or behind[0].has(FieldSense)):
            return f"{chunk.words} {behind[0].words}"
        if words == "it" and before and not behind and (does(before[0]) or before[0].word("preposition")):
            return f"{before[0].words} {chunk.words}"
    return ""


_ALL = frozenset(("everything", "in every", "all", "every", "all of", "all that", "everything that", "of all"))


def _every_one(look: Look) -> str:
    """ "sold everything", "bid on all listings", "whose every listing": no plan says that of all."""
    for i, chunk in enumerate(look.chunks):
        words, before = chunk.words.lower(), look.chunks[max(i - 2, 0) : i]
        if words not in _ALL or not before:
            continue
        through = len(before) > 1 and bool(before[-1].word("preposition"))
        if words == "in every":
            through, before = True, (before[-1], before[-1])
        deed = before[-2] if through else before[-1]
        if through and words.endswith("every") and not _counts_people(look):
            continue  # "how many were sold in every category": in each of them
        if deed.words.lower() == "whose" or (does(deed) and not deed.word("list")):
            return chunk.words
        behind = look.chunks[i + 1 : i + 2]
        if words == "all" and before[-1].has(DatasetSense) and behind and does(behind[0]):
            return chunk.words  # "whose payments all failed"
    return ""


def _only_so(look: Look) -> str:
    """ "buyers who paid by card only": and in no other way."""
    related = {v for c in look.conditions() if isinstance(c, Exists) for v in values(c)}
    for one, other in look.pairs():
        if other.words.lower() in ("only", "exclusively", "alone") and {s.value for s in one.of(ValueSense)} & related:
            return other.words
    return ""


def _whom_someone(look: Look) -> str:
    """ "sellers marco77 has bought from": the sellers are others than the one named."""
    own = {v for c in look.conditions() if isinstance(c, Comparison) and c.operator == "=" for v in c.values}
    for who, named, deed in look.triples():
        people = who.has(RoleSense) and who.words.endswith("s")
        if people and {s.value for s in named.of(ValueSense)} & own and (deed.word("is") or deed.has(VerbSense)):
            return f"{who.words} {named.words}" if look.plan.base in look.people() else ""
    return ""


def _counts_people(look: Look) -> bool:
    return any(m.kind == "distinct" for m in look.plan.measures)


def _owner(look: Look) -> str:
    """ "Whose listings got the most comments?" asks for people."""
    if not look.said or look.said[0].words.lower() != "whose":
        return ""
    groups, people = {d.field.dataset for d in look.plan.dimensions if isinstance(d.field, FieldRef)}, look.people()
    return "" if not people or (groups | {look.plan.base}) & people else look.said[0].words


def _done_by(look: Look) -> str:
    """ "average rating given by buyers": who gave it, and not a group for each buyer."""
    grouped = {step for d in look.plan.dimensions if isinstance(d.field, FieldRef) for step in d.field.path}
    for i, (deed, by, who) in enumerate(look.triples()):
        roles = {s.relationship for s in who.of(RoleSense)}
        if by.words.lower() != "by" or not roles & grouped:
            continue
        words = deed.words.lower()
        is_done = words in LIGHT_VERBS or (deed.has(VerbSense) and not deed.has(DatasetSense))
        if is_done or (i == 0 and deed.has(DatasetSense) and who.words.endswith("s")):
            return f"{by.words} {who.words}"
    return ""


def _what_of_people(look: Look) -> str:
    """ "What did the buyer of listing 42 pay?" does not ask for the buyer."""
    opening = [c.words.lower() for c in look.chunks[:2]]
    asked = opening[:1] == ["what"] and opening[1:] and opening[1].split()[0] in ("did", "does", "do", "has", "have")
    roles = {s.relationship for c in look.said for s in c.of(RoleSense)}
    listed = not look.plan.measures and look.plan.base in {look.graph.relationships[r].target for r in roles}
    shown = {c.value.field for c in look.plan.columns if isinstance(c.value, FieldRef)}
    usual = set(look.model.dataset(look.plan.base).list_fields)
    return look.chunks[0].words if asked and listed and shown <= usual else ""


def _done_to(look: Look) -> str:
    """ "who has never been reviewed?": the verb is turned round, and the plan asks who did it."""
    for one, other in look.pairs():
        passive = one.words.lower().split()[-1] in ("been", "was", "were", "being") or one.words.lower() == "not been"
        took_part = {s.relationship for s in other.of(VerbSense)}
        did = {c.path[0].removeprefix("-") for c in look.conditions() if isinstance(c, Exists) and c.path}
        alone = not other.has(FilterSense, FieldSense, DatasetSense)
        if passive and alone and look.plan.base in look.people() and took_part & did:
            return f"{one.words} {other.words}"
    return ""


def _part_of_people(look: Look) -> str:
    """ "average rating of buyers": that the listing has a buyer says nothing of who is rated."""
    for condition in look.conditions():
        inner = condition.conditions if isinstance(condition, Exists) else (condition,)
        for each in inner:
            if not isinstance(each, RoleHolds) or not each.path or each.relationship in look.person_paths():
                continue
            for one, other in look.pairs():
                joins = one.words.lower() in ("of", "by", "from", "for", "to")
                if joins and any(s.relationship == each.relationship for s in other.of(RoleSense)):
                    return f"{one.words} {other.words}"
    return ""


def _deeds_of_counted_people(look: Look) -> str:
    """ "Which country has the most buyers who never paid?": never at all, and not for one of their listings."""
    distinct = any(m.kind == "distinct" for m in look.plan.measures)
    without = any(isinstance(c, Exists) and c.negated for c in look.conditions())
    for one, other in look.pairs():
        if distinct and without and one.has(RoleSense) and other.words.lower() in ("who", "that", "with", "without"):
            return f"{one.words} {other.words}"
    return ""


def _deed_of_one_person(look: Look) -> str:
    """ "How many bids did the buyer of listing 42 place?": on any listing, and not on that one."""
    for i, chunk in enumerate(look.said):
        following = look.said[i + 1 : i + 6]
        if chunk.words.lower() not in ("do", "does", "did", "has", "have") or len(following) < 5:
            continue
        role, of, thing, key, deed = following
        one_person = role.has(RoleSense) and of.words.lower() == "of" and thing.has(DatasetSense)
        if one_person and key.has(NumberSense) and does(deed) and look.plan.measures:
            return f"{role.words} {of.words} {thing.words} {key.words}"
    return ""


RULES_OF_PEOPLE: tuple[Callable[[Look], str], ...] = (
    _whose_else,
    _every_one,
    _only_so,
    _whom_someone,
    _owner,
    _done_by,
    _what_of_people,
    _done_to,
    _part_of_people,
    _deeds_of_counted_people,
    _deed_of_one_person,
)
