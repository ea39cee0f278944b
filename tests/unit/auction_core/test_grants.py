"""The SQL of the accounts, without any server."""

import re

import pytest
from typer.testing import CliRunner

from auction_core.cli import app
from auction_core.errors import Refused
from auction_core.grants import WRITES, Account, grants, password_from, visible_columns
from auction_core.migrations.stamp import TABLE
from auction_core.tables import TABLE_NAMES

SECRET = "hunter2hunter2"


def test_the_writer_has_rights_on_every_table_and_drops_nothing() -> None:
    assert set(WRITES) == {*TABLE_NAMES, TABLE}
    for engine in ("mysql", "postgresql"):
        given = " ".join(re.findall(r"^GRANT .*", grants(engine, "auction", Account("w"), Account("a")), re.MULTILINE))
        assert not re.search(r"\b(DROP|ALTER|CREATE|REFERENCES|TRIGGER|TRUNCATE|ALL PRIVILEGES|GRANT OPTION)\b", given)


def test_the_analyst_sees_no_sensitive_column_and_no_internal_table() -> None:
    seen = visible_columns()
    assert set(seen) == set(TABLE_NAMES) - {"event_outbox", "outbox_lanes", "idempotency_keys"}
    hidden = {"users": {"email", "password_hash", "full_name"}, "listings": {"reserve_price"}}
    assert all(not hidden.get(table, set()) & set(columns) for table, columns in seen.items())
    assert "username" in seen["users"]


@pytest.mark.parametrize(
    ("database", "writer", "analyst", "said"),
    [
        ("auction", "a'b", "x", "no name for an account"),
        ("auction", 'a"; DROP', "x", "no name for an account"),
        ("auction", "root", "x", "no name for an account"),
        ("auction", "pg_x", "x", "no name for an account"),
        ("auction", "x" * 33, "y", "no name for an account"),
        ("auction", "same", "same", "two accounts"),
        ("a`b", "x", "y", "no name for a database"),
        ("a" * 56, "x", "y", "no name for a database"),
    ],
)
def test_names_that_sql_could_misread_are_refused(database: str, writer: str, analyst: str, said: str) -> None:
    for engine in ("mysql", "postgresql"):
        with pytest.raises(Refused, match=said):
            grants(engine, database, Account(writer), Account(analyst))
    with pytest.raises(Refused, match="choose mysql or postgresql"):
        grants("sqlite", "auction", Account("w"), Account("a"))


def test_passwords_come_from_the_environment_or_are_new_and_never_shown_in_errors() -> None:
    assert password_from({"P": SECRET}, "P") == SECRET
    assert len(password_from({}, "P")) >= 32
    assert password_from({}, "P") != password_from({"P": ""}, "P")
    for bad in ("it's a secret", "back\\slash", "shrt", "new\nlines", "dollar$dollar", "ümlauts-are-not"):
        with pytest.raises(Refused) as caught:
            password_from({"P": bad}, "P")
        assert bad not in str(caught.value)
    assert SECRET not in repr(Account("w", SECRET))


def test_the_command_prints_sql_and_says_on_stderr_that_it_holds_passwords() -> None:
    environment = {"AUCTION_WRITER_PASSWORD": SECRET, "AUCTION_ANALYST_PASSWORD": ""}
    for engine in ("mysql", "postgresql"):
        done = CliRunner().invoke(app, ["grants", "--engine", engine], env=environment)
        assert done.exit_code == 0
        assert SECRET in done.stdout
        assert "holds the passwords" in done.stderr
        assert SECRET not in done.stderr
        bare = CliRunner().invoke(app, ["grants", "--engine", engine, "--without-passwords"], env=environment)
        assert SECRET not in bare.output
        assert not re.search(r"^[^-].*(IDENTIFIED|PASSWORD)", bare.stdout, re.MULTILINE)
        assert bare.stderr == ""
