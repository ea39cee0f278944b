"""What a pipeline is made of. Everything is injected by `nl2sql.bootstrap`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from nl2sql.answer.base import Labels
from nl2sql.answer.near_values import StoredValues
from nl2sql.cache.base import Cache, NoCache
from nl2sql.candidates.base import CandidateRules
from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context
from nl2sql.engines.base import Engine
from nl2sql.freshness import DataClock
from nl2sql.guard.policy import Policy
from nl2sql.ledger.base import Ledger, NoLedger
from nl2sql.ledger.row import Prices
from nl2sql.question import Question
from nl2sql.quota import RowQuota
from nl2sql.telemetry.base import NoTelemetry, Telemetry
from nl2sql.writers.base import Writer

Retrieve = Callable[[Question, SemanticModel, str, date], Context]
NO_PRICES = Prices()
ONE_UNLESS_UNSURE = CandidateRules()


@dataclass(frozen=True, slots=True)
class Stages:
    """`policy_for` maps a role to its policy; `today` gives the as-of day; `clock` says up to when the data of
    a statement's tables is there; `longest_seconds` is how long a result may be kept; `repairs` is how often a refused
    or failed draft of the language model goes back to it, and `candidates` how many drafts it writes; `closing` are
    called when the pipeline is closed, for what is held open beside the database. `values` are those that an empty
    answer may offer instead."""

    model: SemanticModel
    labels: Labels
    policy_for: Callable[[str], Policy]
    retrieve: Retrieve
    writer: Writer
    engine: Engine
    today: Callable[[], date]
    cache: Cache = field(default_factory=NoCache)
    quota: RowQuota = field(default_factory=RowQuota)
    ledger: Ledger = field(default_factory=NoLedger)
    telemetry: Telemetry = field(default_factory=NoTelemetry)
    prices: Prices = NO_PRICES
    clock: DataClock | None = None
    longest_seconds: float = 86_400.0
    repairs: int = 2
    candidates: CandidateRules = ONE_UNLESS_UNSURE
    closing: tuple[Callable[[], object], ...] = ()
    values: StoredValues | None = None
