"""Accounts of PostgreSQL with one right too many each: it is found, and what is advised takes it away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy

from nl2sql.accounts.examine import require_safe_account
from nl2sql.engines.registry import open_engine
from nl2sql.errors import AccountUnsafe
from tests.integration.account_trials import MODEL, dangers, examined, mend, run_remedy
from tests.integration.conftest import Account, MakeAccount, Server, execute, on_postgres

POSTGRES_DANGERS = [
    ("GRANT INSERT ON items TO {account}", "can change data: INSERT on public.items"),
    ("GRANT UPDATE (title) ON items TO {account}", "can change data: UPDATE on public.items"),
    ("GRANT TRUNCATE ON items TO {account}", "can change data: TRUNCATE on public.items"),
    ("GRANT USAGE ON SEQUENCE numbers TO {account}", "can change data: USAGE on public.numbers"),
    ("ALTER ROLE {account} CREATEDB CREATEROLE", "has rights of an administrator: CREATEDB, CREATEROLE"),
    ("ALTER ROLE {account} BYPASSRLS", "has rights of an administrator: BYPASSRLS"),
    ("ALTER ROLE {account} REPLICATION", "has rights of an administrator: REPLICATION"),
    ("GRANT pg_read_server_files TO {account}", "can read files of the server"),
    ("GRANT pg_write_server_files TO {account}", "can write files of the server"),
    ("GRANT pg_execute_server_program TO {account}", "can run programs on the server"),
    ("GRANT pg_write_all_data TO {account}", "can change all data"),
    ("GRANT pg_read_all_data TO {account}", "can read all data of every schema"),
    ("GRANT CREATE ON SCHEMA public TO {account}", "can create tables, functions in the schema public"),
    ("GRANT CREATE ON DATABASE {database} TO {account}", "can create schemas in the database"),
    ("ALTER TABLE owned OWNER TO {account}", "owns what it reads"),
    ("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO {account}", "can call functions that reach files"),
    ("GRANT EXECUTE ON FUNCTION lo_import(text) TO {account}", "can call functions that reach files"),
    ("GRANT EXECUTE ON FUNCTION pg_reload_conf() TO {account}", "can call functions that steer the server"),
    ("GRANT SELECT ON pg_authid TO {account}", "can read the password hashes"),
    ("GRANT USAGE ON SCHEMA {other} TO {account}; GRANT SELECT ON {other}.wages TO {account}", "can see schemas"),
    ("GRANT USAGE ON SCHEMA {other} TO {account}; GRANT SELECT (id) ON {other}.wages TO {account}", "can see schemas"),
]


@pytest.fixture
def things(admin: sqlalchemy.Engine) -> None:
    execute(admin, "CREATE SEQUENCE IF NOT EXISTS numbers", "CREATE TABLE IF NOT EXISTS owned(id INTEGER)")


@on_postgres
@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(("right", "said"), POSTGRES_DANGERS)
def test_each_right_too_many_on_postgresql_is_found_and_can_be_taken_away(
    right: str, said: str, make_reader: Callable[..., Account], admin: sqlalchemy.Engine, server: Server
) -> None:
    account = make_reader(right)
    found = dangers(examined(account))
    assert [text for text in found if text.startswith(said)], found
    engine = open_engine(account.url)
    with pytest.raises(AccountUnsafe) as caught:
        require_safe_account(account.url, engine, MODEL)
    engine.close()
    assert said.partition(":")[0] in caught.value.user_message
    mend(admin, account)


@on_postgres
@pytest.mark.usefixtures("things")
def test_rights_of_everybody_and_of_roles_are_found_at_their_source(
    make_reader: Callable[..., Account], admin: sqlalchemy.Engine, names: dict[str, str], server: Server
) -> None:
    execute(
        admin,
        "GRANT DELETE ON items TO PUBLIC",
        f"GRANT {names['inner']} TO {names['role']}",
        f"GRANT TRIGGER ON items TO {names['inner']}",
        f"ALTER ROLE {names['inner']} CREATEDB",
    )
    account = make_reader("ALTER ROLE {account} NOINHERIT", "GRANT {role} TO {account}")
    found = dangers(examined(account))
    assert f"can become {names['inner']}, which is CREATEDB" in found
    [data] = [text for text in found if text.startswith("can change data")]
    assert "DELETE on public.items (through PUBLIC)" in data
    assert f"TRIGGER on public.items (through {names['inner']})" in data
    mend(admin, account)


@on_postgres
def test_a_superuser_is_told_to_make_another_account(server: Server, make_account: MakeAccount) -> None:
    found = [each for each in examined(make_account("ALTER ROLE {account} SUPERUSER")) if each.severity == "danger"]
    assert [each.text for each in found] == ["may do everything on this server (superuser)"]
    assert 'GRANT USAGE ON SCHEMA "public" TO nl2sql' in found[0].remedy


@on_postgres
def test_dblink_is_a_danger_where_it_is_installed(
    make_reader: Callable[..., Account], admin: sqlalchemy.Engine, server: Server
) -> None:
    available = "SELECT count(*) FROM pg_available_extensions WHERE name = 'dblink'"
    with admin.connect() as connection:
        if not connection.exec_driver_sql(available).scalar():
            pytest.skip("the server brings no dblink")
    execute(admin, "CREATE EXTENSION dblink")
    try:
        account = make_reader()
        assert any("dblink" in text for text in dangers(examined(account)))
        mend(admin, account)
    finally:
        execute(admin, "DROP EXTENSION dblink")


@on_postgres
def test_what_every_account_may_call_is_a_warning_that_can_be_mended(
    make_reader: Callable[..., Account], admin: sqlalchemy.Engine, server: Server
) -> None:
    body = "SELECT max(price) FROM items"
    execute(admin, f"CREATE FUNCTION secret_price() RETURNS numeric LANGUAGE sql SECURITY DEFINER AS '{body}'")
    account = make_reader()
    warned = {each.text.partition(":")[0]: each for each in examined(account) if each.severity == "warn"}
    assert {
        "can call functions that run with their owner's rights",
        "can call functions that run a text as a query, past the guard",
        "can call functions that change the session, wait, lock or notify",
    } <= set(warned)
    for finding in warned.values():
        assert finding.remedy, finding
        run_remedy(admin, finding)
    left = [each.text for each in examined(account) if each.severity != "ok"]
    execute(admin, "DROP FUNCTION secret_price()")
    assert left == []


@on_postgres
def test_a_role_that_may_write_by_default_is_warned_of(server: Server, make_account: MakeAccount) -> None:
    account = make_account(
        "GRANT SELECT ON items TO {account}", "ALTER ROLE {account} SET standard_conforming_strings = off"
    )
    said = [each.text for each in examined(account) if each.about == "settings"]
    assert len(said) == 2
    assert "default_transaction_read_only" in said[0] and "standard_conforming_strings" in said[1]
