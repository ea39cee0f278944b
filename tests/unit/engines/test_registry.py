"""Database addresses: which engine they open, and how a wrong one is explained."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy.engine import make_url

from nl2sql.engines.registry import ALLOWED, open_engine
from nl2sql.engines.schemes import SERVERS
from nl2sql.engines.sql import address_mark
from nl2sql.errors import SettingsInvalid

SECRET = "hunter2"


def test_the_scheme_chooses_the_engine() -> None:
    assert open_engine("sqlite:///var/shop.db").dialect == "sqlite"
    assert open_engine("mysql://reader@localhost/shop").dialect == "mysql"
    assert open_engine("mariadb://reader@localhost/shop").dialect == "mariadb"
    assert open_engine("postgresql://reader@localhost/shop").dialect == "postgres"


@pytest.mark.parametrize("scheme", sorted(SERVERS))
def test_every_scheme_opens_without_a_connection(scheme: str) -> None:
    engine = open_engine(f"{scheme}://reader:{SECRET}@localhost:1/shop")
    engine.close()
    named = {"postgresql": "postgres", "mariadb": "mariadb", "mysql": "mysql"}
    assert engine.dialect == named[scheme.partition("+")[0]]


def test_every_part_of_an_address_but_its_passwords_tells_databases_apart() -> None:
    marks = [
        address_mark(make_url(url))
        for url in (
            "mysql+pymysql://reader@localhost/shop",
            "mysql+pymysql://reader@localhost/store",
            "mysql+pymysql://reader@localhost:3307/shop",
            "mysql+pymysql://reader@db.internal/shop",
            "mysql+pymysql://writer@localhost/shop",
            "mysql+pymysql://reader@localhost/shop?unix_socket=/run/a",
            "mysql+pymysql://reader@localhost/shop?unix_socket=/run/b",
            "postgresql+psycopg://reader@localhost/shop",
            "postgresql+psycopg://reader@/shop?host=/run/a",
            "postgresql+psycopg://reader@/shop?options=-csearch_path%3Dold",
            "postgresql+psycopg://reader@/shop",
        )
    ]
    assert len(set(marks)) == len(marks)
    plain, *others = (
        address_mark(make_url(f"postgresql+psycopg://{rest}"))
        for rest in ("r@h/shop", f"r:{SECRET}@h/shop", f"r@h/shop?password={SECRET}", f"r@h/shop?sslpassword={SECRET}")
    )
    assert others == [plain] * 3


@pytest.mark.parametrize(
    "url",
    [
        "",
        "var/shop.db",
        f"oracle://reader:{SECRET}@localhost/shop",
        f"mysql+mysqldb://reader:{SECRET}@localhost/shop",
        f"mysql://reader:{SECRET}@localhost:port/shop",
        f"postgresql://reader:{SECRET}@[::1/shop",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
    ],
)
def test_a_wrong_address_is_explained_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        open_engine(url)
    assert caught.value.hint
    assert SECRET not in caught.value.user_message + caught.value.hint
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_an_unknown_scheme_gets_the_list_of_known_ones() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        open_engine("oracle://localhost/shop")
    assert ALLOWED in caught.value.hint
    assert "sqlite" in ALLOWED


@pytest.mark.parametrize(
    ("scheme", "driver", "extra"), [("mysql", "pymysql", "mysql"), ("postgresql", "psycopg", "postgres")]
)
def test_a_missing_driver_says_what_to_install(
    scheme: str, driver: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(SettingsInvalid, match=rf"pip install 'nl2sql\[{extra}\]'"):
        open_engine(f"{scheme}://localhost/shop")


def test_sqlite_imports_neither_sqlalchemy_nor_a_driver() -> None:
    code = (
        "import sys; from nl2sql.engines.registry import open_engine; open_engine('sqlite:///shop.db');"
        "sys.exit(any(name in sys.modules for name in ('sqlalchemy', 'pymysql', 'psycopg')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
