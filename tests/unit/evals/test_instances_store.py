"""Databases that are kept: made once, whole or not at all, and up to a bound."""

from __future__ import annotations

import os
import time
from pathlib import Path
from threading import Barrier, Thread

import pytest

from evals.errors import InstanceImpossible
from evals.instances.store import IN_USE_SECONDS, code_fingerprint, fingerprint, kept, prune


def _write(path: Path) -> None:
    path.write_bytes(b"x" * 1_000)


def _age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder, (then, then))


def test_what_is_kept_is_not_made_again(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(path: Path) -> None:
        made.append(path)
        _write(path)

    assert kept(tmp_path, "key", "a", make) == kept(tmp_path, "key", "a", make) == tmp_path / "key" / "a.db"
    assert len(made) == 1


def test_a_making_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def make(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kept(tmp_path, "key", "a", make)
    assert list((tmp_path / "key").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InstanceImpossible, match="cannot be written"):
        kept(tmp_path / "file", "key", "a", _write)


def test_two_that_make_the_same_at_once_both_get_it(tmp_path: Path) -> None:
    both = Barrier(2)
    found: list[Path] = []

    def make(path: Path) -> None:
        both.wait(10)
        _write(path)

    threads = [Thread(target=lambda: found.append(kept(tmp_path, "key", "a", make))) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [tmp_path / "key" / "a.db"] * 2
    assert [each.name for each in (tmp_path / "key").iterdir()] == ["a.db"]


def test_the_sets_that_were_used_longest_ago_go_first(tmp_path: Path) -> None:
    for number, key in enumerate(("old", "older", "spared", "new")):
        kept(tmp_path, key, "a", _write)
        _age(tmp_path / key, IN_USE_SECONDS * (2 + number) if key != "new" else 0)
    prune(tmp_path, ["spared"], most_bytes=2_000)
    assert {each.name for each in tmp_path.iterdir()} == {"old", "spared", "new"}


def test_what_was_used_today_stays_whatever_its_size(tmp_path: Path) -> None:
    kept(tmp_path, "big", "a", _write)
    prune(tmp_path, most_bytes=0)
    assert (tmp_path / "big" / "a.db").exists()


def test_what_a_killed_process_left_is_removed_and_a_running_ones_is_not(tmp_path: Path) -> None:
    kept(tmp_path, "key", "a", _write)
    # Above the largest number that Linux gives to a process.
    for pid in (2**22 + 1, os.getppid()):
        (tmp_path / "key" / f".b.db.{pid}-00ff.making").write_text("half")
    prune(tmp_path)
    assert {each.name for each in (tmp_path / "key").iterdir()} == {"a.db", f".b.db.{os.getppid()}-00ff.making"}


def test_a_changed_generator_has_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("ROWS = 1")
    before = code_fingerprint(tmp_path)
    (tmp_path / "a.py").write_text("ROWS = 2")
    assert code_fingerprint(tmp_path) != before
    assert fingerprint(["1", "2"]) != fingerprint(["12"])
