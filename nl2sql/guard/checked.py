"""The type wall: a CheckedSql exists only because `nl2sql.guard.check` made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Generic, NoReturn, TypeVar
from weakref import WeakKeyDictionary

from sqlglot import exp

from nl2sql.catalog.model import DataType
from nl2sql.errors import CheckedSqlForged
from nl2sql.guard.dialects import grammar_name

_MINT: Final = object()  # held by nl2sql.guard.check alone

T = TypeVar("T")


class OutputColumn:
    """One column of the result: its name and the logical type read off the tree (OPAQUE when unknown).

    `scale` is the number of decimals for DECIMAL, else 0. With `is_least` the statement does not say how many there
    are: a value with more keeps them.
    """

    __slots__ = ("datatype", "is_least", "name", "scale")

    name: str
    datatype: DataType
    scale: int
    is_least: bool

    def __init__(self, name: str, datatype: DataType, scale: int = 0, is_least: bool = False) -> None:
        given = (("name", name), ("datatype", datatype), ("scale", scale), ("is_least", is_least))
        for attribute, value in given:
            object.__setattr__(self, attribute, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise CheckedSqlForged(f"An output of a CheckedSql cannot be changed ({name}).")

    def __repr__(self) -> str:
        return f"OutputColumn({self.name!r}, {self.datatype}, {self.scale})"


@dataclass(frozen=True, slots=True)
class _Contents:
    sql: str
    executed: str
    dialect: str
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    outputs: tuple[OutputColumn, ...]
    row_limit: int
    limit_added: bool
    seconds: float
    result_bytes: int
    policy: str
    billed_bytes: int | None = None
    row_filtered: tuple[str, ...] = ()
    mask_key: str = ""
    tree: exp.Expr = field(default_factory=exp.Null)


class _Told(Generic[T]):
    """An attribute that is read from what the guard noted down, and that not even object.__setattr__ can set."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, checked: CheckedSql, owner: type | None = None) -> T:
        told: T = getattr(_contents(checked), self._name)
        return told

    def __set__(self, checked: CheckedSql, value: object) -> NoReturn:
        raise CheckedSqlForged(f"A CheckedSql cannot be changed ({self._name}).")

    def __delete__(self, checked: CheckedSql) -> NoReturn:
        raise CheckedSqlForged(f"A CheckedSql cannot be changed ({self._name}).")


class CheckedSql:
    """Text that may run, and the tree it was printed from. Immutable; cannot be pickled, copied or built elsewhere.

    The object holds nothing: all it says is kept by this module for the very objects that the guard made, so neither a
    changed nor a forged one has anything to run.

    `sql` is the statement as people see it; `executed` is what runs: the same, with each table as a derived table of
    the rows and columns that the asker may see. `executed_shown` is that text without the secret of hash masks.
    `tables` are physical names, `row_filtered` those of which the policy shows some rows only, `columns` are
    "table.column", all lower case and sorted; `row_limit` is the number of rows to return (the text may ask for one
    more, to know whether it was cut), and `result_bytes` how large they may be together. A database
    that charges for what it reads may bill `billed_bytes` at most; None: no bound.
    """

    __slots__ = ("__weakref__",)

    sql = _Told[str]()
    executed = _Told[str]()
    dialect = _Told[str]()
    tables = _Told[tuple[str, ...]]()
    row_filtered = _Told[tuple[str, ...]]()
    columns = _Told[tuple[str, ...]]()
    outputs = _Told[tuple[OutputColumn, ...]]()
    row_limit = _Told[int]()
    limit_added = _Told[bool]()
    seconds = _Told[float]()
    result_bytes = _Told[int]()
    billed_bytes = _Told[int | None]()
    policy = _Told[str]()

    def __init__(self, mint: object, **values: Any) -> None:
        if mint is not _MINT or self in _MADE:
            raise CheckedSqlForged("Only the guard can make a CheckedSql.")
        _MADE[self] = _Contents(**values)

    def __init_subclass__(cls) -> NoReturn:
        raise CheckedSqlForged("Nothing else is a CheckedSql.")

    @property
    def grammar(self) -> str:
        """What the parser calls the grammar of `dialect`."""
        return grammar_name(self.dialect)

    @property
    def executed_shown(self) -> str:
        contents = _contents(self)
        return contents.executed.replace(contents.mask_key, "…") if contents.mask_key else contents.executed

    @property
    def tree(self) -> exp.Expr:
        """A copy of the qualified tree: readers cannot change what was checked."""
        copied: exp.Expr = _contents(self).tree.copy()
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


_MADE: Final[WeakKeyDictionary[CheckedSql, _Contents]] = WeakKeyDictionary()


def _contents(checked: CheckedSql) -> _Contents:
    try:
        return _MADE[checked]
    except (KeyError, TypeError):
        raise CheckedSqlForged("This CheckedSql was not made by the guard, so it says nothing.") from None
