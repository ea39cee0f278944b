"""Whether the parts of the installation answer now. Each is asked in a thread of its own and given a few seconds."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock, Thread
from types import MappingProxyType
from typing import Literal

from nl2sql.crash import redact
from nl2sql.doctor.base import Check
from nl2sql.doctor.examine import examine_cache
from nl2sql.doctor.language_model import examine_language_model
from nl2sql.errors import DatabaseMissing, Nl2SqlError
from nl2sql.export.browser import browser_path
from nl2sql.ledger.read import LedgerReader
from nl2sql.settings import Settings
from streamlit_app.services import Present, Ready
from streamlit_app.store.errors import StoreError

# As long as somebody looks at a line that says that it is being tried.
SECONDS = 5.0
Part = Literal["database", "cache", "ledger", "app_database", "key", "spent", "chromium"]
State = Literal["ok", "off", "warn", "fail", "late"]


@dataclass(frozen=True, slots=True)
class Health:
    """The sentence is the message `about.health.<part>.<state>` with `values`; `detail` is the product's own words."""

    part: Part
    state: State
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    detail: str = ""


Probe = Callable[[], Health]


def probes(here: Ready | Present, settings: Settings) -> Mapping[Part, Probe]:
    """The database is left out where it could not be opened: why stands on the page then."""
    found: dict[Part, Probe] = {"database": partial(_database, here)} if isinstance(here, Ready) else {}
    found |= {
        "cache": lambda: _of_check("cache", examine_cache(settings), off=settings.cache == "off"),
        "ledger": lambda: _ledger(settings),
        "app_database": lambda: _app_database(here, settings),
        "key": lambda: _key(settings),
        "chromium": _chromium,
    }
    if settings.asks_llm and settings.ledger != "off":
        found["spent"] = lambda: _spent(settings)
    return found


_trying: dict[object, Thread] = {}
_lock = Lock()


def examine(parts: Mapping[Part, Probe], *, owner: object, seconds: float = SECONDS) -> Iterator[Health | None]:
    """Each as soon as it is known; None now and then, so that whoever waits can look away. What takes longer is late:
    its thread ends when it can, and is not started twice for one `owner`."""
    answers: queue.Queue[Health] = queue.Queue()
    waiting = set(parts)
    for part, probe in parts.items():
        _start((owner, part), lambda part=part, probe=probe: answers.put(_safely(part, probe)))  # type: ignore[misc]
    deadline = time.monotonic() + seconds
    while waiting and (left := deadline - time.monotonic()) > 0:
        try:
            found = answers.get(timeout=min(left, 0.1))
        except queue.Empty:
            yield None
            continue
        waiting.discard(found.part)
        yield found
    yield from (Health(part, "late", {"seconds": f"{seconds:g}"}) for part in parts if part in waiting)


def _start(place: object, work: Callable[[], None]) -> None:
    with _lock:
        if place in _trying and _trying[place].is_alive():
            return
        _trying[place] = Thread(target=work, daemon=True, name="health")
        _trying[place].start()


def _safely(part: Part, probe: Probe) -> Health:
    try:
        return probe()
    except Nl2SqlError as error:
        return Health(part, "fail", detail=redact(f"{error.user_message} {error.hint}".strip()))
    except Exception as error:  # noqa: BLE001 - whatever a driver does, the page tells that the part does not work
        return Health(part, "fail", detail=type(error).__name__)


def _database(ready: Ready) -> Health:
    first = ready.pipeline.model.datasets[0]
    column = first.primary_key[0] if first.primary_key else first.fields[0].expression
    begun = time.perf_counter()
    ready.pipeline.engine.distinct_values(first.table, column, 1)
    return Health("database", "ok", {"ms": _ms(begun)})


def _of_check(part: Part, check: Check, *, off: bool) -> Health:
    if off:
        return Health(part, "off")
    return Health(part, check.state, detail="" if check.state == "ok" else redact(check.text))


def _ledger(settings: Settings) -> Health:
    from nl2sql.bootstrap import examine_ledger

    if settings.ledger == "off":
        return Health("ledger", "off")
    trouble = examine_ledger(settings)
    return Health("ledger", "warn", detail=redact(trouble)) if trouble else Health("ledger", "ok")


def _app_database(here: Ready | Present, settings: Settings) -> Health:
    if settings.app_database == "off":
        return Health("app_database", "off")
    begun = time.perf_counter()
    try:
        here.store.preferences(here.person.user)
    except StoreError:
        return Health("app_database", "fail")
    return Health("app_database", "ok", {"ms": _ms(begun)})


def _key(settings: Settings) -> Health:
    if "llm" not in settings.writer_order:
        return Health("key", "off")
    check = next(each for each in examine_language_model(settings, os.environ) if each.about == "key")
    return Health("key", check.state)  # its text names files and variables, which the page does not need


def _spent(settings: Settings) -> Health:
    now = datetime.now(UTC).replace(tzinfo=None)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        with LedgerReader(settings.ledger_url) as reader:
            uses = list(reader.token_uses(midnight, midnight + timedelta(days=1)))
    except DatabaseMissing:
        uses = []
    tokens = sum(each.prompt_tokens + each.completion_tokens for each in uses)
    if not settings.budget_tokens:
        return Health("spent", "off", {"tokens": f"{tokens:,}"})
    state: State = "ok" if tokens < settings.budget_tokens else "warn"
    return Health("spent", state, {"tokens": f"{tokens:,}", "limit": f"{settings.budget_tokens:,}"})


def _chromium() -> Health:
    return Health("chromium", "ok" if browser_path() else "warn")


def _ms(begun: float) -> str:
    return f"{max(1, (time.perf_counter() - begun) * 1000):.0f}"
