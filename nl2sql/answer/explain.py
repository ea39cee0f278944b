"""A statement as numbered steps in plain language, in the order in which it is worked out.

The receipt says what was computed; this says how the text beside it does that: query by query as they are written, and
within each from FROM to LIMIT. Read off the checked tree with the words of the receipt, so that it holds for SQL that
a person typed as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlglot import exp

from nl2sql.answer.base import Labels, ReceiptLine
from nl2sql.answer.clauses import clause_lines, combining_words, ending_lines
from nl2sql.answer.grammar import counted, opening, pretty
from nl2sql.answer.receipt import clock_note, speaker_for, unsaid
from nl2sql.answer.sources import is_scalar, leading_select
from nl2sql.answer.speech import Speaker
from nl2sql.guard.checked import CheckedSql


def explain(checked: CheckedSql, labels: Labels, as_of: date) -> tuple[str, ...]:
    """One sentence without a full stop for each step; their places are their numbers. `as_of` is the day called today.
    A step of a WITH, a derived table, or a part of a UNION begins with its name."""
    tree = checked.tree
    if checked.limit_added:
        tree.set("limit", None)
    select = leading_select(tree)
    if select is None:
        return (f"Run as written: `{checked.sql}`",)
    speaker = speaker_for(tree, labels, as_of, checked.grammar)
    steps = []
    if checked.row_filtered:
        steps.append(f"Read only the {speaker.tables(checked.row_filtered)} that your role may see")
    lines: list[ReceiptLine] = []
    steps += _query(tree, "", speaker, lines)
    if checked.limit_added and not is_scalar(tree):
        steps.append(f"Hand back at most {counted(checked.row_limit, 'row')}")
    notes = [*clock_note(tree, as_of, speaker), *unsaid(tree, lines, speaker)]
    return tuple(steps + [opening(note.text) for note in notes])


def _query(query: exp.Expr, name: str, speaker: Speaker, lines: list[ReceiptLine]) -> Iterator[str]:
    """`speaker` stands in the (first) SELECT of the query. `lines` gathers what the steps were read from."""
    with_ = query.args.get("with_")
    for cte in with_.expressions if with_ is not None else ():
        yield from _inside(cte.this, f"“{pretty(cte.alias)}”", speaker, lines)
    if isinstance(query, exp.Subquery):
        yield from _query(query.this, name, speaker, lines)
    elif isinstance(query, exp.Select):
        yield from _select(query, name, speaker, lines)
    else:
        for number, part in enumerate((query.this, query.expression), start=1):
            yield from _inside(part, f"{name}, part {number}" if name else f"Part {number}", speaker, lines)
        ending = ending_lines(query, speaker)
        lines += ending
        kept = f"Keep {combining_words(query, speaker)}"
        yield from (_called(name, each) for each in [kept, *map(_ending, ending)])


def _inside(query: exp.Expr, name: str, speaker: Speaker, lines: list[ReceiptLine]) -> Iterator[str]:
    select = leading_select(query)
    if select is None:
        yield _called(name, f"As in {speaker.as_sql(query)}")
    else:
        yield from _query(query, name, speaker.inside(select), lines)


def _called(name: str, text: str) -> str:
    return f"{name}: {text[:1].lower()}{text[1:]}" if name else text


def _select(select: exp.Select, name: str, speaker: Speaker, lines: list[ReceiptLine]) -> Iterator[str]:
    joins = select.args.get("joins") or []
    from_ = select.args.get("from_")
    for entry in [*([from_.this] if from_ is not None else []), *(join.this for join in joins)]:
        if isinstance(entry, exp.Subquery):
            yield from _inside(entry.this, f"“{pretty(entry.alias_or_name)}”", speaker, lines)
    own = [line for line in clause_lines(select, speaker) if line.kind != "combine"]
    lines += own
    yield from (_called(name, step) for step in _clauses(select, own, speaker))


def _clauses(select: exp.Select, own: list[ReceiptLine], speaker: Speaker) -> Iterator[str]:
    """From FROM to LIMIT: groups before what is worked out for them, and what looks across rows after both."""
    windows = {speaker.sql(each) for each in select.expressions if each.find(exp.Window)}
    qualify = select.args.get("qualify")
    after = speaker.sql(qualify) if qualify is not None else ""

    def of(kind: str) -> list[ReceiptLine]:
        return [line for line in own if line.kind == kind]

    yield from (f"Start {line.text}" for line in of("source"))
    yield from (f"Join: {line.text}" for line in of("join"))
    yield from (_kept(line.text) for line in of("filter"))
    yield from (f"Keep only this period: {line.text}" for line in of("period"))
    yield from _grouping([line.text for line in of("group")])
    shown = [line for line in of("measure") if line.text.startswith("shows ")]
    measures = [line for line in of("measure") if line not in shown]
    yield from _worked_out([line.text for line in measures if line.sql not in windows], select)
    yield from (_kept(line.text) for line in of("having") if line.sql not in after)
    across = [line.text for line in measures if line.sql in windows]
    if across:
        yield f"Work out, looking across the rows: {'; '.join(across)}"
    yield from (_kept(line.text) for line in of("having") if line.sql in after)
    yield from (opening(line.text).replace("Shows", "Show", 1) for line in shown)
    yield from ("Keep each different row once" for line in of("group") if line.sql == "DISTINCT")
    yield from map(_ending, [*of("order"), *of("limit"), *of("note")])


def _kept(text: str) -> str:
    return f"Keep {text}" if text.startswith("only ") else f"Keep only rows where {text}"


def _grouping(texts: list[str]) -> Iterator[str]:
    keys = [text.removeprefix("by ") for text in texts if text.startswith("by ")]
    if keys:
        yield f"Group the rows by {'; '.join(keys)}"
    for text in texts:
        if text.startswith(("grouped as in", "one row for each")):
            yield opening(text).replace("Grouped", "Group", 1).replace("One row", "Keep one row", 1)


def _worked_out(texts: list[str], select: exp.Select) -> Iterator[str]:
    if not texts:
        return
    whole = any(each.find(exp.AggFunc) for each in select.expressions)
    over = "For each group" if select.args.get("group") else "Over all these rows" if whole else "For each row"
    yield f"{over}, work out: {'; '.join(texts)}"


def _ending(line: ReceiptLine) -> str:
    text = line.text
    for said, step in (("ordered by ", "Sort by "), ("leaving out ", "Leave out "), ("limited as ", "Limit as ")):
        if text.startswith(said):
            return step + text.removeprefix(said)
    if line.kind == "limit":
        return f"Keep {text if text.startswith(('the ', 'at most ')) else f'the {text}'}"
    return opening(text)
