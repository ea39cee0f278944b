"""The type wall: a CheckedSql exists only because `nl2sql.guard.check` made it."""

from __future__ import annotations

from typing import Any, Final, NoReturn

from sqlglot import exp

from nl2sql.catalog.model import DataType
from nl2sql.errors import CheckedSqlForged

_MINT: Final = object()  # held by nl2sql.guard.check alone


class OutputColumn:
    """One column of the result: its name and the logical type read off the tree (OPAQUE when unknown).

    `scale` is the number of decimals for DECIMAL, else 0.
    """

    __slots__ = ("datatype", "name", "scale")

    name: str
    datatype: DataType
    scale: int

    def __init__(self, name: str, datatype: DataType, scale: int = 0) -> None:
        for attribute, value in (("name", name), ("datatype", datatype), ("scale", scale)):
            object.__setattr__(self, attribute, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise CheckedSqlForged(f"An output of a CheckedSql cannot be changed ({name}).")

    def __repr__(self) -> str:
        return f"OutputColumn({self.name!r}, {self.datatype}, {self.scale})"


class CheckedSql:
    """Text that may run, and the tree it was printed from. Immutable; cannot be pickled, copied or built elsewhere.

    `sql` is the statement as people see it; `executed` is what runs: the same, with each table as a derived table of
    the rows and columns that the asker may see. `executed_shown` is that text without the secret of hash masks.
    `tables` are physical names, `row_filtered` those of which the policy shows some rows only, `columns` are
    "table.column", all lower case and sorted; `row_limit` is the number of rows to return (the text may ask for one
    more, to know whether it was cut), and `result_bytes` how large they may be together.
    """

    __slots__ = (
        "_mask_key",
        "_tree",
        "columns",
        "dialect",
        "executed",
        "limit_added",
        "outputs",
        "policy",
        "result_bytes",
        "row_filtered",
        "row_limit",
        "seconds",
        "sql",
        "tables",
    )

    sql: str
    executed: str
    dialect: str
    tables: tuple[str, ...]
    row_filtered: tuple[str, ...]
    columns: tuple[str, ...]
    outputs: tuple[OutputColumn, ...]
    row_limit: int
    limit_added: bool
    seconds: float
    result_bytes: int
    policy: str

    def __init__(self, mint: object, **values: Any) -> None:
        if mint is not _MINT:
            raise CheckedSqlForged("Only the guard can make a CheckedSql.")
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def executed_shown(self) -> str:
        key: str = object.__getattribute__(self, "_mask_key")
        return self.executed.replace(key, "…") if key else self.executed

    @property
    def tree(self) -> exp.Expression:
        """A copy of the qualified tree: readers cannot change what was checked."""
        copied: exp.Expression = object.__getattribute__(self, "_tree").copy()
        return copied

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise CheckedSqlForged(f"A CheckedSql cannot be changed ({name}).")

    def __delattr__(self, name: str) -> NoReturn:
        raise CheckedSqlForged(f"A CheckedSql cannot be changed ({name}).")

    def __reduce__(self) -> NoReturn:
        raise CheckedSqlForged("A CheckedSql is never stored: cache the draft and check it again.")

    def __copy__(self) -> CheckedSql:
        return self

    def __deepcopy__(self, memo: object) -> CheckedSql:
        return self

    def __repr__(self) -> str:
        return f"CheckedSql({self.sql!r})"
