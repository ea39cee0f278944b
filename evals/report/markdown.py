"""A run as Markdown for the comment of a pull request: the figures, the verdict, and folded lists to look into.

Everything of the data is escaped: a question can neither break a table, nor fold out of its list, nor call somebody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from evals.comparing.gate import broken_promises
from evals.log.records import CaseRecord, RunHeader
from evals.outcome import RESULTS, result_of
from evals.report.case_rows import merge_repeats, repeats_named
from evals.report.dialects import dialect_of
from evals.report.figures import Figure, about, abstention_figure, figures, sentence, verdict
from evals.report.reading import LOST, WON, Report
from evals.report.tree_difference import differences_of
from evals.summary.base import Summary
from evals.wording import between, percent

# GitHub takes 65,536 characters in a comment.
MAX_CHARACTERS = 60_000
# Of a statement so much: who needs the rest reads the page.
SQL_CHARACTERS = 1_500
QUESTION_CHARACTERS = 300
_ROOM_FOR_THE_END = 300
_ENTITIES = {ord(c): f"&#{ord(c)};" for c in "&<>|`*_[]#~@\\$"}


def markdown_summary(report: Report) -> str:
    """At most MAX_CHARACTERS; what has no room is counted."""
    head = "\n".join(_head(report))
    left = MAX_CHARACTERS - len(head) - _ROOM_FOR_THE_END
    parts = [head]
    for each in _lists(report):
        parts.append(each.folded(left))
        left -= len(parts[-1]) + 2
    parts.append(_tags(report, left))
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(report: Report) -> Iterator[str]:
    header, summary, comparison = report.header, report.summary, report.comparison
    yield f"### Evaluation: {_text(header.suite)}"
    yield ""
    yield f"**{_text(sentence(summary))}**"
    if comparison is not None:
        told, how = verdict(comparison)
        yield ""
        yield f"**{_text(told)}** {_text(how)}"
    for notice in (*broken_promises(summary), *report.notices):
        yield ""
        yield f"> {_text(notice)}"
    yield ""
    yield from _table(report)
    yield ""
    yield " · ".join(f"{name} {_text(value)}" for name, value in about(header, summary) if value)


def _table(report: Report) -> Iterator[str]:
    rows = _figures(report.summary)
    if report.comparison is None:
        yield "| | | |"
        yield "|---|--:|---|"
        yield from (f"| {each.name} | {_text(each.value)} | {_text(each.note)} |" for each in rows)
        return
    before = {each.name: each.value for each in _figures(report.comparison.first)}
    yield "| | this run | | base run |"
    yield "|---|--:|---|--:|"
    for each in rows:
        was = _text(before.get(each.name, ""))
        yield f"| {each.name} | {_text(each.value)} | {_text(each.note)} | {was} |"


def _figures(summary: Summary) -> list[Figure]:
    total = summary.total
    accuracy = Figure("Accuracy", percent(total.accuracy), between(total.accuracy_interval))
    return [accuracy, *figures(summary), abstention_figure(summary)]


def _lists(report: Report) -> Iterator[_List]:
    """What is worse than before comes first; what was told is not told again."""
    dialect, header = dialect_of(report.header), report.header
    lost = [each for each in report.records if report.flips.get(each.id) == LOST and not each.is_right]
    won = [each for each in report.records if report.flips.get(each.id) == WON and each.is_right]
    told = {each.key for each in lost}
    rest: dict[str, list[CaseRecord]] = {result: [] for result in RESULTS}
    for record in report.records:
        if record.key not in told:
            rest[result_of(record.outcome)].append(record)

    def entry(record: CaseRecord, name: str) -> str:
        return _entry(record, name, report.base.get(record.key), dialect)

    def line(record: CaseRecord, name: str) -> str:
        return _line(record, name)

    yield _List("No longer right", header, lost, entry)
    yield _List("Wrong, not new" if lost else "Wrong", header, rest["wrong"], entry)
    for result in ("declined", "refused", "failed"):
        yield _List(result.capitalize(), header, rest[result], line)
    yield _List("Now right", header, won, line)


@dataclass(frozen=True, slots=True)
class _List:
    """Records that are told one by one, as long as there is room; `tell` is given a record and how it is called."""

    title: str
    header: RunHeader
    records: Sequence[CaseRecord]
    tell: Callable[[CaseRecord, str], str]

    def folded(self, room: int) -> str:
        if not self.records:
            return ""
        kept: list[str] = []
        merged = merge_repeats(self.records)
        for record, repeats in merged:
            told = self.tell(record, f"**{_text(record.id)}**{repeats_named(self.header, repeats)}")
            room -= len(told) + 2
            if room < _ROOM_FOR_THE_END:
                kept.append(f"… and {len(merged) - len(kept):,} more, in the HTML report.")
                break
            kept.append(told)
        return _fold(f"{self.title} ({len(self.records):,})", "\n\n".join(kept))


def _fold(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _tags(report: Report, room: int) -> str:
    rows = [f"| tag | answers | {' | '.join(RESULTS)} |", f"|---|--:|{'--:|' * len(RESULTS)}"]
    for name, each in report.summary.by_tag.items():
        counts = " | ".join(f"{getattr(each, result):,}" for result in RESULTS)
        rows.append(f"| {_text(name)} | {each.trials:,} | {counts} |")
    body = "\n".join(rows)
    return _fold("By tag", body) if len(rows) > 2 and len(body) < room else ""


def _line(record: CaseRecord, name: str) -> str:
    reason = f" – {_text(record.reason)}" if record.reason else ""
    return f"- {name} {_text(record.question)}{reason}"


def _entry(record: CaseRecord, name: str, base: CaseRecord | None, dialect: str) -> str:
    parts = [_line(record, name)]
    gold, said = record.gold, record.said
    parts += [f"  - ≠ {_text(each)}" for each in differences_of(record, dialect)]
    if gold is not None:
        parts.append(_code("gold", gold.sql))
    if base is not None and base.said.sql:
        parts.append(_code("base run", base.said.sql))
    if said.sql:
        parts.append(_code("this run" if base else "ran", said.sql))
    return "\n".join(parts)


def _code(title: str, sql: str) -> str:
    """A fence longer than any in the text, inside the list item."""
    sql = _visible(sql.strip(), keep="\n\t")
    if len(sql) > SQL_CHARACTERS:
        sql = f"{sql[:SQL_CHARACTERS]}\n… {len(sql) - SQL_CHARACTERS:,} characters more"
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", sql))])
    body = "\n".join(f"  {line}" for line in sql.splitlines())
    return f"\n  {title}:\n  {fence}sql\n{body}\n  {fence}"


def _text(text: str) -> str:
    """One line that is nothing but text, also in a cell of a table and in HTML."""
    line = " ".join(_visible(text, keep="").split())
    cut = line if len(line) <= QUESTION_CHARACTERS else f"{line[:QUESTION_CHARACTERS]}…"
    return re.sub(r"://", "&#58;//", cut.translate(_ENTITIES))


def _visible(text: str, keep: str) -> str:
    """Control characters, and those that turn the direction of writing, as spaces."""
    return "".join(c if c.isprintable() or c in keep else " " for c in text)
