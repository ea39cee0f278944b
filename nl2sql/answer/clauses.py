"""The clauses of a query as receipt lines: measures, sources, joins, filters, periods, groups, order, limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from nl2sql.answer.base import ReceiptKind, ReceiptLine
from nl2sql.answer.beside import Beside, beside_of
from nl2sql.answer.grains import grain_of
from nl2sql.answer.grammar import listed, pretty
from nl2sql.answer.joins import join_words
from nl2sql.answer.named_filters import find_named
from nl2sql.answer.ordering import given_name, order_and_limit
from nl2sql.answer.periods import merge
from nl2sql.answer.printing import sql_of
from nl2sql.answer.rankings import at_least_one, top_words
from nl2sql.answer.sources import conjuncts
from nl2sql.answer.speech import Speaker
from nl2sql.answer.timing import period_text, time_condition
from nl2sql.answer.words import metric_words

_SAID = {
    *("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct", "qualify"),
    *("with_", "this", "expression", "side", "kind", "by_name", "on"),
}
_ORDER: tuple[ReceiptKind, ...] = (
    "measure", "combine", "source", "join", "filter", "period", "group", "having", "order", "limit", "note",
)  # fmt: skip


def select_lines(query: exp.Expr, speaker: Speaker) -> list[ReceiptLine]:
    """Every clause of a query, in reading order. `speaker` stands in its (first) SELECT."""
    beside = beside_of(query, speaker) if isinstance(query, exp.Select) else None
    over = beside.over if beside is not None else ""
    lines = [_step(cte.this, cte.alias, speaker) for cte in _with(query) if cte.alias != over]
    if isinstance(query, exp.Select):
        lines += clause_lines(query, speaker)
    else:
        lines += _combined(query, speaker) + ending_lines(query, speaker)
    return sorted(lines, key=lambda line: _ORDER.index(line.kind))


def clause_lines(select: exp.Select, speaker: Speaker) -> list[ReceiptLine]:
    """The clauses of one SELECT, with a line of kind "combine" for each derived table in its FROM."""
    speaker = speaker.naming(_names(select, speaker))
    lines = _measures(select, speaker) + _sources(select, speaker) + _where(select, speaker)
    return lines + _groups(select, speaker) + _having(select, speaker) + ending_lines(select, speaker)


def ending_lines(query: exp.Expr, speaker: Speaker) -> list[ReceiptLine]:
    """Order and limit, also of a UNION; and what has no words."""
    return order_and_limit(query, speaker) + _unknown(query, speaker)


def inline(query: exp.Expr, speaker: Speaker) -> str:
    """A query inside another one: its lines, in one."""
    if isinstance(query, exp.Subquery):
        query = query.unnest()
    if not isinstance(query, exp.Query):
        return speaker.as_sql(query)
    first: exp.Expr = query
    while isinstance(first, exp.SetOperation | exp.Subquery):
        first = first.this
    if not isinstance(first, exp.Select):
        return speaker.as_sql(query)
    return "; ".join(line.text for line in select_lines(query, speaker.inside(first)))


def _with(query: exp.Expr) -> list[exp.CTE]:
    with_ = query.args.get("with_")
    return list(with_.expressions) if with_ else []


def _step(query: exp.Expr, name: str, speaker: Speaker) -> ReceiptLine:
    repeats = any(table.name == name for table in query.find_all(exp.Table))
    text = f"step “{pretty(name)}”{' (repeats on its own rows)' if repeats else ''}: {inline(query, speaker)}"
    return ReceiptLine("combine", text, speaker.sql(query))


def _combined(query: exp.Expr, speaker: Speaker) -> list[ReceiptLine]:
    lines = [ReceiptLine("combine", combining_words(query, speaker), type(query).__name__.upper())]
    for number, part in enumerate((query.this, query.expression), start=1):
        lines.append(ReceiptLine("combine", f"part {number}: {inline(part, speaker)}", speaker.sql(part)))
    return lines


def combining_words(query: exp.Expr, speaker: Speaker) -> str:
    """What a UNION, INTERSECT or EXCEPT keeps of its two parts."""
    once = "" if query.args.get("distinct") is False else ", each different row once"
    how: dict[type[exp.Expr], str] = {
        exp.Union: f"the rows of both parts together{once or ', repeated rows kept'}",
        exp.Intersect: f"only rows that are in both parts{once}",
        exp.Except: f"rows of part 1 that are not in part 2{once}",
    }
    return how.get(type(query), f"combined as in {speaker.as_sql(query)}")


def _measures(select: exp.Select, speaker: Speaker) -> list[ReceiptLine]:
    keys = {_same_key(key) for key in group_keys(select)}
    lines, shown = [], []
    for projection in select.expressions:
        inner = projection.unalias()
        if inner.find(exp.AggFunc) or inner.find(exp.Window) or inner.find(exp.Query):
            name = metric_words(projection.alias, speaker) if inner.find(exp.AggFunc) else ""
            name = name or given_name(projection)
            if not name and speaker.scope.outer is not None and not projection.alias.startswith("_col_"):
                name = f"“{pretty(projection.alias)}”"  # the outer query speaks of it by this name
            words = _without(speaker, inner).say(inner)
            text = words if not name or name.strip("“”") == words else f"{name}: {words}"
            lines.append(ReceiptLine("measure", text, speaker.sql(projection)))
        elif _same_key(inner) not in keys:
            shown.append(projection)
    if shown:
        text = f"shows {listed([_shown(each, speaker) for each in shown])}"
        lines.append(ReceiptLine("measure", text, ", ".join(speaker.sql(each) for each in shown)))
    return lines


def _names(select: exp.Select, speaker: Speaker) -> dict[exp.Expr, str]:
    """The metrics and the longer calculations of a SELECT: said once, and called by their names in others."""
    names: dict[exp.Expr, str] = {}
    for projection in select.expressions:
        inner = projection.unalias()
        name = metric_words(projection.alias, speaker) or given_name(projection)
        if name and inner.find(exp.AggFunc) and not inner.find(exp.Query) and not isinstance(inner, exp.Window):
            names[inner] = name
    return names


def _without(speaker: Speaker, node: exp.Expr) -> Speaker:
    """For the line that defines the node itself."""
    return speaker.naming({each: name for each, name in speaker.names.items() if each != node})


def _shown(projection: exp.Expr, speaker: Speaker) -> str:
    words = speaker.say(projection.unalias())
    if isinstance(projection.unalias(), exp.Column | exp.Star) or not projection.alias:
        return words
    return words if pretty(projection.alias) in words else f"{words} (as “{pretty(projection.alias)}”)"


def _side_by_side(select: exp.Select, beside: Beside, speaker: Speaker) -> ReceiptLine:
    steps = listed([f"“{pretty(each)}”" for each in beside.parts])
    fragment = " ".join(speaker.sql(join).strip() for join in select.args.get("joins") or [])
    if not beside.keys:
        return ReceiptLine("join", f"the numbers of the steps {steps} side by side (each has one row)", fragment)
    shown = [key for key in beside.keys if not key.endswith("_id")] or list(beside.keys)
    by = listed([pretty(key) for key in shown])
    text = f"the numbers of the steps {steps} side by side by {by}; what only one of them has is kept"
    return ReceiptLine("join", text, f"{speaker.sql(select.args['from_'])} {fragment}".strip())


def _sources(select: exp.Select, speaker: Speaker) -> list[ReceiptLine]:
    lines = []
    beside = beside_of(select, speaker)
    if beside is not None and all(isinstance(j.this, exp.Table) for j in select.args["joins"]):
        return [_side_by_side(select, beside, speaker)]
    first = speaker.scope.first
    if first is not None:
        from_ = select.args["from_"].this
        if first.table:
            lines.append(ReceiptLine("source", f"from {speaker.plural(first.table)}", speaker.sql(from_)))
        else:
            lines.append(ReceiptLine("source", f"from step “{pretty(first.alias)}”", first.alias))
            lines += _derived(from_, speaker)
    where = _conditions(select)
    for join in select.args.get("joins") or []:
        words = join_words(join, where, speaker)
        fragment = " AND ".join([speaker.sql(join), *(speaker.sql(part) for part in words.used)])
        lines.append(ReceiptLine("join", words.text, fragment))
        lines += _derived(join.this, speaker)
    return lines


def _derived(entry: exp.Expr, speaker: Speaker) -> list[ReceiptLine]:
    return [_step(entry.this, entry.alias_or_name, speaker)] if isinstance(entry, exp.Subquery) else []


def _conditions(select: exp.Select) -> list[exp.Expr]:
    where = select.args.get("where")
    return conjuncts(where.this) if where else []


def _where(select: exp.Select, speaker: Speaker) -> list[ReceiptLine]:
    left = _conditions(select)
    used = {id(part) for join in select.args.get("joins") or [] for part in join_words(join, left, speaker).used}
    lines: list[ReceiptLine] = []
    for named in find_named([part for part in left if id(part) not in used], speaker.scope, speaker.labels):
        used.update(map(id, named.parts))
        source = speaker.scope.find(named.alias)
        noun = speaker.plural(source.table) if source and source.table else "rows"
        lines.append(ReceiptLine("filter", f"only {named.word} {noun}", _joined(named.parts, speaker)))
    times, others = [], []
    for part in left:
        if id(part) not in used:
            found = time_condition(part, speaker)
            (others.append(part) if found is None else times.append(found))
    for part in others:
        lines.append(ReceiptLine("filter", _filter_text(part, speaker), speaker.sql(part)))
    for time in merge(times):
        lines.append(ReceiptLine("period", period_text(time, speaker), _joined(time.nodes, speaker)))
    return lines


def _filter_text(part: exp.Expr, speaker: Speaker) -> str:
    words = speaker.say(part)
    inner = part.this if isinstance(part, exp.Not) else part
    return f"only {words}" if isinstance(inner, exp.Exists) and not words.startswith("there") else words


def _joined(parts: Iterable[exp.Expr], speaker: Speaker) -> str:
    return " AND ".join(speaker.sql(part) for part in parts)


def group_keys(select: exp.Select) -> list[exp.Expr]:
    """What is grouped by; for GROUP BY ALL, every output that is no aggregate."""
    group = select.args.get("group")
    if group is None:
        return []
    if group.args.get("all"):
        return [p.unalias() for p in select.expressions if not p.find(exp.AggFunc) and not p.find(exp.Window)]
    outputs = {each.alias: each.unalias() for each in select.expressions if each.alias}
    return [outputs.get(key.name, key) if _names_an_output(key) else key for key in group.expressions]


def _names_an_output(key: exp.Expr) -> bool:
    return isinstance(key, exp.Column) and not key.table


def _same_key(key: exp.Expr) -> str:
    """Equal for expressions that tell the same groups apart: a weekday's number, and its name."""
    grain = grain_of(key)
    return f"{grain.unit} of {sql_of(grain.of)}" if grain is not None and not grain.is_bucket else sql_of(key)


