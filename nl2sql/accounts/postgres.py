"""What a PostgreSQL account may do, by the catalogs of the database it is in."""
# ruff: noqa: S608 - names of a database, each quoted, in statements that a person reads and runs

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nl2sql.accounts import postgres_queries as queries
from nl2sql.accounts.base import CATALOG_SECONDS, Ask, Finding, Severity, counted, lines, some_of
from nl2sql.accounts.views import postgres_views, visible_columns
from nl2sql.catalog.model import SemanticModel
from nl2sql.guard.physical import physical_tables

# PostgreSQL's own roles, which every server has. One that is in neither only looks at statistics.
_DANGEROUS_ROLES = {
    "pg_read_server_files": "can read files of the server",
    "pg_write_server_files": "can write files of the server",
    "pg_execute_server_program": "can run programs on the server",
    "pg_write_all_data": "can change all data",
    "pg_read_all_data": "can read all data of every schema",
    "pg_create_subscription": "can let the server fetch data from elsewhere",
    "pg_maintain": "can rewrite and lock all tables",
}
_ATTRIBUTES = ("SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
_CALLS: dict[str, tuple[Severity, str]] = {
    "files": ("danger", "can call functions that reach files of the server"),
    "connections": ("danger", "can connect to other databases from inside a query (dblink), and write there"),
    "server": ("danger", "can call functions that steer the server"),
    "untrusted": ("danger", "can call functions in a language that may do anything on the server"),
    "definer": ("warn", "can call functions that run with their owner's rights"),
    "queries": ("warn", "can call functions that run a text as a query, past the guard"),
    "session": ("warn", "can call functions that change the session, wait, lock or notify"),
}


@dataclass
class _Account:
    name: str
    database: str
    schemas: tuple[str, ...]  # of its search path
    ways: dict[str, list[str]] = field(default_factory=dict)  # role → those granted to the account that lead to it
    readers: dict[str, list[str]] = field(default_factory=dict)  # schema → whose rights let it read there

    def revoke(self, what: str, grantee: str) -> str:
        """From whoever brings the right; a role that brings it is taken from the account, and keeps it."""
        if grantee in ("PUBLIC", self.name):
            return f"REVOKE {what} FROM {'PUBLIC' if grantee == 'PUBLIC' else quoted(self.name)};"
        return self.leave(grantee)

    def leave(self, role: str) -> str:
        granted = self.ways.get(role, [role])
        return lines(f"REVOKE {quoted(each)} FROM {quoted(self.name)};" for each in granted)

    def closing(self, schema: str) -> list[str]:
        what = f"SELECT ON ALL TABLES IN SCHEMA {quoted(schema)}"
        return [self.revoke(what, grantee) for grantee in self.readers.get(schema, [self.name])]

    def new_account(self) -> str:
        """For a superuser, from whom nothing can be taken."""
        schemas = ", ".join(quoted(each) for each in self.schemas) or "public"
        return lines(
            [
                "CREATE ROLE nl2sql LOGIN PASSWORD 'a long password';",
                f"GRANT USAGE ON SCHEMA {schemas} TO nl2sql;",
                f"GRANT SELECT ON ALL TABLES IN SCHEMA {schemas} TO nl2sql;",
                "ALTER ROLE nl2sql SET default_transaction_read_only = on;",
            ]
        )


def examine(ask: Ask, model: SemanticModel, hidden: frozenset[str]) -> Iterator[Finding]:
    """`hidden` holds physical "table.column" names in lower case. Raises EngineError."""
    ask(f"SET statement_timeout = {CATALOG_SECONDS * 1000}")
    name, database, superuser, read_only, strings, schemas = ask(queries.IDENTITY)[0]
    account = _Account(str(name), str(database), tuple(schemas))
    if superuser:
        yield Finding("rights", "danger", "may do everything on this server (superuser)", account.new_account())
    else:
        yield from _roles(ask, account)
        yield from _writes(ask, account)
        yield from _owned(ask, account)
        yield from _creates(ask, account)
        yield from _calls(ask, account)
        yield from _reads(ask, account, model, hidden)
        yield from _settings(account, str(read_only), str(strings))


def _roles(ask: Ask, account: _Account) -> Iterator[Finding]:
    for role, way in ask(queries.WAYS):
        account.ways.setdefault(role, []).append(way)
    for role, is_self, *attributes in ask(queries.ROLES):
        held = [word for word, given in zip(_ATTRIBUTES, attributes, strict=True) if given]
        revoke = account.leave(role)
        if held and is_self:
            remedy = f"ALTER ROLE {quoted(role)} {' '.join(f'NO{word}' for word in held)};"
            yield Finding("rights", "danger", f"has rights of an administrator: {', '.join(held)}", remedy)
        elif held:
            yield Finding("roles", "danger", f"can become {role}, which is {', '.join(held)}", revoke)
        if role in _DANGEROUS_ROLES:
            yield Finding("roles", "danger", f"{_DANGEROUS_ROLES[role]} (role {role})", revoke)
        elif role.startswith("pg_") and role != "pg_database_owner":
            yield Finding("roles", "warn", f"has a role that no question needs: {role}", revoke)


def _writes(ask: Ask, account: _Account) -> Iterator[Finding]:
    said: list[str] = []
    remedies: list[str] = []
    for schema, are_sequences, grantee, right, names in ask(queries.GRANTED):
        if right == "SELECT":
            account.readers.setdefault(schema, []).append(grantee)
            continue
        through = "" if grantee == account.name else f" (through {grantee})"
        said.append(f"{right} on {some_of([f'{schema}.{name}' for name in names])}{through}")
        kind = "SEQUENCES" if are_sequences else "TABLES"
        remedies.append(account.revoke(f"{right} ON ALL {kind} IN SCHEMA {quoted(schema)}", grantee))
    if said:
        yield Finding("rights", "danger", f"can change data: {some_of(said)}", lines(remedies))


def _owned(ask: Ask, account: _Account) -> Iterator[Finding]:
    owned = [f"{kind} {name}" for kind, name in ask(queries.OWNED)]
    if owned:
        text = f"owns what it reads, and may change or drop it: {some_of(owned)}"
        yield Finding("rights", "danger", text, f"REASSIGN OWNED BY {quoted(account.name)} TO CURRENT_USER;")


def _creates(ask: Ask, account: _Account) -> Iterator[Finding]:
    for kind, name, right, grantee in ask(queries.CREATES):
        what = "temporary tables" if right == "TEMPORARY" else "schemas" if kind == "DATABASE" else "tables, functions"
        through = "" if grantee == account.name else f" (through {grantee})"
        text = f"can create {what} in the {kind.lower()} {name}{through}"
        remedy = account.revoke(f"{right} ON {kind} {quoted(name)}", grantee)
        yield Finding("rights", "warn" if right == "TEMPORARY" else "danger", text, remedy)


def _calls(ask: Ask, account: _Account) -> Iterator[Finding]:
    found: dict[str, list[str]] = {}
    for kind, signature in ask(queries.FUNCTIONS):
        found.setdefault(kind, []).append(signature)
    for kind, signatures in found.items():
        severity, text = _CALLS[kind]
        names = [signature.partition("(")[0].removeprefix("pg_catalog.") for signature in signatures]
        whom = f"PUBLIC, {quoted(account.name)}"
        remedy = f"REVOKE EXECUTE ON FUNCTION {', '.join(signatures)} FROM {whom};"
        yield Finding("functions", severity, f"{text}: {some_of(list(dict.fromkeys(names)))}", remedy)
    for kind, name in ask(queries.FOREIGN):
        text = f"may use the foreign {kind.lower()} {name}, which leads to other data"
        remedy = f"REVOKE USAGE ON FOREIGN {kind} {quoted(name)} FROM PUBLIC, {quoted(account.name)};"
        yield Finding("functions", "warn", text, remedy)


def _reads(ask: Ask, account: _Account, model: SemanticModel, hidden: frozenset[str]) -> Iterator[Finding]:
    if ask(queries.PASSWORDS)[0][0]:
        remedy = f"REVOKE SELECT ON pg_catalog.pg_authid, pg_catalog.pg_shadow FROM PUBLIC, {quoted(account.name)};"
        yield Finding("schemas", "danger", "can read the password hashes of all roles", remedy)
    rows = [(str(schema), str(name), bool(foreign)) for schema, name, foreign in ask(queries.READABLE)]
    homes = _homes(account, model, {(schema, name) for schema, name, _ in rows})
    own = {schema for schema, _ in homes.values()} or set(account.schemas)
    elsewhere: dict[str, int] = {}
    for schema, _, _ in rows:
        if schema not in own:
            elsewhere[schema] = elsewhere.get(schema, 0) + 1
    if elsewhere:
        said = [f"{schema} ({counted(number, 'table')})" for schema, number in elsewhere.items()]
        text = f"can see schemas that the questions are not about: {some_of(said)}"
        remedy = lines(statement for schema in elsewhere for statement in account.closing(schema))
        yield Finding("schemas", "danger", text, remedy)
    known = set(homes.values())
    yield from _unmentioned(account, known, [(a, b) for a, b, _ in rows if a in own and (a, b) not in known])
    foreign = [f"{schema}.{name}" for schema, name, is_foreign in rows if is_foreign]
    if foreign:
        yield Finding("tables", "warn", f"reads tables that are on another server or in a file: {some_of(foreign)}")
    yield from _hidden(ask, account, model, hidden, homes)


def _unmentioned(
    account: _Account, known: set[tuple[str, str]], others: Sequence[tuple[str, str]]
) -> Iterator[Finding]:
    if not others:
        return
    names = [f"{schema}.{name}" for schema, name in others]
    text = f"can see {counted(len(others), 'table')} that the model does not mention: {some_of(names)}"
    schemas = sorted({schema for schema, _ in others})
    revokes = [statement for schema in schemas for statement in account.closing(schema)]
    tables = ", ".join(f"{quoted(schema)}.{quoted(name)}" for schema, name in sorted(known))
    grants = [f"GRANT SELECT ON {tables} TO {quoted(account.name)};"] if tables else []
    yield Finding("tables", "warn", text, lines([*revokes, *grants]))


def _homes(account: _Account, model: SemanticModel, readable: set[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Table of the model (lower case) → its schema and name as the account reads it; only tables that it can see."""
    found: dict[str, tuple[str, str]] = {}
    for key, table in physical_tables(model).items():
        schemas = (table.path[-2],) if len(table.path) > 1 else account.schemas
        places = [(schema, name) for schema in schemas for name in (table.name, table.name.lower())]
        place = next((each for each in places if each in readable), None)
        if place is not None:
            found[key] = place
    return found


def _hidden(
    ask: Ask, account: _Account, model: SemanticModel, hidden: frozenset[str], homes: dict[str, tuple[str, str]]
) -> Iterator[Finding]:
    columns = {(schema, table, column) for schema, table, column in ask(queries.COLUMNS)}
    by_name = {(schema, table, column.lower()) for schema, table, column in columns}
    seen = [
        each
        for each in sorted(hidden)
        if (home := homes.get(each.rpartition(".")[0])) and (*home, each.rpartition(".")[2]) in by_name
    ]
    if not seen:
        return
    tables = [
        (*homes[table.name.lower()], _spelled(names, homes[table.name.lower()], columns))
        for table, names in visible_columns(model, hidden)
        if table.name.lower() in homes
    ]
    text = f"can read what the policy hides, so only the guard hides it: {some_of(seen)}. Views would"
    revokes = [statement for schema in sorted({home for home, _, _ in tables}) for statement in account.closing(schema)]
    yield Finding("hidden", "note", text, postgres_views(tables, account.database, account.name, revokes))


def _spelled(names: Sequence[str], home: tuple[str, str], columns: set[tuple[str, str, str]]) -> tuple[str, ...]:
    """As the database spells them: unquoted names of the model are folded to lower case there."""
    return tuple(name if (*home, name) in columns else name.lower() for name in names)


def _settings(account: _Account, read_only: str, strings: str) -> Iterator[Finding]:
    alter = f"ALTER ROLE {quoted(account.name)} IN DATABASE {quoted(account.database)} SET"
    if read_only != "on":
        text = "may write unless it is told not to (default_transaction_read_only), as it is here"
        yield Finding("settings", "warn", text, f"{alter} default_transaction_read_only = on;")
    if strings != "on":
        text = "reads quoted text in an old way (standard_conforming_strings), unless it is told not to, as it is here"
        yield Finding("settings", "warn", text, f"{alter} standard_conforming_strings = on;")


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
