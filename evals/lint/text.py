"""Rules that read a case and the text of its golds; they run nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from evals.lint.base import Problem, Rule, Statement, Subject, error, warning
from evals.lint.statement import (
    clock_calls,
    is_limited,
    order_keys,
    outer_select,
    random_calls,
    shown_as,
    unordered_limits,
)
from nl2sql.errors import QuestionInvalid
from nl2sql.question import Question


def askable_questions(subject: Subject) -> Iterator[Problem]:
    case = subject.case
    for key, text in (("question", case.question), *(("turns", each) for each in case.turns)):
        try:
            Question.parse(text)
        except QuestionInvalid as problem:
            yield warning("question_refused", f"the product refuses to read it: {problem.user_message}", key)


def readable_statements(subject: Subject) -> Iterator[Problem]:
    for statement in subject.statements:
        if statement.tree is None:
            yield warning("unread", f"this is no {statement.dialect} that can be read, so its text is not examined.")
        elif not isinstance(statement.tree, exp.Query):
            yield error("no_query", "a gold reads: it must be a SELECT.")


def chance(subject: Subject) -> Iterator[Problem]:
    for tree in _trees(subject):
        for name in random_calls(tree):
            yield error("random", f"{name}() gives another result each time.")


def clock(subject: Subject) -> Iterator[Problem]:
    """With an as-of day, the harness puts it in the place of today."""
    if subject.case.as_of or subject.suite.as_of:
        return
    for statement in subject.statements:
        for name in clock_calls(statement.tree, statement.dialect) if statement.tree else ():
            yield error("clock", f"{name} gives another result tomorrow; say “as_of” on the suite or the case.")


def unordered_cuts(subject: Subject) -> Iterator[Problem]:
    for tree in _trees(subject):
        if next(unordered_limits(tree), None) is not None:
            yield error("limit_without_order", "a LIMIT without ORDER BY keeps any rows that the database likes.")


def unordered_texts(subject: Subject) -> Iterator[Problem]:
    for tree in _trees(subject):
        if any(not each.find(exp.Order) for each in tree.find_all(exp.GroupConcat)):
            yield warning("text_without_order", "texts are put together in any order that the database likes.")


def required_columns(subject: Subject) -> Iterator[Problem]:
    for statement in subject.statements:
        outputs = [name.lower() for name in statement.outputs or ()]
        for name in statement.required if outputs else ():
            if name.lower() not in outputs:
                known = ", ".join(statement.outputs or ())
                yield error("no_such_column", f"the gold has no column “{name}”; it has {known}.", "required_columns")
            elif outputs.count(name.lower()) > 1:
                yield error("two_such_columns", f"two columns of the gold are called “{name}”.", "required_columns")


def agreeing_golds(subject: Subject) -> Iterator[Problem]:
    counts = [len(each.required or each.outputs or ()) for each in subject.statements]
    known = sorted({count for count in counts if count})
    if len(known) > 1:
        numbers = " and ".join(map(str, known))
        yield warning("golds_disagree", f"accepted golds require {numbers} columns; see that each is answer enough.")


def declared_order(subject: Subject) -> Iterator[Problem]:
    wanted = subject.case.order_by
    for statement in subject.statements if wanted else ():
        if statement.tree is None:
            continue
        outputs = [name.lower() for name in statement.outputs or ()]
        unknown = [name for name in wanted if wanted != ("gold",) and outputs and name.lower() not in outputs]
        if unknown:
            yield error("no_such_order", f"the gold has no column “{unknown[0]}” to order by.", "order_by")
        keys = order_keys(statement.tree)
        if not keys:
            yield error("no_order", "an order is declared, but the gold has no ORDER BY.", "order_by")
        elif wanted == ("gold",) and not _is_required(keys[0], statement):
            yield warning(
                "order_not_shown",
                "the gold is ordered by what no required column shows, so that no answer needs to show it either.",
                "order_by",
            )


def cut_without_order(subject: Subject) -> Iterator[Problem]:
    """A top ten as a bag is right where the question wants a set; mostly, it wants a list."""
    if subject.case.order_by:
        return
    for tree in _trees(subject):
        if is_limited(tree) and order_keys(tree) and not _keeps_one(tree):
            yield warning(
                "order_not_asked", "the gold cuts an ordered list; if its order was asked for, say “order_by”."
            )
            return


TEXT_RULES: Final[tuple[Rule, ...]] = (
    askable_questions,
    readable_statements,
    chance,
    clock,
    unordered_cuts,
    unordered_texts,
    required_columns,
    agreeing_golds,
    declared_order,
    cut_without_order,
)


def _trees(subject: Subject) -> Iterator[exp.Expr]:
    yield from (each.tree for each in subject.statements if each.tree is not None)


def _is_required(key: exp.Expr, statement: Statement) -> bool:
    """True where it cannot be told."""
    tree = statement.tree
    select = outer_select(tree) if tree is not None else None
    if tree is None or select is None or any(isinstance(each.unalias(), exp.Star) for each in select.expressions):
        return True
    name = shown_as(key, tree)
    required = [each.lower() for each in statement.required]
    return bool(name) and (not required or name.lower() in required)


def _keeps_one(tree: exp.Expr) -> bool:
    limit = tree.args.get("limit") or tree.args.get("fetch")
    count = limit.args.get("expression") or limit.args.get("count") if isinstance(limit, exp.Expr) else None
    return isinstance(count, exp.Literal) and count.name == "1"
