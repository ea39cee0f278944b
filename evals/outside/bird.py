"""BIRD: `dev.json` (question_id, db_id, question, evidence, SQL, difficulty) and `dev_databases/NAME/NAME.sqlite`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evals.outside.base import Outside, OutsideCase
from evals.outside.entries import cases_from, database_of, id_from, optional_text, sql_of, tag_from, text_of
from evals.outside.files import file_in, first_folder
from evals.outside.json_source import list_in

FILES = ("dev.json", "mini_dev_sqlite.json", "train.json")
FOLDERS = ("dev_databases", "train_databases", "databases")


def read_bird(source: Path) -> Outside:
    """`source` is the folder, or a JSON file in it. Raises SourceInvalid."""
    file = file_in(source, FILES)
    cases, left_out = cases_from(list_in(file), _case)
    return Outside("bird", "sqlite", tuple(cases), tuple(left_out), first_folder(file.parent, FOLDERS))


def _case(place: str, entry: Mapping[str, Any]) -> OutsideCase:
    number = entry.get("question_id", place.removeprefix("entry "))
    database = database_of(entry, "db_id")
    difficulty = optional_text(entry, "difficulty")
    return OutsideCase(
        id=id_from(database, number),
        database=database,
        question=text_of(entry, "question"),
        golds=(sql_of(text_of(entry, "SQL", "query")),),
        place=place,
        tags=(tag_from(difficulty),) if difficulty else (),
        evidence=optional_text(entry, "evidence"),
    )
