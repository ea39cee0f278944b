"""Opens what people keep."""

from __future__ import annotations

from nl2sql.settings import Settings
from streamlit_app.store.base import Store
from streamlit_app.store.memory import MemoryStore


def open_store(settings: Settings) -> Store:
    return MemoryStore()
