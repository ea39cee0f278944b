"""A run as JUnit XML, as build servers read it: a test suite for each kind of case, a test for each case and repeat.

| came of it | in the file |
|---|---|
| right | passed |
| wrong, unsafe SQL ran | failure |
| declined, asked back, refused by the guard: no answer, but no wrong number either | skipped |
| failed, timeout, SQL that the database refused | error |

A case that must pass and did not is a failure, whatever came of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from io import BytesIO
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from evals.log.records import CaseRecord, RunHeader
from evals.outcome import result_of
from evals.report.dialects import dialect_of
from evals.report.tree_difference import differences_of

# Build servers keep the texts of thousands of tests: of a statement its beginning must do.
BODY_CHARACTERS = 4_000
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {"wrong": "failure", "declined": "skipped", "refused": "skipped", "failed": "error"}


def junit_xml(header: RunHeader, records: Sequence[CaseRecord]) -> bytes:
    """With its declaration, UTF-8; characters that XML cannot hold are U+FFFD."""
    by_kind: dict[str, list[CaseRecord]] = defaultdict(list)
    for record in records:
        by_kind[record.kind].append(record)
    root = Element("testsuites", _counts(header.suite, records))
    for kind, of_kind in by_kind.items():
        suite = SubElement(root, "testsuite", _counts(f"{header.suite}: {kind}", of_kind))
        if header.started_at:
            suite.set("timestamp", _text(header.started_at)[:19])
        _add_properties(suite, header)
        for record in of_kind:
            _add_case(suite, header, record)
    indent(root)
    return _written(root)


def tag_of(record: CaseRecord) -> str:
    """ "" for a test that passed, else failure, skipped or error."""
    tag = _TAGS.get(result_of(record.outcome), "")
    return "failure" if tag and record.must_pass else tag


def _counts(name: str, records: Sequence[CaseRecord]) -> dict[str, str]:
    tags = [tag_of(record) for record in records]
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    seconds = sum(record.ms for record in records) / 1000
    return {
        "name": _text(name),
        "tests": str(len(records)),
        **{key: str(tags.count(tag)) for key, tag in counts.items()},
        "time": f"{seconds:.3f}",
    }


def _add_properties(suite: Element, header: RunHeader) -> None:
    properties = SubElement(suite, "properties")
    named = {"writer": header.writer, "model": header.model, "prompt": header.prompt, "as_of": header.as_of}
    for name, value in named.items():
        if value:
            SubElement(properties, "property", name=name, value=_text(value))


def _add_case(suite: Element, header: RunHeader, record: CaseRecord) -> None:
    name = record.id if header.repeats == 1 else f"{record.id} ({record.repeat + 1} of {header.repeats})"
    classname = ".".join([header.suite, record.kind, *record.tags[:1]])
    case = SubElement(suite, "testcase", classname=_text(classname), name=_text(name), time=f"{record.ms / 1000:.3f}")
    if tag := tag_of(record):
        message = record.reason or record.said.headline or record.outcome
        told = SubElement(case, tag, message=_text(message)[:500])
        if tag != "skipped":  # the common schema knows no type of it
            told.set("type", record.outcome)
        told.text = _text(_body(record, dialect_of(header)))


def _body(record: CaseRecord, dialect: str) -> str:
    parts = [f"question: {record.question}"]
    said, gold = record.said, record.gold
    parts += [f"differs: {each}" for each in differences_of(record, dialect)]
    if gold is not None:
        parts.append(f"gold:\n{gold.sql.strip()[:BODY_CHARACTERS]}")
    if said.sql:
        parts.append(f"ran:\n{said.sql.strip()[:BODY_CHARACTERS]}")
    return "\n".join(parts)


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)


def _written(root: Element) -> bytes:
    stream = BytesIO()
    ElementTree(root).write(stream, encoding="utf-8", xml_declaration=True)
    return stream.getvalue() + b"\n"
