"""What docs/caching.md says is so."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nl2sql.cache import base, breaker, disk, redis, redis_address
from nl2sql.cache.open import open_cache

PAGE = (Path(__file__).parents[3] / "docs" / "caching.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ nl2sql (cache .*)$", PAGE, re.MULTILINE)
ADDRESSES = re.findall(r"`((?:rediss?|unix)://[^`]+)`", PAGE)


def run(command: str, folder: Path, repository: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nl2sql.cli", *shlex.split(command)],
        env=os.environ | {"NL2SQL_CONFIG": str(repository / "nl2sql.toml"), "NL2SQL_CACHE": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_there_are_commands_and_addresses_to_try() -> None:
    assert len(COMMANDS) == 4 and len(ADDRESSES) == 3


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_works(command: str, tmp_path: Path, repository: Path) -> None:
    done = run(command, tmp_path / "cache", repository)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_table_has_the_shape_that_is_shown(tmp_path: Path, repository: Path) -> None:
    cache = open_cache(str(tmp_path / "cache"), None, 256_000_000)
    for n in range(212):
        cache.set(f"draft:{n}", bytes(557))
    for n in range(187):
        cache.set(f"result:{n}", bytes(131_500))
    cache.close()
    shown = re.search(r"^\$ nl2sql cache stats\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert shown is not None
    printed = run("cache stats", tmp_path / "cache", repository).stdout
    assert printed.replace(str(tmp_path), "/srv/shop/var") == shown[1]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_one(address: str) -> None:
    assert redis_address.read_address(address).place


def test_the_figures_are_those_of_the_code() -> None:
    assert f"{disk.TIMEOUT_SECONDS:g} seconds, and is then left alone for\n{breaker.PAUSE_SECONDS:g} seconds" in PAGE
    assert redis.TIMEOUT_SECONDS == disk.TIMEOUT_SECONDS
    assert f"{redis.LONGEST_SECONDS / 86_400:g} days" in PAGE
    assert base.LARGEST_PART == 8 and "more than an eighth of the limit" in PAGE
    assert f"the namespace is `{redis_address.NAMESPACE}`" in PAGE
