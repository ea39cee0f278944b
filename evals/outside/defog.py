"""defog: CSV with question, query, db_name, query_category and instructions, or JSON lines with db and variants.

`NAME_sqlite.csv` and `NAME_sqlite.jsonl` hold SQLite golds, and so on; a file without such an ending holds any. A gold
that is a text and reads no table (`SELECT 'I cannot answer that' AS answer`) is a question without an answer.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from evals.cases.base import Dialect
from evals.errors import SourceInvalid
from evals.outside.alternatives import accepted
from evals.outside.base import EntryInvalid, Outside, OutsideCase, read_text
from evals.outside.entries import cases_from, database_of, id_from, optional_text, sql_of, tag_from, text_of
from evals.outside.files import first_folder
from evals.outside.json_source import lines_in

FOLDERS = ("sqlite_dbs", "databases")
_COLUMNS = ("question", "query", "db_name")
_DIALECTS: tuple[str, ...] = (*get_args(Dialect), "snowflake", "tsql")


def read_defog(source: Path, dialect: Dialect) -> Outside:
    """`source` is a folder, or one file. Raises SourceInvalid."""
    files = _files(source, dialect)
    cases, left_out = cases_from(_entries(files), _case)
    folder = source if source.is_dir() else source.parent
    return Outside("defog", dialect, tuple(cases), tuple(left_out), first_folder(folder, FOLDERS))


def _files(source: Path, dialect: str) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise SourceInvalid(f"There is no file or folder {source}.")
    found = sorted(each for each in source.iterdir() if each.suffix in (".csv", ".jsonl") and each.is_file())
    written_for = {each: each.stem.rpartition("_")[2] for each in found}
    kept = [each for each in found if written_for[each] == dialect or written_for[each] not in _DIALECTS]
    if not any(written_for[each] == dialect for each in found):
        raise SourceInvalid(f"The folder {source} has no file like NAME_{dialect}.csv or NAME_{dialect}.jsonl.")
    return kept


def _entries(files: Sequence[Path]) -> Iterator[tuple[str, Any]]:
    for file in files:
        yield from _rows(file) if file.suffix == ".csv" else lines_in(file)


def _rows(file: Path) -> Iterator[tuple[str, Any]]:
    reader = csv.DictReader(io.StringIO(read_text(file), newline=""))
    try:
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise SourceInvalid(
                f"{file} has no column {' or '.join(missing)}; defog's files have {', '.join(_COLUMNS)}."
            )
        for number, row in enumerate(reader, 1):
            yield f"{file.name} row {number}", {**row, "id": f"{file.stem}-{number}"}
    except csv.Error as error:
        raise SourceInvalid(f"{file} is not valid CSV: {error}.") from error


def _case(place: str, entry: Mapping[str, Any]) -> OutsideCase:
    number = entry.get("id", place)
    golds = tuple(_golds(entry))
    is_answerable = not all(map(_is_refusal, golds))
    category = optional_text(entry, "category") or optional_text(entry, "query_category")
    return OutsideCase(
        id=id_from(number),
        database=database_of(entry, "db", "db_name"),
        question=text_of(entry, "question"),
        golds=golds if is_answerable else (),
        place=place,
        tags=(tag_from(category),) if category else (),
        evidence=optional_text(entry, "instructions") if is_answerable else "",
    )


def _golds(entry: Mapping[str, Any]) -> Iterator[str]:
    """Raises EntryInvalid."""
    if "variants" not in entry:
        yield from map(sql_of, accepted(text_of(entry, "query")))
        return
    variants = entry["variants"]
    if not isinstance(variants, list) or not variants or not all(isinstance(each, Mapping) for each in variants):
        raise EntryInvalid("its “variants” is no list of objects")
    for each in variants:
        yield sql_of(text_of(each, "sql"))


def _is_refusal(sql: str) -> bool:
    """One text, and nothing is read."""
    try:
        tree = sqlglot.parse_one(sql)
    except (SqlglotError, RecursionError):
        return False
    if not isinstance(tree, exp.Select) or tree.args.get("from_") is not None or len(tree.expressions) != 1:
        return False
    shown = tree.expressions[0].unalias()
    return isinstance(shown, exp.Literal) and bool(shown.is_string)
