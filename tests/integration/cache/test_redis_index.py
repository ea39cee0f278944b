"""The cache's own index in Redis: others use the server too, and its owner may evict what they like."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
import redis

from nl2sql.cache.base import OVERHEAD_BYTES
from nl2sql.cache.open import open_cache
from nl2sql.cache.redis import LONGEST_SECONDS, RedisCache
from tests.integration.cache.conftest import PrivateRedis, eventually

PREFIX = "{nl2sql}:1:"


@pytest.fixture
def server(private_redis: Callable[..., PrivateRedis]) -> PrivateRedis:
    made = private_redis()
    made.start()
    return made


@pytest.fixture
def owner(server: PrivateRedis) -> Iterator[redis.Redis]:
    client = server.client(decode_responses=True)
    yield client
    client.close()


@pytest.fixture
def cache(server: PrivateRedis) -> Iterator[RedisCache]:
    made = RedisCache(server.address, size_limit=100_000)
    yield made
    made.close()


def assert_counts_are_true(cache: RedisCache, owner: redis.Redis) -> None:
    there = {name.removeprefix(f"{PREFIX}entry:") for name in owner.scan_iter(f"{PREFIX}entry:*")}
    assert set(owner.zrange(f"{PREFIX}order", 0, -1)) == there
    assert set(owner.zrange(f"{PREFIX}expiry", 0, -1)) == there
    assert set(owner.hkeys(f"{PREFIX}sizes")) == there
    assert sum(cache.stats().entries.values()) == len(there)
    assert sum(cache.stats().bytes.values()) == sum(map(int, owner.hvals(f"{PREFIX}sizes")))


def test_index_and_entries_stay_together_whatever_is_done(cache: RedisCache, owner: redis.Redis) -> None:
    dice = random.Random(7)  # noqa: S311 - no secret
    for _ in range(600):
        key = f"{dice.choice(['draft', 'result'])}:{dice.randrange(60)}"
        what = dice.random()
        if what < 0.9:
            cache.set(key, b"x" * dice.randrange(12_000), seconds=dice.choice([None, 0.001, 100.0]))
        elif what < 0.91:
            cache.clear(dice.choice(["draft", "result", ""]))
        else:
            cache.get(key)
    eventually(lambda: cache.stats().trouble == "" and not _ended(owner))
    cache.set("draft:last", b"1")
    assert_counts_are_true(cache, owner)
    assert sum(cache.stats().bytes.values()) + OVERHEAD_BYTES * sum(cache.stats().entries.values()) <= 100_000


def _ended(owner: redis.Redis) -> bool:
    """Whether an entry of a millisecond is still there."""
    return any(owner.pttl(name) < 10_000 for name in owner.scan_iter(f"{PREFIX}entry:*"))


@pytest.mark.parametrize("part", ["order", "expiry", "sizes", "totals"])
def test_an_index_that_lost_a_part_is_begun_anew(part: str, cache: RedisCache, owner: redis.Redis) -> None:
    for n in range(5):
        cache.set(f"result:{n}", b"x" * 1_000)
    owner.delete(f"{PREFIX}{part}")
    cache.set("draft:1", b"12")
    found = cache.get("draft:1")
    assert found is not None and found.value == b"12"
    assert dict(cache.stats().entries) == {"draft": 1}
    assert_counts_are_true(cache, owner)


def test_what_the_owner_evicted_is_a_miss_and_does_not_fill_the_cache_for_ever(
    cache: RedisCache, owner: redis.Redis
) -> None:
    for n in range(8):
        cache.set(f"result:{n}", b"x" * 12_000)
        owner.delete(f"{PREFIX}entry:result:{n}")
    assert cache.get("result:0") is None
    for n in range(8, 28):
        cache.set(f"result:{n}", b"x" * 10_000)
    assert_counts_are_true(cache, owner)
    assert cache.get("result:27") is not None


def test_an_owner_who_evicts_at_will_meets_no_error(private_redis: Callable[..., PrivateRedis]) -> None:
    server = private_redis("--maxmemory", "4mb", "--maxmemory-policy", "allkeys-random")
    server.start()
    cache = RedisCache(server.address, size_limit=50_000_000)
    for n in range(1_500):
        cache.set(f"result:{n}", bytes(10_000))
    assert cache.stats().trouble == ""
    cache.set("draft:1", b"12")
    assert cache.get("draft:1") is not None
    cache.close()


def test_a_lower_limit_holds_from_the_next_value_on(
    cache: RedisCache, server: PrivateRedis, owner: redis.Redis
) -> None:
    for n in range(50):
        cache.set(f"result:{n}", b"x" * 1_000)
    smaller = RedisCache(server.address, size_limit=20_000)
    smaller.set("result:50", b"x" * 1_000)
    assert smaller.stats().bytes["result"] <= 20_000
    assert smaller.get("result:50") is not None
    assert_counts_are_true(smaller, owner)
    smaller.close()


def test_nothing_stays_for_ever(cache: RedisCache, owner: redis.Redis) -> None:
    cache.set("result:1", b"1")
    cache.set("result:2", b"1", seconds=1e12)
    cache.acquire("result:3", 1e12)
    lifetimes = {name: owner.ttl(name) for name in owner.scan_iter("*")}
    assert len(lifetimes) == 7
    assert all(0 < seconds <= LONGEST_SECONDS + 86_400 for seconds in lifetimes.values()), lifetimes


def test_others_in_the_same_database_are_left_alone(
    cache: RedisCache, server: PrivateRedis, owner: redis.Redis
) -> None:
    owner.set("theirs", "1")
    other = open_cache(f"{server.address}?namespace=other", None, 100_000)
    other.set("result:1", b"other")
    cache.set("result:1", b"ours")
    assert cache.clear() == 1
    found = other.get("result:1")
    assert found is not None and found.value == b"other"
    assert owner.get("theirs") == "1"
    other.close()


def test_databases_of_one_server_are_apart(server: PrivateRedis, cache: RedisCache) -> None:
    other = open_cache(f"{server.address}?db=3", None, 100_000)
    other.set("result:1", b"other")
    assert cache.get("result:1") is None
    other.close()


def test_clear_finds_what_the_index_forgot(cache: RedisCache, owner: redis.Redis) -> None:
    for n in range(3):
        cache.set(f"result:{n}", b"1")
    owner.delete(*[f"{PREFIX}{part}" for part in ("order", "expiry", "sizes", "totals")])
    assert cache.stats().entries == {}
    assert cache.clear("draft") == 0
    assert cache.clear() == 3
    assert owner.keys("*") == []


def test_a_key_of_another_type_in_our_place_is_a_miss(cache: RedisCache, owner: redis.Redis) -> None:
    owner.rpush(f"{PREFIX}entry:result:1", "planted")
    assert cache.get("result:1") is None
    assert cache.stats().trouble == ""
    cache.set("result:1", b"1")
    assert cache.get("result:1") is not None


def test_a_server_that_forgot_its_scripts_is_taught_again(cache: RedisCache, owner: redis.Redis) -> None:
    cache.set("result:1", b"1")
    owner.script_flush()
    cache.set("result:2", b"2")
    assert dict(cache.stats().entries) == {"result": 2}
    assert cache.stats().trouble == ""
