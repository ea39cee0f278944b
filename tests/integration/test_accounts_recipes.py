"""Every statement of docs/databases.md runs, and the accounts they make can answer questions and nothing more."""

from __future__ import annotations

import re
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from auction_core.seed.run import seed_database
from nl2sql.accounts.base import Finding
from nl2sql.bootstrap import build_pipeline, examine_database_account
from nl2sql.engines.registry import open_engine
from nl2sql.engines.sql import SqlEngine
from nl2sql.errors import EngineError
from nl2sql.question import Question
from nl2sql.settings import Settings, load_settings
from tests.integration.conftest import PASSWORD, Server, address_of, execute

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "databases.md").read_text(encoding="utf-8")
HEADINGS = {"mysql": "MySQL and MariaDB", "postgres": "PostgreSQL", "sqlite": "SQLite"}
HIDDEN = ("users.email", "users.password_hash", "users.full_name", "listings.reserve_price")
ANSWERED = "How many users are there?"


def recipe(dialect: str) -> list[str]:
    """The SQL blocks below the heading, a block with a body of its own in one piece."""
    section = PAGE.split(f"### {HEADINGS[dialect]}\n")[1].split("\n## ")[0].split("\n### ")[0]
    blocks = re.findall(r"^```sql\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert blocks
    statements = [
        [block] if block.startswith("DO ") else re.split(r";\n", re.sub(r"\n\n", "\n", block)) for block in blocks
    ]
    return [each.strip() for part in statements for each in part if each.strip()]


def test_every_block_of_sql_on_the_page_belongs_to_a_recipe() -> None:
    run = sum(PAGE.split(f"### {name}\n")[1].split("\n##")[0].count("```sql\n") for name in HEADINGS.values())
    assert PAGE.count("```sql\n") == run > 0


@pytest.fixture(scope="module")
def made(server: Server) -> Iterator[tuple[sqlalchemy.Engine, str]]:
    """A seeded auction of its own on the server, and the address of the account that the recipe made for it."""
    address = address_of(server)
    mark = uuid.uuid4().hex[:8]
    database, reader, backup = f"auction{mark}", f"nl2sql_reader{mark}", f"backup_role{mark}"
    root = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    execute(root, f"CREATE DATABASE {database}", f"CREATE ROLE {backup}")
    seed_database(address.set(database=database).render_as_string(hide_password=False), "tiny")
    admin = sqlalchemy.create_engine(address.set(database=database), isolation_level="AUTOCOMMIT")
    words = {"nl2sql_reader": reader, "backup_role": backup, "a long password": PASSWORD, "auction": database}
    try:
        for statement in recipe(server.dialect):
            execute(admin, re.sub("|".join(words), lambda found: words[found[0]], statement))
        visible = f"{database}_visible" if server.dialect == "mysql" else database
        url = admin.url.set(username=reader, password=PASSWORD, database=visible)
        yield admin, url.render_as_string(hide_password=False)
    finally:
        if server.dialect == "mysql":
            execute(admin, f"DROP USER IF EXISTS {reader}", f"DROP DATABASE IF EXISTS {database}_visible")
        else:
            execute(admin, f"DROP OWNED BY {reader}, {backup}", f"DROP ROLE {reader}")
        admin.dispose()
        forced = " WITH (FORCE)" if server.dialect == "postgres" else ""
        execute(root, f"DROP DATABASE {database}{forced}", f"DROP ROLE {backup}")


def settings_for(url: str) -> Settings:
    environ = {
        "NL2SQL_CONFIG": str(REPOSITORY / "nl2sql.toml"),
        "NL2SQL_CACHE": "off",
        "NL2SQL_LEDGER": "off",
        "NL2SQL_STRICT": "true",
    }
    return load_settings(environ | {"NL2SQL_DATABASE": url, "NL2SQL_AS_OF": "2026-06-30"})


def amiss(findings: list[Finding]) -> list[Finding]:
    """The server's own settings are not an account's, and are left alone by these tests."""
    return [each for each in findings if each.severity != "ok" and each.about != "settings"]


def test_the_doctor_finds_nothing_amiss_with_the_account_of_the_recipe(made: tuple[sqlalchemy.Engine, str]) -> None:
    assert amiss(examine_database_account(settings_for(made[1]))) == []


def test_the_product_starts_strictly_and_answers(made: tuple[sqlalchemy.Engine, str]) -> None:
    admin, url = made
    pipeline = build_pipeline(settings_for(url))
    answer = pipeline.ask(Question.parse(ANSWERED))
    with admin.connect() as connection:
        expected = connection.exec_driver_sql("SELECT COUNT(*) FROM users").scalar()
    assert answer.outcome == "answered", answer.headline
    assert answer.table is not None and answer.table.table.column(0)[0].as_py() == expected
    best = pipeline.ask(Question.parse("Top 5 categories by GMV in 2025"))
    pipeline.close()
    assert best.outcome == "answered", best.headline
    assert best.table is not None and best.table.row_count == 5


def test_the_account_reads_no_hidden_column_in_whatever_way_it_asks(
    made: tuple[sqlalchemy.Engine, str], server: Server
) -> None:
    admin, url = made
    engine = open_engine(url)
    assert isinstance(engine, SqlEngine)
    home = str(admin.url.database) if server.dialect == "mysql" else "public"
    for name in HIDDEN:
        table, _, column = name.partition(".")
        for sql in (
            f"SELECT {column} FROM {table}",
            f"SELECT COUNT(*) FROM {table} a JOIN {table} b USING ({column})",
            f"SELECT {column} FROM {home}.{table}",
            f"SELECT COUNT(*) FROM {home}.{table} a JOIN {home}.{table} b USING ({column})",
        ):
            with pytest.raises(EngineError):
                engine._read(sql, 5.0, 10, 10_000)
    engine.close()


def test_the_copy_of_a_sqlite_file_holds_nothing_hidden(
    auction_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(auction_database, "auction.db")
    connection = sqlite3.connect("auction.db", isolation_level=None)
    secrets = connection.execute("SELECT email, password_hash, full_name FROM users LIMIT 200").fetchall()
    for statement in recipe("sqlite"):
        connection.execute(statement)
    connection.close()
    content = Path("questions.db").read_bytes()
    assert [value for row in secrets for value in row if value and str(value).encode() in content] == []
    copy = sqlite3.connect("questions.db")
    assert copy.execute("SELECT COUNT(*) FROM listings WHERE reserve_price IS NOT NULL").fetchone() == (0,)
    copy.close()
    Path("questions.db").chmod(0o444)
    pipeline = build_pipeline(settings_for(f"sqlite:///{tmp_path}/questions.db"))
    answer = pipeline.ask(Question.parse(ANSWERED))
    pipeline.close()
    assert answer.outcome == "answered"
