"""Settings → the language model, with all that stands around an endpoint: a breaker, budgets, a recording, an observer.

The product and its doctor open it here, so that both speak of the same one. Nothing here asks an endpoint.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from nl2sql.crash import hide
from nl2sql.llm.base import LanguageModel
from nl2sql.llm.breaker import BreakingModel
from nl2sql.llm.budget import Budget, BudgetedModel, DailyAccount, SpentElsewhere, require_price
from nl2sql.llm.observed import Observe, ObservedModel
from nl2sql.llm.prices import PriceOn, PriceTable, TokenPrice, with_own_price
from nl2sql.llm.registry import open_model
from nl2sql.secret_sources import openai_key
from nl2sql.settings import Settings


def price_reader(settings: Settings) -> PriceOn:
    """What the configured model costs on a day. Raises SettingsInvalid for a price table that cannot be used."""
    table = PriceTable.load(settings.path(settings.llm_prices) if settings.llm_prices else None)
    own = Decimal(str(settings.openai_price_in)), Decimal(str(settings.openai_price_out))

    def price_on(day: date) -> TokenPrice | None:
        return with_own_price(table.of(settings.openai_model, day), *own, settings.bigquery_currency)

    return price_on


def open_language_model(
    settings: Settings, opened: ExitStack, observe: Observe, elsewhere: SpentElsewhere | None = None
) -> LanguageModel:
    """The endpoint; left alone while it is down; within the budgets; recorded; and watched. Its connections are closed
    with `opened`. Raises SettingsInvalid, and LanguageModelError for a key or a recording that cannot be used.

    A replay asks nobody and costs nothing, so what is recorded stands outside of breaker and budgets.
    """
    if settings.replayed is not None:
        return ObservedModel(open_model("recorded", settings.replayed), observe, "recorded")
    endpoint = open_endpoint(settings)
    opened.callback(endpoint.close)
    model: LanguageModel = BreakingModel(endpoint)
    budget = budget_of(settings)
    if budget.is_limited:
        price_on = price_reader(settings)
        require_price(budget, settings.openai_model, price_on(datetime.now(UTC).date()))
        model = BudgetedModel(model, DailyAccount(budget, price_on, elsewhere))
    if settings.llm_record:
        from nl2sql.llm.recorded import RecordingModel

        model = RecordingModel(settings.path(settings.llm_record), model)
    return ObservedModel(model, observe)


def open_endpoint(settings: Settings, **other: Any) -> Any:
    """The endpoint itself, to be closed; `other` arguments stand in place of those of the settings."""
    from nl2sql.llm.capabilities import users_own_memory

    arguments: dict[str, Any] = {
        "api_key": key_of(settings),
        "base_url": settings.openai_base_url or None,
        "timeout": settings.llm_seconds,
        "max_retries": settings.llm_retries,
        "temperature": float(settings.openai_temperature) if settings.openai_temperature else None,
        "seed": int(settings.openai_seed) if settings.openai_seed else None,
        "reasoning_effort": settings.openai_reasoning_effort,
        "api": settings.openai_api,
        "capabilities": users_own_memory(),
    }
    return open_model("openai", settings.openai_model, **(arguments | other))


def open_embeddings(settings: Settings) -> Any:
    """The embedding model, to be closed. The key of the language model goes to the language model's endpoint alone."""
    from nl2sql.llm.embeddings import EmbeddingModel
    from nl2sql.llm.openai_address import NO_KEY
    from nl2sql.llm.own_folder import own_cache_folder

    own_key = settings.embeddings_api_key or (NO_KEY if settings.embeddings_base_url else key_of(settings))
    return EmbeddingModel(
        settings.embeddings,
        api_key=own_key,
        base_url=settings.embeddings_base_url or settings.openai_base_url or None,
        folder=own_cache_folder("vectors"),
    )


def key_of(settings: Settings) -> str:
    """Secret Manager is asked when a model is opened, and not when settings are read. Raises SettingsInvalid."""
    key = settings.openai_api_key or openai_key({}, settings.openai_key_secret)
    hide(key)
    return key


def budget_of(settings: Settings) -> Budget:
    return Budget(
        user_tokens=settings.budget_user_tokens,
        tokens=settings.budget_tokens,
        user_money=Decimal(str(settings.budget_user_money)),
        money=Decimal(str(settings.budget_money)),
    )
