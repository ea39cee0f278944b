"""The model of an imported database, drafted as `nl2sql model init` drafts it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nl2sql.catalog.draft.draft import draft_model
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.introspection.open import open_live


@dataclass(frozen=True, slots=True)
class DraftedModel:
    """`notes` are what a person should read over; the text begins with them."""

    text: str
    model: SemanticModel
    notes: tuple[str, ...]


def drafted(database: Path, name: str) -> DraftedModel:
    """Raises EngineError for a database that cannot be read, ModelInvalid for one without a table to describe."""
    live = open_live(f"sqlite:///{database.resolve()}")
    try:
        draft = draft_model(live, name)
    finally:
        live.close()
    with TemporaryDirectory(prefix="nl2sql-import-") as folder:
        path = Path(folder) / "model.yaml"
        path.write_text(draft.text, encoding="utf-8")
        return DraftedModel(draft.text, load_model(path), draft.notes)
