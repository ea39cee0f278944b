"""What every server engine returns, over a real server and a database of its own that is dropped afterwards."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from nl2sql.cache.base import key
from nl2sql.cache.disk import DiskCache
from nl2sql.catalog.model import DataType
from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.errors import DatabaseUnreachable, QueryFailed
from nl2sql.guard.checked import CheckedSql

Mint = Callable[..., CheckedSql]
Ask = Callable[..., list[tuple[object, ...]]]


def test_values_arrive_in_the_types_the_guard_read_off_the_tree(ask: Ask) -> None:
    rows = ask(
        "SELECT id, title, price, sold, day, at FROM items WHERE id <= 3 ORDER BY id",
        ("id", DataType.INTEGER),
        ("title", DataType.STRING),
        ("price", DataType.DECIMAL, 2),
        ("sold", DataType.BOOLEAN),
        ("day", DataType.DATE),
        ("at", DataType.DATETIME),
    )
    at = datetime.datetime.fromisoformat("2026-06-30T23:59:59.000001")
    assert rows[0] == (1, None, None, None, None, None)
    assert rows[1] == (2, "Thing 2%", Decimal("2.10"), False, at.date(), at)
    assert str(rows[2][2]) == "3.10"


def test_sums_of_integers_are_integers_and_averages_are_exact_to_their_scale(ask: Ask) -> None:
    outputs = (("n", DataType.INTEGER), ("mean", DataType.DECIMAL, 4), ("ratio", DataType.FLOAT))
    assert ask("SELECT SUM(id), AVG(price), AVG(id) FROM items WHERE id <= 4", *outputs) == [
        (10, Decimal("3.1000"), 2.5)
    ]


def test_a_percent_sign_and_a_backslash_mean_themselves(ask: Ask, server: Any) -> None:
    assert ask(
        "SELECT COUNT(*) FROM items WHERE title LIKE '%2!%' ESCAPE '!' OR title LIKE '%s%' AND 1 = 0 OR title = '%s'"
    )
    assert ask("SELECT COUNT(*) FROM items WHERE title LIKE '%7%'", ("n", DataType.INTEGER)) != [(0,)]
    backslash = "'\\\\'" if server.dialect == "mysql" else "'\\'"
    assert ask(f"SELECT CHAR_LENGTH({backslash}) FROM items LIMIT 1", ("n", DataType.INTEGER)) == [(1,)]


def test_a_result_is_truncated_only_when_there_was_one_row_more(engine: Engine, server: Any, mint: Mint) -> None:
    exact = engine.run(mint("SELECT id FROM items LIMIT 7", dialect=server.dialect, row_limit=7))
    assert (exact.row_count, exact.truncated) == (7, False)
    cut = engine.run(mint("SELECT id FROM items LIMIT 8", dialect=server.dialect, row_limit=7))
    assert (cut.row_count, cut.truncated) == (7, True)


def test_the_fingerprint_moves_with_committed_data_and_not_with_reading(
    engine: Engine, admin: sqlalchemy.Engine, ask: Ask
) -> None:
    before = engine.fingerprint()
    with admin.connect() as connection:
        connection.exec_driver_sql("UPDATE items SET title = 'Thing 2%%' WHERE id = 2 AND 1 = 0")
        connection.exec_driver_sql("UPDATE items SET title = 'Thing Two' WHERE id = 2")
    changed = engine.fingerprint()
    with admin.connect() as connection:
        connection.exec_driver_sql("UPDATE items SET title = 'Thing 2%%' WHERE id = 2")
    assert len({before, changed, engine.fingerprint()}) == 3


def test_two_databases_of_one_server_do_not_share_answers(
    engine: Engine, admin: sqlalchemy.Engine, server: Any, tmp_path: Path
) -> None:
    """One cache folder, the same statement, and nothing written in between."""
    system = {"mysql": "mysql", "postgres": "postgres"}[server.dialect]
    other = open_engine(admin.url.set(database=system).render_as_string(hide_password=False))
    for _ in range(5):  # some other work on the server may be written between two looks
        here, there, again = engine.fingerprint(), other.fingerprint(), engine.fingerprint()
        if here == again:
            break
    other.close()
    assert here == again
    kept = DiskCache(tmp_path / "cache")
    kept.set(key("result", "SELECT 1", here), b"here")
    assert kept.get(key("result", "SELECT 1", there)) is None
    entry = kept.get(key("result", "SELECT 1", again))
    assert entry is not None
    assert entry.value == b"here"
    kept.close()


def test_distinct_values_are_texts_in_order_without_null(engine: Engine) -> None:
    assert engine.distinct_values("items", "title", 2, "id IN (2, 4, 6)") == ["Thing 2%", "Thing 4%"]
    assert engine.distinct_values("items", "day", 5) == ["2026-06-30"]
    assert engine.distinct_values("items", "id", 5, "id < 3 OR id = 9") == ["1", "2", "9"]
    for table, column in (("items", "no_such"), ("no_such", "id"), ("items", 'id` FROM x --"')):
        with pytest.raises(QueryFailed):
            engine.distinct_values(table, column, 5)


def test_many_threads_share_the_engine(ask: Ask) -> None:
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(ask("SELECT COUNT(*) FROM items", ("n", DataType.INTEGER))))
        for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [(300,)] * 24


@pytest.mark.parametrize("rows_first", [False, True])
def test_a_connection_lost_in_the_middle_may_be_tried_again(
    rows_first: bool, ask: Ask, server: Any, admin: sqlalchemy.Engine
) -> None:
    seen: list[BaseException] = []
    sql = (
        f"SELECT a.id FROM items a, items b WHERE b.id <= 10 UNION ALL {server.endless}"
        if rows_first
        else server.endless
    )

    def run() -> None:
        with pytest.raises(DatabaseUnreachable) as caught:
            ask(sql, seconds=40.0, row_limit=1_000_000)
        seen.append(caught.value)

    asking = threading.Thread(target=run)
    asking.start()
    with admin.connect() as connection:
        until = time.monotonic() + 30
        while not connection.exec_driver_sql(server.kill_marker.replace("%", "%%")).scalar_one():
            assert time.monotonic() < until, "it did not start"
            time.sleep(0.02)
        if server.dialect == "mysql":
            mine = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            for thread in connection.exec_driver_sql(mine).scalars().all():
                connection.exec_driver_sql(f"KILL {thread}")
        else:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    asking.join()
    assert len(seen) == 1
    assert ask("SELECT COUNT(*) FROM items", ("n", DataType.INTEGER)) == [(300,)]


def test_a_connection_the_server_dropped_is_replaced(
    engine: Engine, ask: Ask, server: Any, admin: sqlalchemy.Engine
) -> None:
    if server.dialect == "mysql":
        [(me,)] = ask("SELECT CONNECTION_ID()")
        kill = f"KILL {me}"
    else:
        [(me,)] = ask("SELECT pg_backend_pid()")
        kill = f"SELECT pg_terminate_backend({me})"
    with admin.connect() as connection:
        connection.exec_driver_sql(kill)
    time.sleep(0.1)
    assert ask("SELECT COUNT(*) FROM items", ("n", DataType.INTEGER)) == [(300,)]


def test_several_windows_over_a_derived_table_are_answered(ask: Ask) -> None:
    """As the guard writes tables. MariaDB 10.11 refuses this, or ends, when it merges the derived table."""
    sql = (
        "SELECT id, ROW_NUMBER() OVER (ORDER BY price DESC, id) AS place, SUM(price) OVER (ORDER BY id) AS so_far"
        " FROM (SELECT items.id, items.price FROM items) AS items WHERE id BETWEEN 2 AND 4 ORDER BY items.price"
    )
    outputs = (("id", DataType.INTEGER), ("place", DataType.INTEGER), ("so_far", DataType.DECIMAL, 2))
    assert ask(sql, *outputs) == [(2, 3, Decimal("2.10")), (3, 2, Decimal("5.20")), (4, 1, Decimal("9.30"))]
