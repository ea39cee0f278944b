"""The databases that the answers of a run are judged on, by target: found, or made, when the first case of it comes."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from evals.cases.base import Suite
from evals.cases.resolve import Target, target_of
from evals.instances.base import Instance
from evals.runner.benches import instances_of
from evals.runner.options import Options, settings_of
from evals.runner.placing import Placing
from nl2sql.settings import Settings


class Instances:
    """For many threads. `told` hears what is being made, and why none could be."""

    def __init__(
        self, options: Options, suite: Suite, settings: Settings, placing: Placing, told: Callable[[str], None]
    ) -> None:
        self._options = options
        self._suite = suite
        self._settings = settings
        self._placing = placing
        self._told = told
        self._found: dict[Target, tuple[Instance, ...]] = {}
        self._lock = Lock()

    def __call__(self, target: Target) -> tuple[Instance, ...]:
        """Raises DatabaseMissing, DatabaseUnreadable and what a model's file can raise."""
        with self._lock:  # one set after the other: each takes all the processor there is
            if target not in self._found:
                self._found[target] = instances_of(
                    self._suite,
                    [case for case in self._suite.cases if self._placing(target_of(case, self._suite)) == target],
                    settings_of(target, self._settings),
                    count=self._options.instances,
                    seeds=self._options.seeds,
                    told=self._told,
                )
            return self._found[target]
