"""A SQLite file has no accounts: what is judged are its permissions, and the connection that the engine opens."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from nl2sql.accounts.base import Finding
from nl2sql.accounts.examine import examine_account, require_safe_account
from nl2sql.catalog.model import SemanticModel
from nl2sql.engines import sqlite_connection
from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.errors import AccountUnsafe, DatabaseMissing, DatabaseUnreachable

MODEL = SemanticModel("shop", ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    path = folder / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE items(id INTEGER)")
    connection.close()
    path.chmod(0o444)
    return path


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{path}")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def not_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write to everything; these tests ask what the permissions say."""
    monkeypatch.setattr("nl2sql.accounts.sqlite.os.access", lambda path, _: bool(Path(path).stat().st_mode & 0o200))


def examined(path: Path, engine: Engine) -> list[Finding]:
    return examine_account(f"sqlite:///{path}", engine, MODEL)


def test_a_file_that_nobody_may_write_to_is_clean(path: Path, engine: Engine) -> None:
    assert [(each.about, each.severity) for each in examined(path, engine)] == [("session", "ok")]
    require_safe_account(f"sqlite:///{path}", engine, MODEL)


def test_a_file_of_ones_own_is_a_warning_and_no_danger(path: Path, engine: Engine) -> None:
    path.chmod(0o644)
    [finding] = [each for each in examined(path, engine) if each.severity != "ok"]
    assert finding.severity == "warn"
    assert "this process could write" in finding.text
    assert finding.remedy == f"chmod a-w {path}"
    require_safe_account(f"sqlite:///{path}", engine, MODEL)


@pytest.mark.parametrize("which", ["file", "folder", "side file"])
def test_what_everybody_may_write_to_is_a_warning(which: str, path: Path, engine: Engine) -> None:
    target = {"file": path, "folder": path.parent, "side file": Path(f"{path}-journal")}[which]
    if which == "side file":
        target.write_bytes(b"")
    target.chmod(0o777 if which == "folder" else 0o666)
    found = [each for each in examined(path, engine) if "everybody on this machine" in each.text]
    assert [(each.severity, each.remedy) for each in found] == [("warn", f"chmod o-w {target}")]


def test_side_files_that_cannot_be_read_without_writing_are_named(path: Path, engine: Engine) -> None:
    Path(f"{path}-wal").write_bytes(b"")
    path.parent.chmod(0o555)
    try:
        assert any("side file (WAL)" in each.text for each in examined(path, engine))
    finally:
        path.parent.chmod(0o755)


def test_a_connection_that_could_write_is_a_danger(path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    path.chmod(0o644)
    monkeypatch.setattr(sqlite_connection, "_PRAGMAS", ())
    assert [each.text for each in examined(path, engine) if each.severity == "danger"] == [
        "the session can be written to (query_only), although it was told to"
    ]
    with pytest.raises(AccountUnsafe, match="can be written to"):
        require_safe_account(f"sqlite:///{path}", engine, MODEL)


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nowhere.db"
    with pytest.raises(DatabaseMissing):
        examine_account(url, open_engine(url), MODEL)


def test_a_kind_of_database_that_cannot_be_judged_is_said(path: Path, engine: Engine) -> None:
    with pytest.raises(DatabaseUnreachable, match="cannot be told"):
        examine_account("oracle://localhost/shop", engine, MODEL)
