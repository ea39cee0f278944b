"""An answer as an earlier turn of its conversation: what a follow-up may refer to."""

from __future__ import annotations

from nl2sql.answer.base import Answer
from nl2sql.answer.grammar import counted
from nl2sql.question import Turn

# A follow-up refers to what was just said; older turns cost tokens and mislead.
MAX_TURNS = 3
# A shape goes into prompts. More columns, or longer names, than a person would name when asking on cost tokens only.
MAX_SHAPE_COLUMNS, MAX_SHAPE_NAME = 12, 40


def turn_of(question: str, answer: Answer) -> Turn:
    """Of a follow-up, the whole question: the turns before it may be forgotten by then."""
    return Turn(answer.standalone or question, answer.sql, answer.plan, shape_of(answer))


def shape_of(answer: Answer) -> str:
    """ "12 rows: month, gmv": what the result looked like, without any of its values; empty where there is none."""
    if answer.table is None:
        return ""
    names, count = answer.table.table.column_names, answer.table.row_count
    shown = [_shortened(name) for name in names[:MAX_SHAPE_COLUMNS]]
    if len(names) > len(shown):
        shown.append(f"and {len(names) - len(shown)} more columns")
    rows = f"{counted(count, 'row')}{' of more' if answer.table.truncated else ''}"
    return f"{rows}: {', '.join(shown)}"


def _shortened(name: str) -> str:
    one_line = " ".join(name.split())
    return one_line if len(one_line) <= MAX_SHAPE_NAME else one_line[: MAX_SHAPE_NAME - 1].rstrip() + "…"
