"""The cache: bytes in, the same bytes out, and never anything worse than a miss."""

from __future__ import annotations

import logging
import os
import pickle
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import diskcache
import pytest

from nl2sql.cache import BytesDisk, Cache, DiskCache, MemoryCache, NoCache, key


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var" / "cache"


@pytest.fixture
def cache(folder: Path) -> Iterator[DiskCache]:
    made = DiskCache(folder)
    yield made
    made.close()


@pytest.mark.parametrize("make", [DiskCache, lambda _: MemoryCache()], ids=["disk", "memory"])
def test_what_was_set_is_what_one_gets(make: Callable[[Path], Cache], folder: Path) -> None:
    made = make(folder)
    values = {key("a"): b"", key("b"): b"\x00\xff", key("c"): os.urandom(2_000_000)}
    for name, value in values.items():
        made.set(name, b"older")
        made.set(name, value)
    assert {name: made.get(name) for name in values} == values
    assert made.get(key("d")) is None
    if isinstance(made, DiskCache):
        made.close()


def test_no_cache_keeps_nothing() -> None:
    none = NoCache()
    none.set("a", b"1")
    assert none.get("a") is None


@pytest.mark.parametrize("value", ["text", 1, None, bytearray(b"x"), memoryview(b"x")])
@pytest.mark.parametrize("make", [DiskCache, lambda _: MemoryCache()], ids=["disk", "memory"])
def test_only_bytes_are_kept(make: Callable[[Path], Cache], value: object, folder: Path) -> None:
    with pytest.raises(TypeError):
        make(folder).set("a", value)  # type: ignore[arg-type]


def test_a_key_tells_parts_apart() -> None:
    keys = {key(), key(""), key("", ""), key("ab", "c"), key("a", "bc"), key("abc"), key("é"), key("\udc80")}
    assert len(keys) == 8


def test_a_key_is_the_same_in_every_process() -> None:
    code = "from nl2sql.cache import key; import sys; sys.stdout.write(key('result', 'SELECT 1', 'é'))"
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env, timeout=60
    )
    assert other.stdout == key("result", "SELECT 1", "é")


def test_it_outlives_the_process_and_is_shared(cache: DiskCache, folder: Path) -> None:
    cache.set("a", b"1")
    other = DiskCache(folder)
    assert other.get("a") == b"1"
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
    assert [record.levelno for record in caplog.records if record.name == "nl2sql.cache"] != []
    assert all(record.levelno == logging.WARNING for record in caplog.records)


@pytest.mark.parametrize("garbage", [b"garbage " * 1000, b"SQLite format 3\0" + b"\xff" * 8192])
def test_garbage_in_the_file_is_no_cache(garbage: bytes, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.mkdir(parents=True)
    (folder / "cache.db").write_bytes(garbage)
    assert_works_as_no_cache(DiskCache(folder), caplog)


def test_a_file_that_turns_to_garbage_is_no_cache(cache: DiskCache, folder: Path) -> None:
    cache.set("a", b"1" * 100_000)
    cache.close()
    for name in ("cache.db-wal", "cache.db-shm"):
        (folder / name).unlink(missing_ok=True)
    (folder / "cache.db").write_bytes(b"garbage " * 1000)
    cache.set("b", b"2")
    assert cache.get("a") is None
    assert cache.get("b") is None


def test_a_folder_that_cannot_be_made_is_no_cache(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    assert_works_as_no_cache(DiskCache(tmp_path / "file" / "cache"), caplog)


def test_a_folder_that_cannot_be_written_is_no_cache(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir(parents=True)
    (folder / "cache.db").mkdir()  # nobody can open it as a file, not even an administrator
    assert_works_as_no_cache(DiskCache(folder), caplog)


def test_a_cache_that_another_process_holds_is_a_miss_and_not_a_wait(cache: DiskCache, folder: Path) -> None:
    cache.set("a", b"1")
    holder = sqlite3.connect(folder / "cache.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    cache.set("b", b"2")
    assert cache.get("b") is None
    assert cache.get("a") == b"1"  # readers do not wait for a writer
    holder.close()


def test_many_cold_threads_that_find_it_held_are_told_of_once_with_the_reason(
    cache: DiskCache, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    holder = sqlite3.connect(folder / "cache.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    threads = [threading.Thread(target=cache.set, args=(f"{n}", b"1")) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    holder.close()
    [warning] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warning.startswith("The cache could not be written: ")
    assert warning.endswith(("Timeout", "database is locked)"))


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
    assert [cache.get("row"), cache.get("file"), cache.get("good")] == [None, None, b"1"]
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
        plant(folder, f"both {mode}", mode, str(secret), b"value")
    assert [cache.get(f"{name}{mode}") for mode in range(6) for name in ("", "both ")] == [None] * 12
    for mode in range(6):
        cache.set(f"{mode}", b"new")
        assert cache.get(f"{mode}") == b"new"
    assert secret.read_text() == "secret"


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
    assert [again.get("a"), again.get("b")] == [b"1", b"x" * 1000]
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


def test_the_size_limit_holds_and_the_oldest_goes_first(folder: Path) -> None:
    made = DiskCache(folder, size_limit=2_000_000)
    for n in range(200):
        made.set(f"{n}", os.urandom(50_000))
    kept = [n for n in range(200) if made.get(f"{n}") is not None]
    made.close()
    assert 20 <= len(kept) <= 41
    assert kept == list(range(200 - len(kept), 200))
    assert sum(path.stat().st_size for path in folder.iterdir() if path.suffix == ".db") <= 2_200_000


def test_one_value_cannot_push_out_all_others(folder: Path) -> None:
    made = DiskCache(folder, size_limit=2_000_000)
    made.set("a", b"1")
    made.set("large", bytes(250_001))
    assert [made.get("a"), made.get("large")] == [b"1", None]
    made.close()


def test_memory_forgets_the_least_recently_used() -> None:
    made = MemoryCache(size_limit=10)
    for name in "abc":
        made.set(name, b"1234")
        made.get("a")
    assert [made.get(name) for name in "abc"] == [b"1234", None, b"1234"]
    made.set("a", b"12345678901")
    assert [made.get(name) for name in "abc"] == [None, None, None]


@pytest.mark.parametrize("make", [DiskCache, lambda _: MemoryCache(100_000)], ids=["disk", "memory"])
def test_many_threads_share_it(make: Callable[[Path], Cache], folder: Path) -> None:
    made = make(folder)
    wrong: list[object] = []

    def work(number: int) -> None:
        for n in range(30):
            made.set(f"{n}", f"{n}".encode() * 100)
            found = made.get(f"{(n + number) % 30}")
            if found not in (None, f"{(n + number) % 30}".encode() * 100):
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert made.get("29") == b"29" * 100
    if isinstance(made, DiskCache):
        made.close()
