"""`nl2sql cache` as a shell would run it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nl2sql.cache.open import open_cache
from tests.integration.cache.conftest import Redis

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environ(repository: Path, tmp_path: Path) -> dict[str, str]:
    """No database anywhere: neither command needs one."""
    return os.environ | {
        "NL2SQL_CONFIG": str(repository / "nl2sql.toml"),
        "NL2SQL_DATABASE": f"sqlite:///{tmp_path}/nowhere.db",
        "NL2SQL_CACHE": str(tmp_path / "cache"),
    }


@pytest.fixture
def command(environ: dict[str, str], tmp_path: Path) -> Command:
    def run(*arguments: str, stdin: int | None = subprocess.DEVNULL, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nl2sql.cli", "cache", *arguments],
            stdin=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environ | more,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture(params=["disk", "redis"])
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A cache with two drafts and a result."""
    if request.param == "disk":
        made = str(tmp_path / "cache")
    else:
        store: Redis = request.getfixturevalue("redis_store")
        made = store.setting
    cache = open_cache(made, None, 10_000_000)
    cache.set("draft:1", b"12")
    cache.set("draft:2", b"34")
    cache.set("result:1", bytes(1_500_000 // 2))
    cache.close()
    return made


def test_stats_is_a_table_of_kinds(command: Command, setting: str) -> None:
    done = command("stats", NL2SQL_CACHE=setting, NL2SQL_CACHE_MB="10")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:4] == [
        "kind    entries      size",
        "draft         2       4 B",
        "result        1  750.0 kB",
        "all           3  750.0 kB",
    ]
    assert lines[4].startswith(("kept in disk: ", "kept in redis: "))
    assert lines[5:] == ["limit 10.0 MB"]


def test_stats_as_json_are_for_a_program(command: Command, setting: str) -> None:
    done = command("stats", "--json", NL2SQL_CACHE=setting, NL2SQL_CACHE_MB="10")
    assert (done.returncode, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    assert list(shown) == ["kind", "place", "size_limit", "entries", "bytes", "trouble"]
    assert shown["entries"] == {"draft": 2, "result": 1}
    assert shown["bytes"] == {"draft": 4, "result": 750_000}
    assert (shown["size_limit"], shown["trouble"]) == (10_000_000, "")


def test_clear_removes_one_kind_and_then_the_rest(command: Command, setting: str) -> None:
    printed = [
        command("clear", *arguments, "--yes", NL2SQL_CACHE=setting).stdout
        for arguments in (("--kind", "draft"), ("--kind", "draft"), (), ())
    ]
    assert printed == ["Removed 2 entries.\n", "Removed 0 entries.\n", "Removed 1 entry.\n", "Removed 0 entries.\n"]


def test_an_empty_cache_is_in_order(command: Command) -> None:
    done = command("stats")
    assert done.returncode == 0
    assert done.stdout.splitlines()[3].split() == ["all", "0", "0", "B"]


@pytest.mark.parametrize("arguments", [("stats",), ("clear", "--yes"), ("clear",)])
def test_a_cache_that_is_off_has_nothing_to_tell(arguments: tuple[str, ...], command: Command) -> None:
    done = command(*arguments, NL2SQL_CACHE="off")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The cache is off")


@pytest.mark.parametrize("arguments", [("stats",), ("stats", "--json"), ("clear", "--yes"), ("clear",)])
def test_a_cache_that_cannot_be_reached_is_told_once_without_its_password(
    arguments: tuple[str, ...], command: Command
) -> None:
    done = command(*arguments, NL2SQL_CACHE="redis://someone:geheim@127.0.0.1:1/0")
    assert done.returncode == 5
    assert (done.stdout + done.stderr).count("could not be") == 1
    assert "redis://127.0.0.1:1/0" in done.stdout
    assert "geheim" not in done.stdout + done.stderr and "someone" not in done.stdout + done.stderr


def test_a_folder_that_cannot_be_used_is_told(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = command("stats", NL2SQL_CACHE=str(tmp_path / "file" / "cache"))
    assert (done.returncode, done.stderr) == (5, "")
    assert "Not a directory" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "more", "said"),
    [
        (("clear", "--kind", "answers", "--yes"), {}, "draft, result"),
        (("clear",), {}, "--yes"),
        (("stats",), {"NL2SQL_CACHE": "redis://:geheim@host:port"}, "not an address of Redis"),
        (("forget",), {}, "forget"),
    ],
)
def test_what_is_mistaken_is_said_in_a_sentence(
    arguments: tuple[str, ...], more: dict[str, str], said: str, command: Command
) -> None:
    done = command(*arguments, **more)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr and "geheim" not in done.stderr


@pytest.mark.parametrize(("typed", "left"), [(b"n\n", 3), (b"y\n", 0)])
def test_on_a_terminal_it_asks_first(typed: bytes, left: int, command: Command, tmp_path: Path) -> None:
    cache = open_cache(str(tmp_path / "cache"), None, 10_000_000)
    for n in range(3):
        cache.set(f"draft:{n}", b"1")
    ours, theirs = pty.openpty()
    os.write(ours, typed)
    done = command("clear", stdin=theirs)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0
    assert "Remove 3 entries from " in done.stderr
    assert done.stdout == ("Nothing was removed.\n" if left else "Removed 3 entries.\n")
    assert sum(cache.stats().entries.values()) == left
    cache.close()


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_gets_colour_unless_it_wants_none(no_color: str, environ: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    colours = {"NO_COLOR": no_color} if no_color else {}
    environ = {name: value for name, value in environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run(
        [sys.executable, "-m", "nl2sql.cli", "cache", "stats"],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        cwd=tmp_path,
        env=environ | colours | {"TERM": "xterm-256color", "COLUMNS": "40"},
        check=False,
        timeout=60,
    )
    printed = os.read(ours, 65_536).decode()
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0
    assert "draft" in printed
    assert re.search(r"\x1b\[[0-9;]*3[0-9]", printed) is None or not no_color
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in printed.splitlines()) <= 40


def test_whoever_stops_reading_gets_no_traceback(environ: dict[str, str], tmp_path: Path) -> None:
    shell = f"{sys.executable} -m nl2sql.cli cache stats | true"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, cwd=tmp_path, env=environ, timeout=60)
    assert "Traceback" not in done.stderr
