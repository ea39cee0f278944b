"""Several pieces of work at once, of which none can spoil the others."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

from nl2sql.crash import redact

T = TypeVar("T")

# Model endpoints and databases are shared with other questions.
MAX_THREADS: Final = 4
_log = logging.getLogger(__name__)


def gather(work: Sequence[Callable[[], T]]) -> list[T | None]:
    """The results in the order of the work; None for one that raised something unforeseen, which is logged. Each piece
    sees the context variables of the caller, and has to end by its own limits."""
    if not work:
        return []
    with ThreadPoolExecutor(min(len(work), MAX_THREADS), "candidate") as pool:
        return [future.result() for future in [pool.submit(copy_context().run, _kept, each) for each in work]]


def _kept(work: Callable[[], T]) -> T | None:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it is, the others can still be an answer
        _log.error("A draft of a question was lost.\n%s", redact("".join(traceback.format_exception(error))))
        return None
