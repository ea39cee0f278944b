"""What a run is asked to do, and the settings that its pipelines are opened with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from evals.cases.base import Suite
from evals.cases.resolve import Target
from nl2sql.settings import Settings, load_settings

WriterChoice = Literal["offline", "llm", "configured", "gold"]
WRITERS: tuple[WriterChoice, ...] = ("offline", "llm", "configured", "gold")


@dataclass(frozen=True, slots=True)
class Options:
    """`prompt` and `model` (a language model's name) stand in place of the settings'; `database` and `semantic_model`
    also in place of the suite's. `out` None: a new file in the folder of runs; `resume` looks there for one to go on
    with. `budget` is money in the currency of the model's price."""

    suite: Path
    writer: WriterChoice = "offline"
    prompt: str = ""
    model: str = ""
    repeats: int = 1
    concurrency: int = 8
    budget: Decimal | None = None
    instances: int = 6
    seeds: tuple[int, ...] = ()
    only: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    database: str = ""
    semantic_model: Path | None = None
    out: Path | None = None
    label: str = ""
    resume: bool = False
    record: bool = True
    retries: int = 3


def settings_for(options: Options, suite: Suite, environ: Mapping[str, str]) -> Settings:
    """Those of whoever runs it, without anything that would answer in place of the pipeline or keep what it answered:
    no cache, no ledger. A busy provider is the run's affair, which then slows down as a whole. Raises SettingsInvalid.
    """
    writers = {"offline": "offline", "llm": "llm", "gold": "offline"}.get(options.writer, "")
    changed = {"NL2SQL_WRITERS": writers, "NL2SQL_PROMPT": options.prompt, "NL2SQL_OPENAI_MODEL": options.model}
    settings = load_settings({**environ, **{name: value for name, value in changed.items() if value}})
    as_of = suite.as_of.isoformat() if suite.as_of else settings.as_of
    return replace(settings, cache="off", ledger="off", llm_retries=0, metrics_port=0, as_of=as_of)


def settings_of(target: Target, settings: Settings) -> Settings:
    """For one model and database. A model without a policy beside it has none but what it marks as sensitive."""
    if target.model is not None:
        model, policy = str(target.model), str(target.policy)
        has_policy = settings.path(policy).exists()
        settings = replace(settings, model=model, policy=policy if has_policy else "none")
    return replace(settings, database=target.database) if target.database else settings
