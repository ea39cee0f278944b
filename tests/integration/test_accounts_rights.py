"""What holds for accounts of every kind of server: who is safe, and what is only worth knowing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy

from nl2sql.accounts.examine import require_safe_account
from nl2sql.engines.registry import open_engine
from tests.integration.account_trials import HIDDEN, MODEL, dangers, examined, run_remedy
from tests.integration.conftest import PASSWORD, Account, MakeAccount, Server, execute


def test_an_account_that_may_only_select_is_safe(make_reader: Callable[..., Account]) -> None:
    account = make_reader()
    findings = examined(account)
    assert dangers(findings) == []
    assert [each.text for each in findings if each.severity == "ok"] == [
        "every session is read-only and limited, as tried just now",
        "cannot change data, reach files or see other schemas",
    ]
    engine = open_engine(account.url)
    require_safe_account(account.url, engine, MODEL)
    engine.close()


def test_no_finding_tells_the_password(make_reader: Callable[..., Account]) -> None:
    account = make_reader()
    assert PASSWORD not in repr(examined(account, HIDDEN))


@pytest.fixture
def unmentioned(admin: sqlalchemy.Engine) -> Iterator[None]:
    execute(admin, "CREATE TABLE wages(id INTEGER)")
    yield
    execute(admin, "DROP TABLE wages")


@pytest.mark.usefixtures("unmentioned")
def test_tables_that_the_model_does_not_mention_are_warned_of_and_can_be_closed(
    make_account: MakeAccount, admin: sqlalchemy.Engine, server: Server
) -> None:
    wide = {
        "mysql": "GRANT SELECT ON {database}.* TO {account}",
        "postgres": "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {account}",
    }
    account = make_account(wide[server.dialect])
    [finding] = [each for each in examined(account) if each.about == "tables"]
    assert finding.severity == "warn"
    assert "wages" in finding.text and "items" not in finding.text
    run_remedy(admin, finding)
    assert not [each for each in examined(account) if each.about == "tables"]
    engine = open_engine(account.url)
    assert engine.distinct_values("items", "id", 1) == ["1"]
    engine.close()


def test_hidden_columns_that_the_account_can_read_come_with_views_that_hide_them(
    make_reader: Callable[..., Account], admin: sqlalchemy.Engine, server: Server
) -> None:
    account = make_reader()
    assert not [each for each in examined(account) if each.about == "hidden"]
    [finding] = [each for each in examined(account, HIDDEN) if each.about == "hidden"]
    assert finding.severity == "note"
    assert "items.price" in finding.text
    home = f"{admin.url.database}_visible"
    try:
        run_remedy(admin, finding)
        url = account.url.replace(str(admin.url.database), home) if server.dialect == "mysql" else account.url
        after = Account(account.name, url)
        assert [each for each in examined(after, HIDDEN) if each.about in ("hidden", "tables", "schemas")] == []
        engine = open_engine(url)
        assert engine.distinct_values("items", "title", 1) == ["Thing 10%"]
        with pytest.raises(Exception, match="could not run"):
            engine.distinct_values("items", "price", 1)
        engine.close()
    finally:
        gone = {"mysql": f"DROP DATABASE IF EXISTS {home}", "postgres": "DROP SCHEMA IF EXISTS nl2sql_visible CASCADE"}
        execute(admin, gone[server.dialect])
