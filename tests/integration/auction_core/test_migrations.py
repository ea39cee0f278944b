"""Migrations on each engine: to the newest tables and back, without loss, through breaks, and one at a time."""

import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, Inspector, create_engine, event, inspect, text
from sqlalchemy.pool import NullPool

from auction_core.cli import main
from auction_core.database import parse_url
from auction_core.errors import DatabaseNotEmpty, DatabaseUnreachable, ForeignDatabase, MigrationFailed, Refused
from auction_core.migrations import HEAD, is_at_head, lock, upgrade
from auction_core.migrations.run import migrate, sql, standing, title
from auction_core.migrations.stamp import REVISIONS, write_stamp
from auction_core.routines import create_routines, drop_routines
from auction_core.seed.run import seed_database
from auction_core.tables import TABLE_NAMES, Base

pytestmark = [pytest.mark.mysql, pytest.mark.postgres]
STAMP = "alembic_version"


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = create_engine(url, poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


def run_sql(url: str, *statements: str) -> list[Any]:
    with opened(url) as engine, engine.begin() as connection:
        found: list[Any] = []
        for statement in statements:
            result = connection.execute(text(statement))
            found = [tuple(row) for row in result] if result.returns_rows else []
        return found


def shape(url: str) -> dict[str, Any]:
    """All that can be told of the tables and routines, in no particular order of columns."""
    # On one connection: the inspector of an engine would open a new one for each question.
    with opened(url) as engine, engine.connect() as connection:
        inspector = inspect(connection)
        found: dict[str, Any] = {
            table: _shape_of_table(inspector, table) for table in set(inspector.get_table_names()) - {STAMP}
        }
    found["routines"] = routines(url)
    return found


def _shape_of_table(inspector: Inspector, table: str) -> tuple[Any, ...]:
    columns = inspector.get_columns(table)
    options = inspector.get_table_options(table) if inspector.dialect.name != "sqlite" else {}
    return (
        {
            c["name"]: (str(c["type"]), getattr(c["type"], "collation", None), c["nullable"], c.get("autoincrement"))
            for c in columns
        },
        {c["name"]: re.sub(r"^.*nextval.*$", "serial", str(c["default"])) for c in columns},
        inspector.get_pk_constraint(table),
        sorted(map(str, inspector.get_foreign_keys(table))),
        sorted(map(str, inspector.get_unique_constraints(table))),
        sorted(map(str, inspector.get_indexes(table))),
        sorted(map(str, inspector.get_check_constraints(table))),
        {name: value for name, value in options.items() if name != "mysql_auto_increment"},
    )


def routines(url: str) -> list[Any]:
    if url.startswith("sqlite"):
        return []
    schema = "DATABASE()" if url.startswith("mysql") else "'public'"
    query = (
        "SELECT routine_name, routine_definition FROM information_schema.routines "
        f"WHERE routine_schema = {schema} ORDER BY routine_name"
    )
    return run_sql(url, query)


def rows(url: str) -> dict[str, list[Any]]:
    with opened(url) as engine, engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    table.select()
                    .with_only_columns(*(c for c in table.columns if c.name not in {"updated_at", "lane"}))
                    .order_by(*table.primary_key.columns)
                )
            ]
            for table in Base.metadata.sorted_tables
            if table.name not in {"outbox_lanes", "idempotency_keys"}
        }


def test_from_nothing_to_the_newest_and_back_to_nothing(empty_url: str) -> None:
    told: list[tuple[str, bool]] = []
    migrate(empty_url, progress=lambda revision, applied: told.append((revision, applied)))
    assert told == [(revision, True) for revision in REVISIONS]
    with opened(empty_url) as engine:
        assert is_at_head(engine)
        with engine.connect() as connection:
            options = {"include_name": lambda name, kind, parents: name != STAMP}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, Base.metadata) == []
    migrated = shape(empty_url)
    assert set(migrated) == {*TABLE_NAMES, "routines"}

    told.clear()
    migrate(empty_url, "base", progress=lambda revision, applied: told.append((revision, applied)))
    assert told == [(revision, False) for revision in reversed(REVISIONS)]
    with opened(empty_url) as engine:
        assert inspect(engine).get_table_names() == []
        assert routines(empty_url) == []
        with engine.begin() as connection:
            Base.metadata.create_all(connection)
            create_routines(connection)
    assert migrated == shape(empty_url)


def test_rows_survive_the_way_back_to_the_first_tables_and_forth(empty_url: str) -> None:
    seed_database(empty_url, "tiny")
    made, before = shape(empty_url), rows(empty_url)
    with pytest.raises(DatabaseNotEmpty, match=r"listings\.updated_at.*--force"):
        migrate(empty_url, "0001")
    assert standing(empty_url).revision == HEAD
    migrate(empty_url, "0001", force=True)
    with opened(empty_url) as engine:
        assert not is_at_head(engine)
        assert "lane" not in {column["name"] for column in inspect(engine).get_columns("event_outbox")}
        assert "idempotency_keys" not in inspect(engine).get_table_names()
    upgrade(empty_url)
    assert rows(empty_url) == before
    assert run_sql(empty_url, "SELECT COUNT(*) FROM event_outbox WHERE lane <> aggregate_id % 16") == [(0,)]
    assert shape(empty_url) == made
    with pytest.raises(DatabaseNotEmpty, match="users"):
        migrate(empty_url, "base")


