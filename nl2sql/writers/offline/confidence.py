"""How sure a complete reading is, as a number: a start for calibration, not a probability.

Every reading is complete, so what is left to doubt is what the writer chose or mended on the way: words read as others,
places and numbers that were not said, long ways through the join graph, and conditions that turn others round.
"""

from __future__ import annotations

from nl2sql.plan.base import AnyOf, Condition, Exists, Negation, QueryPlan
from nl2sql.plan.walk import paths_of, walked_by
from nl2sql.writers.offline.senses import Chunk

# What each doubt takes off. Judged by hand: a mended word changes more readings than a default that is said.
_CORRECTED = 0.12
_ASSUMED = 0.06
_FAR_STEP = 0.03  # each relationship beyond those that most questions walk
_NEAR_STEPS = 2
_TURNED = 0.03  # "or", "not" and absence: their reach is what people disagree about
_UNHEARD = 0.2  # times the share of words that were read as saying nothing
_LEAST = 0.05


def confidence(plan: QueryPlan, chunks: tuple[Chunk, ...]) -> float:
    """From 0.05 to 1, for a plan that was read from these chunks."""
    corrected = sum(1 for chunk in chunks if chunk.corrected)
    unheard = sum(1 for chunk in chunks if chunk.word("filler") and len(chunk.senses) == 1)
    doubt = corrected * _CORRECTED + len(plan.assumptions) * _ASSUMED
    doubt += max(0, len(_walked(plan)) - _NEAR_STEPS) * _FAR_STEP
    doubt += sum(_turns(condition) for condition in plan.conditions) * _TURNED
    doubt += _UNHEARD * unheard / max(1, len(chunks))
    return round(max(_LEAST, 1 - doubt), 3)


def _walked(plan: QueryPlan) -> set[str]:
    """Every relationship of the plan, and of those beside it."""
    walked = walked_by(plan.conditions)
    values = [c.value for c in plan.columns] + [d.field for d in plan.dimensions]
    values += [m.field for m in plan.measures if m.field is not None]
    for measure in plan.measures:
        walked |= walked_by(measure.conditions)
    for value in values:
        walked |= {name.removeprefix("-") for path in paths_of(value) for name in path}
    for beside in plan.beside:
        walked |= _walked(beside)
    return walked


def _turns(condition: Condition) -> int:
    match condition:
        case AnyOf():
            return 1 + sum(_turns(each) for each in condition.conditions)
        case Negation():
            return 1 + _turns(condition.condition)
        case Exists():
            return int(condition.negated) + sum(_turns(each) for each in condition.conditions)
        case _:
            return 0
