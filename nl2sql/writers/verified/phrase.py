"""A verified query said as a whole question, with words in its slots."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nl2sql.writers.verified.base import Parameter, VerifiedQuery
from nl2sql.writers.verified.slots import PERIOD_OPENERS

_SLOT = re.compile(r"(?:\b(\w+) )?\{(\w+)\}")
# Words for a period that stand without "in".
_FREE = frozenset("last past previous this current between since yesterday today from in on during".split())


def phrase(query: VerifiedQuery, words: Mapping[str, str]) -> str:
    """`words` by the name of the parameter; "in {period}" and "last year" make "last year"."""
    types = {each.name: each.type for each in query.parameters}

    def put(match: re.Match[str]) -> str:
        before, name = match[1] or "", match[2]
        given = words[name]
        is_free = types[name] in ("period", "date") and given.split(" ")[0].lower() in _FREE
        if is_free and (before.lower() in PERIOD_OPENERS or before.lower() == "on"):
            return given
        return f"{before} {given}" if before else given

    return _SLOT.sub(put, query.question.text)


def suggestion(query: VerifiedQuery) -> str:
    """The question with what stands for each parameter where nobody names it."""
    return phrase(query, {each.name: each.words for each in query.parameters})


def assumption(parameter: Parameter, said: str) -> str:
    return f"The question names no {parameter.spoken}, so it is the usual one: {said}."
