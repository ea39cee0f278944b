"""What only a database does: it outlives the process, is shared by several, and forgets when it is time."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy import inspect

from nl2sql.answer.storing import TABLE_NOT_KEPT
from nl2sql.engines.base import ResultTable
from streamlit_app.store import limits, migrations, tables
from streamlit_app.store.errors import BoardChanged, StoreUnreachable, TooMuch
from streamlit_app.store.limits import UNREADABLE, utc_now
from streamlit_app.store.sql import SqlStore
from tests.integration.conftest import MYSQL, POSTGRES, Server
from tests.integration.store.conftest import ANNA, BEN, HARD, OpenStore, Place, a_board, an_answer, kept

WORKER = """
import sys
from streamlit_app.store.sql import SqlStore
from tests.integration.store.conftest import ANNA, a_board, kept
store = SqlStore(sys.argv[1], 180)
sys.stdin.readline()
for number in range(5):
    store.keep(ANNA, kept("c1", int(sys.argv[2]) * 100 + number, "q"))
store.save_board(ANNA, a_board(f"by-{sys.argv[2]}"))
store.close()
"""


def test_processes_that_start_together_on_an_empty_database_make_it_once(database: Place, repository: Path) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, database.url, str(number)],
            cwd=repository,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for each in workers:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    problems = [each.communicate(timeout=100)[1] for each in workers]
    assert [each.returncode for each in workers] == [0, 0, 0, 0], problems
    assert database.rows("SELECT COUNT(*) FROM app_answers") == [(20,)]
    assert database.rows("SELECT COUNT(*) FROM app_boards") == [(4,)]
    assert database.rows("SELECT number FROM app_migrations") == [(1,)]


def test_everything_is_there_after_a_restart(database: Place, open_store: OpenStore) -> None:
    before = open_store(database)
    one, board = kept("c1"), before.save_board(ANNA, a_board())
    before.keep(ANNA, one)
    before.set_preference(ANNA, "language", "de")
    before.close()
    after = open_store(database)
    assert list(after.answers(ANNA, "c1")) == [one]
    assert after.board(ANNA, board.id) == board
    assert after.preferences(ANNA) == {"language": "de"}


def test_of_two_replicas_that_save_one_board_the_second_is_told(database: Place, open_store: OpenStore) -> None:
    one, other = open_store(database), open_store(database)
    first = one.save_board(ANNA, a_board())
    seen = other.board(ANNA, first.id)
    assert seen is not None
    saved = one.save_board(ANNA, replace(first, name="by one"))
    with pytest.raises(BoardChanged):
        other.save_board(ANNA, replace(seen, name="by the other"))
    assert other.board(ANNA, first.id) == saved


def test_the_tables_are_those_that_statements_name(database: Place, open_store: OpenStore) -> None:
    open_store(database).preferences(ANNA)
    assert database.admin is not None
    for each in (tables.conversations, tables.answers, tables.boards, tables.preferences, tables.migrations):
        made = [column["name"] for column in inspect(database.admin).get_columns(each.name)]
        assert made == list(each.c.keys())


def test_a_start_that_was_cut_short_is_finished_by_the_next(
    database: Place, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MySQL and MariaDB keep each table and index that was made before."""
    whole = migrations.MIGRATIONS
    monkeypatch.setattr(migrations, "MIGRATIONS", ((*whole[0][:4], "NO SQL AT ALL"),))
    with pytest.raises(StoreUnreachable):
        open_store(database).preferences(ANNA)
    monkeypatch.setattr(migrations, "MIGRATIONS", whole)
    assert open_store(database).preferences(ANNA) == {}


def test_a_later_migration_is_applied_once_to_what_is_there(
    database: Place, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(database).set_preference(ANNA, "language", "de")
    later = ("ALTER TABLE app_preferences ADD COLUMN added {text}",)
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, later))
    for _ in range(2):
        assert open_store(database).preferences(ANNA) == {"language": "de"}
    assert database.rows("SELECT number FROM app_migrations ORDER BY number") == [(1,), (2,)]


def test_what_nobody_added_to_for_long_is_forgotten_and_nothing_else(database: Place, open_store: OpenStore) -> None:
    store, now = open_store(database, days=30), utc_now()
    assert isinstance(store, SqlStore)
    store.keep(ANNA, kept("on", 2, at=now))
    store.keep(ANNA, kept("on", 1, at=now - timedelta(days=31)))
    store.keep(ANNA, kept("old", at=now - timedelta(days=31)))
    store.save_board(ANNA, a_board("b1"))
    store.purge()
    assert [head.id for head in store.conversations(ANNA)] == ["on"]
    assert [each.number for each in store.answers(ANNA, "on")] == [1, 2]
    assert database.rows("SELECT COUNT(*) FROM app_answers") == [(2,)]
    assert store.board(ANNA, "b1") is not None


