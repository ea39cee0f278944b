"""An export that is killed leaves a warehouse that is whole, and from which the next export goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from auction_core.errors import LoadFailed, Refused
from auction_core.export import parquet_target
from auction_core.export.run import Options, export_database
from tests.integration.auction_core.export_changes import (
    PLAN,
    Rows,
    assert_equal,
    change,
    dice,
    fill,
    folder_rows,
    source_rows,
    warehouse_rows,
)
from tests.integration.auction_core.world import World, make_world

ROOT = Path(__file__).parents[3]
KILLS = 5
ROUNDS = 40  # more than enough for the kills; some exports get through


class Exporter:
    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.integration.auction_core.export_kills"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def export(self, url: str, to: str, kill_after: float | None = None) -> tuple[int, float]:
        """The exit code, negative for a signal, and seconds."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{url} {to}\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):  # it was faster
                os.kill(child, signal.SIGKILL)
        code, seconds = self.process.stdout.readline().split()
        return int(code), float(seconds)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def exporter() -> Iterator[Exporter]:
    made = Exporter()
    yield made
    made.close()


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[World]:
    made = make_world(f"sqlite:///{tmp_path}/auction.db")
    fill(made.engine, dice(1), listings=60, bids=3000, days=30)
    yield made
    made.engine.dispose()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[World]:
    made = make_world(f"sqlite:///{tmp_path}/small.db")
    fill(made.engine, dice(1), listings=10, bids=40, days=3)
    yield made
    made.engine.dispose()


@pytest.mark.parametrize("kind", ["duckdb", "parquet"])
def test_exports_killed_at_random_end_in_the_same_warehouse(
    filled: World, tmp_path: Path, exporter: Exporter, kind: str
) -> None:
    to = f"{kind}:{tmp_path}/warehouse"
    rng = dice(7)
    code, usual = exporter.export(filled.url, f"{kind}:{tmp_path}/measured")
    assert code == 0
    killed = 0
    for _ in range(ROUNDS):
        code, seconds = exporter.export(filled.url, to, kill_after=rng.uniform(0.0, usual))
        assert code in {0, -signal.SIGKILL}
        killed += code != 0
        if code == 0:
            usual = seconds  # an increment is faster than the first export
        if (tmp_path / "warehouse").is_file():
            assert all(warehouse_rows(to, exported) is not None for exported in PLAN)
        if kind == "parquet":
            assert_no_row_twice(tmp_path / "warehouse")
        change(filled.engine, rng)
        if killed >= KILLS and code == 0:
            break
    assert killed >= KILLS
    code, _ = exporter.export(filled.url, to)
    assert code == 0
    assert_equal(filled.engine, to)
    assert [path.name for path in tmp_path.glob(".*exporting*")] == []
    assert not (tmp_path / "warehouse" / "_export").exists()


class Killed(BaseException):
    """In place of a signal, at a point of our choice: nothing may clean up after it."""


def test_a_folder_is_right_wherever_its_publishing_is_broken_off(
    small: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each rename and each removal in turn: a reader of all files sees each row once, and the next export
    repairs the rest."""
    base = tmp_path / "base"
    export_database(small.url, f"parquet:{base}")
    old = {exported.name: source_rows(small.engine, exported) for exported in PLAN}
    for number in range(2):
        change(small.engine, dice(number))
    new = {exported.name: source_rows(small.engine, exported) for exported in PLAN}
    monkeypatch.setattr(parquet_target, "_clear", lambda folder: None)
    step = outcomes = 0
    while True:
        folder = tmp_path / f"copy{step}"
        shutil.copytree(base, folder)
        with monkeypatch.context() as patch:
            count_down(patch, step)
            try:
                export_database(small.url, f"parquet:{folder}")
                break
            except Killed:
                outcomes += 1
        committed = (folder / "_export" / "commit.json").exists() or not (folder / "_export").exists()
        for exported in PLAN:
            rows = folder_rows(folder, exported)
            if not committed:
                assert rows == old[exported.name]
            known = set(old[exported.name]) | set(new[exported.name])
            assert set(rows) <= known
        assert_no_row_twice(folder)
        # Whatever tables are asked for, what was committed comes first.
        export_database(small.url, f"parquet:{folder}", Options(tables=["categories"]))
        assert_no_row_twice(folder)
        if committed:
            assert {exported.name: folder_rows(folder, exported) for exported in PLAN} == new
        export_database(small.url, f"parquet:{folder}")
        assert_equal(small.engine, f"parquet:{folder}")
        shutil.rmtree(folder)
        step += 1
    assert outcomes >= 8


def count_down(patch: pytest.MonkeyPatch, steps: int) -> None:
    left = [steps]

    def counted(name: str) -> None:
        usual = getattr(Path, name)

        def stopping(self: Path, *arguments: object, **options: object) -> object:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return usual(self, *arguments, **options)

        patch.setattr(Path, name, stopping)

    counted("replace")
    counted("unlink")


def assert_no_row_twice(folder: Path) -> None:
    for exported in PLAN:
        rows: Rows = folder_rows(folder, exported)
        keys = [tuple(row[exported.column_names.index(name)] for name in exported.key) for row in rows]
        assert len(keys) == len(set(keys)), exported.name


def test_two_exports_into_one_folder_do_not_meet(filled: World, tmp_path: Path) -> None:
    to = f"parquet:{tmp_path}/warehouse"
    met = []

    def second(table: str, done: int, total: int) -> None:
        if not met:
            with pytest.raises(Refused, match="Another export"):
                export_database(filled.url, to)
            met.append(table)

    export_database(filled.url, to, progress=second)
    assert met
    assert_equal(filled.engine, to)


@pytest.mark.parametrize("kind", ["duckdb", "parquet"])
def test_a_full_disk_leaves_what_was_there(
    filled: World, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = f"{kind}:{tmp_path}/warehouse"
    export_database(filled.url, to)
    held = [warehouse_rows(to, exported) for exported in PLAN]
    change(filled.engine, dice(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("auction_core.export.source.Snapshot.highest_id", full)
        with pytest.raises(LoadFailed, match="No space left"):
            export_database(filled.url, to)
    assert [warehouse_rows(to, exported) for exported in PLAN] == held
    export_database(filled.url, to)
    assert_equal(filled.engine, to)
