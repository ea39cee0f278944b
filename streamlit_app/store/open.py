"""The setting `app_database` → a Store."""

from __future__ import annotations

from nl2sql.settings import Settings
from streamlit_app.store.base import Store
from streamlit_app.store.memory import MemoryStore
from streamlit_app.store.sql import SqlStore


def open_store(settings: Settings) -> Store:
    """ "off" keeps what there is until the process ends. Connects to nothing yet. Raises SettingsInvalid for an address
    that can never work."""
    if settings.app_database == "off":
        return MemoryStore()
    return SqlStore(settings.app_database_url, settings.app_days)
