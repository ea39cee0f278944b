"""`nl2sql eval harvest`: questions that people judged or corrected become draft cases, and verified queries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evals.harvest.collect import Harvest
    from evals.harvest.evidence import Sign
    from nl2sql.terminal import Page

HARVEST_EXIT_CODES = """\b
Exit codes:
  0  done, also where there was nothing to harvest
  2  usage or settings: an argument, an ID, a suite, a ledger that is off or redacted, a folder that cannot be written
  5  there is no ledger yet, or its database or that of the questions failed
"""
_LONGEST_DAYS = 36_500
_SHOWN_CHARS = 100


def harvest(
    context: typer.Context,
    since: Annotated[
        int | None,
        typer.Option(min=1, max=_LONGEST_DAYS, metavar="DAYS", help="The last DAYS only; without: all of the ledger."),
    ] = None,
    suite: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A suite whose questions are not drafted again; may be given again."),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the drafts go; what is there is not drafted again.")
    ] = Path("harvest"),
    include: Annotated[
        str, typer.Option(metavar="SIGNS", help="What counts: bad, corrected, good, refused; with commas.")
    ] = "bad,corrected",
    reviewer: Annotated[
        str, typer.Option(metavar="NAME", help="Who answers for corrections: they also become verified queries.")
    ] = "",
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="This question only; with --reviewer its correction counts as confirmed."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Make draft cases of questions whose answers were found wrong or were corrected, for a person to review.

    A question with a correction that people agree on is a case at once; any other waits in the file as a comment that
    says what is missing. With --reviewer, corrections that were found right are tried on the database and written as
    verified queries beside the model. Running it again adds nothing that is there.
    """
    from evals.harvest.collect import Wanted
    from evals.harvest.collect import harvest as collected
    from evals.harvest.verified import named_reviewer
    from evals.lint.tags import guess_tags
    from nl2sql.terminal import Page, write_json

    wanted = Wanted(
        out,
        since,
        tuple(suite or ()),
        _signs(include),
        named_reviewer(reviewer) if reviewer else "",
        tuple(only or ()),
    )
    found = collected(context.obj.settings(), wanted, guess_tags)
    if as_json:
        write_json(_shape(found), sys.stdout)
    else:
        _tell(found, Page(sys.stdout))


def _signs(text: str) -> frozenset[Sign]:
    from evals.harvest.evidence import SIGNS

    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in SIGNS]
    if unknown or not names:
        told = f"“{unknown[0]}” is not one of" if unknown else "name at least one of"
        raise typer.BadParameter(f"{told} {', '.join(SIGNS)}", param_hint="--include")
    return frozenset(sign for sign in SIGNS if sign in names)


def _tell(found: Harvest, page: Page) -> None:
    from nl2sql.answer.grammar import counted

    if not found.found:
        page.line("Nothing to harvest: no answer of the ledger was judged or corrected so.")
    elif found.path is None:
        page.line(f"{counted(found.found, 'question')} found, and no new case in them.")
    else:
        ready = sum(draft.is_ready for draft in found.drafts)
        waiting = len(found.drafts) - ready
        page.line(f"Wrote {found.path}: {counted(ready, 'case')}, and {counted(waiting, 'draft')} to be filled in.")
    for each in found.verified:
        page.line(f"Wrote {each.path} ({each.rows:,} rows).")
    for draft in found.drafts:
        if draft.warnings:
            page.line(f"Look before you commit: “{_cut(draft.question)}” {' '.join(draft.warnings)}", "yellow")
    for left in found.left_out:
        page.line(f"Left out: “{_cut(left.question)}”: {left.reason.rstrip('.')}.", "dim")


def _shape(found: Harvest) -> dict[str, Any]:
    drafts = [
        {
            "id": draft.id,
            "question": draft.question,
            "kind": draft.kind,
            "sql": draft.sql,
            "ready": draft.is_ready,
            "missing": draft.missing,
            "warnings": list(draft.warnings),
            "ledger_id": draft.evidence_id,
        }
        for draft in found.drafts
    ]
    return {
        "found": found.found,
        "file": str(found.path) if found.path else None,
        "drafts": drafts,
        "verified": [{"question": v.question, "file": str(v.path), "rows": v.rows} for v in found.verified],
        "left_out": [{"question": left.question, "reason": left.reason} for left in found.left_out],
    }


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1].rstrip() + "…"
