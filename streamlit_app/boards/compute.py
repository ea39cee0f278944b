"""One tile's answer, under the role of whoever looks, with the filters that it can take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nl2sql.answer.base import Answer
from nl2sql.catalog.joins import JoinGraph
from nl2sql.errors import QuestionInvalid
from nl2sql.plan.base import QueryPlan
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.json_form import plan_to_text
from nl2sql.plan.narrow import Applied, Filters, NotApplied, narrow
from nl2sql.plan.validate import read_plan
from nl2sql.question import Question
from streamlit_app.services import Ready
from streamlit_app.store.base import Tile


@dataclass(frozen=True, slots=True)
class TileAnswer:
    """`answer` is None where nothing could be asked: `problem` says why. `unfiltered` says why no filter applies at
    all: the tile is SQL, or its answer has no plan. `number` tells it from the tile's earlier answers."""

    number: int
    answer: Answer | None = None
    problem: str = ""
    applied: tuple[Applied, ...] = ()
    not_applied: tuple[NotApplied, ...] = ()
    unfiltered: Literal["", "sql", "no_plan"] = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What `answer_tile` gives, before it is numbered."""

    answer: Answer
    applied: tuple[Applied, ...] = ()
    not_applied: tuple[NotApplied, ...] = ()
    unfiltered: Literal["", "sql", "no_plan"] = ""


def answer_tile(tile: Tile, filters: Filters, ready: Ready, fresh: bool, new_id: Callable[[], str]) -> Found:
    """`new_id` names each asking, and raises where it is to stop. Raises QuestionInvalid for a tile without a question.

    Only what the guard and the policy of the person's own role let through comes back, whoever made the tile.
    """
    asking = _Asking(tile, ready, fresh, new_id)
    if not filters.names:
        return Found(asking.whole())
    if tile.request.is_sql:
        return Found(asking.whole(), unfiltered="sql")
    unfiltered = None if tile.request.plan else asking.in_words(fresh=False)
    if unfiltered is not None and unfiltered.outcome != "answered":
        return Found(unfiltered)
    plan = asking.read(tile.request.plan if unfiltered is None else unfiltered.plan)
    if plan is None:
        return Found(asking.whole(unfiltered), unfiltered="no_plan")
    model = ready.pipeline.model_for(ready.principal.role)
    narrowed = narrow(plan, filters, model, JoinGraph(model))
    if not narrowed.applied:
        return Found(asking.whole(unfiltered), (), narrowed.not_applied)
    return Found(asking.by_plan(plan_to_text(narrowed.plan)), narrowed.applied, narrowed.not_applied)


class _Asking:
    def __init__(self, tile: Tile, ready: Ready, fresh: bool, new_id: Callable[[], str]) -> None:
        self.request = tile.request
        self.pipeline = ready.pipeline
        self.principal = ready.principal
        self.fresh = fresh
        self.new_id = new_id

    def whole(self, known: Answer | None = None) -> Answer:
        """Without any filter; `known` was asked just now, from the cache where it has it."""
        if known is not None and not (self.fresh and known.cached):
            return known
        if self.request.is_sql:
            return self.pipeline.run_sql(self.request.text, self.principal, fresh=self.fresh, question_id=self.new_id())
        if self.request.plan:
            return self.by_plan(self.request.plan)
        return self.in_words(fresh=self.fresh)

    def in_words(self, *, fresh: bool) -> Answer:
        if not self.request.text.strip():
            raise QuestionInvalid("This tile has no question.")
        asked = Question.parse(self.request.text, principal=self.principal)
        return self.pipeline.ask(asked, fresh=fresh, question_id=self.new_id())

    def by_plan(self, plan: str) -> Answer:
        return self.pipeline.ask_plan(plan, self.principal, fresh=self.fresh, question_id=self.new_id())

    def read(self, text: str) -> QueryPlan | None:
        """None for what is no plan, or none that this role may use."""
        model = self.pipeline.model_for(self.principal.role)
        try:
            return read_plan(text, model, JoinGraph(model)) if text else None
        except PlanInvalid:
            return None
