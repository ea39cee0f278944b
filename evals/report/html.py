"""One file that holds a whole evaluation, for a browser without a network.

The page is a frame of ours (page/) and data, each block packed by gzip and base64: the list of cases, which is read at
once, and the cases themselves in parts, which are read when one is opened. Nothing of the data is ever markup: blocks
hold only letters of base64, and the frame makes elements and texts. A policy in the page forbids every other script,
and every request.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from gzip import compress
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

from evals.log.prompts import prompts_of, read_prompts
from evals.log.records import CaseRecord, stream
from evals.report.details import detail
from evals.report.dialects import dialect_of
from evals.report.figures import sentence
from evals.report.head import page_head
from evals.report.reading import Report

STYLES = ("page.css",)
SCRIPTS = ("dom.js", "data.js", "sql.js", "figures.js", "filters.js", "cases.js", "drill.js", "main.js")
# So many records are unpacked together when one of them is opened: some hundred kilobytes.
CHUNK = 50
# Characters of prompts, paragraphs counted once; prompts of answers that are not right come first.
PROMPT_CHARACTERS = 6_000_000


def write_page(report: Report, log: Path, stream_to: TextIO) -> None:
    """The log is read once more, record by record: the report has no results. Raises LogInvalid."""
    dialect = dialect_of(report.header)
    stream_to.write(_frame(f"{report.header.suite}: evaluation", sentence(report.summary)))
    places: dict[tuple[str, int], tuple[int, int]] = {}
    sent: dict[str, bool] = {}
    for number, chunk in enumerate(_chunks(stream(log))):
        places.update({record.key: (number, place) for place, record in enumerate(chunk)})
        sent.update({name: record.is_right for record in chunk for name in record.prompts})
        records = [detail(record, report.base.get(record.key), dialect) for record in chunk]
        _write_block(stream_to, f"part-{number}", records)
    _write_block(stream_to, "prompts", _prompts(log, sent))
    _write_block(stream_to, "head", page_head(report, places))
    stream_to.write(f"<script>{_source(SCRIPTS)}</script>\n</body>\n</html>\n")


def _frame(title: str, sentence: str) -> str:
    style, script = _source(STYLES), _source(SCRIPTS)
    frame = (files("evals.report") / "page" / "page.html").read_text(encoding="utf-8")
    parts = {
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "style": style,
        "title": escape(_clean(title)),
        "sentence": escape(_clean(sentence)),
    }
    for name, text in parts.items():
        frame = frame.replace(f"{{{name}}}", text)
    return frame


def _source(names: Sequence[str]) -> str:
    texts = [(files("evals.report") / "page" / name).read_text(encoding="utf-8") for name in names]
    if names is SCRIPTS:
        return '"use strict";\n(() => {\n' + "".join(texts) + "})();\n"
    return "".join(texts)


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _clean(text: str) -> str:
    """Braces would be read as places of the frame; control characters are no text."""
    return "".join(c if c.isprintable() else " " for c in text).replace("{", "(").replace("}", ")")


def _write_block(stream_to: TextIO, name: str, value: object) -> None:
    # "backslashreplace": half of a surrogate pair is no text that UTF-8 could hold.
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    packed = b64encode(compress(plain, compresslevel=9, mtime=0)).decode("ascii")
    stream_to.write(f'<script type="text/plain" id="{name}">{packed}</script>\n')


def _chunks(records: Iterator[CaseRecord]) -> Iterator[list[CaseRecord]]:
    chunk: list[CaseRecord] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _prompts(log: Path, sent: Mapping[str, bool]) -> dict[str, Any]:
    """{"texts": [paragraph], "prompts": {fingerprint: [[role, [index of paragraph]]]}}, as many as have room.
    `sent` says of each whether what came of it was right."""
    kept = read_prompts(prompts_of(log))
    texts: dict[str, int] = {}
    prompts: dict[str, Any] = {}
    room = PROMPT_CHARACTERS
    for name in sorted((name for name in sent if name in kept), key=sent.__getitem__):
        paragraphs = [(role, content.split("\n\n")) for role, content in kept[name]]
        needed = sum(len(each) for each in {each for _, parts in paragraphs for each in parts} if each not in texts)
        if needed > room:
            continue
        room -= needed
        prompts[name] = [[role, [texts.setdefault(each, len(texts)) for each in parts]] for role, parts in paragraphs]
    return {"texts": list(texts), "prompts": prompts}
