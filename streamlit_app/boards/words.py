"""Which filters hold for a tile, and why others do not, in sentences."""

from __future__ import annotations

from collections.abc import Callable

from streamlit_app.boards.compute import TileAnswer
from streamlit_app.words import say

FilterName = Callable[[str], str]  # "users.country" → what it is called on screen


def filtered_words(shown: TileAnswer) -> str:
    """Empty where no filter holds."""
    return say("boards.filters.applied", words="; ".join(each.words for each in shown.applied)) if shown.applied else ""


def unfiltered_words(shown: TileAnswer, filter_name: FilterName) -> list[str]:
    """A sentence for each filter that is on and does not hold here."""
    told = [say(f"boards.why.{shown.unfiltered}")] if shown.unfiltered else []
    for each in shown.not_applied:
        why = say(f"boards.why.{each.why}", words=each.words)
        told.append(say("boards.filters.not_applied", name=filter_name(each.filter), why=why))
    return told
