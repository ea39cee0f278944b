"""The cache in a folder: a file that anybody wrote can do no more than be a miss."""

from __future__ import annotations

import logging
import os
import pickle
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import diskcache
import pytest

from nl2sql.cache.base import Entry
from nl2sql.cache.disk import BytesDisk, DiskCache
from nl2sql.cache.stored import to_stored


def value_of(entry: Entry | None) -> bytes | None:
    return None if entry is None else entry.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var" / "cache"


@pytest.fixture
def cache(folder: Path) -> Iterator[DiskCache]:
    made = DiskCache(folder)
    yield made
    made.close()


def test_it_outlives_the_process_and_is_shared(cache: DiskCache, folder: Path) -> None:
    cache.set("a", b"1")
    other = DiskCache(folder)
    assert value_of(other.get("a")) == b"1"
    other.close()


def test_the_folder_is_for_its_owner_alone(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    DiskCache(folder).close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_of_another_user_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder.mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert_works_as_no_cache(DiskCache(folder), caplog)
    assert list(folder.iterdir()) == []


def assert_works_as_no_cache(made: DiskCache, caplog: pytest.LogCaptureFixture) -> None:
    made.set("a", b"1")
    assert made.get("a") is None
    made.close()
    assert [record.levelno for record in caplog.records if record.name == "nl2sql.cache.disk"] != []
    assert all(record.levelno == logging.WARNING for record in caplog.records)


@pytest.mark.parametrize("garbage", [b"garbage " * 1000, b"SQLite format 3\0" + b"\xff" * 8192])
def test_garbage_in_the_file_is_no_cache(garbage: bytes, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.mkdir(parents=True)
    (folder / "cache.db").write_bytes(garbage)
    assert_works_as_no_cache(DiskCache(folder), caplog)


def test_a_folder_that_cannot_be_made_is_no_cache(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    assert_works_as_no_cache(DiskCache(tmp_path / "file" / "cache"), caplog)


def test_a_folder_that_cannot_be_written_is_no_cache(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(parents=True)
    (folder / "cache.db").mkdir()  # nobody can open it as a file, not even an administrator
    assert_works_as_no_cache(DiskCache(folder), caplog)


class Planted:
    """Unpickling one of these makes the file it names."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (str(self.path), "w"))


def plant(folder: Path, name: object, mode: int, filename: str | None, value: object, raw: int = 1) -> None:
    with sqlite3.connect(folder / "cache.db") as connection:
        connection.execute(
            "INSERT INTO Cache(key, raw, store_time, expire_time, access_time, tag, size, mode, filename, value)"
            " VALUES (?, ?, 0, NULL, 0, NULL, 0, ?, ?, ?)",
            (name, raw, mode, filename, value),
        )
    connection.close()


def test_a_planted_pickle_is_never_unpickled(cache: DiskCache, folder: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    pickled = pickle.dumps(Planted(trap))
    (folder / "value.val").write_bytes(pickled)
    cache.set("good", b"1")
    plant(folder, "row", diskcache.core.MODE_PICKLE, None, pickled)
    plant(folder, "file", diskcache.core.MODE_PICKLE, "value.val", None)
    assert [value_of(cache.get(name)) for name in ("row", "file", "good")] == [None, None, b"1"]
    assert not trap.exists()

    plain = diskcache.Cache(str(folder))  # the trap is a real one
    plain.get("row").close()
    plain.close()
    assert trap.exists()


def test_a_planted_file_name_is_neither_read_nor_removed(cache: DiskCache, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for mode in range(6):
        plant(folder, f"{mode}", mode, str(secret), None)
        plant(folder, f"both {mode}", mode, str(secret), to_stored(b"value", 1.0))
    assert [cache.get(f"{name}{mode}") for mode in range(6) for name in ("", "both ")] == [None] * 12
    cache.acquire("taken", 60.0)
    plant(folder, "lease:planted", diskcache.core.MODE_PICKLE, str(secret), None)
    assert not cache.acquire("planted", 60.0)
    cache.release("planted")
    for mode in range(6):
        cache.set(f"{mode}", b"new")
        assert value_of(cache.get(f"{mode}")) == b"new"
    assert secret.read_text() == "secret"
    assert cache.clear() == 6
    assert secret.read_text() == "secret"
    assert cache.get("both 0") is None


@pytest.mark.parametrize("mode", range(6))
def test_only_plain_bytes_are_taken_from_a_row(mode: int, cache: DiskCache, folder: Path) -> None:
    """The value is well formed: what the row says of it decides."""
    plant(folder, "a", mode, None, to_stored(b"value", 1.0))
    assert value_of(cache.get("a")) == (b"value" if mode == diskcache.core.MODE_RAW else None)


def test_planted_kinds_do_not_spoil_the_stats(cache: DiskCache, folder: Path) -> None:
    cache.set("draft:1", b"12")
    for n, tag in enumerate((b"blob", 7, 1.5, None)):
        plant(folder, f"draft:planted{n}", diskcache.core.MODE_RAW, None, b"x")
        with sqlite3.connect(folder / "cache.db") as connection:
            connection.execute("UPDATE Cache SET tag = ? WHERE key = ?", (tag, f"draft:planted{n}"))
        connection.close()
    stats = cache.stats()
    assert (dict(stats.entries), dict(stats.bytes), stats.trouble) == ({"draft": 1}, {"draft": 2}, "")


@pytest.mark.parametrize("value", ["text", 1, 1.5, None])
def test_a_planted_value_that_is_not_bytes_is_a_miss(value: object, cache: DiskCache, folder: Path) -> None:
    plant(folder, "a", diskcache.core.MODE_RAW, None, value)
    assert cache.get("a") is None


def test_planted_settings_change_nothing(cache: DiskCache, folder: Path) -> None:
    cache.set("a", b"1")
    cache.close()
    with sqlite3.connect(folder / "cache.db") as connection:
        connection.execute("UPDATE Settings SET value = 'no such policy' WHERE key = 'eviction_policy'")
        connection.execute("UPDATE Settings SET value = 1 WHERE key IN ('disk_min_file_size', 'size_limit')")
    connection.close()
    again = DiskCache(folder)
    again.set("b", b"x" * 1000)
    assert [value_of(again.get("a")), value_of(again.get("b"))] == [b"1", b"x" * 1000]
    assert sorted(path.suffix for path in folder.iterdir() if path.is_dir()) == []
    again.close()


def test_keys_and_values_of_other_kinds_have_no_way_in(folder: Path) -> None:
    disk = BytesDisk(str(folder))
    for attempt in (
        lambda: disk.put(b"key"),
        lambda: disk.store("text", False),
        lambda: disk.store(b"x", True),
        lambda: disk.filename(),
    ):
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(OSError, match="not text"):
        disk.get(pickle.dumps("x"), False)
