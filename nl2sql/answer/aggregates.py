"""Words for aggregates: sums, averages and counts, and what each row that is counted stands for."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.grammar import listed, plural
from nl2sql.answer.named_filters import NamedCondition, find_named
from nl2sql.answer.sources import Source, conjuncts
from nl2sql.answer.speech import Handler, Speaker, handler


def _of(words: str) -> Handler:
    return handler(lambda node, speaker: f"{words} {speaker.say(node.this)}")


def _sum_like(word: str) -> Handler:
    def say(node: exp.Expr, speaker: Speaker) -> str:
        value, condition = counting(node.this)
        if condition is None:
            return f"{word} of {speaker.say(value)}"
        if isinstance(node, exp.Sum) and value.name in ("1", "1.0"):
            return _number_of_those(condition, speaker)
        if isinstance(node, exp.Avg) and value.name in ("1", "1.0"):
            return f"share of {rows_noun(speaker, '').strip()} where {speaker.say(condition)}"
        return f"{word} of {speaker.say(value)}, {_counting_only(condition, speaker)}"

    return handler(say)


def _counting_only(condition: exp.Expr, speaker: Speaker) -> str:
    """ "counting only sold listings", or the condition in words."""
    named = named_whole(condition, speaker)
    source = speaker.scope.find(named.alias) if named else None
    if named and source and source.table:
        return f"counting only {named.word} {speaker.plural(source.table)}"
    return f"counting only rows where {speaker.say(condition)}"


def _number_of_those(condition: exp.Expr, speaker: Speaker) -> str:
    named = named_whole(condition, speaker)
    entity = row_entity(speaker)
    if named and entity is not None and named.alias == entity.alias:
        return f"number of {named.word} {speaker.plural(entity.table)}"
    return f"{rows_noun(speaker, 'number of')} {_counting_only(condition, speaker)}".replace("only rows", "only those")


def named_whole(condition: exp.Expr, speaker: Speaker) -> NamedCondition | None:
    """The model's adjective that says the whole condition, if one does."""
    parts = conjuncts(condition)
    for named in find_named(parts, speaker.scope, speaker.labels):
        if len(named.parts) == len(parts):
            return named
    return None


def counting(node: exp.Expr) -> tuple[exp.Expr, exp.Expr | None]:
    """`CASE WHEN c THEN v [ELSE 0 or NULL] END` as (v, c); anything else as (node, None)."""
    inner = node.unnest()
    if isinstance(inner, exp.Case) and len(inner.args["ifs"]) == 1 and inner.this is None:
        branch, default = inner.args["ifs"][0], inner.args.get("default")
    elif isinstance(inner, exp.If):
        branch, default = inner, inner.args.get("false")
    elif isinstance(inner, exp.Predicate | exp.Not) and not isinstance(inner, exp.SubqueryPredicate):
        return exp.Literal.number(1), inner
    else:
        return inner, None
    is_avg_of_values = isinstance(node.parent, exp.Avg) and branch.args["true"].name not in ("1", "1.0")
    if default is None or isinstance(default, exp.Null):
        if isinstance(node.parent, exp.Avg) and not is_avg_of_values:
            return inner, None
        return branch.args["true"], branch.this
    is_zero = isinstance(default, exp.Literal) and default.name in ("0", "0.0")
    if not is_zero or is_avg_of_values or not isinstance(node.parent, exp.Sum | exp.Avg):
        return inner, None
    return branch.args["true"], branch.this


def rows_noun(speaker: Speaker, before: str) -> str:
    """ "number of bids" when one row is one bid for certain, else "number of rows"."""
    entity = row_entity(speaker)
    return f"{before} {speaker.plural(entity.table) if entity else 'rows'}"


def row_entity(speaker: Speaker, *, ignoring_unmatched: bool = False) -> Source | None:
    """What one row stands for: the first table, unless a join is known to give one row for each row of another.

    None when the keys do not tell. `ignoring_unmatched` reads a LEFT JOIN as if every row had a match.
    """
    entity = speaker.scope.first
    for join in speaker.scope.select.args.get("joins") or []:
        source = speaker.scope.sources.get(join.this.alias_or_name)
        on = join.args.get("on")
        if source is None or entity is None or join.side not in ("", "LEFT") or join.kind not in ("", "INNER", "OUTER"):
            return None
        if covers_key(on, source.alias, source.table, speaker):
            continue
        is_outer = join.side == "LEFT" and not ignoring_unmatched
        if is_outer or not covers_key(on, entity.alias, entity.table, speaker):
            return None
        entity = source
    return entity if entity and entity.table else None


