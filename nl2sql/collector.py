"""Python's garbage collector in a process that answers for hours: what is there to stay is not looked through again."""

from __future__ import annotations

import gc

# A question makes some 20,000 objects and hardly any cycles: the default of 700 looks at the young thirty times for it,
# and at everything (0.2 s, in the middle of somebody's question) every few hundred questions.
YOUNG_OBJECTS = 20_000


def settle() -> None:
    """To be called once the model, the engine and the writers are there. For a process of its own: it changes the
    collector for all that runs in it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
