"""Words for joins: which rows they keep, and whether they can multiply them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from nl2sql.answer.aggregates import covers_key
from nl2sql.answer.grammar import article, listed, plural, pretty
from nl2sql.answer.roles import role_of
from nl2sql.answer.sources import Source, conjuncts
from nl2sql.answer.speech import Speaker


@dataclass(frozen=True, slots=True)
class JoinWords:
    """`used` are conditions of WHERE that the join's words already say (the IS NULL of an anti-join)."""

    text: str
    used: tuple[exp.Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ties:
    """Equalities that link two sources, and the conditions beside them."""

    pairs: tuple[tuple[exp.Column, exp.Column], ...]  # (column of the other source, column of the joined one)
    others: tuple[exp.Expr, ...]
    or_itself: bool = False  # COALESCE(s.parent_id, s.id) = c.id: a row without a parent is its own


def join_words(join: exp.Join, where: list[exp.Expr], speaker: Speaker) -> JoinWords:
    source = speaker.scope.sources.get(join.this.alias_or_name)
    known = {"this", "on", "side", "kind", "using"}
    if source is None or any(value and name not in known for name, value in join.args.items()):
        return JoinWords(f"joined by {speaker.as_sql(join)}")
    side, kind = join.side.upper(), join.kind.upper()
    on = join.args.get("on")
    if on is None:
        return JoinWords(_unlinked(join, source, speaker))
    ties = _ties(on, source, speaker)
    missing = _null_checks(source, ties, where) if side == "LEFT" else []
    if missing:
        left, right = _left(ties, source, speaker), _right(ties, source, speaker)
        return JoinWords(f"only {left} without any {right}{_beside(ties, speaker)}", tuple(missing))
    if side not in ("", "LEFT") or kind not in ("", "INNER", "OUTER") or not ties.pairs:
        how = {"RIGHT": "all rows of", "FULL": "all rows of both sides, with"}.get(side, "matched with")
        how = "also rows without one, with" if side == "LEFT" else how
        return JoinWords(f"{how} {_noun(source, speaker)} where {speaker.say(on)}")
    return JoinWords(_linked(side, ties, source, speaker))


def _linked(side: str, ties: _Ties, source: Source, speaker: Speaker) -> str:
    left, right = _left(ties, source, speaker), _right(ties, source, speaker)
    beside = _beside(ties, speaker)
    many = _is_to_many(source, ties, speaker)
    if side == "LEFT":
        tail = ", one row for each" if many else ""
        right = _plural(right) if many else right
        return f"{left} with their {right}{beside}, if any{tail}"
    tail = f", one row for each {right.split(' (')[0]}" if many else ""
    return f"only {left} with {article(right)}{beside}{tail}"


def _plural(noun: str) -> str:
    """bids (as bidder), of bid (as bidder)."""
    head, mark, role = noun.partition(" (")
    return f"{plural(head)}{mark}{role}"


def _is_to_many(source: Source, ties: _Ties, speaker: Speaker) -> bool:
    """Known to be able to match several rows: keys are known, and the equalities cover none of them."""
    keys = speaker.labels.keys.get(source.table)
    if not keys:
        return False
    own = {mine.name.lower() for _, mine in ties.pairs}
    return not any(set(key) <= own for key in keys)


def multiplies(join: exp.Join, speaker: Speaker) -> bool:
    """True only when known from the keys: the join can give several rows for one row before it."""
    source = speaker.scope.sources.get(join.this.alias_or_name)
    if source is None or not speaker.labels.keys.get(source.table) or join.args.get("on") is None:
        return False
    return not covers_key(join.args["on"], source.alias, source.table, speaker)


def _unlinked(join: exp.Join, source: Source, speaker: Speaker) -> str:
    if join.args.get("using"):
        names = listed([each.name for each in join.args["using"]])
        return f"matched with {_noun(source, speaker)} on equal {names}"
    return f"every combination with {_noun(source, speaker)} (limited only by the conditions below)"


def _ties(on: exp.Expr, source: Source, speaker: Speaker) -> _Ties:
    pairs, others = [], []
    for part in conjuncts(on):
        pair = _pair(part, source, speaker)
        if pair is None:
            others.append(part)
        else:
            pairs.append(pair)
    if len({theirs.table for theirs, _ in pairs}) > 1:  # tied to two sources: no short form is exact
        return _Ties((), tuple(conjuncts(on)))
    itself = any(isinstance(side, exp.Coalesce) for p in conjuncts(on) for side in (p.this, p.expression) if side)
    return _Ties(tuple(pairs), tuple(others), itself and bool(pairs))


def _pair(part: exp.Expr, source: Source, speaker: Speaker) -> tuple[exp.Column, exp.Column] | None:
    if not isinstance(part, exp.EQ):
        return None
    left, right = _parent_or_itself(part.this), _parent_or_itself(part.expression)
    if not isinstance(left, exp.Column) or not isinstance(right, exp.Column):
        return None
    if left.table == source.alias:
        left, right = right, left
    is_link = right.table == source.alias and left.table != source.alias and left.table in speaker.scope.sources
    return (left, right) if is_link else None


def _parent_or_itself(side: exp.Expr) -> exp.Expr:
    """`COALESCE(s.parent_id, s.id)` as its first column: the words "or itself" say the rest."""
    if isinstance(side, exp.Coalesce) and isinstance(side.this, exp.Column) and len(side.expressions) == 1:
        other = side.expressions[0]
        if isinstance(other, exp.Column) and other.table == side.this.table and other.name.lower() == "id":
            return side.this
    return side


def _null_checks(source: Source, ties: _Ties, where: list[exp.Expr]) -> list[exp.Expr]:
    """`x.col IS NULL` on a column that the join equates: only rows without a match pass."""
    equated = {mine.name for _, mine in ties.pairs}
    return [
        part
        for part in where
        if isinstance(part, exp.Is)
        and isinstance(part.expression, exp.Null)
        and isinstance(part.this, exp.Column)
        and part.this.table == source.alias
        and (part.this.name in equated or part.this.name.lower() == "id")
    ]


def _noun(source: Source, speaker: Speaker) -> str:
    if not source.table:
        return f"step “{pretty(source.alias)}”"
    return speaker.noun(source, many=True)


def _left(ties: _Ties, source: Source, speaker: Speaker) -> str:
    alias = ties.pairs[0][0].table if ties.pairs else ""
    found = speaker.scope.sources.get(alias) or speaker.scope.first
    return _noun(found or source, speaker)


def _right(ties: _Ties, source: Source, speaker: Speaker) -> str:
    """ "category", "user (as seller)", "bid (as bidder)", or with the columns where no ID links the two."""
    noun = speaker.singular(source.table) if source.table else f"row in step “{pretty(source.alias)}”"
    name = noun
    notes = []
    for theirs, mine in ties.pairs:
        names = (theirs.name.lower(), mine.name.lower())
        if not all(n.endswith("id") for n in names) or ("id" not in names and names[0] != names[1]):
            notes.append(f"where {speaker.say(theirs)} is {speaker.say(mine)}")
            continue
        role = role_of(theirs, speaker) if names[1] == "id" else role_of(mine, speaker)
        theirs_source = speaker.scope.sources[theirs.table]
        nouns = {noun, speaker.singular(theirs_source.table) if theirs_source.table else ""}
        if role.endswith(f" {noun}") and not ties.or_itself:
            name = role  # "parent category" rather than "category (as parent category)"
        elif role and role not in nouns:
            itself = ", or itself when it has none" if ties.or_itself else ""
            notes.append(f"as {role}{itself}")
    return f"{name} ({', '.join(notes)})" if notes else name


def _beside(ties: _Ties, speaker: Speaker) -> str:
    return f" where {listed([speaker.say(each) for each in ties.others])}" if ties.others else ""
