"""Words for rows that exist, or do not, in another table: EXISTS, and key IN (… GROUP BY … HAVING COUNT(*) …)."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.grammar import listed, plural, singular
from nl2sql.answer.joins import join_words
from nl2sql.answer.named_filters import find_named
from nl2sql.answer.periods import merge
from nl2sql.answer.roles import role_of
from nl2sql.answer.sources import Scope, conjuncts
from nl2sql.answer.speech import Speaker
from nl2sql.answer.timing import period_text, time_condition

_PLAIN = {"expressions", "from_", "joins", "where", "limit", "distinct"}
_COUNTS: dict[type[exp.Expr], str] = {
    exp.GTE: "at least {}",
    exp.GT: "more than {}",
    exp.LTE: "at most {}",
    exp.LT: "fewer than {}",
    exp.EQ: "exactly {}",
}


def exists_words(node: exp.Exists, speaker: Speaker, word: str) -> str:
    """ "users without any bid": for a plain inner SELECT, tied to the outer row by equal columns."""
    inner = node.this.unnest()
    outer = _outer_noun(inner, speaker)
    if not isinstance(inner, exp.Select) or any(v and k not in _PLAIN for k, v in inner.args.items()) or not outer:
        return f"{_yes_or_no(word)} a row in: {speaker.say(inner)}"
    inside = speaker.inside(inner)
    source = inside.scope.first
    if source is None or not source.table:
        return f"{_yes_or_no(word)} a row in: {speaker.say(inner)}"
    where = inner.args.get("where")
    others, roles = [], []
    for part in conjuncts(where.this if where else None):
        role = _tie(part, inside)
        if role is None:
            others.append(part)
        else:
            roles.append(role)
    return f"{outer} {word} {_described(inner, inside, others, roles, singular(outer), many=False)}"


def counted_words(node: exp.In, speaker: Speaker, *, negated: bool) -> str:
    """ "users with at least 2 sold listings (as highest bidder)", "users without any bid (as bidder)".

    Empty when the inner query is of another shape.
    """
    query = node.args.get("query")
    inner = query.unnest() if isinstance(query, exp.Expr) else None
    outer = speaker.scope.find(node.this.table) if isinstance(node.this, exp.Column) else None
    if not isinstance(inner, exp.Select) or outer is None or not outer.table:
        return ""
    if any(v and k not in {*_PLAIN, "group", "having"} for k, v in inner.args.items()):
        return ""
    inside = speaker.inside(inner)
    is_counted = bool(inner.args.get("group") or inner.args.get("having"))
    key = _grouped_key(inner) if is_counted else _only_column(inner)
    number = _count_bound(inner) if is_counted else "any" if negated else "at least one"
    if key is None or not number or inside.scope.first is None or not inside.scope.first.table:
        return ""
    if not is_counted and not _leads_to(key, outer.table, inside):
        return ""
    where = inner.args.get("where")
    parts = conjuncts(where.this if where else None)
    others = [p for p in parts if not _is_not_null(p, key)]
    if negated and len(others) == len(parts):
        return ""  # NOT IN over a list with an empty value in it holds for no row: that is not "without any"
    word = "without" if negated else "with"
    described = _described(
        inner, inside, others, [role_of(key, inside)], speaker.singular(outer.table), many=is_counted
    )
    return f"{speaker.plural(outer.table)} {word} {number} {described}"


def nested(node: exp.Expr, speaker: Speaker) -> str:
    node = node.unnest()
    words = speaker.say(node)
    return f"({words})" if isinstance(node, exp.Connector) or " or " in words else words


def _described(
    inner: exp.Select, inside: Speaker, parts: list[exp.Expr], roles: list[str], outer: str, *, many: bool
) -> str:
    """The inner table's noun with its adjectives, its role, and whatever else must hold."""
    source = inside.scope.first
    noun = inside.singular(source.table) if source is not None else "row"
    named = [n for n in find_named(parts, inside.scope, inside.labels) if source and n.alias == source.alias]
    used = {id(part) for n in named for part in n.parts}
    left = [part for part in parts if id(part) not in used]
    times = merge([t for part in left if (t := time_condition(part, inside))])
    used |= {id(node) for time in times for node in time.nodes}
    said = [nested(part, inside) for part in left if id(part) not in used]
    said += [period_text(time, inside) for time in times]
    said += [join_words(join, parts, inside).text for join in inner.args.get("joins") or []]
    adjectives = "".join(f"{n.word} " for n in named)
    as_role = "".join(f" (as {role})" for role in roles if role and role not in (noun, outer))
    condition = f" where {listed(said)}" if said else ""
    return f"{adjectives}{plural(noun) if many else noun}{as_role}{condition}"


