"""What a process that answers for hours asks of the garbage collector; in a process of its own."""

from __future__ import annotations

import subprocess
import sys

SETTLED = """
import gc
from nl2sql.collector import YOUNG_OBJECTS, settle
stays = [[] for _ in range(10_000)]
before = gc.get_freeze_count()
settle()
assert gc.get_freeze_count() - before > 10_000
assert gc.get_threshold()[0] == YOUNG_OBJECTS
class Knot: ...
import weakref
knot = Knot()
knot.itself, gone = knot, weakref.ref(knot)
del knot
gc.collect()
print(gone())
"""


def test_what_is_there_is_no_longer_looked_through_and_new_cycles_are_still_found() -> None:
    done = subprocess.run([sys.executable, "-c", SETTLED], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("None\n", "", 0)
