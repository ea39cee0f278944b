"""Where the files of an outside suite lie: the questions, and the database of each name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evals.errors import SourceInvalid

_ENDINGS = (".sqlite", ".db", ".sqlite3")
_MAGIC = b"SQLite format 3\x00"


def file_in(source: Path, names: Sequence[str]) -> Path:
    """The source itself if it is a file, else the first of `names` in it. Raises SourceInvalid."""
    if source.is_file():
        return source
    if not source.is_dir():
        raise SourceInvalid(f"There is no file or folder {source}.")
    found = next((source / name for name in names if (source / name).is_file()), None)
    if found is None:
        raise SourceInvalid(f"The folder {source} has none of {', '.join(names)}.", hint="Name the file itself.")
    return found


def first_folder(folder: Path, names: Sequence[str]) -> Path:
    return next((folder / name for name in names if (folder / name).is_dir()), folder / names[0])


def database_file(folder: Path, name: str) -> Path | str:
    """The file of the database, or why there is none. A link that leads out of the folder is not followed."""
    tried = [folder / name / f"{name}{ending}" for ending in _ENDINGS] + [folder / f"{name}{end}" for end in _ENDINGS]
    found = next((each for each in tried if each.is_file()), None)
    if found is None:
        return f"there is no database {tried[0]}"
    if not found.resolve().is_relative_to(folder.resolve()):
        return f"its database {found} is a link out of the folder"
    try:
        with found.open("rb") as file:
            is_sqlite = file.read(len(_MAGIC)) == _MAGIC
    except OSError as error:
        return f"its database {found} cannot be read: {error.strerror}"
    return found if is_sqlite else f"its database {found} is no SQLite file"