def _only_column(inner: exp.Select) -> exp.Column | None:
    shown = [p.unalias() for p in inner.expressions]
    return shown[0] if len(shown) == 1 and isinstance(shown[0], exp.Column) else None


def _leads_to(key: exp.Column, outer: str, inside: Speaker) -> bool:
    """A foreign key of the inner table, so that a row there belongs to a row outside; a plain value list is not."""
    source = inside.scope.find(key.table)
    is_foreign = key.name.lower().endswith("_id")
    return source is not None and source.alias == key.table and is_foreign and source.table != outer


def _grouped_key(inner: exp.Select) -> exp.Column | None:
    """The one column that is both selected and grouped by."""
    group = inner.args.get("group")
    if group is None or any(v for k, v in group.args.items() if k != "expressions"):
        return None
    keys, shown = group.expressions, [p.unalias() for p in inner.expressions]
    is_one = len(keys) == 1 and len(shown) == 1 and isinstance(keys[0], exp.Column) and keys[0] == shown[0]
    return keys[0] if is_one else None


def _count_bound(inner: exp.Select) -> str:
    having = inner.args.get("having")
    bound = having.this.unnest() if having is not None else None
    if not isinstance(bound, exp.Binary) or type(bound) not in _COUNTS:
        return ""
    number = bound.expression
    counts_rows = isinstance(bound.this, exp.Count) and isinstance(bound.this.this, exp.Star)
    if not counts_rows or not isinstance(number, exp.Literal) or not number.is_int:
        return ""
    return _COUNTS[type(bound)].format(number.name)


def _is_not_null(part: exp.Expr, key: exp.Column) -> bool:
    inner = part.this.unnest() if isinstance(part, exp.Not) else None
    return isinstance(inner, exp.Is) and inner.this == key and isinstance(inner.expression, exp.Null)


def _yes_or_no(word: str) -> str:
    return "there is not" if word.startswith("without") else "there is"


def _outer_noun(inner: exp.Expr, speaker: Speaker) -> str:
    """The table that the inner query's outside columns belong to."""
    own = Scope(inner).sources if isinstance(inner, exp.Select) else {}
    outside = {c.table for c in inner.find_all(exp.Column) if c.table in speaker.scope.sources and c.table not in own}
    if len(outside) != 1:
        return ""
    source = speaker.scope.find(outside.pop())
    return speaker.plural(source.table) if source and source.table else ""


def _tie(part: exp.Expr, inside: Speaker) -> str | None:
    """The role ("bidder") of an equality that ties the inner row to the outer one; None for any other condition."""
    if not isinstance(part, exp.EQ) or not isinstance(part.this, exp.Column):
        return None
    if not isinstance(part.expression, exp.Column):
        return None
    mine = [c for c in (part.this, part.expression) if c.table in inside.scope.sources]
    if len(mine) != 1:
        return None
    theirs = part.expression if mine[0] is part.this else part.this
    if not theirs.name.lower().endswith("id") or not mine[0].name.lower().endswith("id"):
        return None
    return role_of(mine[0], inside)
