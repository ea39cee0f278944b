"""How a masked column is written instead of its value, by dialect. NULL stays NULL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nl2sql.guard.policy import Mask

# 64 bits: two of a million values are alike with a chance of one in thirty million.
_DIGITS: Final = 16
SQLITE_HASH: Final = "MASK_HASH"  # SQLite has no hash of its own; the engine brings it
_HASHES: Final[Mapping[str, str]] = {
    "sqlite": f"{SQLITE_HASH}({{key}}, {{column}})",
    "mysql": f"LEFT(SHA2(CONCAT({{key}}, {{column}}), 256), {_DIGITS})",
    "postgres": f"LEFT(ENCODE(SHA256(CONVERT_TO({{key}} || CAST({{column}} AS TEXT), 'UTF8')), 'hex'), {_DIGITS})",
    "duckdb": f"LEFT(SHA256({{key}} || CAST({{column}} AS TEXT)), {_DIGITS})",
    "bigquery": f"SUBSTR(TO_HEX(SHA256(CONCAT({{key}}, CAST({{column}} AS STRING)))), 1, {_DIGITS})",
}
# A text of three letters or fewer would be half told by its first. LENGTH counts bytes on MySQL.
_PARTIAL: Final = "CASE WHEN {length}({text}) > 3 THEN {joined} WHEN NOT {text} IS NULL THEN '***' END"
_TEXT: Final[Mapping[str, str]] = {"mysql": "CAST({column} AS CHAR)", "bigquery": "CAST({column} AS STRING)"}


def masked(mask: Mask, dialect: str, column: str, key: str) -> str:
    """SQL for what is shown of `column`; both it and `key` are given as SQL. The key makes hashes hard to guess."""
    base = "mysql" if dialect == "mariadb" else dialect
    if mask == "hash":
        return _HASHES[base].format(column=column, key=key)
    text = _TEXT.get(base, "CAST({column} AS TEXT)").format(column=column)
    first = f"SUBSTR({text}, 1, 1)"
    joined = f"CONCAT({first}, '***')" if base in _TEXT else f"{first} || '***'"
    return _PARTIAL.format(text=text, joined=joined, length="CHAR_LENGTH" if base == "mysql" else "LENGTH")