def test_a_database_without_a_stamp_is_recognised_and_keeps_its_rows(empty_url: str) -> None:
    migrate(empty_url, "0001")
    user = "1, 'a', 'a@example.org', '!', 'A', 'DE', '2024-01-01 00:00:00.000001', '2024-01-01 00:00:00.000001', true"
    run_sql(empty_url, f"INSERT INTO users VALUES ({user})", f"DROP TABLE {STAMP}")
    now = standing(empty_url)
    assert (now.revision, now.stamped, now.pending) == ("0001", False, ("0002", "0003"))
    upgrade(empty_url)
    assert standing(empty_url).revision == HEAD
    assert run_sql(empty_url, "SELECT username, updated_at FROM users") == [("a", None)]


def test_tables_made_without_migrations_are_stamped_and_can_go_back(empty_url: str) -> None:
    with opened(empty_url) as engine, engine.begin() as connection:
        Base.metadata.create_all(connection)
        create_routines(connection)
    made = shape(empty_url)
    migrate(empty_url)
    assert shape(empty_url) == made
    run_sql(empty_url, f"DROP TABLE {STAMP}")
    migrate(empty_url, "base", force=True)
    with opened(empty_url) as engine:
        assert inspect(engine).get_table_names() == []


@pytest.mark.parametrize("table", ["users (id INTEGER, phone VARCHAR(9))", "outbox_lanes (lane INTEGER)"])
def test_foreign_tables_of_the_same_names_are_refused_and_left_alone(empty_url: str, table: str) -> None:
    run_sql(empty_url, f"CREATE TABLE {table}")
    before = shape(empty_url)
    for way in (lambda: migrate(empty_url), lambda: migrate(empty_url, "base", force=True), lambda: sql(empty_url)):
        with pytest.raises(ForeignDatabase, match="is not the auction's"):
            way()
    assert shape(empty_url) == before


def test_other_tables_are_left_alone(tmp_path: Path) -> None:
    empty_url = f"sqlite:///{tmp_path}/a.db"
    run_sql(empty_url, "CREATE TABLE invoices (id INTEGER)")
    migrate(empty_url)
    migrate(empty_url, "base")
    with opened(empty_url) as engine:
        assert inspect(engine).get_table_names() == ["invoices"]


def test_a_stamp_of_another_program_is_refused(empty_url: str) -> None:
    run_sql(empty_url, f"CREATE TABLE {STAMP} (version_num VARCHAR(32))", f"INSERT INTO {STAMP} VALUES ('9f3c')")
    for way in (lambda: migrate(empty_url), lambda: standing(empty_url), lambda: sql(empty_url)):
        with pytest.raises(ForeignDatabase, match="'9f3c', which this program does not know"):
            way()
    with opened(empty_url) as engine:
        assert not is_at_head(engine)


def test_two_migrations_at_once_do_not_collide(empty_url: str) -> None:
    told: list[str] = []
    with ThreadPoolExecutor(3) as pool:
        for each in [
            pool.submit(migrate, empty_url, progress=lambda revision, applied: told.append(revision)) for _ in range(3)
        ]:
            assert each.result().revision == HEAD
    assert sorted(told) == list(REVISIONS)


class Killed(Exception):
    """As if the process died between two statements."""


@contextmanager
def changes_only(allowed: int) -> Iterator[None]:
    changes = 0

    def watch(connection: Any, cursor: Any, statement: str, *ignored: Any) -> None:
        nonlocal changes
        if re.match(r"\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE)", statement):
            changes += 1
            if changes > allowed:
                raise Killed

    event.listen(Engine, "before_cursor_execute", watch)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", watch)


def _in_small_steps(url: str, to: str) -> int:
    for broken in range(200):
        try:
            with changes_only(broken % 4 + 1):  # up to three statements are harmlessly done again
                migrate(url, to, force=True)
        except Killed:
            continue
        return broken
    raise AssertionError("migrating never ends")


def test_a_migration_that_breaks_off_at_any_statement_is_carried_on(mysql_url: str) -> None:
    """MySQL commits each change by itself: every state in between is met here, up and down."""
    migrate(mysql_url)
    made = shape(mysql_url)
    assert _in_small_steps(mysql_url, "base") > 5
    with opened(mysql_url) as engine:
        assert inspect(engine).get_table_names() == []
    assert _in_small_steps(mysql_url, "head") > 10
    assert shape(mysql_url) == made


