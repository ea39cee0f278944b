"""How much larger than what is stored a text can become: concatenation adds, replacement multiplies, and both are
carried on through subqueries and WITH queries. A server does not stop in the middle of one expression, so what is made
out of nothing must be bounded before it starts.

Everything is counted in stored values: a column of a table is 1, a literal of 1,000 characters too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

# A thousand times a stored text of a kilobyte is a megabyte.
MAX_GROWTH: Final = 1_000.0
_CHARS: Final = 1_000
# Nobody knows how many rows an aggregated text is made of; a hundred for each keeps its size a matter of the data.
_ROWS: Final = 100.0
# A replacement that is not written out may be a long text, put in for every letter of another.
_UNKNOWN_REPLACEMENT: Final = 100.0

_ADDING: Final = (exp.DPipe, exp.Concat, exp.ConcatWs, exp.Array, exp.Overlay, exp.ArrayToString)
_REPLACING: Final = (exp.Replace, exp.RegexpReplace, exp.Translate)
_GATHERING: Final = (exp.GroupConcat, exp.ArrayAgg)
_GROWS: Final = (*_ADDING, *_REPLACING, *_GATHERING, exp.Anonymous)

Measure = Callable[[exp.Expr], float]


def may_grow(tree: exp.Expr) -> bool:
    """Whether anything in the tree makes texts longer; most statements have nothing of the kind."""
    return tree.find(*_GROWS) is not None


def growth(node: exp.Expr, of_leaf: Measure) -> float:
    """`of_leaf` tells the growth of a column and of a subquery."""
    if isinstance(node, exp.Column | exp.Subquery | exp.Select | exp.SetOperation):
        return of_leaf(node)
    if isinstance(node, exp.Literal):
        return len(str(node.this)) / _CHARS
    # Chains of conditions are as long as they are deep.
    children = node.flatten() if isinstance(node, exp.And | exp.Or) else node.iter_expressions()
    parts = [growth(child, of_leaf) for child in children]
    if isinstance(node, _ADDING):
        return sum(parts)
    if isinstance(node, _GATHERING):
        return _ROWS * max(parts, default=0.0)
    if isinstance(node, _REPLACING):
        return growth(node.this, of_leaf) * _replacement(node)
    if isinstance(node, exp.Anonymous):
        return sum(parts)
    return max(parts, default=0.0)


def _replacement(node: exp.Expr) -> float:
    """By how much the longest replacement lengthens what it is put into."""
    old, new = node.args.get("expression"), node.args.get("replacement")
    if new is None:
        return 1.0
    if not isinstance(new, exp.Literal):
        return _UNKNOWN_REPLACEMENT
    replaced = len(str(old.this)) if isinstance(old, exp.Literal) and isinstance(node, exp.Replace) else 1
    return max(1.0, len(str(new.this)) / max(1, replaced))
