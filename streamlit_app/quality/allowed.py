"""Who may start runs and write prompts: looked up anew for each click, because a page may be open for a day."""

from __future__ import annotations

from streamlit_app import services
from streamlit_app.services import Present


def may_evaluate() -> bool:
    here = services.who_is_here()
    return isinstance(here, Present) and {"quality", "evaluate"} <= here.person.may
