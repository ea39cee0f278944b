"""A whole answer as bytes and back, to be kept for months: JSON for what is said, Arrow IPC for the rows. No pickle.

Magic with a version, CRC-32 of the rest, length of the JSON, the JSON (zlib), and the rows (zstd) where there are any.
A field that this version does not know is ignored, so that releases can add one; raise the version only where old bytes
would be misread.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from typing import Final

from nl2sql.answer.base import Answer, Finding
from nl2sql.answer.grammar import counted
from nl2sql.answer.plain_json import from_plain, to_plain
from nl2sql.engines.arrow_ipc import rows_from_stream, rows_to_stream
from nl2sql.engines.base import ResultTable

_FAMILY: Final = b"nl2sql-answer-"
MAGIC: Final = _FAMILY + b"1\n"
_HEADER: Final = struct.Struct(">II")  # CRC-32 of all behind it, length of the JSON
_START: Final = len(MAGIC) + _HEADER.size
_CHECKED_FROM: Final = len(MAGIC) + 4
# Text of one answer: SQL, plan and receipt come to some 20 kB. What unpacks to more was not packed here.
_MOST_TEXT: Final = 64_000_000
TABLE_NOT_KEPT: Final = "table_not_kept"  # code of the finding that says so


class StoredAnswerUnreadable(ValueError):
    """These bytes are no answer of this version. `sentence` is for the screen."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def answer_to_bytes(answer: Answer) -> bytes:
    """Everything of it. Raises TypeError for a value that no answer of the product holds."""
    plain = to_plain(answer, without=frozenset({"table"}))
    rows = b""
    if answer.table is not None:
        plain["table"] = to_plain(answer.table, without=frozenset({"table"}))
        rows = rows_to_stream(answer.table.table, compression="zstd")
    text = zlib.compress(json.dumps(plain, separators=(",", ":")).encode("ascii"), 1)
    body = b"".join([struct.pack(">I", len(text)), text, rows])
    return b"".join([MAGIC, struct.pack(">I", zlib.crc32(body)), body])


def answer_from_bytes(data: bytes) -> Answer:
    """Equal to what was given to `answer_to_bytes`, with the same types of columns. Raises StoredAnswerUnreadable."""
    _refuse_foreign(data)
    size: int = _HEADER.unpack_from(data, len(MAGIC))[1]
    view = memoryview(data)
    try:
        plain = json.loads(_unpacked(view[_START : _START + size]))
        facts, rows = plain.pop("table", None), view[_START + size :]
        table = None if facts is None else from_plain(ResultTable, facts, table=rows_from_stream(rows))
        return from_plain(Answer, plain, table=table)
    except (ValueError, TypeError, AttributeError, RecursionError, zlib.error) as error:
        raise StoredAnswerUnreadable("This answer was kept by another version of the product.") from error


def without_table(answer: Answer) -> Answer:
    """For one whose rows are too many to keep. Not a part of them: whoever saw a part under a headline that speaks of
    the whole would take it for the whole, and so would totals, charts and exports."""
    if answer.table is None:
        return answer
    rows = counted(answer.table.row_count, "row")
    told = Finding(TABLE_NOT_KEPT, "info", f"The table ({rows}) was too large to keep. Run it again to see it.")
    return replace(answer, table=None, chart=None, columns=(), findings=(*answer.findings, told))


def _refuse_foreign(data: bytes) -> None:
    if not data.startswith(MAGIC):
        known = data.startswith(_FAMILY)
        told = "was kept by another version of the product" if known else "cannot be read: it is something else"
        raise StoredAnswerUnreadable(f"This answer {told}.")
    if len(data) < _START or _HEADER.unpack_from(data, len(MAGIC))[0] != zlib.crc32(memoryview(data)[_CHECKED_FROM:]):
        raise StoredAnswerUnreadable("This answer is damaged.")


def _unpacked(text: memoryview) -> bytes:
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(text, _MOST_TEXT)
    if not unpacking.eof:
        raise ValueError("cut, or too long")
    return unpacked
