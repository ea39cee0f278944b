"""One behaviour of all stores: memory, a folder, a Redis."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from nl2sql.cache.base import LARGEST_PART, Cache, Entry, key
from nl2sql.cache.stored import to_stored
from tests.integration.cache.conftest import Store, eventually

T = TypeVar("T")


def value_of(entry: Entry | None) -> bytes | None:
    return None if entry is None else entry.value


def in_a_thread(work: Callable[[], T]) -> T:
    found: list[T] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def in_a_process(setting: str, code: str) -> str:
    start = f"from nl2sql.cache.open import open_cache; cache = open_cache({setting!r}, None, 10_000_000); "
    done = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def test_what_was_set_is_what_one_gets_with_the_time_it_was_stored(cache: Cache) -> None:
    values = {key("a"): b"", key("b"): b"\x00\xff", key("c"): os.urandom(1_000_000), key("d", "é"): b"x" * 8_192}
    before = time.time()
    for name, value in values.items():
        cache.set(name, b"older")
        cache.set(name, value)
    after = time.time()
    for name, value in values.items():
        entry = cache.get(name)
        assert entry is not None and entry.value == value
        assert before <= entry.stored_at <= after
    assert cache.get(key("e")) is None


@pytest.mark.parametrize("value", ["text", 1, None, bytearray(b"x"), memoryview(b"x")])
def test_only_bytes_are_kept(value: object, cache: Cache) -> None:
    with pytest.raises(TypeError):
        cache.set("a:1", value)  # type: ignore[arg-type]
    assert cache.get("a:1") is None


def test_a_value_is_gone_after_its_time(cache: Cache) -> None:
    cache.set("result:short", b"1", seconds=0.1)
    cache.set("result:long", b"2", seconds=100.0)
    cache.set("result:ever", b"3")
    eventually(lambda: cache.get("result:short") is None)
    assert [value_of(cache.get("result:long")), value_of(cache.get("result:ever"))] == [b"2", b"3"]
    assert cache.stats().entries == {"result": 2}


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_no_time_at_all_keeps_nothing_and_forgets_the_older(seconds: float, cache: Cache) -> None:
    cache.set("result:1", b"1")
    cache.set("result:1", b"2", seconds=seconds)
    eventually(lambda: cache.get("result:1") is None)


def test_endless_and_very_long_times_are_possible(cache: Cache) -> None:
    cache.set("result:1", b"1", seconds=float("inf"))
    cache.set("result:2", b"2", seconds=1e11)
    assert [value_of(cache.get("result:1")), value_of(cache.get("result:2"))] == [b"1", b"2"]


def test_a_value_set_again_lasts_as_long_as_was_said_last(cache: Cache) -> None:
    cache.set("result:1", b"1", seconds=0.1)
    cache.set("result:1", b"1", seconds=100.0)
    cache.set("result:2", b"1", seconds=0.1)
    eventually(lambda: cache.get("result:2") is None)
    assert value_of(cache.get("result:1")) == b"1"


def test_the_size_limit_holds_and_the_longest_kept_goes_first(store: Store) -> None:
    cache = store.open(2_000_000)
    for n in range(200):
        cache.set(f"result:{n}", os.urandom(50_000))
    kept = [n for n in range(200) if cache.get(f"result:{n}") is not None]
    assert 20 <= len(kept) <= 41
    assert kept == list(range(200 - len(kept), 200))
    assert cache.stats().bytes == {"result": 50_000 * len(kept)}
    cache.close()


def test_many_small_values_hold_the_limit_too(store: Store) -> None:
    cache = store.open(400_000)
    for n in range(3_000):
        cache.set(f"draft:{n}", b"x" * 100)
    stats = cache.stats()
    assert 300 <= stats.entries["draft"] <= 2_000
    assert value_of(cache.get("draft:2999")) == b"x" * 100
    assert cache.get("draft:0") is None
    cache.close()


def test_values_that_ended_make_room_before_others_go(store: Store) -> None:
    cache = store.open(1_000_000)
    cache.set("draft:old", b"1")
    for n in range(12):
        cache.set(f"result:{n}", b"x" * 50_000, seconds=0.05)
    eventually(lambda: cache.get("result:11") is None)
    for n in range(10):
        cache.set(f"result:new{n}", b"x" * 50_000)
    assert value_of(cache.get("draft:old")) == b"1"
    cache.close()


def test_one_value_cannot_push_out_all_others(store: Store) -> None:
    cache = store.open(2_000_000)
    cache.set("result:small", b"1")
    cache.set("result:large", bytes(2_000_000 // LARGEST_PART + 1))
    cache.set("result:largest", bytes(2_000_000 // LARGEST_PART))
    assert value_of(cache.get("result:small")) == b"1"
    assert cache.get("result:large") is None
    assert cache.get("result:largest") is not None
    cache.close()


def test_stats_count_entries_and_bytes_by_kind_and_who_found_what(cache: Cache) -> None:
    cache.set("draft:1", b"12")
    cache.set("draft:2", b"123")
    cache.set("draft:2", b"1234")
    cache.set("result:1", b"x" * 20_000)
    cache.acquire("result:2", 10.0)
    for name in ("draft:1", "draft:1", "draft:none"):
        cache.get(name)
    stats = cache.stats()
    assert dict(stats.entries) == {"draft": 2, "result": 1}
    assert dict(stats.bytes) == {"draft": 6, "result": 20_000}
    assert (stats.hits, stats.misses, stats.trouble, stats.size_limit) == (2, 1, "", 10_000_000)


def test_clear_removes_all_or_one_kind_and_says_how_many(cache: Cache) -> None:
    for n in range(1_200):
        cache.set(f"draft:{n}", b"1")
    for n in range(3):
        cache.set(f"result:{n}", b"1")
        cache.set(f"result2:{n}", b"1")
    assert cache.clear("result") == 3
    assert dict(cache.stats().entries) == {"draft": 1_200, "result2": 3}
    assert cache.clear("*") == 0
    assert cache.clear() == 1_203
    assert cache.clear() == 0
    assert cache.get("draft:1") is None
    cache.set("draft:1", b"again")
    assert value_of(cache.get("draft:1")) == b"again"
    assert dict(cache.stats().entries) == {"draft": 1}


def test_one_thread_of_many_gets_a_lease(cache: Cache) -> None:
    taken: list[bool] = []
    threads = [threading.Thread(target=lambda: taken.append(cache.acquire("result:1", 60.0))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 7 + [True]
    assert cache.acquire("result:2", 60.0)
    assert cache.get("result:1") is None  # a lease is no value


def test_a_lease_given_back_can_be_taken_again(cache: Cache) -> None:
    assert cache.acquire("result:1", 60.0)
    assert not cache.acquire("result:1", 60.0)
    cache.release("result:1")
    assert in_a_thread(lambda: cache.acquire("result:1", 60.0))


def test_a_lease_ends_by_itself_and_then_belongs_to_the_next(cache: Cache) -> None:
    assert cache.acquire("result:1", 0.05)
    eventually(lambda: in_a_thread(lambda: cache.acquire("result:1", 60.0)))
    cache.release("result:1")  # it lapsed: it is the other thread's now
    assert not in_a_thread(lambda: cache.acquire("result:1", 60.0))


def test_who_has_no_lease_gives_none_back(cache: Cache) -> None:
    assert cache.acquire("result:1", 60.0)
    in_a_thread(lambda: cache.release("result:1"))
    cache.release("result:2")
    assert not in_a_thread(lambda: cache.acquire("result:1", 60.0))


def test_values_and_leases_are_shared_by_processes(shared_store: Store) -> None:
    cache = shared_store.open()
    cache.set("result:1", b"1")
    assert cache.acquire("result:2", 60.0)
    code = "print(cache.get('result:1').value, cache.acquire('result:2', 60.0), cache.acquire('result:3', 60.0));"
    assert in_a_process(shared_store.setting, code + "cache.release('result:2')").split() == ["b'1'", "False", "True"]
    assert not cache.acquire("result:3", 60.0)
    assert not cache.acquire("result:2", 60.0)
    cache.release("result:2")
    assert in_a_process(shared_store.setting, "print(cache.acquire('result:2', 60.0))").split() == ["True"]
    cache.close()


def test_a_lease_of_a_process_that_died_ends(shared_store: Store) -> None:
    in_a_process(shared_store.setting, "cache.acquire('result:1', 2.0); import os; os._exit(0)")
    cache = shared_store.open()
    eventually(lambda: cache.acquire("result:1", 60.0))
    cache.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: b"",
        lambda stored: b"garbage",
        lambda stored: b"\x80\x04N." + stored,  # how a pickle starts
        lambda stored: stored[:-1],
        lambda stored: stored + b"x",
        lambda stored: b"nlc0" + stored[4:],  # another version
        lambda stored: stored[:10] + bytes([stored[10] ^ 1]) + stored[11:],  # when it was stored
        lambda stored: stored[:-1] + bytes([stored[-1] ^ 1]),
        lambda stored: stored[:30] + bytes([stored[30] ^ 1]) + stored[31:],
    ],
    ids=["empty", "garbage", "pickle", "cut", "longer", "version", "time", "last", "inside"],
)
@pytest.mark.parametrize("size", [100, 50_000])
def test_a_damaged_value_is_a_miss(damage: Callable[[bytes], bytes], size: int, shared_store: Store) -> None:
    cache = shared_store.open()
    value = b"x" * size
    cache.set("result:1", value)
    cache.set("result:2", value)
    shared_store.plant("result:1", damage(to_stored(value, time.time())))
    assert cache.get("result:1") is None
    assert value_of(cache.get("result:2")) == value
    assert cache.stats().trouble == ""
    cache.set("result:1", b"new")
    assert value_of(cache.get("result:1")) == b"new"
    cache.close()


def test_many_threads_share_it(cache: Cache) -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        for n in range(30):
            cache.set(f"result:{n}", f"{n}".encode() * 100)
            other = (n + number) % 30
            if value_of(cache.get(f"result:{other}")) not in (None, f"{other}".encode() * 100):
                wrong.append(other)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert value_of(cache.get("result:29")) == b"29" * 100
    assert cache.stats().entries == {"result": 30}
