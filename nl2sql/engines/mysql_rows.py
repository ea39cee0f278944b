"""Rows of MySQL's protocol, read one at a time: in half of PyMySQL's time, and refused before they are too large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pymysql  # type: ignore[import-untyped]
from pymysql import converters
from pymysql.connections import MAX_PACKET_LEN, Connection  # type: ignore[import-untyped]
from pymysql.constants import CR, FIELD_TYPE  # type: ignore[import-untyped]
from pymysql.protocol import MysqlPacket  # type: ignore[import-untyped]

from nl2sql.engines.columns import Readers, TextReader
from nl2sql.engines.intake import Row, RowTooLarge

# The byte that stands for NULL, those that stand before a longer length, and the size of the mark of the end.
_NULL, _LENGTHS, _LONGEST_END = 251, MappingProxyType({252: 2, 253: 3, 254: 8}), 9
# Sent as text by the server, and read by Arrow. What is no date, such as 0000-00-00, PyMySQL leaves as text.
_TEXTS = MappingProxyType(
    {
        FIELD_TYPE.DECIMAL: TextReader(Decimal, is_number=True),
        FIELD_TYPE.NEWDECIMAL: TextReader(Decimal, is_number=True),
        FIELD_TYPE.DATETIME: TextReader(converters.convert_datetime, is_number=False),
        FIELD_TYPE.TIMESTAMP: TextReader(converters.convert_datetime, is_number=False),
    }
)

Step = tuple[str | None, Callable[[Any], Any] | None]


class BoundedConnection(Connection):  # type: ignore[misc]
    """Its packets tell their size before they come: at most 16 MB are asked of the socket at once."""

    _next_seq_id: int
    server_start = ""

    def read_row(self, most: int) -> bytes:
        """The next packet of a result, of `most` bytes. Raises RowTooLarge, and what the server says instead."""
        read = self._rfile.read
        whole: bytes = b""
        while True:
            header = read(4)
            if len(header) < 4 or header[3] != self._next_seq_id:
                raise pymysql.OperationalError(CR.CR_SERVER_LOST, "Lost connection to the server during the query")
            length = header[0] | header[1] << 8 | header[2] << 16
            self._next_seq_id = (header[3] + 1) % 256
            most -= length
            if most < 0:
                self._force_close()  # what is left of the row would have to be read before anything else
                raise RowTooLarge
            data: bytes = read(length)
            if len(data) < length:
                raise pymysql.OperationalError(CR.CR_SERVER_LOST, "Lost connection to the server during the query")
            whole = whole + data if whole else data
            if length < MAX_PACKET_LEN:
                break
        if whole[:1] == b"\xff":
            if self._result is not None:
                self._result.unbuffered_active = False
            MysqlPacket(whole, self.encoding).raise_for_error()
        return whole


def plan_of(result: Any) -> list[Step]:
    """How each column's bytes become a value; `result` is the driver's own."""
    found: list[Step] = []
    for field, (encoding, convert) in zip(result.fields, result.converters, strict=True):
        if field.type_code in _TEXTS:
            found.append(("ascii", None))
        else:
            found.append((None, int) if convert is int else (encoding, convert))
    return found


def readers_of(result: Any) -> Readers:
    return [_TEXTS.get(field.type_code) for field in result.fields]


def row_of(packet: bytes, plan: Sequence[Step]) -> Row:
    """Each value stands behind its length, of one byte, or of as many as that byte tells."""
    row: list[Any] = []
    at = 0
    for encoding, convert in plan:
        length = packet[at]
        at += 1
        if length >= _NULL:
            if length == _NULL:
                row.append(None)
                continue
            width = _LENGTHS[length]
            length = int.from_bytes(packet[at : at + width], "little")
            at += width
        value: Any = packet[at : at + length]
        at += length
        if encoding is not None:
            value = value.decode(encoding)
        row.append(value if convert is None else convert(value))
    return tuple(row)


def ends(result: Any, packet: bytes) -> bool:
    """Whether it is the mark after the last row; the driver's result then knows that it has been read."""
    if packet[:1] != b"\xfe" or len(packet) >= _LONGEST_END:
        return False
    result._check_packet_is_eof(MysqlPacket(packet, "ascii"))
    result.unbuffered_active = False
    result.connection = None
    return True
