"""What the ledger knows of questions whose answers somebody judged or corrected: one Evidence for each question.

Knows no file and no database. A correction is SQL that a person typed in place of the SQL of an answer; who edits what
was edited already corrects the first answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from nl2sql.ledger.base import Verdict
from nl2sql.ledger.read import Entry

Sign = Literal["bad", "corrected", "good", "refused"]
SIGNS: Final[tuple[Sign, ...]] = ("bad", "corrected", "good", "refused")
USUAL: Final[frozenset[Sign]] = frozenset({"bad", "corrected"})

# Writers of what nobody asked in words: typed SQL, and a plan that was edited.
_NO_QUESTION = frozenset({"sql", "plan"})
# What the setting ledger_redact = values leaves: a mark where a value was, which is not the one at the end.
_MASKED = re.compile(r"(?:^|\s)\?(?=\S*\s+\S)|\s\?\?$")
# Longer chains of edits are a conversation with oneself, or a ring in a ledger that somebody wrote by hand.
_LONGEST_CHAIN = 50


@dataclass(frozen=True, slots=True)
class Correction:
    """`is_confirmed`: whoever ran it also found its answer right."""

    id: str
    sql: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """One question, however often it was asked. `last` is the asking that was judged or corrected last, `comments` what
    readers said of any, the newest first."""

    last: Entry
    sign: Sign
    ids: tuple[str, ...]
    comments: tuple[str, ...] = ()
    correction: Correction | None = None

    @property
    def question(self) -> str:
        return self.last.row.question

    @property
    def is_confirmed(self) -> bool:
        """Two signs agree: the answer was found wrong and was corrected, or the correction was found right."""
        return self.correction is not None and (self.sign == "bad" or self.correction.is_confirmed)


@dataclass(frozen=True, slots=True)
class LeftOut:
    question: str
    reason: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """`users` are the names of all who asked or corrected, to be kept out of files."""

    evidence: tuple[Evidence, ...]
    left_out: tuple[LeftOut, ...]
    users: frozenset[str]


@dataclass(slots=True)
class _Notes:
    corrections: dict[str, Entry] = field(default_factory=dict)
    askings: dict[str, list[Entry]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    users: set[str] = field(default_factory=set)


def gather(read: Callable[[], Iterable[Entry]], include: Iterable[Sign] = USUAL) -> Gathered:
    """`read` gives the entries in the order of writing, and is called twice: only what was judged, corrected or, where
    that is wanted, declined or refused is kept in memory."""
    wanted, notes = frozenset(include), _Notes()
    for entry in read():
        if entry.row.corrects:
            notes.corrections[entry.row.id] = entry
    by_root: dict[str, list[Entry]] = {}
    for entry in notes.corrections.values():
        by_root.setdefault(_root_of(entry, notes.corrections), []).append(entry)
    seen: set[str] = set()
    for entry in read():
        if entry.row.id in by_root or entry.feedback or ("refused" in wanted and _is_refused(entry)):
            seen.add(entry.row.id)
            _note(entry, notes)
    gone = sorted(set(by_root) - seen)
    notes.left_out += [
        LeftOut(_shown(by_root[each][0]), "its question is not in this part of the ledger") for each in gone
    ]
    evidence = [_evidence(entries, by_root) for entries in notes.askings.values()]
    return Gathered(
        tuple(each for each in evidence if each is not None and (each.sign in wanted or _is_corrected(each, wanted))),
        tuple(notes.left_out),
        frozenset(notes.users),
    )


def spoken(question: str) -> str:
    """As questions are told apart: capitals, spaces and the marks at the end make no other question."""
    return " ".join(question.casefold().split()).rstrip(" ?!.…")


def chosen(evidence: Iterable[Evidence], start: str) -> list[Evidence]:
    """Those with an id, of an asking or of the correction, that begins with `start`."""
    return [
        each
        for each in evidence
        if any(name.startswith(start) for name in (*each.ids, each.correction.id if each.correction else ""))
    ]


def _is_corrected(each: Evidence, wanted: frozenset[Sign]) -> bool:
    """An answer that was found right needed no correction, unless that was found right as well."""
    if each.correction is None or "corrected" not in wanted:
        return False
    return each.sign != "good" or each.correction.is_confirmed


def _note(entry: Entry, notes: _Notes) -> None:
    row = entry.row
    if row.corrects:
        notes.users.add(row.user)
    elif row.writer in _NO_QUESTION:
        notes.left_out.append(LeftOut(_shown(entry), "nobody asked it in words: it was typed as SQL or as a plan"))
    elif not row.question.strip() or _MASKED.search(row.question):
        notes.left_out.append(LeftOut(_shown(entry), "the ledger was redacted when it was written"))
    else:
        notes.users.add(row.user)
        notes.askings.setdefault(spoken(row.question), []).append(entry)


def _shown(entry: Entry) -> str:
    return entry.row.question or f"question {entry.row.id[:8]}"


def _is_refused(entry: Entry) -> bool:
    return entry.row.outcome in ("declined", "refused") and entry.row.writer not in _NO_QUESTION


def _root_of(entry: Entry, corrections: Mapping[str, Entry]) -> str:
    name = entry.row.corrects
    for _ in range(_LONGEST_CHAIN):
        if name not in corrections:
            return name
        name = corrections[name].row.corrects
    return name


def _evidence(entries: list[Entry], corrections: Mapping[str, list[Entry]]) -> Evidence | None:
    """None where the last word on the question is nothing: a verdict that was taken back."""
    last = max(entries, key=lambda each: (each.feedback_at or each.row.at, each.number))
    found = [each for entry in entries for each in corrections.get(entry.row.id, ())]
    correction = _last_good(found)
    sign = _sign(last, correction)
    comments = [each.comment for each in reversed(entries) if each.comment]
    if sign is None:
        return None
    return Evidence(last, sign, tuple(each.row.id for each in entries), tuple(dict.fromkeys(comments)), correction)


def _sign(last: Entry, correction: Correction | None) -> Sign | None:
    verdict: Verdict = last.feedback
    if verdict:
        return verdict
    if correction is not None:
        return "corrected"
    return "refused" if _is_refused(last) else None


def _last_good(corrections: Iterable[Entry]) -> Correction | None:
    """The last that ran, gave rows, and was not found wrong itself."""
    usable = [
        each for each in corrections if each.row.outcome == "answered" and each.row.rows and each.row.sql
        and each.feedback != "bad"
    ]  # fmt: skip
    if not usable:
        return None
    last = max(usable, key=lambda each: each.number)
    return Correction(last.row.id, last.row.sql, last.feedback == "good")
