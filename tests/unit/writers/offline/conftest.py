"""The auction model, a tiny seeded database in memory, and a writer over both."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from auction_core.seed.run import seed_database
from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Context
from nl2sql.question import Question
from nl2sql.writers.base import Draft
from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.writer import OfflineWriter

AS_OF = date(2026, 6, 30)
Ask = Callable[..., Draft]


class StoredValues:
    """Distinct values straight from SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        rows = f" WHERE {where}" if where else ""
        return [r[0] for r in self._connection.execute(f"SELECT DISTINCT {column} FROM {table}{rows} LIMIT {limit}")]

    def fingerprint(self) -> str:
        return "unchanged"


@pytest.fixture(scope="session")
def stored_values() -> type[StoredValues]:
    return StoredValues


@pytest.fixture(scope="session")
def auction_model(repository: Path) -> SemanticModel:
    return load_model(repository / "schema" / "auction" / "model.yaml")


@pytest.fixture(scope="session")
def auction_graph(auction_model: SemanticModel) -> JoinGraph:
    return JoinGraph(auction_model)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """The tiny auction with seed 7, and the views that the gold reads. Never write to it."""
    path = tmp_path_factory.mktemp("tiny") / "auction.db"
    seed_database(f"sqlite:///{path}", "tiny", 7, AS_OF)
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "gold_views.sql").read_text())
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def auction_writer(auction_model: SemanticModel, tiny: sqlite3.Connection) -> OfflineWriter:
    return OfflineWriter(auction_model, ValueIndex(auction_model, StoredValues(tiny)))


@pytest.fixture(scope="session")
def auction_lexicon(auction_model: SemanticModel, tiny: sqlite3.Connection) -> Lexicon:
    return Lexicon(auction_model, ValueIndex(auction_model, StoredValues(tiny)).entries())


@pytest.fixture(scope="session")
def ask(auction_model: SemanticModel, auction_writer: OfflineWriter) -> Ask:
    def asked(text: str, dialect: str = "sqlite") -> Draft:
        return auction_writer.write(Question(text), Context(auction_model, dialect, AS_OF, ()))

    return asked
