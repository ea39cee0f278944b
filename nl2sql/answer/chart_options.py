"""What a person chose for a chart, over what was chosen for them. Typed, and kept with boards as JSON; never code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nl2sql.answer.base import ChartKind, Sort, Stack

__all__ = ["AUTOMATIC", "ChartOptions", "Sort", "Stack"]


@dataclass(frozen=True, slots=True)
class ChartOptions:
    """Empty fields are left to the product. `x`, `y` and `colour` name columns of the result; "-" in `colour` is none.

    `top` keeps so many of the categories by their sum and says so in the title; 0: as many as can be read.
    `log` makes the value axis logarithmic, where all values are above 0.
    """

    kind: ChartKind | Literal["", "table"] = ""
    x: str = ""
    y: tuple[str, ...] = ()
    colour: str = ""
    stack: Stack = ""
    log: bool = False
    sort: Sort = ""
    top: int = 0


AUTOMATIC = ChartOptions()
