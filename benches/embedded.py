"""The auction among many other tables: a model file of any size that embeds it, and a database that has them all."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from auction_core.seed.run import seed_database
from benches.thousand_tables import thousand_tables_text

ROOT = Path(__file__).parents[1]
AUCTION = ROOT / "schema" / "auction" / "model.yaml"
AS_OF = date(2026, 6, 30)


def write_model(path: Path, tables: int) -> int:
    """The auction alone for 0 tables, else as many in all. How many datasets there are."""
    text = thousand_tables_text(AUCTION, tables) if tables else AUCTION.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    return tables or text.count("source:")


def write_database(path: Path, model: Path, tables: int) -> None:
    """A tiny auction, seeded, and every other table of the model file, empty."""
    seed_database(f"sqlite:///{path}", "tiny", 7, AS_OF)
    document: dict[str, Any] = json.loads(model.read_text(encoding="utf-8")) if tables else {"semantic_model": []}
    with closing(sqlite3.connect(path)) as connection, connection:
        known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for dataset in (each for large in document["semantic_model"] for each in large["datasets"]):
            table = dataset["source"].rpartition(".")[2]
            if table not in known:
                columns = ", ".join(f'"{field["name"]}"' for field in dataset["fields"])
                connection.execute(f'CREATE TABLE "{table}" ({columns})')
                known.add(table)


def create_statements(path: Path) -> str:
    """The whole schema as a database tells it: what goes into a prompt that nobody thought about."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND sql <> ''").fetchall()
    return ";\n".join(sql for (sql,) in found)
