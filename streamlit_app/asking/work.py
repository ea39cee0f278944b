"""Does the work of a question beside the page, so that the page can stop it, in the database too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread

from nl2sql.answer.base import Answer
from nl2sql.trace import Listener, StageEvent

log = logging.getLogger(__name__)

# How soon the page notices that it should stop: Streamlit ends a run only where the page is written to.
TICK_SECONDS = 0.2


def follow(
    job: Callable[[Listener], Answer],
    progress: Callable[[StageEvent], None],
    tick: Callable[[], None],
    stop: Callable[[], object],
) -> Answer:
    """Runs `job` in a thread of its own; `progress` and `tick` are called in this one, and write to the page.

    When one of them ends this run, because something else was clicked or the browser went away, `stop` is called once,
    in another thread. Raises what the job raises.
    """
    told: SimpleQueue[StageEvent | Future[Answer]] = SimpleQueue()

    def work() -> None:
        done: Future[Answer] = Future()
        try:
            done.set_result(job(told.put))
        except BaseException as error:  # noqa: BLE001 - raised again where the page is
            done.set_exception(error)
        told.put(done)

    Thread(target=work, name="question", daemon=True).start()
    finished = False
    try:
        while True:
            try:
                news = told.get(timeout=TICK_SECONDS)
            except Empty:
                tick()
                continue
            if isinstance(news, Future):
                finished = True
                return news.result()
            progress(news)
    finally:
        if not finished:
            Thread(target=_stop, args=(stop,), name="stop", daemon=True).start()


def _stop(stop: Callable[[], object]) -> None:
    try:
        stop()
    except Exception as error:  # noqa: BLE001 - nobody waits for it any more
        log.warning("a question that was stopped may still run in the database: %s", type(error).__name__)
