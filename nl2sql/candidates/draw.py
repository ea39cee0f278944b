"""More drafts of the same question, side by side: written, checked, and run once for each different statement.

Nothing is repaired here. A draft that is refused, that fails or that would cost too much drops out with a remark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from nl2sql.candidates.base import Ballot, Reading
from nl2sql.candidates.canonical import canonical
from nl2sql.candidates.gather import gather
from nl2sql.candidates.tries import SAME_AGAIN
from nl2sql.errors import EngineError, LanguageModelError, RowQuotaReached
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.violation import Violations
from nl2sql.writers.base import LANGUAGE_MODEL, CannotAnswer, Clarification, Draft, Explanation, SqlDraft


@dataclass(frozen=True, slots=True)
class Steps:
    """The way of one draft; all but `is_affordable` are called from several threads.

    `write` takes the sample's number and raises LanguageModelError. `tried` says of SQL that it could not be used when
    the first draft was repaired. `run` gives None for what would cost too much, and raises EngineError and
    RowQuotaReached. `is_affordable` says of all statements together whether they may run. `remark` tells the trace.
    """

    write: Callable[[int], Draft]
    tried: Callable[[str], bool]
    check: Callable[[SqlDraft], CheckedSql | Violations]
    run: Callable[[SqlDraft, CheckedSql], Reading | None]
    is_affordable: Callable[[Sequence[CheckedSql]], bool]
    remark: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    draft: SqlDraft
    checked: CheckedSql
    statement: str


def draw(first: Ballot, count: int, steps: Steps) -> list[Ballot]:
    """The first and at most `count - 1` more ballots, in the order in which they were drawn."""
    drawn = gather([partial(_written, sample, steps) for sample in range(1, count)])
    new: dict[str, _Candidate] = {}
    known = {first.statement: first} if isinstance(first, Reading) else {}
    for each in drawn:
        if isinstance(each, _Candidate) and each.statement not in known:
            new.setdefault(each.statement, each)
    if new and not steps.is_affordable([each.checked for each in new.values()]):
        steps.remark("the other drafts were not run: together they would cost too much")
        new = {}
    for reading in gather([partial(_ran, each, steps) for each in new.values()]):
        if reading is not None:
            known[reading.statement] = reading
    ballots: list[Ballot] = [first]
    for each in drawn:
        if isinstance(each, _Candidate):
            same = known.get(each.statement)
            ballots += [_as_drawn(each, same)] if same is not None else []
        elif each is not None:
            ballots.append(each)
    return ballots


def _as_drawn(candidate: _Candidate, ran: Reading) -> Reading:
    """What ran for another draft with the same statement."""
    return Reading(candidate.draft, candidate.checked, ran.result, ran.statement, ran.order, ran.lines)


def _written(sample: int, steps: Steps) -> _Candidate | Clarification | CannotAnswer | None:
    name = f"draft {sample + 1}"
    try:
        draft = steps.write(sample)
    except (LanguageModelError, EngineError) as error:
        steps.remark(f"{name}: {error.code.replace('_', ' ')}")
        return None
    if draft.origin.writer != LANGUAGE_MODEL:
        steps.remark(f"{name}: the language model did not write it")
        return None
    if not isinstance(draft, SqlDraft):
        if isinstance(draft, Explanation):
            steps.remark(f"{name}: words instead of a result")
            return None
        steps.remark(f"{name}: {'asks back' if isinstance(draft, Clarification) else 'cannot answer'}")
        return draft
    if steps.tried(draft.sql):
        steps.remark(f"{name}: {SAME_AGAIN}")
        return None
    checked = steps.check(draft)
    if isinstance(checked, Violations):
        steps.remark(f"{name}: refused ({checked.items[0].code.replace('_', ' ')})")
        return None
    return _Candidate(name, draft, checked, canonical(checked.sql, checked.grammar))


def _ran(candidate: _Candidate, steps: Steps) -> Reading | None:
    try:
        reading = steps.run(candidate.draft, candidate.checked)
    except (EngineError, RowQuotaReached) as error:
        steps.remark(f"{candidate.name}: {error.code.replace('_', ' ')}")
        return None
    if reading is None:
        steps.remark(f"{candidate.name}: not run, too costly")
    return reading
