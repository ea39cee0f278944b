"""Language models by name. A provider's library is imported only when its model is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, cast

from nl2sql.errors import SettingsInvalid
from nl2sql.llm.base import LanguageModel

MODELS: Mapping[str, str] = MappingProxyType(
    {
        "openai": "nl2sql.llm.openai:OpenAIModel",
        "recorded": "nl2sql.llm.recorded:RecordedModel",
        "scripted": "nl2sql.llm.recorded:ScriptedModel",
    }
)


def model_class(provider: str) -> Callable[..., LanguageModel]:
    """Raises SettingsInvalid for a name that is not in MODELS."""
    if provider not in MODELS:
        raise SettingsInvalid(f"There is no language model provider “{provider}”; there are {', '.join(MODELS)}.")
    module, _, name = MODELS[provider].partition(":")
    return cast("Callable[..., LanguageModel]", getattr(import_module(module), name))


def open_model(provider: str, *args: Any, **options: Any) -> LanguageModel:
    """The model, made with what its own constructor takes."""
    return model_class(provider)(*args, **options)
