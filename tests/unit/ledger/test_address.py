"""Which addresses a ledger can have; what is said of the others tells no password."""

from __future__ import annotations

import pytest

from nl2sql.errors import SettingsInvalid
from nl2sql.ledger.address import address_of
from nl2sql.ledger.base import NoLedger
from nl2sql.ledger.open import open_ledger


def test_off_keeps_nothing() -> None:
    assert isinstance(open_ledger("off", 90, "none"), NoLedger)


@pytest.mark.parametrize(
    ("url", "drivername", "database"),
    [
        ("sqlite:///var/ledger.db", "sqlite+pysqlite", "var/ledger.db"),
        ("sqlite:////srv/a b?c#d%20.db", "sqlite+pysqlite", "/srv/a b?c#d%20.db"),
        ("mysql://u:p@h/x", "mysql+pymysql", "x"),
        ("mariadb://u:p@h/x", "mysql+pymysql", "x"),
        ("postgresql://u:p@h:1/x", "postgresql+psycopg", "x"),
    ],
)
def test_an_address_names_a_driver_and_a_database(url: str, drivername: str, database: str) -> None:
    assert (address_of(url).drivername, address_of(url).database) == (drivername, database)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "var/ledger.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite://hunter2/x",
        "duckdb:///hunter2.db",
        "bigquery://hunter2",
        "mysql://root:hunter2@host",
        "mysql://root:hunter2@host:port/x",
        "postgresql://root:hunter2@",
        "oracle://root:hunter2@host/x",
    ],
)
def test_an_address_that_can_never_work_is_refused_at_once(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="ledger") as caught:
        open_ledger(url, 90, "none")
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint
