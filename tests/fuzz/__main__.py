"""`make fuzz`: many inputs through the guard, everything it accepts onto four databases. Ends with 1 when one fails.

    python -m tests.fuzz [--inputs N] [--seed N] [--dialect NAME]

The same seed gives the same inputs. A server that cannot be reached is left out, and said to be.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter

import pytest

from nl2sql.guard.dialects import DIALECTS
from tests.fuzz.campaign import Campaign

_TOLD = "inputs, accepted, executed, answered, rejected, stopped, without one answer".split(", ")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the guard.")
    parser.add_argument("--inputs", type=int, default=200_000, help="over all dialects (200000)")
    parser.add_argument("--seed", type=int, default=None, help="repeats an earlier run; random without it")
    parser.add_argument("--dialect", choices=DIALECTS, action="append", help="only this; may be repeated")
    options = parser.parse_args(arguments)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    dialects = options.dialect or list(DIALECTS)
    each = max(options.inputs // len(dialects), 1)
    _say(f"Seed {seed}: {each} inputs for each of {', '.join(dialects)}.")
    failures = [failure for dialect in dialects for failure in _run(dialect, seed, each)]
    for failure in failures:
        _say(f"\nFAILED {failure}\n  again: make fuzz ARGS='--seed {seed} --dialect {failure.dialect} --inputs {each}'")
    _say(f"\n{len(failures)} failures with seed {seed}." if failures else f"\nNothing failed with seed {seed}.")
    return 1 if failures else 0


def _run(dialect: str, seed: int, inputs: int) -> list[object]:
    campaign, begun = Campaign(dialect, seed, inputs, alone=True), time.monotonic()
    try:
        campaign.run(lambda counts: _progress(dialect, counts, begun))
    except pytest.skip.Exception as reason:
        _say(f"{dialect}: left out: {reason}")
        return []
    _progress(dialect, campaign.counts, begun, end="\n")
    return list(campaign.failures)


def _progress(dialect: str, counts: Counter[str], begun: float, end: str = "") -> None:
    """One line a dialect that is written over and over on a terminal, and once elsewhere."""
    if end or sys.stdout.isatty():
        told = ", ".join(f"{counts[name]} {name}" for name in _TOLD if counts[name])
        start = "\r" if sys.stdout.isatty() else ""
        seconds = time.monotonic() - begun
        line = f"{start}{dialect}: {told}, {counts['failures']} failures, {seconds:.0f} s"
        print(line, end=end, flush=True)  # noqa: T201


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command line tool talks to people


if __name__ == "__main__":
    sys.exit(main())
