"""What the package does with an SQLite file leaves the locks alone that its process holds on it."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from auction_core.database import check_file, open_existing, parse_url
from auction_core.errors import DatabaseUnreachable
from tests.integration.auction_core.world import make_world

# In another process, because a process is never kept out by locks of its own.
WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0.0, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
else:
    print("two writers at once")
"""


def test_looking_at_a_file_ends_no_lock_on_it(tmp_path: Path) -> None:
    path = tmp_path / "auction.db"
    url = parse_url(f"sqlite:///{path}")
    make_world(url.render_as_string()).engine.dispose()
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA journal_mode = DELETE"))
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        check_file(url)
        open_existing(url).dispose()
        answer = subprocess.run([sys.executable, "-c", WRITE, str(path)], capture_output=True, text=True, check=True)
    assert answer.stdout == "database is locked\n"


def test_a_file_that_is_no_database_and_a_folder_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, " * 100)
    (tmp_path / "short.db").write_text("no")
    (tmp_path / "empty.db").touch()
    (tmp_path / "folder.db").mkdir()
    for name, words in (
        ("text.db", "is not an SQLite database"),
        ("short.db", "is not an SQLite database"),
        ("folder.db", "it is a folder"),
    ):
        with pytest.raises(DatabaseUnreachable, match=words):
            check_file(parse_url(f"sqlite:///{tmp_path}/{name}"))
    check_file(parse_url(f"sqlite:///{tmp_path}/empty.db"))
    check_file(parse_url(f"sqlite:///{tmp_path}/absent.db"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.db", "folder.db", "short.db", "text.db"]
