"""The accounts on real servers: the writer does all the store does and no more, the analyst reads what is visible."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from auction_core.grants import Account, grants
from auction_core.migrations import is_at_head
from auction_core.seed.run import seed_database
from auction_core.store import Store
from nl2sql.accounts.examine import examine_account
from nl2sql.catalog.load import load_model
from nl2sql.engines.registry import open_engine

ROOT = Path(__file__).parents[3]
PASSWORD = "a-long-password:47!"


@dataclass(frozen=True)
class Accounts:
    admin: str
    writer: str
    analyst: str
    sql: str

    @property
    def is_mysql(self) -> bool:
        return self.admin.startswith("mysql")


@pytest.fixture(params=["mysql", "postgres"])
def accounts(request: pytest.FixtureRequest) -> Iterator[Accounts]:
    admin: str = request.getfixturevalue(f"{request.param}_url")
    url = make_url(admin)
    seed_database(admin, "tiny")
    tail = uuid.uuid4().hex[:8]
    writer, analyst = Account(f"w_{tail}", PASSWORD), Account(f"a_{tail}", PASSWORD)
    is_mysql = request.param == "mysql"
    sql = grants("mysql" if is_mysql else "postgresql", str(url.database), writer, analyst)
    run(admin, sql)
    database = f"{url.database}_visible" if is_mysql else url.database
    as_writer = url.set(username=writer.name, password=PASSWORD)
    as_analyst = url.set(username=analyst.name, password=PASSWORD, database=database)
    try:
        yield Accounts(admin, *(each.render_as_string(hide_password=False) for each in (as_writer, as_analyst)), sql)
    finally:
        if is_mysql:
            run(admin, f"DROP DATABASE `{database}`;\nDROP USER '{writer.name}'@'%', '{analyst.name}'@'%';\n")
        else:
            run(admin, f"DROP OWNED BY {writer.name}, {analyst.name};\nDROP ROLE {writer.name}, {analyst.name};\n")


def run(url: str, script: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for line in script.splitlines():
            if not line.startswith("--"):
                connection.exec_driver_sql(line.replace("%", "%%"))
    engine.dispose()


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(query))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def is_refused(url: str, query: str) -> bool:
    try:
        ask(url, query)
    except DBAPIError as error:
        said = str(error.orig).lower()
        return any(words in said for words in ("denied", "permission", "read-only", "doesn't exist", "must be owner"))
    return False


def test_the_writer_runs_every_write_of_the_store(accounts: Accounts) -> None:
    with Store.open(accounts.writer) as store:
        number = iter(range(1_000))

        def key() -> str:
            return f"key-{next(number)}"

        user = store.register_user(
            username="new_one",
            email="new@example.org",
            password="correct horse",
            full_name="N",
            country="DE",
            key=key(),
        ).user_id
        run(
            accounts.admin,
            "UPDATE listings SET starts_at = '2026-01-01', ends_at = '2099-01-01' WHERE status = 'active'",
        )
        child = "SELECT MIN(id) FROM categories WHERE parent_id IS NOT NULL"
        made = store.open_listing(
            seller_id=1,
            category_id=int(str(ask(accounts.admin, child)[0][0])),
            title="A watch",
            description="It runs.",
            item_condition="good",
            starting_price=Decimal("10.00"),
            buy_now_price=Decimal("100.00"),
            ends_at=datetime.now(UTC) + timedelta(days=1),
            key=key(),
        ).listing_id
        store.place_bid(bidder_id=user, listing_id=made, amount=Decimal("10.00"), key=key())
        store.add_comment(user_id=user, listing_id=made, body="Nice.", key=key())
        store.watch(user_id=user, listing_id=made, key=key())
        store.unwatch(user_id=user, listing_id=made, key=key())
        store.buy_now(buyer_id=user, listing_id=made, key=key())
        store.record_payment(user_id=user, listing_id=made, status="paid", key=key())
        store.leave_review(reviewer_id=user, listing_id=made, rating=5, body="", key=key())
        store.close_due_listings()
        assert is_at_head(store.engine)
    for statement in (
        "UPDATE event_outbox SET published_at = occurred_at",
        "DELETE FROM event_outbox",
        "INSERT INTO outbox_lanes (lane) VALUES (1)",
        "UPDATE outbox_lanes SET relay = 'me'",
        "SELECT idempotency_key FROM idempotency_keys FOR UPDATE",
        "DELETE FROM idempotency_keys",
    ):
        ask(accounts.writer, statement)


def test_the_writer_cannot_change_tables_or_read_the_servers_passwords(accounts: Accounts) -> None:
    passwords = "SELECT * FROM mysql.user" if accounts.is_mysql else "SELECT * FROM pg_authid"
    for statement in (
        "DROP TABLE bids",
        "ALTER TABLE bids ADD COLUMN x INTEGER",
        "CREATE TABLE more (id INTEGER)",
        "DELETE FROM bids",
        "UPDATE bids SET amount = 1",
        "DELETE FROM payments",
        "TRUNCATE TABLE event_outbox",
        "UPDATE alembic_version SET version_num = '0001'",
        "DROP PROCEDURE auction_place_bid_v1" if accounts.is_mysql else "DROP FUNCTION auction_place_bid_v1",
        passwords,
    ):
        assert is_refused(accounts.writer, statement), statement


def test_the_analyst_reads_what_is_visible_and_writes_nothing(accounts: Accounts) -> None:
    assert ask(accounts.analyst, "SELECT COUNT(*), MAX(current_bid) FROM listings")
    assert ask(accounts.analyst, "SELECT username FROM users ORDER BY id LIMIT 1")
    hidden = [
        "SELECT email FROM users",
        "SELECT MAX(password_hash) FROM users",
        "SELECT COUNT(*) FROM users WHERE full_name > 'M'",
        "SELECT reserve_price FROM listings",
        "SELECT COUNT(*) FROM event_outbox",
        "SELECT COUNT(*) FROM outbox_lanes",
        "SELECT COUNT(*) FROM idempotency_keys",
    ]
    for query in hidden:
        assert not _answers(accounts.analyst, query), query
    for statement in (
        "UPDATE listings SET title = 'x'",
        "DELETE FROM watchlist",
        "INSERT INTO watchlist VALUES (1, 1, '2026-01-01')",
        "CREATE TABLE more (id INTEGER)",
    ):
        assert is_refused(accounts.analyst, statement), statement
    if accounts.is_mysql:
        source = make_url(accounts.admin).database
        for query in (f"SELECT reserve_price FROM {source}.listings", f"SELECT id FROM {source}.listings"):
            assert is_refused(accounts.analyst, query), query
        assert not _answers(accounts.analyst, f"HANDLER {source}.listings OPEN")
        columns = ask(accounts.analyst, "SELECT * FROM users LIMIT 1")[0]
        assert len(columns) == 7
    else:
        for query in ("SELECT * FROM users", "SELECT u FROM users u", "TABLE listings"):
            assert is_refused(accounts.analyst, query), query


def _answers(url: str, query: str) -> bool:
    try:
        ask(url, query)
    except DBAPIError:
        return False
    return True


def test_running_it_again_takes_away_what_was_too_much(accounts: Accounts) -> None:
    url, analyst = make_url(accounts.admin), make_url(accounts.analyst).username
    if accounts.is_mysql:
        run(accounts.admin, f"GRANT SELECT, DROP ON `{url.database}`.* TO '{analyst}'@'%';")
        too_much = f"SELECT email FROM {url.database}.users LIMIT 1"
    else:
        run(accounts.admin, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {analyst};\nGRANT SELECT ON users TO PUBLIC;")
        too_much = "SELECT email FROM users LIMIT 1"
    assert ask(accounts.analyst, too_much)
    run(accounts.admin, accounts.sql)
    assert is_refused(accounts.analyst, too_much)
    assert ask(accounts.analyst, "SELECT COUNT(*) FROM listings")
    assert ask(accounts.writer, "SELECT COUNT(*) FROM users")


def test_questions_are_answered_through_the_analyst_and_its_account_is_found_safe(
    accounts: Accounts, tmp_path: Path
) -> None:
    url = accounts.analyst.replace("+pymysql", "").replace("+psycopg", "")
    model = load_model(ROOT / "schema" / "auction" / "model.yaml")
    engine = open_engine(url)
    try:
        found = examine_account(url, engine, model, frozenset({"users.email", "listings.reserve_price"}))
    finally:
        engine.close()
    assert [each.text for each in found if each.severity == "danger"] == []
    assert not [each for each in found if each.about in {"tables", "columns", "hidden"}], found
    command = [sys.executable, "-m", "nl2sql.cli", "ask", "How many listings are there?", "--json", "--fresh"]
    environment = {
        **os.environ,
        "NL2SQL_DATABASE": url,
        "NL2SQL_LEDGER": "off",
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    counted = ask(accounts.admin, "SELECT COUNT(*) FROM listings WHERE status <> 'draft'")[0][0]
    everything = ask(accounts.admin, "SELECT COUNT(*) FROM listings")[0][0]
    assert json.loads(done.stdout)["rows"] in ([[counted]], [[everything]])