def test_what_was_deleted_can_be_had_back_for_a_day_and_is_then_forgotten(
    database: Place, open_store: OpenStore
) -> None:
    clock = [utc_now()]
    store = open_store(database, now=lambda: clock[0])
    assert isinstance(store, SqlStore)
    store.keep(ANNA, kept("c1"))
    store.save_board(ANNA, a_board("b1"))
    for step in (timedelta(hours=23), timedelta(hours=25)):
        store.delete_conversation(ANNA, "c1")
        store.delete_board(ANNA, "b1")
        clock[0] += step
        if step < timedelta(days=1):
            store.purge()
        store.restore_conversation(ANNA, "c1")
        store.restore_board(ANNA, "b1")
    assert not store.conversations(ANNA)
    assert not store.boards(ANNA)
    store.purge()
    for name in ("app_conversations", "app_answers", "app_boards"):
        assert database.rows(f"SELECT COUNT(*) FROM {name}") == [(0,)]


def test_an_answer_whose_table_is_too_large_is_kept_without_any_of_it(
    database: Place, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamlit_app.store.sql_conversations.ANSWER_BYTES", 2_000)
    store = open_store(database)
    large = kept("c1", answer=an_answer(rows=10_000))
    store.keep(ANNA, large)
    back = store.answers(ANNA, "c1")[0].answer
    assert back.table is None
    assert [each.code for each in back.findings] == [TABLE_NOT_KEPT]
    assert (back.headline, back.sql, back.receipt) == (large.answer.headline, large.answer.sql, large.answer.receipt)
    with pytest.raises(TooMuch):
        store.keep(ANNA, kept("c1", 2, answer=replace(an_answer(), headline=repr(list(range(5_000))))))


def test_the_largest_answer_that_is_kept_arrives(database: Place, open_store: OpenStore) -> None:
    """Bytes that cannot be packed, so that they are sent as large as they may be."""
    noise = random.Random(7).randbytes(limits.ANSWER_BYTES - 20_000)  # noqa: S311 - no secret
    table = ResultTable(pa.table({"noise": pa.array([noise], pa.binary())}), 1, False, 1.0)
    one = kept("c1", answer=replace(an_answer(), table=table))
    store = open_store(database)
    store.keep(ANNA, one)
    assert store.answers(ANNA, "c1")[0] == one


def test_an_answer_that_cannot_be_read_keeps_its_place_and_the_others(database: Place, open_store: OpenStore) -> None:
    store = open_store(database)
    for number in (1, 2, 3):
        store.keep(ANNA, kept("c1", number))
    literal = {"sqlite": "X'00'", "mysql": "X'00'", "postgresql": "'\\x00'"}
    assert database.admin is not None
    database.run(f"UPDATE app_answers SET answer = {literal[database.admin.dialect.name]} WHERE number = 2")
    back = store.answers(ANNA, "c1")
    assert [each.answer.code for each in back] == ["ok", UNREADABLE, "ok"]
    assert back[1].request.text == HARD
    assert back[1].answer.table is None


def test_a_board_of_a_later_release_does_not_hide_the_others(database: Place, open_store: OpenStore) -> None:
    store = open_store(database)
    store.save_board(ANNA, a_board("b1"))
    store.save_board(ANNA, a_board("b2"))
    database.run("UPDATE app_boards SET content = '{\"tiles\": 5}' WHERE id = 'b1'")
    assert [board.id for board in store.boards(ANNA)] == ["b2"]
    assert store.board(ANNA, "b1") is None


def test_names_of_people_are_not_written_beside_what_they_asked(database: Place, open_store: OpenStore) -> None:
    store = open_store(database)
    store.keep(BEN, kept("c1"))
    (row,) = database.rows("SELECT owner_key, id, title FROM app_conversations")
    assert BEN not in "".join(row)


@pytest.mark.parametrize(
    ("server", "kill"),
    [
        pytest.param(MYSQL, "KILL {}", marks=pytest.mark.mysql, id="mysql"),
        pytest.param(POSTGRES, "SELECT pg_terminate_backend({})", marks=pytest.mark.postgres, id="postgres"),
    ],
)
def test_connections_that_the_server_closed_are_opened_again(
    server: Server, kill: str, server_places: Callable[[Server], Place], open_store: OpenStore
) -> None:
    place = server_places(server)
    store = open_store(place)
    store.set_preference(ANNA, "language", "de")
    which = {
        "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
        "postgres": "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    }
    for (number,) in place.rows(which[server.dialect]):
        place.run(kill.format(number))
    assert store.preferences(ANNA) == {"language": "de"}
    place.clear()
