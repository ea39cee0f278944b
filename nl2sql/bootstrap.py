"""Settings → Pipeline: the only place that names adapters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import cast

from nl2sql.accounts.base import Finding
from nl2sql.accounts.examine import examine_account, require_safe_account
from nl2sql.accounts.views import columns_to_hide
from nl2sql.cache.base import Cache
from nl2sql.cache.open import open_cache
from nl2sql.candidates.base import CandidateRules
from nl2sql.catalog.dialects import in_dialect
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.retrieve import Retriever, ValuesPolicy
from nl2sql.engines.base import Engine
from nl2sql.engines.bigquery_address import BigQueryOptions
from nl2sql.engines.registry import open_engine
from nl2sql.errors import ModelInvalid, Nl2SqlError, SettingsInvalid
from nl2sql.freshness import DataClock
from nl2sql.guard.dialects import grammar_name
from nl2sql.guard.policy import Policy
from nl2sql.guard.policy_file import default_policy, load_policy
from nl2sql.labels import labels_of
from nl2sql.language_model import open_embeddings, open_language_model, price_reader
from nl2sql.ledger.base import Ledger
from nl2sql.ledger.open import open_ledger, trouble_of
from nl2sql.ledger.row import Prices
from nl2sql.ledger.spent import SpendingLedger
from nl2sql.llm.base import LanguageModel
from nl2sql.pipeline import Pipeline
from nl2sql.settings import Settings
from nl2sql.stages import Stages
from nl2sql.telemetry.base import Telemetry
from nl2sql.telemetry.open import open_telemetry
from nl2sql.writers.base import Writer
from nl2sql.writers.chain import ChainWriter
from nl2sql.writers.offline.writer import OfflineWriter
from nl2sql.writers.verified.base import VerifiedQueries
from nl2sql.writers.verified.examples import examples_of
from nl2sql.writers.verified.load import FOLDER, load_folder
from nl2sql.writers.verified.phrase import suggestion
from nl2sql.writers.verified.writer import VerifiedWriter

Around = Callable[[LanguageModel], LanguageModel]


def build_pipeline(settings: Settings, *, around: Around | None = None, writer: Writer | None = None) -> Pipeline:
    """Raises Nl2SqlError for anything that cannot be used: model, policy, prompts, database, key; in strict mode also
    for a database account that may do more than read.

    An evaluation puts itself `around` the language model, or has a `writer` of its own in place of all others.
    """
    model = load_model(settings.path(settings.model))
    policy_for = policy_reader(settings, model)
    policy = policy_for(settings.role)  # a policy that cannot be used is told now, not at the first question
    with ExitStack() as opened:
        engine = opened.enter_context(closing(open_database(settings)))
        model = in_dialect(model, engine.dialect)
        _require_one_dataset(engine, model)
        if settings.strict:
            require_safe_account(settings.database_url, engine, model, columns_to_hide(model, policy))
        cache = opened.enter_context(closing(open_answer_cache(settings)))
        prices = prices_of(settings, engine)
        ledger = opened.enter_context(closing(open_spending_ledger(settings, prices)))
        telemetry = opened.enter_context(closing(open_telemetry(settings.traces, settings.metrics_port)))
        values, verified = ValueIndex(model, engine), verified_queries(settings, model)
        held = opened.enter_context(ExitStack())  # what the language models hold open
        language_model = _language_model(settings, held, telemetry, ledger) if settings.asks_llm else None
        if around is not None and language_model is not None:
            language_model = around(language_model)
        pipeline = Pipeline(
            Stages(
                model=model,
                labels=labels_of(model),
                policy_for=policy_for,
                retrieve=build_retriever(settings, model, engine, values, verified, held),
                writer=writer or build_writer(settings, model, values, verified, language_model),
                engine=engine,
                today=lambda: settings.today,
                cache=cache,
                ledger=ledger,
                telemetry=telemetry,
                prices=prices,
                clock=DataClock(engine),
                longest_seconds=settings.cache_seconds,
                repairs=settings.llm_repairs,
                candidates=CandidateRules(
                    settings.llm_candidates, settings.llm_candidates_unsure, settings.llm_unsure_below
                ),
                closing=(held.pop_all().close,),
                values=values,
            )
        )
        opened.pop_all()
    return pipeline


def _require_one_dataset(engine: Engine, model: SemanticModel) -> None:
    """On BigQuery, what is known of a table (its changes, its price, its values) is asked of the address's dataset."""
    elsewhere = next((each for each in model.datasets if "." in each.source), None)
    if engine.dialect == "bigquery" and elsewhere is not None:
        raise ModelInvalid(
            f"The source of {elsewhere.name} names another dataset: {elsewhere.source}.",
            hint="On BigQuery a model's tables are in the dataset that the address names; a view can bring one there.",
        )


