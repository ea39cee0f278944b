"""Spider: `dev.json` with db_id, question and query, and a folder `database/NAME/NAME.sqlite` for each database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.outside.base import Outside, OutsideCase
from evals.outside.entries import cases_from, database_of, id_from, sql_of, text_of
from evals.outside.files import file_in, first_folder
from evals.outside.json_source import list_in

FILES = ("dev.json", "test.json", "train_spider.json")
FOLDERS = ("database", "test_database", "databases")


def read_spider(source: Path) -> Outside:
    """`source` is the folder, or a JSON file in it. Raises SourceInvalid."""
    file = file_in(source, FILES)
    cases, left_out = cases_from(list_in(file), _case)
    return Outside("spider", "sqlite", tuple(cases), tuple(left_out), first_folder(file.parent, FOLDERS))


def _case(place: str, entry: Mapping[str, Any]) -> OutsideCase:
    database = database_of(entry, "db_id")
    return OutsideCase(
        id=id_from(database, place.removeprefix("entry ")),
        database=database,
        question=text_of(entry, "question"),
        golds=(sql_of(text_of(entry, "query")),),
        place=place,
    )
