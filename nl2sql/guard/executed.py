"""The text that runs: each physical table of the checked statement as a derived table of what its reader may see.

It is printed from the checked tree, read again, and the derived tables are folded back into tables; the rules then
judge that tree. So whatever a printer or a parser makes of the text, it is judged as it will run.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from nl2sql.guard.dialects import GuardDialect
from nl2sql.guard.statement import Catalogue, Statement
from nl2sql.guard.table_view import TableView


class NotSettled(Exception):
    """The printer says different things of one tree."""


def executed_text(statement: Statement, views: Mapping[str, TableView]) -> str:
    """Raises what parser and generator raise, and NotSettled when this text would say anything else than the one that
    people see."""
    shown, dialect = statement.rendered, statement.dialect
    executed, spelled = _printed(statement.tree, views, dialect)
    if _say_the_same(executed, shown, spelled, dialect):
        return executed
    # Printing changes some trees (FULL JOIN on MySQL, STRING_AGG): what is shown is then read once more.
    again = dialect.grammar.parse(shown)[0]
    if again is not None:
        executed, spelled = _printed(again, views, dialect)
        if _say_the_same(executed, shown, spelled, dialect):
            return executed
    raise NotSettled


def _printed(
    tree: exp.Expr, views: Mapping[str, TableView], dialect: GuardDialect
) -> tuple[str, list[tuple[str, str]]]:
    """The text with the views in place, and each view's text beside that of the table it stands for. The tree names
    the same tables before and after."""
    swapped: list[tuple[exp.Expr, exp.Expr]] = []
    spelled: list[tuple[str, str]] = []
    for table in list(tree.find_all(exp.Table)):
        view = views.get(table.name.lower())
        if view is None:
            continue
        given = table.args.get("alias")
        alias = (given.this if given is not None else table.this).sql(dialect=dialect.grammar)
        text = f"({view.text}) AS {alias}"
        spelled.append((text, f"{view.table.text} AS {alias}" if given is not None else view.table.text))
        derived = exp.Var(this=text)
        table.replace(derived)
        swapped.append((derived, table))
    try:
        return str(dialect.generator().generate(tree, copy=False)), spelled
    finally:
        for stand_in, own in swapped:
            stand_in.replace(own)


def _say_the_same(executed: str, shown: str, spelled: list[tuple[str, str]], dialect: GuardDialect) -> bool:
    """Whether the two texts differ in their tables only. Longer lines may be broken in other places."""
    start, parts = 0, []
    remaining = list(spelled)
    while remaining:
        found = min(((executed.find(text, start), text, table) for text, table in remaining), key=_position)
        if found[0] < 0:
            return False
        remaining.remove(found[1:])
        parts += [executed[start : found[0]], found[2]]
        start = found[0] + len(found[1])
    plain = "".join([*parts, executed[start:]])
    return plain == shown or _words(plain, dialect) == _words(shown, dialect)


def _position(found: tuple[int, str, str]) -> tuple[bool, int, int]:
    """First in the text first; of two that begin there, the longer ("… AS u2" begins with "… AS u")."""
    return (found[0] < 0, found[0], -len(found[1]))


def _words(text: str, dialect: GuardDialect) -> list[tuple[object, str]]:
    return [(token.token_type, token.text) for token in dialect.grammar.tokenize(text)]


def fold_views(tree: exp.Expr, views: Mapping[str, TableView], catalogue: Catalogue) -> bool:
    """Puts tables back where their views stand. False when anything else reads from a table."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Table) and node.name.lower() in catalogue.tables:
            return False
        if isinstance(node, exp.Subquery):
            source = _table_read_by(node, catalogue)
            if source is not None:
                view = views.get(source.name.lower())
                if view is None or not _is_view(node, view):
                    return False
                _put_back(node, source)
                continue
        stack.extend(node.iter_expressions())
    return True


def _table_read_by(derived: exp.Subquery, catalogue: Catalogue) -> exp.Table | None:
    """The physical table that a derived table reads from directly, None for every other subquery."""
    from_ = derived.this.args.get("from_") if isinstance(derived.this, exp.Select) else None
    source = from_.this if from_ is not None else None
    return source if isinstance(source, exp.Table) and source.name.lower() in catalogue.tables else None


def _is_view(derived: exp.Subquery, view: TableView) -> bool:
    alias = derived.args.get("alias")
    parts = {name for name, value in derived.args.items() if value}
    plain = (
        isinstance(alias, exp.TableAlias) and isinstance(alias.this, exp.Identifier) and not alias.args.get("columns")
    )
    return plain and parts == {"this", "alias"} and view.is_read_from(derived.this)


def _put_back(derived: exp.Subquery, source: exp.Table) -> None:
    table = source.copy()
    alias = derived.args["alias"].this
    if alias != table.this:
        table.set("alias", exp.TableAlias(this=alias.copy()))
    derived.replace(table)
