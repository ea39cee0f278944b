"""Conditions on rows, as SQL. Whatever lies on a many side is asked with EXISTS or IN, never joined."""

from __future__ import annotations

import re
from typing import Final

from sqlglot import exp

from nl2sql.catalog.model import DataType, Relationship
from nl2sql.plan.base import (
    Against,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    During,
    Exists,
    FieldRef,
    Named,
    Negation,
    RoleHolds,
    Under,
)
from nl2sql.plan.compile.aggregates import split_condition
from nl2sql.plan.compile.matching import TEXT_OPERATORS, matching
from nl2sql.plan.compile.values import Values, Way, way_of
from nl2sql.plan.errors import PlanInvalid

COMPARE: Final[dict[str, type[exp.Binary]]] = {
    "=": exp.EQ, "<>": exp.NEQ, ">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE,
}  # fmt: skip
# A count that may be 0 is the opposite of one that may not.
_OPPOSITE: Final = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?\Z")
# Levels of a tree that `Under` looks through, the named row's own being the first: no statement may recurse, and each
# further level is a join. Trees of things people sort by hand are flatter.
MAX_LEVELS: Final = 8


def literal(value: str, *, number: bool) -> exp.Expr:
    """SQLite keeps texts in columns of numbers, and a number is printed as it stands: only plain ones are."""
    return exp.Literal.number(value) if number and PLAIN_NUMBER.match(value) else exp.Literal.string(value)


def is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=value, expression=exp.Null())


def is_not_null(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=is_null(value))


