"""Settings → Pipeline: the only place that names adapters."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from nl2sql.accounts.base import Finding
from nl2sql.accounts.examine import examine_account, require_safe_account
from nl2sql.accounts.views import columns_to_hide
from nl2sql.cache import Cache, DiskCache, NoCache
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.retrieve import retrieve
from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.errors import Nl2SqlError
from nl2sql.guard.policy import Policy
from nl2sql.guard.policy_file import default_policy, load_policy
from nl2sql.labels import labels_of
from nl2sql.llm.registry import open_model
from nl2sql.pipeline import Pipeline, Stages
from nl2sql.settings import Settings
from nl2sql.writers.base import Writer
from nl2sql.writers.chain import ChainWriter
from nl2sql.writers.offline.writer import OfflineWriter


def build_pipeline(settings: Settings) -> Pipeline:
    """Raises Nl2SqlError for anything that cannot be used: model, policy, prompts, database, key; in strict mode also
    for a database account that may do more than read."""
    model = load_model(settings.path(settings.model))
    policy_for = policy_reader(settings, model)
    policy = policy_for(settings.role)  # a policy that cannot be used is told now, not at the first question
    engine = open_engine(settings.database_url)
    if settings.strict:
        try:
            require_safe_account(settings.database_url, engine, model, columns_to_hide(model, policy))
        except Nl2SqlError:
            engine.close()
            raise
    return Pipeline(
        Stages(
            model=model,
            labels=labels_of(model),
            policy_for=policy_for,
            retrieve=retrieve,
            writer=build_writer(settings, model, engine),
            engine=engine,
            cache=build_cache(settings),
            today=lambda: settings.today,
        )
    )


def examine_database_account(settings: Settings) -> list[Finding]:
    """What the account could do beside the guard, the worst first. Raises Nl2SqlError where that cannot be told."""
    model = load_model(settings.path(settings.model))
    hidden = columns_to_hide(model, policy_reader(settings, model)(settings.role))
    engine = open_engine(settings.database_url)
    try:
        return examine_account(settings.database_url, engine, model, hidden)
    finally:
        engine.close()


def policy_reader(settings: Settings, model: SemanticModel) -> PolicyReader:
    path = settings.path(settings.policy) if settings.policy != "none" else None
    return PolicyReader(path, model, settings.mask_key)


class PolicyReader:
    """Role → Policy, read once a role. Without a key, hashes of masked columns last as long as the process."""

    def __init__(self, path: Path | None, model: SemanticModel, mask_key: str = "") -> None:
        def read(role: str) -> Policy:
            policy = load_policy(path, model, role) if path else default_policy(model)
            return replace(policy, mask_key=mask_key) if mask_key else policy

        self._read = cache(read)

    def __call__(self, role: str) -> Policy:
        return self._read(role)


def build_cache(settings: Settings) -> Cache:
    if settings.cache == "off":
        return NoCache()
    return DiskCache(settings.path(settings.cache), size_limit=settings.cache_mb * 1_000_000)


def build_writer(settings: Settings, model: SemanticModel, engine: Engine) -> Writer:
    """With a key the language model writes and the offline writer stands in; without, offline alone."""
    offline = OfflineWriter(model, ValueIndex(model, engine))
    wants_llm = settings.writer == "llm" or (settings.writer == "auto" and settings.openai_api_key)
    if not wants_llm:
        return offline
    from nl2sql.writers.llm import LlmWriter

    language_model = open_model(
        "openai",
        settings.openai_model,
        api_key=settings.openai_api_key,
        base_url=settings.openai_base_url or None,
        timeout=settings.llm_seconds,
    )
    return ChainWriter([LlmWriter(language_model, settings.path(settings.prompts)), offline])
