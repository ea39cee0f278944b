"""Queries inside expressions, in one line each."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.clauses import inline
from nl2sql.answer.speech import Handler, Speaker, handler


def _query(node: exp.Expr, speaker: Speaker) -> str:
    return f"[{inline(node, speaker)}]"


# Every clause of a query has its words or is shown as SQL by `clauses`: nothing needs to be refused here.
_ALL = " ".join(exp.Select.arg_types) + " " + " ".join(exp.Union.arg_types)

QUERIES: dict[type[exp.Expr], Handler] = {
    exp.Select: handler(_query, _ALL),
    exp.Union: handler(_query, _ALL),
    exp.Intersect: handler(_query, _ALL),
    exp.Except: handler(_query, _ALL),
}
