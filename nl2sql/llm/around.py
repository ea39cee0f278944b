"""What the models that stand around another one have in common: its name, and where its endpoint is."""

from __future__ import annotations

from nl2sql.llm.base import LanguageModel


class AroundModel:
    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def server(self) -> tuple[()] | tuple[str, int]:
        """Host and port of the endpoint; empty for a model that needs none."""
        found: tuple[()] | tuple[str, int] = getattr(self._model, "server", ())
        return found

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._model!r})"
