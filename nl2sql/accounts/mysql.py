"""What a MySQL or MariaDB account may do, by SHOW GRANTS and by what it sees in information_schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nl2sql.accounts.base import CATALOG_SECONDS, Ask, Finding, Severity, counted, lines, some_of
from nl2sql.accounts.mysql_grants import Grant, Grants, read_grants
from nl2sql.accounts.views import mysql_views, visible_columns
from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import EngineError
from nl2sql.guard.physical import physical_tables

_HARMLESS = frozenset({"USAGE", "SELECT", "SHOW VIEW"})
# How bad a group of rights is, what is said of it, the rights. A right in no group is an administrator's.
_GROUPS: tuple[tuple[Severity, str, frozenset[str]], ...] = (
    ("danger", "can change data", frozenset({"INSERT", "UPDATE", "DELETE", "DELETE HISTORY"})),
    (
        "danger",
        "can change tables and what belongs to them",
        frozenset(
            {"CREATE", "ALTER", "DROP", "INDEX", "REFERENCES", "TRIGGER", "EVENT", "CREATE VIEW", "CREATE ROUTINE"}
            | {"ALTER ROUTINE", "CREATE TABLESPACE"}
        ),
    ),
    ("danger", "can run routines, which do what their authors may", frozenset({"EXECUTE"})),
    ("danger", "can see the statements of others, with all that is in them", frozenset({"PROCESS"})),
    (
        "warn",
        "has rights that no question needs",
        frozenset(
            {"CREATE TEMPORARY TABLES", "LOCK TABLES", "SHOW DATABASES", "SHOW_ROUTINE", "SHOW CREATE ROUTINE"}
            | {"REPLICATION CLIENT", "BINLOG MONITOR", "SLAVE MONITOR", "REPLICA MONITOR"}
        ),
    ),
)
_SYSTEM = ("information_schema", "performance_schema")


@dataclass
class _Account:
    """`name` is written as GRANT takes it; `database` is that of the address; `own` are the databases of the model."""

    name: str
    database: str
    own: frozenset[str]
    is_mariadb: bool
    grants: list[Grant] = field(default_factory=list)
    readable: set[tuple[str, str]] = field(default_factory=set)  # (database, table)
    columns: set[str] = field(default_factory=set)  # readable "table.column" of its own databases, lower case

    def reads_elsewhere(self, grant: Grant) -> bool:
        """An underscore counts as itself: `my_shop` is hardly ever meant as a pattern, and what is seen is counted."""
        return grant.database.replace("\\_", "_").lower() not in self.own

    def revoke(self, grant: Grant, rights: Iterable[str]) -> str:
        if grant.role and grant.role != "PUBLIC":
            return f"REVOKE {grant.role} FROM {self.name};"
        kind = f"{grant.kind} " if grant.kind else ""
        return f"REVOKE {', '.join(rights)} ON {kind}{grant.target} FROM {grant.role or self.name};"

    def new_account(self) -> str:
        """For an administrator's account, from which nothing can sensibly be taken."""
        databases = sorted(self.own - {""})
        return lines(
            [
                "CREATE USER 'nl2sql'@'%' IDENTIFIED BY 'a long password';",
                *(f"GRANT SELECT ON {_pattern(each)}.* TO 'nl2sql'@'%';" for each in databases),
            ]
        )


def examine(ask: Ask, model: SemanticModel, hidden: frozenset[str]) -> Iterator[Finding]:
    """`hidden` holds physical "table.column" names in lower case. Raises EngineError."""
    ask("SET SESSION sql_mode = ''")  # SHOW GRANTS quotes names by it
    who, database, version, local_infile, files = ask(
        "SELECT CURRENT_USER(), DATABASE(), VERSION(), @@GLOBAL.local_infile, @@GLOBAL.secure_file_priv"
    )[0]
    name, _, host = str(who).rpartition("@")
    named = {table.path[-2].lower() for table in physical_tables(model).values() if len(table.path) > 1}
    own = frozenset({str(database or "").lower()} | named)
    account = _Account(f"'{name}'@'{host}'", str(database or ""), own, "MariaDB" in str(version))
    limit = f"max_statement_time = {CATALOG_SECONDS}"
    ask(f"SET SESSION {limit if account.is_mariadb else f'max_execution_time = {CATALOG_SECONDS * 1000}'}")
    not_told = _collect(ask, account, bool(hidden))
    everything = [each for each in account.grants if "ALL PRIVILEGES" in each.rights and each.is_global]
    if everything:
        yield Finding("rights", "danger", "may do everything on this server", account.new_account())
    else:
        yield from not_told
        yield from _rights(account, files)
        yield from _elsewhere(account)
        yield from _unmentioned(account, model)
        yield from _narrow(account, model)
        yield from _hidden(account, model, hidden)
    if int(local_infile):
        text = "the server asks clients for their files (local_infile); this product's never sends one"
        yield Finding("settings", "warn", text, "SET GLOBAL local_infile = OFF;")


