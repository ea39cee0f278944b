"""What the conformance suite asks of an engine's house: its server, its tables, and its own words for a few things.

An engine joins the suite with one file in `houses/` and one line in `houses/all.py`.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

import pyarrow as pa
import pytest

from nl2sql.catalog.model import DataType
from nl2sql.engines.base import NO_JOB, RESULT_BYTES, Engine, Job, ResultTable
from nl2sql.engines.registry import open_engine
from nl2sql.guard import checked as checked_module
from nl2sql.guard.checked import CheckedSql, OutputColumn
from tests.integration.engines.conformance.values import ITEMS, SAYINGS, VALUES, Column

Row = Sequence[Any]


@dataclass(frozen=True)
class Difference:
    """A column of VALUES that this engine returns in another way. `reason` stands word for word in docs/databases.md.

    `values` are None where the engine cannot hold such a column at all.
    """

    reason: str
    arrow: pa.DataType | None = None
    values: tuple[Any, ...] | None = None


class House(ABC):
    """Entered by `opened`: the tables are then there, and nothing else runs in their database."""

    name: ClassVar[str]
    dialect: ClassVar[str]  # the guard's name for it
    marks: ClassVar[tuple[pytest.MarkDecorator, ...]] = ()
    # A column type for each name in VALUES; and for the other tables: integer, text, decimal, timestamp, bool.
    types: ClassVar[Mapping[str, str]]
    differences: ClassVar[Mapping[str, Difference]] = MappingProxyType({})
    nul_in_text: ClassVar[bool] = True
    endless: ClassVar[str]  # runs for minutes; reads items
    flood: ClassVar[str]  # a million rows and more, at once
    writes: ClassVar[tuple[str, ...]]  # each would change items, or make something
    places: ClassVar[int] = 8  # statements that run at once; the next waits for one of them
    busy_seconds: ClassVar[float] = 5.0  # for so long
    has_server: ClassVar[bool] = True  # another process, which can be away, restarted, and cut off
    estimates_rows: ClassVar[bool] = True
    charges: ClassVar[bool] = False
    prefix: ClassVar[str] = ""  # before the name of a table, where the address names no default

    url: str

    @classmethod
    @abstractmethod
    def opened(cls, folder: Path) -> contextlib.AbstractContextManager[Self]:
        """Skips the test where there is no server (and fails it where tests must be complete)."""

    @abstractmethod
    def execute(self, sql: str) -> None:
        """As the owner of the tables."""

    @abstractmethod
    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Python values: Decimal, date, datetime (with zone: UTC), time, bytes, bool, None; texts as they are."""

    @abstractmethod
    def items_count(self) -> int:
        """As the owner sees it."""

    def running(self) -> int:
        """Statements of the engine that the server still works on. Without a server they end with their thread."""
        return 0

    def cut(self) -> None:
        """Ends every connection of the engine from the server's side."""
        raise NotImplementedError

    def nowhere(self) -> str:
        """An address where nobody answers, with `SECRET` as its password where it can have one."""
        raise NotImplementedError

    def secret_addresses(self) -> Sequence[str]:
        """Addresses that cannot work, each with SECRET where a secret may stand."""
        return ()

    def engine(self, url: str = "", result_bytes: int = RESULT_BYTES) -> Engine:
        return open_engine(url or self.url, result_bytes=result_bytes)

    def quoted(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def build(self) -> None:
        values = [column for column in VALUES if self.types.get(column.name)]
        columns = ", ".join(f"{column.name} {self.types[column.name]}" for column in values)
        self.execute(f"CREATE TABLE {self.quoted('kinds')} (id {self.types['integer']}, {columns})")
        self.insert("kinds", list(zip(range(1, 5), *(column.given for column in values), strict=True)))
        kinds = ("integer", "text", "decimal", "timestamp", "bool")
        names = ("id", "title", "price", "made_at", "sold")
        columns = ", ".join(f"{name} {self.types[kind]}" for name, kind in zip(names, kinds, strict=True))
        self.execute(f"CREATE TABLE {self.quoted('items')} ({columns})")
        self.insert("items", ITEMS)
        self.execute(f"CREATE TABLE {self.quoted('sayings')} (id {self.types['integer']}, said {self.types['text']})")
        self.insert("sayings", list(enumerate(SAYINGS)))

    def columns(self) -> tuple[Column, ...]:
        """Those of VALUES that it can hold."""
        return tuple(column for column in VALUES if self.types.get(column.name))

    def mint(
        self,
        sql: str,
        *outputs: tuple[str, DataType] | tuple[str, DataType, int],
        row_limit: int = 1_000,
        seconds: float = 10.0,
        result_bytes: int = RESULT_BYTES,
    ) -> CheckedSql:
        """Any text as if the guard had passed it."""
        return CheckedSql(
            checked_module._MINT,
            sql=sql,
            executed=sql,
            dialect=self.dialect,
            tables=(),
            columns=(),
            outputs=tuple(OutputColumn(*output) for output in outputs),
            row_limit=row_limit,
            limit_added=False,
            seconds=seconds,
            result_bytes=result_bytes,
            policy="test",
        )

    def ask(self, engine: Engine, sql: str, *outputs: Any, job: Job = NO_JOB, **limits: Any) -> ResultTable:
        return engine.run(self.mint(sql, *outputs, **limits), job)

    def count(self, engine: Engine) -> int:
        return int(self.ask(engine, f"SELECT COUNT(*) FROM {self.quoted('items')}").table.column(0)[0].as_py())
