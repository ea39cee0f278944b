"""The lines of SHOW GRANTS as the two servers print them, and lines made to mislead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from nl2sql.accounts.base import Finding
from nl2sql.accounts.mysql import examine
from nl2sql.accounts.mysql_grants import Grant, read_grants
from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.errors import DatabaseUnreachable

MODEL = SemanticModel("shop", (Dataset("users", "users", (Field("id", "id"), Field("name", "name"))),))


def test_rights_columns_targets_and_options_are_read() -> None:
    found = read_grants(
        [
            "GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'",
            "GRANT SELECT, SHOW VIEW ON `shop`.* TO `r`@`%`",
            "GRANT SELECT (`id`, `na``me`), UPDATE (`a) ON b`), INSERT ON `shop`.`users` TO `r`@`%` WITH GRANT OPTION",
            "GRANT EXECUTE ON PROCEDURE `shop`.`close_all` TO `r`@`%`",
        ]
    )
    assert found.grants == (
        Grant(("USAGE",), "*.*"),
        Grant(("SELECT", "SHOW VIEW"), "`shop`.*", "shop"),
        Grant(
            ("INSERT",),
            "`shop`.`users`",
            "shop",
            "users",
            on_columns=(("SELECT", ("id", "na`me")), ("UPDATE", ("a) ON b",))),
            grantable=True,
        ),
        Grant(("EXECUTE",), "`shop`.`close_all`", "shop", "close_all", "PROCEDURE"),
    )
    assert not found.unread and not found.roles and not found.proxies


def test_a_name_cannot_pass_for_an_option() -> None:
    [grant] = read_grants(["GRANT SELECT ON `shop`.* TO `x WITH GRANT OPTION`@`%`"]).grants
    assert not grant.grantable


@pytest.mark.parametrize(
    ("line", "roles"),
    [
        ("GRANT `reader` TO `r`@`%`", ("`reader`",)),
        ("GRANT `reader` TO `r`@`%` WITH ADMIN OPTION", ("`reader`",)),
        ("GRANT `a`@`%`,`b`@`%` TO `r`@`%`", ("`a`@`%`,`b`@`%`",)),
        ("SET DEFAULT ROLE `reader` FOR `r`@`%`", ()),
    ],
)
def test_roles_are_read_as_set_role_takes_them(line: str, roles: tuple[str, ...]) -> None:
    found = read_grants([line])
    assert (found.roles, found.grants, found.unread) == (roles, (), ())


def test_a_line_of_no_known_form_is_kept_without_what_may_be_secret() -> None:
    found = read_grants(["GRANT SOMETHING NEW TO `r`@`%` IDENTIFIED BY PASSWORD '*24'"])
    assert found.unread == ("GRANT SOMETHING NEW",)


class Server:
    """Answers what the examination asks, as MySQL 8 would: roles are written with a host, rights of the server with
    underscores, and secure_file_priv is NULL when files are forbidden."""

    def __init__(self, grants: Iterable[str], *, local_infile: int = 0, files: str | None = None) -> None:
        self.grants = list(grants)
        self.head = ("reader@10.0.%", "shop", "8.4.3", local_infile, files)
        self.asked: list[str] = []

    def __call__(self, sql: str) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        if sql.startswith("SELECT CURRENT_USER()"):
            return [self.head]
        if sql.startswith("SHOW GRANTS"):
            return [(line,) for line in self.grants]
        if sql.startswith("SET ROLE"):
            raise DatabaseUnreachable("no")
        if "information_schema.tables" in sql:
            return [("shop", "users")]
        return []


def said(server: Server) -> list[Finding]:
    return list(examine(server, MODEL, frozenset()))


def test_a_reader_of_mysql_8_is_clean() -> None:
    server = Server(["GRANT USAGE ON *.* TO `reader`@`10.0.%`", "GRANT SELECT ON `shop`.* TO `reader`@`10.0.%`"])
    assert said(server) == []
    assert "SET SESSION max_execution_time = 5000" in server.asked


def test_rights_of_the_server_are_an_administrators() -> None:
    [finding] = said(Server(["GRANT BACKUP_ADMIN,SYSTEM_VARIABLES_ADMIN ON *.* TO `reader`@`10.0.%`"]))
    assert finding.severity == "danger"
    assert "BACKUP_ADMIN, SYSTEM_VARIABLES_ADMIN on *.*" in finding.text
    assert finding.remedy == "REVOKE BACKUP_ADMIN, SYSTEM_VARIABLES_ADMIN ON *.* FROM 'reader'@'10.0.%';"


def test_where_files_may_lie_is_said() -> None:
    file = ["GRANT FILE ON *.* TO `reader`@`10.0.%`"]
    assert "forbids it for now" in said(Server(file))[0].text
    assert "in /var/lib/files/" in said(Server(file, files="/var/lib/files/"))[0].text
    assert "wherever the server may" in said(Server(file, files=""))[0].text


def test_acting_for_others_and_asking_for_files_are_found() -> None:
    grants = ["GRANT PROXY ON ''@'%' TO 'reader'@'10.0.%' WITH GRANT OPTION"]
    found = {each.text: each for each in said(Server(grants, local_infile=1))}
    assert found["can act as another account (PROXY)"].severity == "danger"
    [setting] = [each for each in found.values() if each.about == "settings"]
    assert (setting.severity, setting.remedy) == ("warn", "SET GLOBAL local_infile = OFF;")


def test_a_role_that_tells_nothing_and_a_line_that_is_not_understood_are_not_passed_over() -> None:
    found = said(Server(["GRANT `a`@`%` TO `reader`@`10.0.%`", "GRANT SOMETHING NEW TO `reader`@`10.0.%`"]))
    assert [(each.about, each.severity) for each in found] == [("rights", "danger"), ("roles", "warn")]
