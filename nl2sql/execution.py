"""The run stage: from a CheckedSql to its result, out of the cache or the database, for a price that was agreed to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event

from nl2sql.cache.base import Cache, Entry, key
from nl2sql.cache.flights import Flights, Made
from nl2sql.catalog.model import SemanticModel
from nl2sql.engines.arrow_ipc import result_from_bytes, result_to_bytes
from nl2sql.engines.base import Engine, Estimate, Job, ResultTable
from nl2sql.errors import EngineError, QueryCancelled, RowQuotaReached
from nl2sql.freshness import DataAsOf, behind_words
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.memo import Memo
from nl2sql.price_tag import PriceTag, cheaper_ways, judge, shareable, two_digits, wants_estimate
from nl2sql.question import Principal
from nl2sql.quota import RowQuota, refusal

Clock = Callable[[CheckedSql, "Asked"], DataAsOf | None]

# Whoever waits for the same statement of another asker also waits for its rows to be packed and kept.
PACKING_SECONDS = 5.0
# Unpacked results that are asked for again and again: about 1,000 of an ordinary size.
MEMO_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom a statement runs; `view` is the model as they may see it.

    `fresh` reads no kept result; `accept_cost` is a yes to a price above the soft limit. `cancelled` is
    set from another thread when the asker no longer waits.
    """

    principal: Principal
    policy: Policy
    view: SemanticModel
    job: Job
    cancelled: Event
    fresh: bool = False
    accept_cost: bool = False


@dataclass(frozen=True, slots=True)
class Executed:
    """`stored_at` (UTC, without zone) is when a kept result was kept; None for one that was just read.

    `kept_as` is the same for the same kept bytes and for nothing else; "" for what was just read.
    """

    result: ResultTable
    stored_at: datetime | None = None
    estimate: Estimate | None = None
    kept_as: str = ""


@dataclass(frozen=True, slots=True)
class TooCostly:
    """Nothing ran: the asker has to agree first (`tag.kind` is "ask"), or may not run it at all ("refuse")."""

    tag: PriceTag
    estimate: Estimate


class Execution:
    """Safe for many threads: of those that want the same rows at once, one runs and the others wait for it."""

    def __init__(
        self,
        engine: Engine,
        cache: Cache,
        quota: RowQuota,
        model: SemanticModel,
        clock: Clock,
        longest_seconds: float,
    ) -> None:
        self._engine = engine
        self._cache = cache
        self._flights = Flights(cache)
        self._quota = quota
        self._model = model
        self._clock = clock
        self._longest_seconds = longest_seconds
        self._unpacked: Memo[ResultTable] = Memo(MEMO_BYTES, MEMO_BYTES // 16)

    def result_of(self, checked: CheckedSql, asked: Asked) -> Executed | TooCostly:
        """Raises EngineError and RowQuotaReached. The key of a kept result holds the policy and the state of the
        data."""
        limit = asked.policy.limits.rows_per_minute
        wait = self._quota.admit(asked.principal, limit)
        if wait is not None:
            raise RowQuotaReached(refusal(wait, limit))
        done = self._kept_or_run(checked, asked)
        if isinstance(done, Executed):
            self._quota.spend(asked.principal, done.result.row_count)
        return done

    def _kept_or_run(self, checked: CheckedSql, asked: Asked) -> Executed | TooCostly:
        state = self._engine.fingerprint()
        result_key = key("result", checked.sql, checked.executed, checked.policy, self._model.fingerprint, state)
        if not asked.fresh:
            kept = self._kept(result_key, self._cache.get(result_key))
            if kept is not None:
                return kept
        estimate = None
        if wants_estimate(self._engine.charges, asked.policy.limits):
            estimate = self._estimated(checked, asked.policy)
            filtered = bool(checked.row_filtered)
            tag = judge(estimate, asked.policy.limits, cheaper_ways(checked, asked.view), filtered=filtered)
            estimate = shareable(estimate, filtered=filtered)
            if tag.kind == "refuse" or (tag.kind == "ask" and not asked.accept_cost):
                return TooCostly(tag, estimate)
        return replace(self._shared_run(result_key, checked, asked), estimate=estimate)

    def _shared_run(self, result_key: str, checked: CheckedSql, asked: Asked) -> Executed:
        made: list[ResultTable] = []

        def make() -> Made:
            if asked.cancelled.is_set():
                raise QueryCancelled("The question was stopped.")
            result = self._run(checked, asked)
            made.append(result)
            return Made(result_to_bytes(result), self._seconds_to_keep(checked))

        wait_seconds = checked.seconds + PACKING_SECONDS
        fetched = self._flights.fetch(
            result_key, make, wait_seconds=wait_seconds, fresh=asked.fresh, given_up=asked.cancelled.is_set
        )
        if made:
            return Executed(made[0])
        return self._kept(result_key, fetched.entry) or Executed(self._run(checked, asked))  # damaged on its way

    def _kept(self, result_key: str, entry: Entry | None) -> Executed | None:
        """None for what is damaged. The same kept bytes are unpacked once."""
        if entry is None:
            return None
        kept_as = f"{result_key} {entry.stored_at!r} {len(entry.value)}"
        result = self._unpacked.get(kept_as)
        if result is None:
            try:
                result = result_from_bytes(entry.value)
            except ValueError:
                return None
            self._unpacked.put(kept_as, result, len(entry.value))
        stored_at = datetime.fromtimestamp(entry.stored_at, UTC).replace(tzinfo=None)
        return Executed(result, stored_at, kept_as=kept_as)

    def _run(self, checked: CheckedSql, asked: Asked) -> ResultTable:
        with _without_mask_key(asked.policy):
            as_of = self._clock(checked, asked)  # before, so that the rows are at least as new
            if asked.cancelled.is_set():
                raise QueryCancelled("The question was stopped.")
            result = self._engine.run(checked, asked.job)
        if checked.row_filtered and result.billed_bytes is not None:
            result = replace(result, billed_bytes=two_digits(result.billed_bytes))
        if as_of is None:
            return result
        return replace(result, data_as_of=as_of.moment, data_note=behind_words(as_of))

    def _estimated(self, checked: CheckedSql, policy: Policy) -> Estimate:
        with _without_mask_key(policy):
            return self._engine.estimate(checked)

    def _seconds_to_keep(self, checked: CheckedSql) -> float:
        """No longer than the data of any table that was read is known to stay as it is."""
        read = (d.refresh_seconds for table in checked.tables for d in self._model.datasets_by_table.get(table, ()))
        return min([self._longest_seconds, *(seconds for seconds in read if seconds)])


@contextmanager
def _without_mask_key(policy: Policy) -> Iterator[None]:
    """What a database quotes of the text it was given must not tell the key of hash masks."""
    try:
        yield
    except EngineError as error:
        if policy.masks:
            error.hint = error.hint.replace(policy.mask_key, "…")
        raise
