"""Who sits before the screen."""

from __future__ import annotations

from nl2sql.settings import Settings
from streamlit_app.signing_in.person import Person, local_person


def whoever(settings: Settings) -> Person:
    return local_person(settings.asking())
