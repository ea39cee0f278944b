"""One physical table as one role may read it, in one statement: the derived table that stands for it when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlglot import exp

_PARTS: Final = ("expressions", "from_", "where", "limit", "offset")


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of SQL as it is printed, and the tree that this text is read as."""

    text: str
    tree: exp.Expr


@dataclass(frozen=True, slots=True)
class TableView:
    """`SELECT outputs FROM table WHERE rows`, and what keeps an engine from looking at other rows first (`fence`)."""

    table: Fragment
    outputs: tuple[Fragment, ...]
    rows: Fragment | None = None
    fence: Fragment | None = None

    @property
    def text(self) -> str:
        parts = ["SELECT", ", ".join(each.text for each in self.outputs), "FROM", self.table.text]
        if self.rows is not None:
            parts += ["WHERE", self.rows.text]
        if self.fence is not None:
            parts.append(self.fence.text)
        return " ".join(parts)

    def is_read_from(self, select: exp.Select) -> bool:
        """Whether a parsed SELECT is this view, nothing more and nothing less."""
        outputs = select.expressions
        if len(outputs) != len(self.outputs):
            return False
        if any(value for name, value in select.args.items() if name not in _PARTS):
            return False
        if not all(given == own.tree for given, own in zip(outputs, self.outputs, strict=True)):
            return False
        from_, where = select.args.get("from_"), select.args.get("where")
        if from_ is None or from_.this != self.table.tree:
            return False
        if (where.this if where is not None else None) != (self.rows.tree if self.rows is not None else None):
            return False
        return self._fence_is_read_from(select)

    def _fence_is_read_from(self, select: exp.Select) -> bool:
        own = self.fence.tree.args if self.fence is not None else {}
        return all(select.args.get(part) == own.get(part) for part in ("limit", "offset"))
