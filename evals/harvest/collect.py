"""From the ledger to files: gathers, drafts, writes, and with a reviewer verifies."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evals.harvest.drafts import Draft, Drafting, Tags
from evals.harvest.evidence import USUAL, Evidence, Gathered, LeftOut, Sign, chosen, gather
from evals.harvest.file import write_drafts
from evals.harvest.known import known_in
from evals.harvest.privacy import names_pattern
from evals.harvest.verified import Verified, add_verified
from nl2sql.bootstrap import build_pipeline
from nl2sql.errors import SettingsInvalid
from nl2sql.guard.dialects import grammar_name
from nl2sql.ledger.read import LedgerReader
from nl2sql.settings import Settings

# Four characters tell sixty thousand questions apart; fewer were typed by mistake.
_SHORTEST_ID = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """`days` None: all that the ledger has. `only` are ids, or their beginnings. `reviewer` "": nothing is verified."""

    out: Path
    days: int | None = None
    suites: tuple[Path, ...] = ()
    include: frozenset[Sign] = USUAL
    reviewer: str = ""
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Harvest:
    """`path` is None where there was nothing to write."""

    found: int
    drafts: tuple[Draft, ...]
    path: Path | None
    verified: tuple[Verified, ...]
    left_out: tuple[LeftOut, ...]


def harvest(settings: Settings, wanted: Wanted, tags: Tags = lambda sql, grammar: ()) -> Harvest:
    """Raises SettingsInvalid (also for a ledger that is off or redacted), SuiteInvalid, and what the ledger's database
    and that of the questions raise."""
    if settings.ledger_redact != "none":
        raise SettingsInvalid(
            f"The ledger is redacted (ledger_redact = {settings.ledger_redact}): it does not hold what was asked.",
            hint="Cases can only come from a ledger that keeps them.",
        )
    known = known_in(wanted.suites, wanted.out)
    with LedgerReader(settings.ledger_url) as reader:
        gathered = gather(lambda: reader.entries(wanted.days), wanted.include)
    evidence = _named(gathered, wanted.only) if wanted.only else list(gathered.evidence)
    left_out = [] if wanted.only else list(gathered.left_out)
    if not evidence:
        return Harvest(0, (), None, (), tuple(left_out))
    names = names_pattern(gathered.users)
    # Only those that a reviewer stands for: without one, naming an id chooses and confirms nothing.
    named = (
        frozenset(name for each in evidence for name in each.ids) if wanted.only and wanted.reviewer else frozenset()
    )
    with closing(build_pipeline(replace(settings, ledger="off", cache="off"))) as pipeline:
        drafting = Drafting(pipeline, settings, known, names, tags, named)
        grammar = grammar_name(pipeline.engine.dialect)
        drafts, unused = drafting.drafts(evidence)
        confirmed, doubtful = drafting.confirmed(evidence) if wanted.reviewer else ([], [])
    path = write_drafts(drafts, wanted.out, datetime.now(UTC).date(), grammar) if drafts else None
    verified, unverified = add_verified(confirmed, wanted.reviewer, settings, grammar) if confirmed else ([], [])
    return Harvest(len(evidence), tuple(drafts), path, tuple(verified), (*left_out, *unused, *doubtful, *unverified))


def _named(gathered: Gathered, only: Iterable[str]) -> list[Evidence]:
    """Raises SettingsInvalid for an id that is none, or several."""
    found: dict[str, Evidence] = {}
    for start in only:
        matches = chosen(gathered.evidence, start) if len(start) >= _SHORTEST_ID else []
        if len(matches) != 1:
            problem = "is of several questions" if matches else "is of no question that was judged or corrected"
            raise SettingsInvalid(f"The id “{start}” {problem}.", hint="“nl2sql ledger tail” shows ids.")
        found[matches[0].question] = matches[0]
    return list(found.values())
