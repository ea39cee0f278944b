"""Strict: the product does not start with an account that may do more than read, and asks once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nl2sql import bootstrap
from nl2sql.accounts import examine
from nl2sql.accounts.base import Finding
from nl2sql.bootstrap import build_pipeline
from nl2sql.errors import AccountUnsafe, DatabaseMissing, DatabaseUnreachable
from nl2sql.question import Question
from nl2sql.settings import Settings, load_settings
from tests.integration.conftest import PASSWORD, MakeAccount, Server, server_address

READER = {"mysql": "GRANT SELECT ON {database}.items TO {account}", "postgres": "GRANT SELECT ON items TO {account}"}
WRITER = {"mysql": "GRANT INSERT ON {database}.items TO {account}", "postgres": "GRANT INSERT ON items TO {account}"}


@pytest.fixture
def settings(repository: Path) -> Callable[..., Settings]:
    """Of the repository, with the auction's model; starting reads no table."""

    def make(database: str, **more: str) -> Settings:
        environ = {"database": database, "cache": "off", "ledger": "off", "strict": "true"} | more
        named = {f"NL2SQL_{name.upper()}": value for name, value in environ.items()}
        return load_settings({"NL2SQL_CONFIG": str(repository / "nl2sql.toml")} | named)

    return make


def start(settings: Settings) -> None:
    build_pipeline(settings).engine.close()


def test_an_account_that_may_only_read_starts(
    settings: Callable[..., Settings], make_account: MakeAccount, server: Server
) -> None:
    start(settings(make_account(READER[server.dialect]).url))


def test_an_account_that_may_write_does_not_start_and_is_told_why(
    settings: Callable[..., Settings], make_account: MakeAccount, server: Server
) -> None:
    account = make_account(READER[server.dialect], WRITER[server.dialect])
    with pytest.raises(AccountUnsafe, match="it can change data: INSERT") as caught:
        start(settings(account.url))
    assert "nl2sql guard doctor" in caught.value.hint
    assert PASSWORD not in caught.value.user_message + caught.value.hint
    start(settings(account.url, strict="false"))


def test_a_server_that_does_not_answer_is_no_safe_account(
    settings: Callable[..., Settings], make_account: MakeAccount, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_account(READER[server.dialect])
    kind = {"mysql": "nl2sql.accounts.mysql", "postgres": "nl2sql.accounts.postgres"}[server.dialect]
    monkeypatch.setattr(f"{kind}.CATALOG_SECONDS", "not a number")
    with pytest.raises(DatabaseUnreachable, match="did not say"):
        start(settings(account.url))


def test_sqlite_starts_where_its_walls_stand(
    settings: Callable[..., Settings], auction_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(settings(f"sqlite:///{auction_database}"))
    with pytest.raises(DatabaseMissing):
        start(settings(f"sqlite:///{tmp_path}/nowhere.db"))
    monkeypatch.setattr("nl2sql.engines.sqlite_connection._PRAGMAS", ())
    with pytest.raises(AccountUnsafe, match="can be written to"):
        start(settings(f"sqlite:///{auction_database}"))


def test_the_account_is_looked_at_once_a_start_and_by_no_question(
    settings: Callable[..., Settings], auction_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def look(url: str, *_: object) -> list[Finding]:
        looked.append(url)
        return []

    monkeypatch.setattr(examine, "examine_account", look)
    pipeline = build_pipeline(settings(f"sqlite:///{auction_database}"))
    for text in ("How many bids are there?", "How many users are there?"):
        assert pipeline.ask(Question.parse(text)).outcome == "answered"
    pipeline.close()
    assert len(looked) == 1


def test_a_start_asks_the_server_a_few_things_only(
    settings: Callable[..., Settings], make_account: MakeAccount, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a journey; with a server a few milliseconds away, they are what a start waits for."""
    kind = {"mysql": "nl2sql.accounts.mysql", "postgres": "nl2sql.accounts.postgres"}[server.dialect]
    asked: list[str] = []
    module = __import__(kind, fromlist=["examine"])
    plain = module.examine

    def counting(ask: Callable[[str], object], *rest: object) -> object:
        return plain(lambda sql: asked.append(sql) or ask(sql), *rest)

    monkeypatch.setattr(module, "examine", counting)
    start(settings(make_account(READER[server.dialect]).url))
    assert 5 <= len(asked) <= 15


def test_an_administrator_starts_without_strict(
    settings: Callable[..., Settings], admin: object, server: Server
) -> None:
    url = server_address(admin)  # type: ignore[arg-type]
    start(settings(url, strict="false"))
    with pytest.raises(AccountUnsafe, match="may do everything on this server"):
        start(settings(url))
    findings = bootstrap.examine_database_account(settings(url))
    assert [each.about for each in findings if each.severity == "danger"] == ["rights"]
