"""Whether a model and a database belong together: a suite that names another database and no model has that of the
settings, and every question would fail there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlglot import exp

from evals.comparing.words import named
from evals.errors import SuiteInvalid
from evals.gold.opening import open_reader
from evals.gold.reader import Reader
from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import QueryFailed

# So many tables are named in a sentence.
NAMED = 3


def require_tables(model: SemanticModel, file: Path, url: str, told: Callable[[str], None]) -> None:
    """A database may have a part of the tables only, as one that was made for the suite does: `told` hears of the
    others. Raises SuiteInvalid where it has none of them, and what opening it can raise."""
    tables = dict.fromkeys(each.table for each in model.datasets)
    with open_reader(url) as reader:
        missing = [table for table in tables if not _is_there(reader, table)]
    if not missing:
        return
    sentence = f"The model {file} names tables that this database does not have: {named(missing, NAMED)}."
    if len(missing) < len(tables):
        told(f"{sentence} Questions about them fail.")
        return
    raise SuiteInvalid(
        sentence,
        hint="“nl2sql model init --url URL --out FILE” drafts one of the database; name it as the suite's “model”.",
    )


def _is_there(reader: Reader, table: str) -> bool:
    probe = exp.select("1").from_(exp.to_identifier(table)).where("1 = 0")
    try:
        reader.run(probe.sql(reader.dialect, identify=True))
    except QueryFailed:
        return False
    return True