def _collect(ask: Ask, account: _Account, columns: bool) -> list[Finding]:
    """Fills in grants and what is readable, for the account itself and in each role that it may take. Without
    `columns`, none are asked for: the server opens every table to list them."""
    own_lines = [str(row[0]) for row in ask("SHOW GRANTS FOR CURRENT_USER()")]
    own = read_grants(own_lines)
    account.grants += own.grants
    _look_around(ask, account, columns)
    findings = _unread(own, account)
    if account.is_mariadb:
        try:
            public = read_grants([str(row[0]) for row in ask("SHOW GRANTS FOR PUBLIC")], "PUBLIC")
        except EngineError:
            public = Grants()  # before 10.11 there was no such role
        account.grants += public.grants
    for role in own.roles:
        try:
            ask(f"SET ROLE {role}")
            rows = [line for (line,) in ask("SHOW GRANTS") if line not in own_lines]
        except EngineError:
            findings.append(Finding("roles", "warn", f"has the role {role}, whose rights are not told"))
            continue
        account.grants += read_grants(rows, role).grants
        _look_around(ask, account, columns)
    return findings


def _unread(found: Grants, account: _Account) -> list[Finding]:
    findings = [Finding("rights", "danger", f"has a right that is not understood: {each}") for each in found.unread]
    if found.proxies:
        text = "can act as another account (PROXY)"
        findings.append(Finding("rights", "danger", text, f"REVOKE PROXY ON ''@'%' FROM {account.name};"))
    return findings


def _look_around(ask: Ask, account: _Account, columns: bool) -> None:
    tables = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN"
    account.readable.update((str(a).lower(), str(b).lower()) for a, b in ask(f"{tables} {_SYSTEM}"))
    if not columns:
        return
    found = ask(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns"  # noqa: S608 - constants
        f" WHERE FIND_IN_SET('select', privileges) AND table_schema NOT IN {_SYSTEM}"
    )
    account.columns.update(f"{b}.{c}".lower() for a, b, c in found if str(a).lower() in account.own)


def _rights(account: _Account, files: object) -> Iterator[Finding]:
    taken = set(_HARMLESS) | {"FILE"}
    with_file = [grant for grant in account.grants if "FILE" in grant.rights]
    if with_file:
        text = f"can read and write files of the server, {_where(files, account.is_mariadb)}"
        yield Finding("files", "danger", text, lines(account.revoke(grant, ["FILE"]) for grant in with_file))
    for severity, text, rights in _GROUPS:
        taken |= rights
        yield from _group(account, text, rights, severity)
    others = {
        right for grant in account.grants for right in (*grant.rights, *(narrow for narrow, _ in grant.on_columns))
    }
    yield from _group(account, "has rights of an administrator", frozenset(others - taken), "danger")
    for grant in account.grants:
        if grant.grantable:
            text = f"can pass on its rights on {grant.target}"
            yield Finding("rights", "danger", text, account.revoke(grant, ["GRANT OPTION"]))


def _group(account: _Account, text: str, rights: frozenset[str], severity: Severity) -> Iterator[Finding]:
    said: list[str] = []
    remedies: list[str] = []
    for grant in account.grants:
        full = [right for right in grant.rights if right in rights]
        narrow = [(right, columns) for right, columns in grant.on_columns if right in rights]
        named = full + [right for right, _ in narrow]
        if named:
            through = f" (through the role {grant.role})" if grant.role else ""
            said.append(f"{', '.join(named)} on {grant.target}{through}")
            written = full + [_with_columns(right, columns) for right, columns in narrow]
            remedies.append(account.revoke(grant, written))
            if "ALL PRIVILEGES" in full and not account.reads_elsewhere(grant):
                remedies.append(f"GRANT SELECT ON {grant.target} TO {account.name};")
    if said:
        yield Finding("rights", severity, f"{text}: {some_of(said)}", lines(remedies))


