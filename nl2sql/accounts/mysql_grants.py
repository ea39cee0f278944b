"""Reads the lines of SHOW GRANTS, as MySQL and MariaDB print them without ANSI_QUOTES."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NAME = r"`(?:[^`]|``)*`"
_GRANT = re.compile(
    rf"GRANT (?P<rights>(?:{_NAME}|[^`])+?) ON (?:(?P<kind>TABLE|FUNCTION|PROCEDURE|PACKAGE BODY|PACKAGE) )?"
    rf"(?P<target>\*\.\*|(?P<database>{_NAME})\.(?:\*|(?P<name>{_NAME}))) TO (?P<rest>.+)",
    re.DOTALL,
)
_ROLES = re.compile(rf"GRANT (?P<roles>{_NAME}(?:@{_NAME})?(?:, ?{_NAME}@{_NAME})*) TO ")
_RIGHT = re.compile(rf"(?P<right>[A-Za-z][A-Za-z_ ]*[A-Za-z])\s*(?:\((?P<columns>(?:{_NAME}|[^()`])*)\))?")
_QUOTED = re.compile(rf"{_NAME}|'(?:[^'\\]|''|\\.)*'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Grant:
    """`database` and `name` are empty for all of them; `target` is as the server wrote it.

    `rights` are in upper case; `on_columns` are those that hold for some columns only. `role` is the role that brings
    the grant, empty for the account's own.
    """

    rights: tuple[str, ...]
    target: str
    database: str = ""
    name: str = ""
    kind: str = ""
    on_columns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    grantable: bool = False
    role: str = ""

    @property
    def is_global(self) -> bool:
        return not self.database


@dataclass(frozen=True, slots=True)
class Grants:
    """`roles` are written as SET ROLE takes them; `unread` are lines of no known form."""

    grants: tuple[Grant, ...] = ()
    roles: tuple[str, ...] = ()
    proxies: bool = False
    unread: tuple[str, ...] = ()


def read_grants(rows: Sequence[str], role: str = "") -> Grants:
    grants: list[Grant] = []
    roles: list[str] = []
    unread: list[str] = []
    proxies = False
    for line in rows:
        if line.startswith(("SET DEFAULT ROLE ", "REVOKE ")):
            continue  # a role by default is a role that is granted; a partial revoke takes away from what counts here
        if line.startswith("GRANT PROXY ON "):
            proxies = True
        elif match := _GRANT.match(line):
            grants.append(_grant(match, role))
        elif match := _ROLES.match(line):
            roles.append(match["roles"])
        else:
            unread.append(line.partition(" TO ")[0])  # what follows may hold a password's hash
    return Grants(tuple(grants), tuple(roles), proxies, tuple(unread))


def _grant(match: re.Match[str], role: str) -> Grant:
    rights: list[str] = []
    on_columns: list[tuple[str, tuple[str, ...]]] = []
    for each in _RIGHT.finditer(match["rights"]):
        right = each["right"].upper()
        if each["columns"] is None:
            rights.append(right)
        else:
            on_columns.append((right, tuple(_plain(name) for name in re.findall(_NAME, each["columns"]))))
    grantable = "WITH GRANT OPTION" in _QUOTED.sub("", match["rest"])
    return Grant(
        tuple(rights),
        match["target"],
        _plain(match["database"] or ""),
        _plain(match["name"] or ""),
        match["kind"] or "",
        tuple(on_columns),
        grantable,
        role,
    )


def _plain(quoted: str) -> str:
    return quoted[1:-1].replace("``", "`")
