"""Exports into a folder of Parquet files.

    DIR/_manifest.json                                the files with their rows, and the state of each table
    DIR/bids/placed_day=2026-06-30/part-0.parquet     bids and payments: a file a day
    DIR/listings/part-00003.parquet                   other tables: a file for 65,536 ids

A file is replaced as a whole, by rename, with all the rows that its day or range of ids has at the source: rows are
never merged. First the new files are written aside, under DIR/_export; then DIR/_export/commit.json appears, and from
there on the export holds; then the files are moved to their places. Killed before that point, an export leaves no
trace; killed after it, the next one (of whichever tables) moves the rest first.

Who reads DIR/bids/**/*.parquet sees each row at most once at any moment, because a row's place depends only on its
id or on a time that never changes, and each place has one file. While files are being moved, some are old and some new.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from auction_core.errors import ForeignDatabase, LoadFailed, Refused
from auction_core.export.arrow import schema_of
from auction_core.export.plan import Exported, Since
from auction_core.export.source import Part, Snapshot
from auction_core.export.state import TableState
from auction_core.export.target import Advance

MANIFEST = "_manifest.json"
ASIDE = "_export"
COMMIT = "commit.json"
VERSION = 1
# Rows; a few megabytes that a reader skips as a whole when no listing it looks for is within.
ROW_GROUP = 131_072
Files = dict[str, int]


class ParquetTarget:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder / ASIDE
        self._manifest = _read_manifest(folder)
        # By table, the files with their rows as they are to be.
        self._planned: dict[str, Files] = {}
        self._written: dict[str, set[str]] = {}

    @classmethod
    @contextmanager
    def open(cls, place: str) -> Iterator[Self]:
        folder = Path(place)
        if folder.exists() and not folder.is_dir():
            raise Refused(f"{folder} is a file, not a folder.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                _finish(folder)
                try:
                    yield cls(folder)
                finally:
                    _clear(folder)
        except OSError as error:
            raise LoadFailed(f"Writing {folder} broke off ({error.strerror}); run the export again.") from error

    def states(self) -> Mapping[str, TableState]:
        return {name: TableState.from_json(kept["state"]) for name, kept in self._manifest.items()}

    def write(self, exported: Exported, snapshot: Snapshot, since: Since | None, advance: Advance) -> int:
        name = exported.name
        shutil.rmtree(self._aside / name, ignore_errors=True)
        files: Files = {} if since is None else dict(self._manifest[name]["files"])
        written: set[str] = set()
        done = 0
        for part, changed in snapshot.parts(exported, since).items():
            path = _path(exported, part)
            files[path] = _write_file(self._aside / path, exported, snapshot.part(exported, part))
            written.add(path)
            done += changed
            advance(done)
        if not files:  # a reader finds the columns, if no rows
            path = f"{name}/part-00000.parquet"
            files[path] = _write_file(self._aside / path, exported, ())
            written.add(path)
        self._planned[name], self._written[name] = files, written
        return sum(files.values())

    def commit(self, states: Mapping[str, TableState]) -> None:
        tables = dict(self._manifest)
        for name, state in states.items():
            tables[name] = {"state": state.to_json(), "files": dict(sorted(self._planned[name].items()))}
        moves = sorted(path for paths in self._written.values() for path in paths)
        gone = sorted(
            path
            for name, files in self._planned.items()
            for path in self._manifest.get(name, {"files": {}})["files"]
            if path not in files
        )
        self._aside.mkdir(exist_ok=True)
        _write_json(self._aside / COMMIT, {"version": VERSION, "moves": moves, "gone": gone, "tables": tables})
        _finish(self._folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The system lets go of the lock when the process ends, however it ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Refused(f"Another export is writing to {folder}.") from None
    finally:
        os.close(descriptor)


def _finish(folder: Path) -> None:
    """Carries out what an export has committed; each step may be done twice."""
    aside = folder / ASIDE
    if (aside / COMMIT).exists():
        commit = json.loads((aside / COMMIT).read_text())
        for path in commit["moves"]:
            if (aside / path).exists():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (aside / path).replace(folder / path)
        for path in commit["gone"]:
            (folder / path).unlink(missing_ok=True)
            _remove_empty((folder / path).parent)
        _write_json(folder / MANIFEST, {"version": commit["version"], "tables": commit["tables"]})
        (aside / COMMIT).unlink()
    shutil.rmtree(aside, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Files of an export that broke off; a commit that could not be finished is left for the next one."""
    if not (folder / ASIDE / COMMIT).exists():
        shutil.rmtree(folder / ASIDE, ignore_errors=True)
    _remove_empty(folder)


def _remove_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.exists():
        if any(folder.iterdir()):
            raise ForeignDatabase(f"{folder} holds files that no export has written: choose another folder.")
        return {}
    try:
        kept = json.loads(path.read_text())
        if kept["version"] != VERSION:
            raise ValueError
        tables: dict[str, Any] = kept["tables"]
    except (ValueError, KeyError, TypeError):
        raise ForeignDatabase(f"{path} is not the manifest of an export of this version.") from None
    return tables


def _path(exported: Exported, part: Part) -> str:
    if isinstance(part, date):
        return f"{exported.name}/{exported.day_folder}={part.isoformat()}/part-0.parquet"
    return f"{exported.name}/part-{part:05}.parquet"


def _write_file(path: Path, exported: Exported, batches: Iterable[Any]) -> int:
    """Rows written, sorted by listing; those of one part are in memory at once."""
    rows = pa.Table.from_batches(batches, schema_of(exported.columns))
    order = [(name, "ascending") for name in (exported.cluster, *exported.key) if name]
    rows = rows.sort_by(list(dict.fromkeys(order)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pq.write_table(rows, file, compression="zstd", row_group_size=ROW_GROUP)
        file.flush()
        os.fsync(file.fileno())
    return int(rows.num_rows)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    """By rename: the file is there as a whole or not at all."""
    growing = path.with_name(f"{path.name}.growing")
    with growing.open("w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    growing.replace(path)
