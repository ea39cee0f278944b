"""Values of the small database that stands in a made-up company: the tables around it hold nothing."""

from __future__ import annotations

from nl2sql.catalog.model import SemanticModel
from nl2sql.engines.sqlite import SqliteEngine


class OwnValues:
    """Those of the tables of `core`, of the database behind `engine`."""

    def __init__(self, engine: SqliteEngine, core: SemanticModel) -> None:
        self._engine = engine
        self._tables = {dataset.table for dataset in core.datasets}

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        return self._engine.distinct_values(table, column, limit, where) if table in self._tables else []

    def fingerprint(self) -> str:
        return self._engine.fingerprint()

    def close(self) -> None:
        self._engine.close()
