"""Keys, and the cache that keeps nothing."""

from __future__ import annotations

import os
import subprocess
import sys

from nl2sql.cache.base import NoCache, key, kind_of


def test_a_key_tells_parts_apart() -> None:
    keys = {
        key("a"),
        key("a", ""),
        key("a", "", ""),
        key("a", "ab", "c"),
        key("a", "a", "bc"),
        key("a", "abc"),
        key("aa", "bc"),
        key("a", "é"),
        key("a", "\udc80"),
    }
    assert len(keys) == 9


def test_a_key_starts_with_its_kind() -> None:
    assert key("draft", "x").startswith("draft:")
    assert kind_of(key("draft", "x")) == "draft"


def test_a_key_is_the_same_in_every_process() -> None:
    code = "from nl2sql.cache.base import key; import sys; sys.stdout.write(key('result', 'SELECT 1', 'é'))"
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env, timeout=60
    )
    assert other.stdout == key("result", "SELECT 1", "é")


def test_no_cache_keeps_nothing_and_holds_nobody_up() -> None:
    none = NoCache()
    none.set("a:1", b"1")
    assert none.get("a:1") is None
    assert none.acquire("a:1", 60.0) and none.acquire("a:1", 60.0)
    assert (none.clear(), none.stats().kind) == (0, "off")
