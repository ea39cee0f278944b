"""Engines over real servers, and CheckedSql as the guard would mint it for statements the guard would refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from nl2sql.catalog.model import DataType
from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.guard import checked as checked_module
from nl2sql.guard.checked import CheckedSql, OutputColumn
from tests.integration.conftest import Server, server_address

Output = tuple[str, DataType] | tuple[str, DataType, int]
Mint = Callable[..., CheckedSql]
Raw = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def mint() -> Mint:
    def make(
        sql: str,
        *outputs: Output,
        dialect: str = "sqlite",
        row_limit: int = 1_000,
        seconds: float = 5.0,
        result_bytes: int = 32_000_000,
    ) -> CheckedSql:
        return CheckedSql(
            checked_module._MINT,
            sql=sql,
            executed=sql,
            dialect=dialect,
            tables=(),
            columns=(),
            outputs=tuple(OutputColumn(*output) for output in outputs),
            row_limit=row_limit,
            limit_added=False,
            seconds=seconds,
            result_bytes=result_bytes,
            policy="test",
        )

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With every character that means something in a URI."""
    made = tmp_path / "a b?c#d%20é&mode=rw"
    made.mkdir()
    return made


@pytest.fixture
def engine(admin: sqlalchemy.Engine) -> Iterator[Engine]:
    made = open_engine(server_address(admin))
    yield made
    made.close()


@pytest.fixture
def ask(engine: Engine, server: Server, mint: Mint) -> Callable[..., list[tuple[object, ...]]]:
    def run(sql: str, *outputs: object, **limits: float) -> list[tuple[object, ...]]:
        table = engine.run(mint(sql, *outputs, dialect=server.dialect, **limits)).table
        return [tuple(row.values()) for row in table.to_pylist()]

    return run


@pytest.fixture
def raw(engine: Engine) -> Raw:
    """Any text at all through the engine's own way of running it: what the guard would have refused."""

    def run(
        sql: str, seconds: float = 5.0, rows: int = 1_000, result_bytes: int = 1_000_000
    ) -> list[tuple[object, ...]]:
        _, kept, _ = engine._read(sql, seconds, rows, result_bytes)  # type: ignore[attr-defined]
        return list(kept)

    return run
