"""Python's garbage collector in a process that answers for hours: what is there to stay is not looked through again."""

from __future__ import annotations

import gc

# By default (700) the collector looks at the young once or twice a question, for some 0.4 ms of it, and at everything
# once in 200 to 600 questions, for up to 0.3 s in the middle of somebody's (measured on the auction's dev suite). So
# many are the young of about fifteen questions.
YOUNG_OBJECTS = 20_000


def settle() -> None:
    """To be called once the model, the engine and the writers are there. For a process of its own: it changes the
    collector for all that runs in it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