def _groups(select: exp.Select, speaker: Speaker) -> list[ReceiptLine]:
    lines = []
    group = select.args.get("group")
    outputs = {_same_key(projection.unalias()): projection.alias for projection in select.expressions}
    for key in {_same_key(key): key for key in group_keys(select)}.values():
        alias = outputs.get(_same_key(key))
        is_inner = speaker.scope.outer is not None
        if (alias is None or is_inner) and _only_tells_apart(key, group_keys(select), outputs, speaker):
            continue
        words = group_words(key, speaker)
        if alias is None:
            words += " (not shown)"
        elif pretty(alias).lower() not in words.lower():
            words += f", shown as “{pretty(alias)}”"
        lines.append(ReceiptLine("group", f"by {words}", speaker.sql(key)))
    if group is not None and any(value for name, value in group.args.items() if name not in ("expressions", "all")):
        lines.append(ReceiptLine("group", f"grouped as in {speaker.as_sql(group)}", speaker.sql(group)))
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        on = [speaker.say(each) for each in distinct.args["on"].expressions]
        lines.append(ReceiptLine("group", f"one row for each {listed(on)}", speaker.sql(distinct)))
    elif distinct is not None:
        lines.append(ReceiptLine("group", "each different row once", "DISTINCT"))
    return lines


