"""How names are written: quoted only where they must be, and only with characters that cannot end a quote."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from nl2sql.guard.dialects import GuardDialect

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)
_ALSO_IN_QUOTES: Final = frozenset(" _-()%/.+&€$£#,:?=<>")
_MAX_NAME: Final = 63  # bytes; PostgreSQL cuts longer names, so that two of them can become one


def is_writable_name(name: str) -> bool:
    """Letters, digits and a little punctuation: nothing that closes a quote or starts a comment."""
    if not 0 < len(name.encode()) <= _MAX_NAME or "--" in name or name != name.strip():
        return False
    return all(char.isalnum() or char in _ALSO_IN_QUOTES for char in name)


def written(name: str, dialect: GuardDialect, *, exactly: bool) -> exp.Identifier:
    """The identifier to print. `exactly` keeps the case where the database would fold an unquoted name."""
    if dialect.folds_case and not exactly:
        name = name.lower()
    folded = dialect.folds_case and name != name.lower()
    quoted = not _PLAIN.match(name) or folded or name.lower() in dialect.reserved
    return exp.Identifier(this=name, quoted=quoted)


def rewritten(identifier: exp.Identifier, dialect: GuardDialect) -> exp.Identifier:
    """The same name, as it should be printed."""
    return written(str(identifier.this), dialect, exactly=bool(identifier.args.get("quoted")))


def same(identifier: exp.Identifier) -> exp.Identifier:
    """Another node of the same name: a tenth of what a deep copy costs, and there are two for each column."""
    return exp.Identifier(this=identifier.this, quoted=identifier.args.get("quoted"))