class Rows(Values):
    """Rows of a base dataset that satisfy conditions."""

    def _conditions(self, conditions: tuple[Condition, ...]) -> None:
        for condition in conditions:
            self._require(self._condition(condition))

    def _condition(self, condition: Condition) -> exp.Expr:
        match condition:
            case Comparison():
                return self._comparison(condition)
            case Against():
                return self._against(condition)
            case Named():
                dataset = self.model.dataset(condition.dataset)
                text = next(f.expression for f in dataset.filters if f.name == condition.filter)
                found = self.expressions.predicate(text, {condition.dataset: self._at(condition.path)})
                return exp.Not(this=exp.paren(found)) if condition.negated else found
            case RoleHolds():
                relationship = self.graph.relationships[condition.relationship]
                text = (condition.member and relationship.membership) or relationship.condition
                if not text:
                    return exp.true()
                return self.expressions.predicate(text, {condition.dataset: self._at(condition.path)})
            case During():
                return self._during(condition)
            case Under():
                return self._under(condition)
            case Exists():
                return self._exists(condition)
            case _:
                return self._combined(condition)

    def _combined(self, condition: AnyOf | AllOf | Negation) -> exp.Expr:
        match condition:
            case AllOf():
                return exp.and_(*(self._condition(each) for each in condition.conditions), copy=False)
            case AnyOf(conditions=(only,)):
                return self._condition(only)
            case AnyOf():
                with self._keeping_rows():
                    return exp.or_(*(self._condition(each) for each in condition.conditions), copy=False)
            case Negation():
                with self._keeping_rows():
                    found = self._condition(condition.condition)
                if isinstance(found, exp.Not):
                    found = exp.paren(found, copy=False)
                if isinstance(found, exp.Exists):
                    return exp.Not(this=found)
                return exp.Not(this=exp.Coalesce(this=found, expressions=[exp.false()]))

    def _comparison(self, comparison: Comparison) -> exp.Expr:
        whole = self._value(comparison.field)
        if comparison.operator == "is null":
            return is_null(whole)
        condition, value = split_condition(whole)
        found = self._compared(comparison, value)
        return exp.and_(condition, found, copy=False) if condition is not None else found

    def _compared(self, comparison: Comparison, value: exp.Expr) -> exp.Expr:
        if comparison.operator == "is not null":
            return is_not_null(value)
        if not comparison.values:
            raise PlanInvalid("I could not tell what to compare with.")
        if comparison.operator in TEXT_OPERATORS:
            self._refuse_no_text(comparison)
            return matching(value, comparison.operator, comparison.values[0], self.dialect)
        number = self._is_number(comparison.field)
        literals = [literal(v, number=number) for v in comparison.values]
        if comparison.operator == "in":
            return exp.In(this=value, expressions=literals)
        if comparison.operator == "not in":
            return exp.Not(this=exp.In(this=value, expressions=literals))
        return COMPARE[comparison.operator](this=value, expression=literals[0])

    def _refuse_no_text(self, comparison: Comparison) -> None:
        ref = comparison.field
        if isinstance(ref, FieldRef):
            field = self.model.dataset(ref.dataset).field(ref.field)
            if field.datatype in (DataType.STRING, DataType.OPAQUE):
                return
            raise PlanInvalid(f"“{field.label or field.name.replace('_', ' ')}” is not a text that I could search in.")
        raise PlanInvalid("I can search in texts only.")

    def _against(self, against: Against) -> exp.Expr:
        (first, left), (second, right) = (split_condition(self._value(v)) for v in (against.left, against.right))
        if against.factor != 1:
            right = exp.Mul(this=exp.Literal.number(f"{against.factor:f}"), expression=exp.paren(right))
        found: exp.Expr = COMPARE[against.operator](this=left, expression=right)
        conditions = [c for c in (first, second) if c is not None]
        return exp.and_(*dict.fromkeys(conditions), found, copy=False) if conditions else found

    def _during(self, during: During) -> exp.Expr:
        value = self._field(during.field)
        bounds: list[exp.Expr] = []
        if during.period.start:
            bounds.append(exp.GTE(this=value.copy(), expression=exp.Literal.string(during.period.start.isoformat())))
        if during.period.end:
            bounds.append(exp.LT(this=value.copy(), expression=exp.Literal.string(during.period.end.isoformat())))
        return exp.and_(*bounds, copy=False) if bounds else exp.true()

    # -- trees -------------------------------------------------------------------------------------------------------

    def _under(self, under: Under) -> exp.Expr:
        """key IN (SELECT key … WHERE value IN (its own name, its parent's, its grandparent's …))."""
        dataset, up = self.model.dataset(under.dataset), self.graph.relationships[under.relationship]
        if len(dataset.primary_key) != 1 or (up.source, up.target) != (under.dataset, under.dataset):
            raise PlanInvalid(f"I cannot tell what lies below what among the {dataset.label or dataset.name}.")
        tree = Rows(self.statement, under.dataset, self.taken)
        names: list[exp.Expr] = []
        with tree._keeping_rows():
            for level in range(MAX_LEVELS):
                names.append(tree._field(FieldRef((up.name,) * level, under.dataset, under.field)))
        is_number = dataset.field(under.field).datatype.is_number
        tree.where.append(exp.In(this=literal(under.value, number=is_number), expressions=names))
        (key,) = dataset.primary_key
        inner = tree.select([exp.column(key, tree.aliases[()])])
        return exp.In(this=exp.column(key, self._at(under.path)), query=exp.Subquery(this=inner))

    # -- related rows ------------------------------------------------------------------------------------------------

    def _exists(self, exists: Exists) -> exp.Expr:
        way = way_of(exists.path)
        operator: str = exists.operator
        count, negated = exists.count, exists.negated
        if operator not in COMPARE:
            raise PlanInvalid("I could not tell how many there should be.")
        if _admits_zero(operator, count):
            operator, negated = _OPPOSITE[operator], not negated
        asks_any = (operator, count) in ((">=", 1), (">", 0), ("<>", 0))
        if not asks_any and _never(operator, count):
            return exp.true() if negated else exp.false()
        found = self._any_of(exists, way) if asks_any else self._counted(exists, way, operator, count)
        return exp.Not(this=found) if negated else found

    def _any_of(self, exists: Exists, way: Way) -> exp.Expr:
        """SQLite runs an EXISTS once for every outer row, and may then search by the wrong condition; a list of keys
        is made once. The planners of servers turn both into the same join."""
        last = self.graph.relationships[way.back[0]]
        inner, many = self._many_side(way, exists.conditions, tuple(self.taken))
        if self.dialect == "sqlite" and exists.conditions and len(last.source_columns) == 1:
            return self._among(inner, last, many, way)
        head = self._at(way.head)
        for source, target in zip(last.source_columns, last.target_columns, strict=True):
            inner._require(exp.EQ(this=exp.column(source, many), expression=exp.column(target, head)))
        return exp.Exists(this=inner.select([exp.Literal.number(1)]))

    def _counted(self, exists: Exists, way: Way, operator: str, count: int) -> exp.Expr:
        inner, many = self._many_side(way, exists.conditions, tuple(self.taken))
        bound = COMPARE[operator](this=exp.Count(this=exp.Star()), expression=exp.Literal.number(str(count)))
        return self._among(inner, self.graph.relationships[way.back[0]], many, way, bound)

    def _among(self, inner: Rows, last: Relationship, many: str, way: Way, bound: exp.Expr | None = None) -> exp.Expr:
        """key IN (SELECT foreign key … [GROUP BY it HAVING COUNT(*) …]): the many side is read once."""
        if len(last.source_columns) != 1:
            raise PlanInvalid("I cannot count over a key of several columns yet.")
        key = exp.column(last.source_columns[0], many)
        inner._require(is_not_null(key.copy()))
        query = inner.select([key.copy()])
        if bound is not None:
            query.set("group", exp.Group(expressions=[key.copy()]))
            query.set("having", exp.Having(this=bound))
        return exp.In(this=exp.column(last.target_columns[0], self._at(way.head)), query=exp.Subquery(this=query))


def _admits_zero(operator: str, count: int) -> bool:
    return {
        "=": count == 0, "<>": count != 0, ">": count < 0, ">=": count <= 0, "<": count > 0, "<=": count >= 0,
    }[operator]  # fmt: skip


def _never(operator: str, count: int) -> bool:
    """No count is like that."""
    return {"<": count <= 0, "<=": count < 0, "=": count < 0}.get(operator, False)
