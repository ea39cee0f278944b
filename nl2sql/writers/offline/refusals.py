"""What is refused for what it asks, before it is read: changes, forecasts and reasons, advice, ways to reach people.

All of it is general English; what is protected comes from the model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.base import CannotCode
from nl2sql.writers.offline.language import COMMAND_OPENERS, COMMAND_WISHES, FORECAST, UNSAFE
from nl2sql.writers.offline.tokens import Token


@dataclass(frozen=True, slots=True)
class Refusal:
    """`words` as typed are what it was refused for."""

    code: CannotCode
    message: str
    words: str


# More verbs that change something, in a command. "show", "give" and "find" ask for data.
_CHANGES = UNSAFE | frozenset(
    "anonymize anonymise approve archive assign demote disconnect increase kick merge mark move promote "
    "raise reactivate reduce reject reopen restore send suspend swap switch transfer unban undo void write".split()
)
# Behind a verb of that kind these make it a noun: "refund rate", "change in GMV", "set of users".
_NOUN_FOLLOWS = frozenset(
    "in of by per rate ratio percentage share amount volume total date number count trend".split()
)
_SEVERAL_WORDS = re.compile(
    r"(?:^|[,.;]\s*|\b(?:please|and|then|now|just|could you|can you|would you|to|let us|let's)\s+)"
    r"(get rid of|turn off|turn on|take down|take offline|shut down|throw away|throw out|kick out|"
    r"log in as|lower the|raise the)\b"
)
_MAKE = re.compile(
    r"(?:^|\b(?:please|and|then|could you|can you)\s+)make (?!an?\b|the\b|me\b|us\b|it\b)\S+ (?:\S+ )?(?:an?|the)\b"
)
_RIGHTS = re.compile(
    r"\b(?:make|give|grant) (?:me|us|\S+) (?:an? |the )?(?:admin\w*|superuser|root|owner|full access|write access)\b"
)
_WISHED = re.compile(
    r"^(?:i|we)(?: would|'d)? (?:want|need|like)\b"
    r"(?!.*\b(?:that|which|who|were|was|list|how|see|know|number|count)\b).*\b(deleted|removed|erased|dropped|wiped|purged|updated|renamed|"
    r"banned|blocked|cancelled|canceled|refunded)[.!]*$"
)
_REASONS = re.compile(
    r"^(?:so |and |but )?(why|how come)\b|\b(what (?:has |have )?(?:caused?|causes|drove|drives|is driving|led to|"
    r"leads to|explains?|explained|triggered))\b|\b((?:the )?(?:reasons?|causes?) (?:for|of|behind|why))\b|"
    r"\b(root cause)\b"
)
_ADVICE = re.compile(
    r"\b(should (?:we|i|they|you|our)|what if|shall we)\b|^(how (?:can|could|do|might) (?:we|i) "
    r"(?:improve|increase|grow|raise|boost|reduce|lower|fix|get more|sell more))\b|^(recommend|advise|suggest)\b"
)
_FUTURE = re.compile(r"\b(likely to|going to|in the future|outlook for|extrapolate|by the end of next)\b")
_NEXT = re.compile(r"\bnext (?:week|month|quarter|year|season)\b")
# Dates that are known ahead: "ending next week".
_PLANNED = re.compile(r"\b(?:end|due|expire|close|closing|start|schedule|planned|run|last)\w*\b")
_REACH = re.compile(
    r"\b(contact (?:details?|info|information|data)|(?:how|where) (?:can|do|could|would) (?:i|we|one) "
    r"(?:reach|contact|e-?mail|write to|call|get in touch with)|reach out to|in touch with)\b"
)
_IDENTITY = re.compile(
    r"\b(who (?:is|are) .{1,60}(?:really|in real life)|(?:really|actually) (?:called|named)|"
    r"(?:real|true) identit\w+|who is behind)\b"
)
# What the protected fields are that these ask for.
_CONTACTS, _NAMES = ("mail", "phone", "address", "contact"), ("name", "identity")


def refused(text: str, tokens: tuple[Token, ...], model: SemanticModel) -> Refusal | None:
    """`model` is as the asker may see it."""
    asked = " ".join(text.lower().split())
    return _changes(asked, tokens) or _protected(asked, model) or _beyond(asked, tokens)


def _changes(asked: str, tokens: tuple[Token, ...]) -> Refusal | None:
    """A verb that changes data, where commands stand: "refunds by month" is a noun, "due to close" is no wish."""
    norms = ["", "", *(token.norm for token in tokens), ""]
    for index, token in enumerate(tokens):
        before, earlier, behind = norms[index + 1], norms[index], norms[index + 3]
        commands = not before or before in COMMAND_OPENERS or (before == "to" and earlier in COMMAND_WISHES)
        lead = not before or before in COMMAND_OPENERS - {"and", ","} or before == "to"
        verbs = _CHANGES if lead else UNSAFE
        sums = (token.norm, behind) == ("add", "up")
        changes = token.norm in verbs and behind not in _NOUN_FOLLOWS and not sums
        if token.text.lower() == token.norm and changes and commands:
            return _unsafe(token.text)
    for pattern in (_SEVERAL_WORDS, _RIGHTS, _MAKE, _WISHED):
        if found := pattern.search(asked):
            words = found[1] if found.groups() else found[0]
            return Refusal("unsafe", "I only read data, so I cannot do that. Nothing was changed.", words.strip(" ,.;"))
    return None


def _unsafe(verb: str) -> Refusal:
    message = f"I only read data, so I cannot “{verb.lower()}” anything. Nothing was changed."
    return Refusal("unsafe", message, verb)


def _protected(asked: str, model: SemanticModel) -> Refusal | None:
    for pattern, kinds in ((_REACH, _CONTACTS), (_IDENTITY, _NAMES)):
        found = pattern.search(asked)
        if found and _has_protected(model, kinds):
            message = f"“{found[0]}”: who people are and how to reach them is protected; no question may read it."
            return Refusal("sensitive", message, found[0])
    return None


def _has_protected(model: SemanticModel, kinds: tuple[str, ...]) -> bool:
    hidden = [field for dataset in model.datasets for field in dataset.fields if field.sensitive]
    words = " ".join(" ".join((f.name, f.label, *f.synonyms)) for f in hidden).lower()
    return any(kind in words for kind in kinds)


def _beyond(asked: str, tokens: tuple[Token, ...]) -> Refusal | None:
    """What no data holds: the future, reasons and advice."""
    forecast = next((token.text for token in tokens if token.norm in FORECAST), "")
    if not forecast and (found := _FUTURE.search(asked)):
        forecast = found[0]
    if not forecast and (found := _NEXT.search(asked)) and not _PLANNED.search(asked):
        forecast = found[0]
    if forecast:
        return Refusal("unanswerable", "I can only answer about what has happened; I do not make forecasts.", forecast)
    if found := _REASONS.search(asked):
        message = (
            "I can show what happened, by whatever groups and periods, but not why: the data does not hold reasons."
        )
        return Refusal("unanswerable", message, found[0].strip())
    if found := _ADVICE.search(asked):
        return Refusal("unanswerable", "I can show what the data holds, but I give no advice.", found[0].strip())
    return None
