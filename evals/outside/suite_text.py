"""Imported cases as the text of a suite file, and a policy beside it under which its golds may run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from evals.cases.base import Dialect
from evals.outside.base import OutsideCase
from nl2sql.catalog.model import SemanticModel

# Rows of the longest golds of the known suites, so that none is cut; and half a minute for the slowest.
_ROWS, _SECONDS = 100_000, 30


@dataclass(frozen=True, slots=True)
class SuiteHead:
    """`model` and `database` are paths relative to the suite, `schema` that of the published JSON schema."""

    name: str
    description: str
    model: str
    database: str
    dialect: Dialect
    as_of: date | None
    schema: str


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """`question` may have the evidence at its end. `is_ordered`: the rows must come in the gold's order."""

    case: OutsideCase
    question: str
    golds: tuple[str, ...]
    is_ordered: bool = False


def suite_text(head: SuiteHead, cases: Sequence[SuiteCase]) -> str:
    lines = [
        f"# yaml-language-server: $schema={head.schema}",
        f"name: {_scalar(head.name)}",
        f"description: {_scalar(head.description)}",
        f"model: {_scalar(head.model)}",
        f"database: {_scalar(head.database)}",
    ]
    lines += [f'as_of: "{head.as_of}"'] if head.as_of else []
    lines += [f"dialect: {head.dialect}", "", "cases:"]
    for each in cases:
        lines += [*_case(each), ""]
    return "\n".join(lines)


def _case(each: SuiteCase) -> Iterator[str]:
    case = each.case
    yield f"  - id: {_scalar(case.id)}"
    yield f"    question: {_scalar(each.question)}"
    yield f"    kind: {'answerable' if case.is_answerable else 'unanswerable'}"
    if case.tags:
        yield f"    tags: [{', '.join(map(_scalar, case.tags))}]"
    if len(each.golds) == 1:
        yield from _block("    sql: ", each.golds[0], 6)
    elif each.golds:
        yield "    sql:"
        for sql in each.golds:
            yield from _block("      - ", sql, 8)
    if each.is_ordered:
        yield "    order_by: gold"
    if case.evidence:
        yield f"    comment: {_scalar(case.evidence)}"


def _block(start: str, sql: str, indent: int) -> Iterator[str]:
    """A text of lines where YAML can hold it so, which a person reads more easily; else one that is quoted."""
    lines = [line.rstrip() for line in sql.split("\n")]
    if not all(line.isprintable() for line in lines) or sql != "\n".join(lines) or sql[:1].isspace():
        yield f"{start}{_scalar(sql)}"
        return
    yield f"{start}|-"
    yield from (f"{' ' * indent}{line}" if line else "" for line in lines)


def _scalar(text: str) -> str:
    """Always quoted; what cannot be printed is escaped, which JSON does less than YAML wants."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)


def policy_text(model: SemanticModel) -> str:
    """Everything may be read: the golds of an imported suite read what the draft of its model calls sensitive."""
    lines = [
        "# So that the writer is measured and not the policy: what the drafted model marks sensitive may be read here.",
        "# For data of real people, take the names out of “allow”.",
        "roles:",
        "  analyst:",
    ]
    private = {each.name: [field.name for field in each.fields if field.sensitive] for each in model.datasets}
    if any(private.values()):
        lines.append("    datasets:")
        for name, fields in private.items():
            if fields:
                lines += [f"      {_scalar(name)}:", f"        columns: {{allow: [{', '.join(map(_scalar, fields))}]}}"]
        lines.append('      "*": {}')
    lines += [f"    limits: {{rows: {_ROWS}, seconds: {_SECONDS}, rows_per_minute: {_ROWS * 100}}}", ""]
    return "\n".join(lines)