def _where(files: object, is_mariadb: bool) -> str:
    if files is None and not is_mariadb:
        return "though secure_file_priv forbids it for now"
    return f"in {files}" if files else "wherever the server may (secure_file_priv is empty)"


def _elsewhere(account: _Account) -> Iterator[Finding]:
    counts: dict[str, int] = {}
    for database, _ in account.readable:
        if database not in account.own:
            counts[database] = counts.get(database, 0) + 1
    granted = [each for each in account.grants if _reading(each) and account.reads_elsewhere(each)]
    if not counts and not granted:
        return
    said = [f"{name} ({counted(number, 'table')})" for name, number in sorted(counts.items())]
    said += [each.target for each in granted if not each.is_global and each.database.lower() not in counts]
    said = said or ["all that will be made"]
    remedies = [account.revoke(each, _reading(each)) for each in granted]
    if any(each.is_global for each in granted):
        remedies += [f"GRANT SELECT ON {_pattern(each)}.* TO {account.name};" for each in sorted(account.own - {""})]
    text = f"can see databases that the questions are not about: {some_of(said)}"
    yield Finding("schemas", "danger", text, lines(remedies))


def _reading(grant: Grant) -> list[str]:
    """What of the grant lets it read, as REVOKE takes it."""
    full = [right for right in grant.rights if right in ("SELECT", "ALL PRIVILEGES")]
    return full + [_with_columns(right, columns) for right, columns in grant.on_columns if right == "SELECT"]


def _with_columns(right: str, columns: Iterable[str]) -> str:
    return f"{right} ({', '.join(map(_quoted, columns))})"


def _unmentioned(account: _Account, model: SemanticModel) -> Iterator[Finding]:
    known = set(physical_tables(model))
    others = sorted(table for database, table in account.readable if database in account.own and table not in known)
    if not others:
        return
    wide = [
        each
        for each in account.grants
        if "SELECT" in each.rights and not each.name and not each.is_global and not account.reads_elsewhere(each)
    ]
    remedies = [account.revoke(each, ["SELECT"]) for each in wide]
    if wide:
        remedies += [
            f"GRANT SELECT ON {_quoted(database)}.{_quoted(table)} TO {account.name};"
            for database, table in _tables_of(account, model)
        ]
    text = f"can see {counted(len(others), 'table')} that the model does not mention: {some_of(others)}"
    yield Finding("tables", "warn", text, lines(remedies))


def _narrow(account: _Account, model: SemanticModel) -> Iterator[Finding]:
    """Column grants look like what is wanted, and are not."""
    for grant in account.grants:
        for right, columns in grant.on_columns:
            if right != "SELECT":
                continue
            handler = " and HANDLER reads whole rows" if account.is_mariadb else ""
            text = (
                f"may read some columns of {grant.target} only, which does not hide the others:"
                f" USING and NATURAL JOIN compare them{handler}. A view does"
            )
            revoke = account.revoke(grant, [_with_columns(right, columns)])
            ddl = mysql_views([(grant.database, grant.name, columns)], grant.database, account.name, [revoke])
            yield Finding("columns", "warn", text, ddl)


def _hidden(account: _Account, model: SemanticModel, hidden: frozenset[str]) -> Iterator[Finding]:
    seen = sorted(hidden & account.columns)
    if not seen:
        return
    own = {name: database for database, name in _tables_of(account, model)}
    tables = [
        (own[table.name], table.name, columns)
        for table, columns in visible_columns(model, hidden)
        if own.get(table.name)
    ]
    readers = [
        each
        for each in account.grants
        if "SELECT" in each.rights and not each.is_global and not account.reads_elsewhere(each)
    ]
    ddl = mysql_views(tables, account.database, account.name, [account.revoke(each, ["SELECT"]) for each in readers])
    text = (
        f"can read what the policy hides, so only the guard hides it: {some_of(seen)}. Views would, in a database that"
        " the address then names"
    )
    yield Finding("hidden", "note", text, ddl)


def _tables_of(account: _Account, model: SemanticModel) -> list[tuple[str, str]]:
    """(database, table) of the model's tables that the account sees, spelled as in the model."""
    found = []
    for table in physical_tables(model).values():
        database = table.path[-2] if len(table.path) > 1 else account.database
        if (database.lower(), table.name.lower()) in account.readable:
            found.append((database, table.name))
    return found


def _pattern(database: str) -> str:
    return _quoted(database).replace("_", "\\_")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
