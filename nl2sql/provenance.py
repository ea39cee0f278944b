"""Where the numbers of an answer come from, in short phrases that the terminal and the app share."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from nl2sql.answer.base import Answer
from nl2sql.freshness import age_words, data_as_of_words
from nl2sql.price_tag import spoken, spoken_bytes, spoken_price
from nl2sql.writers.verified.base import verification_of

_WORDS = re.compile(r"[\w%]+")


def provenance(answer: Answer, now: datetime | None = None) -> tuple[str, ...]:
    """ "Verified by the finance team on 1 July 2026", "Data as of 30 June 2026, 23:59 UTC", "from the cache, 4 minutes
    old", "read 25 GB for about 0.15 USD".

    `now` is UTC without zone. Nothing is said of what is not known, nor of what running cost when the rows came from
    the cache.
    """
    moment = answer.data_as_of
    data = data_as_of_words(moment) if moment is not None else ""
    parts = [_verified(answer), data, _cache(answer, now), _cost(answer)]
    return tuple(part for part in parts if part)


def stands_in(answer: Answer) -> str:
    """ "The language model did not answer in time, so this was read without it."; empty where nobody stood in."""
    note = answer.origin.note
    if answer.outcome != "answered" or not note:
        return ""
    return f"{note[0].upper()}{note[1:]}, so this was read without it."


def whole_question(answer: Answer) -> str:
    """A follow-up as the question that was answered; empty where that is the question as it was asked."""
    return "" if _alike(answer.standalone, answer.question.text) else answer.standalone


def reading(answer: Answer) -> str:
    """How the question was read; empty where that says no more than the question or the whole question does."""
    said = (answer.question.text, answer.standalone)
    return "" if any(_alike(answer.interpretation, each) for each in said) else answer.interpretation


def _alike(one: str, other: str) -> bool:
    """The same words, whatever their case and the signs around them."""
    return _WORDS.findall(one.casefold()) == _WORDS.findall(other.casefold())


def _verified(answer: Answer) -> str:
    known = verification_of(answer.origin.detail) if answer.origin.writer == "verified" else None
    if known is None:
        return ""
    _, who, day = known
    return f"Verified by {who} on {day.day} {day:%B %Y}"


def _cache(answer: Answer, now: datetime | None) -> str:
    if not answer.cached:
        return ""
    if answer.stored_at is None:
        return "from the cache"
    return f"from the cache, {age_words(answer.stored_at, now or datetime.now(UTC).replace(tzinfo=None))}"


def _cost(answer: Answer) -> str:
    """What the database billed, where it says so; else what it estimated."""
    if answer.cached or answer.table is None:
        return ""
    estimate, billed = answer.estimate, answer.table.billed_bytes
    if billed is None:
        told = spoken(estimate) if estimate is not None else ""
        return f"was to read {told}" if told else ""
    price = estimate.price if estimate is not None else None
    if estimate is None or price is None or not estimate.scanned_bytes:
        return f"read {spoken_bytes(billed)}"
    costs = spoken_price(price * billed / estimate.scanned_bytes, estimate.currency)
    return f"read {spoken_bytes(billed)} for {costs if costs.startswith('less') else f'about {costs}'}"