def _only_tells_apart(key: exp.Expr, keys: list[exp.Expr], shown: Mapping[str, str], speaker: Speaker) -> bool:
    """The primary key of something that is shown by its name: it keeps apart two of the same name."""
    if not isinstance(key, exp.Column):
        return False
    source = speaker.scope.find(key.table)
    primary = speaker.labels.keys.get(source.table, ()) if source is not None and source.table else ()
    if not primary or (key.name.lower(),) != primary[0]:
        return False
    siblings = [k for k in keys if isinstance(k, exp.Column) and k is not key and k.table == key.table]
    return any(sql_of(k) in shown for k in siblings)


def group_words(key: exp.Expr, speaker: Speaker) -> str:
    grain = grain_of(key)
    return f"{grain.unit} ({speaker.say(grain.of)})" if grain else speaker.say(key)


def _having(select: exp.Select, speaker: Speaker) -> list[ReceiptLine]:
    lines = []
    for name, rows in (("having", "groups"), ("qualify", "rows")):
        clause = select.args.get(name)
        for part in conjuncts(clause.this) if clause else []:
            shown = top_words(part, speaker) or at_least_one(part, speaker)
            lines.append(ReceiptLine("having", shown or f"only {rows} where {speaker.say(part)}", speaker.sql(part)))
    return lines


def _unknown(query: exp.Expr, speaker: Speaker) -> list[ReceiptLine]:
    lines = []
    for name, value in query.args.items():
        for each in value if isinstance(value, list) else [value]:
            if name not in _SAID and isinstance(each, exp.Expr):
                fragment = speaker.sql(each).strip()
                lines.append(ReceiptLine("note", f"also, in SQL: `{fragment}`", fragment))
    return lines