def examine_database_account(settings: Settings) -> list[Finding]:
    """What the account could do beside the guard, the worst first. Raises Nl2SqlError where that cannot be told."""
    model = load_model(settings.path(settings.model))
    hidden = columns_to_hide(model, policy_reader(settings, model)(settings.role))
    engine = open_database(settings)
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


def open_database(settings: Settings) -> Engine:
    options = BigQueryOptions(
        Decimal(str(settings.bigquery_price)),
        settings.bigquery_currency,
        settings.bigquery_location,
        settings.bigquery_endpoint,
    )
    return open_engine(settings.database_url, bigquery=options)


def open_answer_cache(settings: Settings) -> Cache:
    return open_cache(settings.cache, settings.path(settings.cache), settings.cache_mb * 1_000_000)


def examine_ledger(settings: Settings) -> str:
    """Why the ledger cannot be written, in a sentence; empty when it seems possible. Writes nothing."""
    try:
        return trouble_of(settings.ledger_url)
    except Nl2SqlError as error:
        return error.user_message


def prices_of(settings: Settings, engine: Engine) -> Prices:
    """Tokens of one's own price are thought to be paid in the currency of bytes. Raises SettingsInvalid."""
    return Prices(
        bytes_per_tib=Decimal(str(settings.bigquery_price if engine.charges else 0)),
        currency=settings.bigquery_currency,
        tokens_on=price_reader(settings),
    )


def open_spending_ledger(settings: Settings, prices: Prices) -> Ledger:
    """Off, it keeps nothing and knows of nobody's spending."""
    ledger = open_ledger(settings.ledger_url, settings.ledger_days, settings.ledger_redact)
    return ledger if settings.ledger == "off" else SpendingLedger(ledger, settings.ledger_url, prices.tokens_on)


def build_writer(
    settings: Settings,
    model: SemanticModel,
    values: ValueIndex,
    verified: VerifiedQueries,
    language_model: LanguageModel | None,
) -> Writer:
    """In the order that the setting names, as far as they are there. Raises SettingsInvalid where none is, and
    PromptInvalid."""
    chain: list[Writer] = []
    for name in settings.writer_order:
        if name == "verified" and verified.queries:
            chain.append(VerifiedWriter(verified, values))
        elif name == "offline":
            chain.append(OfflineWriter(model, values))
        elif name == "llm" and language_model is not None:
            chain.append(_llm_writer(settings, language_model))
    if not chain:
        raise SettingsInvalid("The setting writers names no writer that there is.", hint="Add offline, or set a key.")
    return ChainWriter(chain, settings.offline_confidence) if len(chain) > 1 else chain[0]


def _llm_writer(settings: Settings, language_model: LanguageModel) -> Writer:
    from nl2sql.prompt.template import load_template, read_version
    from nl2sql.writers.llm import LlmWriter

    template = load_template(settings.path(settings.prompts), *read_version(settings.prompt))
    return LlmWriter(language_model, template, prompt_tokens=settings.prompt_tokens)


def _language_model(settings: Settings, held: ExitStack, telemetry: Telemetry, ledger: Ledger) -> LanguageModel:
    others = ledger if isinstance(ledger, SpendingLedger) else None
    return open_language_model(settings, held, telemetry.model_call, others)


def build_retriever(
    settings: Settings,
    model: SemanticModel,
    engine: Engine,
    values: ValueIndex,
    verified: VerifiedQueries,
    held: ExitStack,
) -> Retriever:
    """Only a language model is shown examples, stored values and what embeddings found."""
    if not settings.asks_llm:
        return Retriever()
    embedder = None
    if settings.embeddings != "off":
        embedder = open_embeddings(settings)
        held.callback(embedder.close)
    examples = examples_of(verified, values, model, grammar_name(engine.dialect), settings.today)
    return Retriever(examples, values=cast(ValuesPolicy, settings.values_to_llm), stored=values, embedder=embedder)


def verified_queries(settings: Settings, model: SemanticModel) -> VerifiedQueries:
    """Those beside the model; none where the setting writers does not name them. Raises ModelInvalid."""
    is_asked = "verified" in settings.writer_order
    return load_folder(verified_folder(settings), model) if is_asked else VerifiedQueries()


def verified_suggestions(settings: Settings) -> tuple[str, ...]:
    """Verified questions for people who are new to the data."""
    found = verified_queries(settings, load_model(settings.path(settings.model)))
    return tuple(suggestion(query) for query in found.queries if query.onboarding)


def verified_folder(settings: Settings) -> Path:
    return settings.path(settings.model).parent / FOLDER