def test_a_lane_filled_by_halves_is_filled_on(mysql_url: str) -> None:
    seed_database(mysql_url, "tiny")
    migrate(mysql_url, "0001", force=True)
    run_sql(mysql_url, "ALTER TABLE event_outbox ADD COLUMN lane SMALLINT")
    migrate(mysql_url)
    assert run_sql(mysql_url, "SELECT COUNT(*) FROM event_outbox WHERE lane <> aggregate_id % 16") == [(0,)]
    assert run_sql(mysql_url, "SELECT COUNT(*) > 0 FROM event_outbox") == [(1,)]


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_migration_that_breaks_off_elsewhere_is_undone(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    url = f"sqlite:///{tmp_path}/a.db" if engine == "sqlite" else request.getfixturevalue("postgres_url")
    migrate(url, "0001")
    before = shape(url)
    with pytest.raises(Killed), changes_only(1):
        migrate(url)
    assert shape(url) == before
    assert standing(url).revision == "0001"


def test_a_lock_that_is_held_too_long_is_a_sentence(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", 1)
    with lock.locked(parse_url(empty_url)), pytest.raises(Refused, match="under way"):
        migrate(empty_url)
    migrate(empty_url)


def test_the_printed_sql_does_what_migrating_does(empty_url: str) -> None:
    up = sql(empty_url)
    _feed(empty_url, up)
    printed = shape(empty_url)
    with opened(empty_url) as engine:
        assert is_at_head(engine)
    assert sql(empty_url) == ""
    _feed(empty_url, sql(empty_url, "base"))
    migrate(empty_url)
    assert shape(empty_url) == printed


def _feed(url: str, script: str) -> None:
    """As the database's own client reads it."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.executescript(script)
        connection.close()
        return
    with opened(url) as engine:
        raw = engine.raw_connection()
        cursor = raw.cursor()
        if url.startswith("postgresql"):
            cursor.execute(script)
        else:
            for index, part in enumerate(re.split(r"DELIMITER .*\n", script)):
                for statement in [part.replace("//", "")] if index % 2 else part.split(";"):
                    if re.sub(r"--.*", "", statement).strip():
                        cursor.execute(statement)
        raw.commit()
        raw.close()


def test_whether_a_database_is_at_head_is_told_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    seed_database(url, "tiny")
    code = (
        "import sys; from sqlalchemy import create_engine; from auction_core.migrations import is_at_head; "
        f"print(is_at_head(create_engine({url!r})), 'alembic' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert answer == ["True", "False"]


def test_whether_a_database_is_at_head_is_told_by_its_stamp(empty_url: str) -> None:
    with opened(empty_url) as engine:
        assert not is_at_head(engine)
        migrate(empty_url, "0002")
        assert not is_at_head(engine)
        migrate(empty_url)
        assert is_at_head(engine)
        with engine.connect() as connection:
            assert is_at_head(connection)
            assert connection.execute(text("SELECT 1")).scalar() == 1
        with engine.begin() as connection:
            drop_routines(connection)
            write_stamp(connection)
        assert is_at_head(engine)


def test_a_server_that_is_gone_is_not_a_database_that_is_behind() -> None:
    for url in ("mysql+pymysql://root:s3cret@127.0.0.1:1/a", "postgresql+psycopg://root:s3cret@127.0.0.1:1/a"):
        with opened(url) as engine, pytest.raises(DatabaseUnreachable) as caught:
            is_at_head(engine)
        assert "s3cret" not in str(caught.value)
        with pytest.raises(DatabaseUnreachable):
            migrate(url)


def test_seeding_stamps_and_a_migrated_empty_database_can_be_seeded(empty_url: str) -> None:
    migrate(empty_url)
    made = shape(empty_url)
    seed_database(empty_url, "tiny")
    assert standing(empty_url).revision == HEAD
    assert shape(empty_url) == made


def test_going_up_never_goes_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    upgrade(url)
    with pytest.raises(Refused, match="at revision 0003 already"):
        upgrade(url, "0002")
    with pytest.raises(Refused, match="no revision '7'"):
        migrate(url, "7")


def test_every_revision_says_what_it_is() -> None:
    assert all(title(revision) != revision and title(revision) for revision in REVISIONS)


def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("not a database, " * 100)
    with pytest.raises((Refused, MigrationFailed, DatabaseUnreachable)):
        migrate(f"sqlite:///{tmp_path}/a.db")
    assert (tmp_path / "a.db").read_text() == "not a database, " * 100


def test_the_command_tells_each_step_and_ends_with_the_house_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUCTION_DATABASE_URL", f"sqlite:///{tmp_path}/new/a.db")
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # this process is not only the command
    for arguments, code, words in (
        (("--status",), 3, "There is no database file"),
        ((), 0, "0002 applied: What the backend writes"),
        (("--status",), 0, f"Revision {HEAD}, the newest."),
        (("--sql",), 0, ""),
        (("--to", "7"), 2, "There is no revision '7'"),
        (("--to", "0001"), 0, "0002 undone"),
        (("--status",), 0, "to apply: 0002, 0003"),
        (("--sql",), 0, "CREATE TABLE idempotency_keys"),
    ):
        monkeypatch.setattr(sys, "argv", ["auction-core", "migrate", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = "".join(capsys.readouterr())
        assert (ended.value.code or 0, words in told) == (code, True), (arguments, told)
