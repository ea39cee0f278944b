"""Confirmed corrections → verified queries beside the model, each tried on the database before its file is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlglot import parse_one
from sqlglot.errors import SqlglotError

from evals.harvest.drafts import Confirmed
from evals.harvest.evidence import LeftOut, spoken
from nl2sql.errors import ModelInvalid, SettingsInvalid
from nl2sql.settings import Settings
from nl2sql.verification import NewQuery, load_beside, open_verification
from nl2sql.writers.verified.base import VerifiedQuery

_MOST_NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class Verified:
    question: str
    path: Path
    rows: int


def named_reviewer(name: str) -> str:
    """Raises SettingsInvalid for what cannot stand in a file as somebody's name."""
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > _MOST_NAME_CHARS or not cleaned.isprintable():
        raise SettingsInvalid(
            "A reviewer is a role or a team in at most 100 characters.", hint='For example: --reviewer "Finance team"'
        )
    return cleaned


def add_verified(
    confirmed: Iterable[Confirmed], reviewer: str, settings: Settings, grammar: str
) -> tuple[list[Verified], list[LeftOut]]:
    """Those that are verified already, in the same SQL or another, and those that cannot be, are left out and told."""
    added: list[Verified] = []
    left_out: list[LeftOut] = []
    there = {spoken(each.text): query for query in load_beside(settings) for each in query.templates}
    with open_verification(settings) as verification:
        for each in confirmed:
            query = there.get(spoken(each.question))
            if query is not None:
                left_out.append(LeftOut(each.question, _told(query, each.sql, grammar)))
                continue
            wanted = NewQuery(each.question, each.sql, reviewer, is_own_grammar=True)
            try:
                path, trial = verification.add(wanted)
            except (ModelInvalid, SettingsInvalid) as error:
                told = " ".join(part for part in (error.user_message, error.hint) if part)
                left_out.append(LeftOut(each.question, f"it cannot be a verified query: {told}"))
                continue
            if path is None:
                left_out.append(LeftOut(each.question, f"it is no verified query: {trial.problem}"))
            else:
                added.append(Verified(each.question, path, trial.rows))
    return added, left_out


def _told(query: VerifiedQuery, sql: str, grammar: str) -> str:
    texts = [query.dialects[grammar]] if grammar in query.dialects else [query.sql]
    if any(_plain(text, grammar) == _plain(sql, grammar) for text in texts):
        return f"it is verified already ({query.id})"
    return f"it is verified already with other SQL: see {query.file}, and decide which is right"


def _plain(sql: str, grammar: str) -> str:
    """Without differences of layout and capitals of keywords."""
    try:
        return parse_one(sql, dialect=grammar).sql(dialect=grammar)
    except (SqlglotError, ValueError, RecursionError):
        return " ".join(sql.split())
