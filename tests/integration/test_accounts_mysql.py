"""Accounts of MySQL or MariaDB with one right too many each: it is found, and what is advised takes it away."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy

from nl2sql.accounts.examine import require_safe_account
from nl2sql.engines.registry import open_engine
from nl2sql.errors import AccountUnsafe
from tests.integration.account_trials import HIDDEN, MODEL, dangers, examined, mend, run_remedy
from tests.integration.conftest import Account, MakeAccount, Server, execute, on_mysql

MYSQL_DANGERS = [
    ("GRANT INSERT ON {database}.* TO {account}", "can change data: INSERT on"),
    ("GRANT UPDATE (title) ON {database}.items TO {account}", "can change data: UPDATE on"),
    ("GRANT DROP, CREATE VIEW ON {database}.* TO {account}", "can change tables and what belongs to them: DROP"),
    ("GRANT EXECUTE ON {database}.* TO {account}", "can run routines"),
    ("GRANT PROCESS ON *.* TO {account}", "can see the statements of others"),
    ("GRANT FILE ON *.* TO {account}", "can read and write files of the server"),
    ("GRANT SUPER ON *.* TO {account}", "has rights of an administrator: SUPER"),
    ("GRANT RELOAD, CREATE USER ON *.* TO {account}", "has rights of an administrator: RELOAD, CREATE USER"),
    ("GRANT ALL PRIVILEGES ON {database}.* TO {account}", "has rights of an administrator: ALL PRIVILEGES"),
    ("GRANT SELECT ON {other}.* TO {account}", "can see databases that the questions are not about: nl2sql_other"),
    ("GRANT SELECT (amount) ON {other}.wages TO {account}", "can see databases that the questions are not about"),
    ("GRANT SELECT ON *.* TO {account}", "can see databases that the questions are not about"),
    ("GRANT SELECT ON `nl2sql\\_other%`.* TO {account}", "can see databases that the questions are not about"),
    ("GRANT SELECT ON mysql.* TO {account}", "can see databases that the questions are not about: mysql"),
    ("GRANT SELECT ON {database}.items TO {account} WITH GRANT OPTION", "can pass on its rights"),
]


@on_mysql
@pytest.mark.parametrize(("right", "said"), MYSQL_DANGERS)
def test_each_right_too_many_on_mysql_is_found_and_can_be_taken_away(
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
    assert "nl2sql guard doctor" in caught.value.hint
    mend(admin, account)


@on_mysql
def test_rights_of_a_role_and_of_the_roles_behind_it_are_found(
    make_reader: Callable[..., Account], admin: sqlalchemy.Engine, names: dict[str, str], server: Server
) -> None:
    """Neither is active when the account connects: SET ROLE is all it takes."""
    execute(
        admin,
        f"GRANT {names['inner']} TO {names['role']}",
        f"GRANT DELETE ON {admin.url.database}.* TO {names['inner']}",
        f"GRANT SELECT ON {names['other']}.* TO {names['role']}",
    )
    account = make_reader("GRANT {role} TO {account}")
    found = dangers(examined(account))
    assert any(text.startswith("can change data: DELETE") and names["role"] in text for text in found), found
    assert any(names["other"] in text for text in found)
    mend(admin, account)


@on_mysql
def test_an_administrators_account_is_told_to_make_another(
    admin: sqlalchemy.Engine, server: Server, make_account: MakeAccount
) -> None:
    account = make_account("GRANT ALL PRIVILEGES ON *.* TO {account}")
    found = [each for each in examined(account) if each.severity == "danger"]
    assert [each.text for each in found] == ["may do everything on this server"]
    assert "CREATE USER" in found[0].remedy and str(admin.url.database).replace("_", "\\_") in found[0].remedy


@on_mysql
def test_column_grants_are_told_to_be_no_wall(
    admin: sqlalchemy.Engine, server: Server, make_account: MakeAccount
) -> None:
    account = make_account("GRANT SELECT (id, title) ON {database}.items TO {account}")
    [finding] = [each for each in examined(account, HIDDEN) if each.about == "columns"]
    assert finding.severity == "warn"
    assert "USING and NATURAL JOIN" in finding.text
    home = f"{admin.url.database}_visible"
    try:
        run_remedy(admin, finding)
        moved = Account(account.name, account.url.replace(str(admin.url.database), home))
        engine = open_engine(moved.url)
        assert engine.distinct_values("items", "title", 1) == ["Thing 10%"]
        engine.close()
        assert [each for each in examined(moved, HIDDEN) if each.severity in ("danger", "note")] == []
    finally:
        execute(admin, f"DROP DATABASE IF EXISTS {home}")


@on_mysql
def test_weak_rights_are_warnings(make_reader: Callable[..., Account], server: Server) -> None:
    found = examined(make_reader("GRANT CREATE TEMPORARY TABLES, LOCK TABLES ON {database}.* TO {account}"))
    assert dangers(found) == []
    assert any("rights that no question needs" in each.text for each in found if each.severity == "warn")