def covers_key(on: exp.Expr | None, alias: str, table: str, speaker: Speaker) -> bool:
    equal = set()
    for part in conjuncts(on):
        if isinstance(part, exp.EQ):
            for side, other in ((part.this, part.expression), (part.expression, part.this)):
                is_own = isinstance(side, exp.Column) and side.table == alias
                if is_own and all(c.table != alias for c in other.find_all(exp.Column)):
                    equal.add(side.name.lower())
    keys = speaker.labels.keys.get(table, ()) if table else _keys_of_step(alias, speaker)
    return any(set(key) <= equal for key in keys)


def _keys_of_step(alias: str, speaker: Speaker) -> tuple[tuple[str, ...], ...]:
    """What an inner query has one row for each of: all that it is grouped by, when it shows all of that."""
    source = speaker.scope.find(alias)
    query = source.query if source is not None else None
    group = query.args.get("group") if isinstance(query, exp.Select) else None
    if (
        group is None
        or not isinstance(query, exp.Select)
        or any(v for k, v in group.args.items() if k != "expressions")
    ):
        return ()
    names = {each.unalias().sql(): each.alias_or_name.lower() for each in query.selects}
    shown = [names.get(key.sql(), "") for key in group.expressions]
    return (tuple(shown),) if shown and all(shown) else ()


def _count(node: exp.Count, speaker: Speaker) -> str:
    inside = node.this
    if isinstance(inside, exp.Distinct):
        return _count_distinct(inside, speaker)
    if inside is None or isinstance(inside, exp.Star | exp.Literal):
        return rows_noun(speaker, "number of")
    value, condition = counting(inside)
    if condition is not None:
        filled = "" if isinstance(value, exp.Literal) else f" with {speaker.say(value)} filled in"
        return f"{_number_of_those(condition, speaker)}{filled}"
    if isinstance(value, exp.Column) and _is_key(value, speaker):
        entity = row_entity(speaker, ignoring_unmatched=True)
        if entity is not None and entity.alias == value.table:
            return f"number of {speaker.plural(entity.table)}"
    return f"{rows_noun(speaker, 'number of')} with {speaker.say(value)} filled in"


def _count_distinct(node: exp.Distinct, speaker: Speaker) -> str:
    if node.args.get("on") or len(node.expressions) != 1:
        return f"number of different combinations of {listed([speaker.say(e) for e in node.expressions])}"
    value, condition = counting(node.expressions[0])
    where = f", {_counting_only(condition, speaker)}" if condition is not None else ""
    if isinstance(value, exp.Column):
        table = speaker.scope.table_of(value)
        noun = speaker.plural(table) if table and _is_key(value, speaker) else plural(without_id(speaker.say(value)))
        return f"number of different {noun}{where}"
    return f"number of different values of {speaker.say(value)}{where}"


def without_id(words: str) -> str:
    return words.removesuffix(" ID").removesuffix(" id")


def _is_key(column: exp.Column, speaker: Speaker) -> bool:
    keys = speaker.labels.keys.get(speaker.scope.table_of(column), (("id",),))
    return (column.name.lower(),) in keys


def _filtered(node: exp.Filter, speaker: Speaker) -> str:
    condition = node.expression.this
    counted = node.this
    if isinstance(counted, exp.Count) and (counted.this is None or isinstance(counted.this, exp.Star | exp.Literal)):
        return _number_of_those(condition, speaker)
    return f"{speaker.say(counted)}, {_counting_only(condition, speaker)}"


AGGREGATES: dict[type[exp.Expr], Handler] = {
    exp.Sum: _sum_like("sum"),
    exp.Avg: _sum_like("average"),
    exp.Min: _sum_like("lowest"),
    exp.Max: _sum_like("highest"),
    exp.Median: _of("median of"),
    exp.Count: handler(_count, "this big_int"),
    exp.CountIf: handler(lambda node, speaker: _number_of_those(node.this, speaker), "this big_int"),
    exp.Distinct: handler(lambda n, s: f"different {listed([s.say(e) for e in n.expressions])}", "expressions"),
    exp.ApproxDistinct: _of("about how many different values of"),
    exp.GroupConcat: _of("list of"),
    exp.Filter: handler(_filtered, "this expression"),
}
