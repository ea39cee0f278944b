"""What is said while a question is at work: a line for each stage that is done, and one that moves."""

from __future__ import annotations

from time import perf_counter

from streamlit.delta_generator import DeltaGenerator

from nl2sql.trace import StageEvent
from streamlit_app import widgets

# A wait that is shorter needs no count.
COUNT_FROM_SECONDS = 3.0


class Progress:
    """`lines` is the container of what is done, `now` the place of the line that moves."""

    def __init__(self, lines: DeltaGenerator, now: DeltaGenerator) -> None:
        self._lines, self._now = lines, now
        self._stage, self._far, self._since = "understand", "", perf_counter()
        self.tick()

    def tell(self, event: StageEvent) -> None:
        if event.state == "started":
            self._stage, self._far, self._since = event.stage, "", perf_counter()
            self.tick()
        elif event.state == "progress":
            self._far = event.note
            self.tick()
        else:
            with self._lines:
                (widgets.stage_remark if event.state == "remark" else widgets.stage_done)(event)

    def tick(self) -> None:
        """Also where nothing changes: writing is when a run of the page learns that it should stop."""
        waited = perf_counter() - self._since
        count = f"{waited:.0f} s" if waited >= COUNT_FROM_SECONDS else ""
        widgets.stage_now(self._now, self._stage, " · ".join(part for part in (self._far, count) if part))
