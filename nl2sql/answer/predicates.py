"""Words for conditions: comparisons, lists, patterns, AND/OR/NOT, EXISTS, and inner queries in them."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from nl2sql.answer.constants import amount, stored
from nl2sql.answer.existence import counted_words, exists_words, nested
from nl2sql.answer.grammar import listed
from nl2sql.answer.periods import merge, read_moment
from nl2sql.answer.sources import conjuncts
from nl2sql.answer.speech import Handler, Speaker, handler
from nl2sql.answer.timing import CLOCKS, period_text, time_condition
from nl2sql.answer.words import is_false_when_unknown

_COMPARISONS: dict[type[exp.Expr], tuple[str, str]] = {
    exp.EQ: ("is", "is"),
    exp.NEQ: ("is not", "is not"),
    exp.GT: ("is more than", "is after"),
    exp.GTE: ("is at least", "is at or after"),
    exp.LT: ("is less than", "is before"),
    exp.LTE: ("is at most", "is at or before"),
    exp.NullSafeEQ: ("is (or both are empty)", "is (or both are empty)"),
    exp.NullSafeNEQ: ("is different from", "is different from"),
}
# In a pattern, signs that the escape makes ordinary: letters of no language, until the pattern is read.
_STANDS_FOR_ITSELF = {"%": "\ue000", "_": "\ue001", "\\": "\ue002"}
_FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE}


def _comparison(node: exp.Expr, speaker: Speaker) -> str:
    found = time_condition(node, speaker)
    if found is not None:
        return period_text(found, speaker)
    contains = _contains(node, speaker)
    if contains:
        return contains
    kind, left, right = type(node), node.this, node.expression
    if isinstance(left, exp.Literal) and not isinstance(right, exp.Literal):
        kind, left, right = _FLIPPED.get(kind, kind), right, left
    moments = [read_moment(side) for side in (left, right)]
    is_time = any(moments) or any(right.find_all(*CLOCKS)) or any(left.find_all(*CLOCKS))
    # A bare date beside a column of moments is midnight: said, because "at or before 31 December" sounds like the day.
    midnight = ", 00:00" if moments[1] and moments[1].is_day and kind in (exp.LTE, exp.GT) else ""
    return f"{speaker.say(left)} {_COMPARISONS[kind][is_time]} {_other_side(left, right, speaker)}{midnight}"


def _other_side(left: exp.Expr, right: exp.Expr, speaker: Speaker) -> str:
    """The right side in the unit or the vocabulary of the left one."""
    inner = left
    while isinstance(inner, exp.Sum | exp.Avg | exp.Min | exp.Max | exp.Round | exp.Coalesce | exp.Paren):
        inner = inner.this
    if isinstance(left, exp.Column):
        return stored(right, speaker.scope.key(left), speaker)
    return amount(right, speaker.label(inner), speaker)


def _in(node: exp.In, speaker: Speaker) -> str:
    return _membership(node, speaker, "is")


def _membership(node: exp.In, speaker: Speaker, verb: str) -> str:
    counted = counted_words(node, speaker, negated=verb != "is")
    if counted:
        return counted
    left = speaker.say(node.this)
    query = node.args.get("query")
    if query is not None:
        return f"{left} {verb} among: {speaker.say(query)}"
    values = [_other_side(node.this, each, speaker) for each in node.expressions]
    if len(values) == 1:
        return f"{left} {verb} {values[0]}"
    if verb == "is":
        return f"{left} is {listed(values, 'or')}"
    return f"{left} is none of {listed(values)}"


def _between(node: exp.Between, speaker: Speaker) -> str:
    return _between_with(node, speaker, "is between")


def _between_with(node: exp.Between, speaker: Speaker, verb: str) -> str:
    found = time_condition(node, speaker) if verb == "is between" else None
    if found is not None:
        return period_text(found, speaker)
    low, high = (_other_side(node.this, node.args[name], speaker) for name in ("low", "high"))
    return f"{speaker.say(node.this)} {verb} {low} and {high}"


def _is(node: exp.Is, speaker: Speaker) -> str:
    return _is_with(node, speaker, "is")


def _is_with(node: exp.Is, speaker: Speaker, verb: str) -> str:
    return f"{speaker.say(node.this)} {verb} {speaker.say(node.expression)}"


def _like(ignoring_case: bool) -> Callable[[exp.Expr, Speaker], str]:
    def say(node: exp.Expr, speaker: Speaker) -> str:
        return _like_with(node, speaker, bool(node.args.get("negate")), ignoring_case)

    return say


def _like_with(node: exp.Expr, speaker: Speaker, is_negated: bool, ignoring_case: bool) -> str:
    left, pattern = speaker.say(node.this), node.expression
    case = " (capitals or not)" if ignoring_case else ""
    if not isinstance(pattern, exp.Literal):
        return f"{left} {'does not match' if is_negated else 'matches'} the pattern {speaker.say(pattern)}{case}"
    text = pattern.name
    core = text.strip("%")
    starts, ends = text.endswith("%"), text.startswith("%")
    if isinstance(node.this, exp.Lower) and text == text.lower():
        left, case = speaker.say(node.this.this), " (capitals or not)"
    if "%" in core or "_" in core or "\\" in core or text.strip("%") == "":
        positive, negative = "matches the pattern", "does not match the pattern"
        core = text
    elif starts and ends:
        positive, negative = "contains", "does not contain"
    elif starts:
        positive, negative = "starts with", "does not start with"
    elif ends:
        positive, negative = "ends with", "does not end with"
    else:
        positive, negative = "is", "is not"
    return f"{left} {negative if is_negated else positive} “{core}”{case}"


def _escaped(node: exp.Escape, speaker: Speaker) -> str:
    return _escaped_with(node, speaker, negated=False)


def _escaped_with(node: exp.Escape, speaker: Speaker, *, negated: bool) -> str:
    """LIKE '%50!%%' ESCAPE '!': the signs behind the escape stand for themselves."""
    like, sign = node.this, node.expression
    pattern = like.expression
    is_plain = isinstance(like, exp.Like | exp.ILike) and isinstance(pattern, exp.Literal) and len(sign.name) == 1
    if not is_plain or not isinstance(sign, exp.Literal):
        return speaker.as_sql(exp.Not(this=node.copy()) if negated else node)
    plain = re.sub(re.escape(sign.name) + "(.)", lambda match: _STANDS_FOR_ITSELF.get(match[1], match[1]), pattern.name)
    if sign.name != "\\":
        plain = plain.replace("\\", _STANDS_FOR_ITSELF["\\"])
    bare_like = like.copy()
    bare_like.set("expression", exp.Literal.string(plain))
    words = _like_with(bare_like, speaker, negated or bool(like.args.get("negate")), isinstance(like, exp.ILike))
    for real, stand_in in _STANDS_FOR_ITSELF.items():
        words = words.replace(stand_in, real)
    return words


def _contains(node: exp.Expr, speaker: Speaker, *, negated: bool = False) -> str:
    """INSTR(x, 'a') > 0; "" for anything else."""
    found, bound = node.this, node.expression
    if not isinstance(node, exp.GT | exp.EQ) or not isinstance(found, exp.StrPosition) or bound.name != "0":
        return ""
    text = found.args["substr"]
    if not isinstance(text, exp.Literal) or any(v and k not in ("this", "substr") for k, v in found.args.items()):
        return ""
    of, case = found.this, ""
    if isinstance(of, exp.Lower) and text.name == text.name.lower():
        of, case = of.this, " (capitals or not)"
    verb = "contains" if isinstance(node, exp.GT) != negated else "does not contain"
    return f"{speaker.say(of)} {verb} “{text.name}”{case}"


def _not(node: exp.Not, speaker: Speaker) -> str:
    inner = node.this.unnest()
    if is_false_when_unknown(inner):
        return f"{_not(exp.Not(this=inner.this), speaker)} (or that is unknown)"
    if isinstance(inner, exp.Exists):
        return exists_words(inner, speaker, "without any")
    reads = speaker.handlers[type(inner)].reads if type(inner) in speaker.handlers else frozenset()
    if any(value and name not in reads for name, value in inner.args.items()):
        return f"not: {speaker.say(inner)}"
    if isinstance(inner, exp.In):
        return _membership(inner, speaker, "is not")
    if isinstance(inner, exp.Between):
        return _between_with(inner, speaker, "is not between")
    if isinstance(inner, exp.Is):
        return _is_with(inner, speaker, "is not")
    if isinstance(inner, exp.Like | exp.ILike) and not inner.args.get("negate"):
        return _like_with(inner, speaker, True, isinstance(inner, exp.ILike))
    contains = _contains(inner, speaker, negated=True)
    if contains:
        return contains
    if isinstance(inner, exp.Escape):
        return _escaped_with(inner, speaker, negated=True)
    if isinstance(inner, exp.EQ) and not isinstance(inner.this, exp.StrPosition):
        return _comparison(exp.NEQ(this=inner.this.copy(), expression=inner.expression.copy()), speaker)
    return f"not ({speaker.say(inner)})"


def _and(node: exp.And, speaker: Speaker) -> str:
    parts = conjuncts(node)
    times = [found for part in parts if (found := time_condition(part, speaker)) is not None]
    periods = merge(times) if len(times) > 1 else []
    bounds = {id(part) for each in periods for part in each.nodes}
    words = [nested(each, speaker) for each in parts if id(each) not in bounds]
    return " and ".join([*words, *(period_text(each, speaker) for each in periods)])


def _or(node: exp.Or, speaker: Speaker) -> str:
    words = [nested(each, speaker) for each in _alternatives(node)]
    return f"either {' or '.join(words)}" if len(words) == 2 else f"any of: {' or '.join(words)}"


def _alternatives(node: exp.Expr) -> list[exp.Expr]:
    node = node.unnest()
    if isinstance(node, exp.Or):
        return _alternatives(node.this) + _alternatives(node.expression)
    return [node]


def _any_of(node: exp.Expr, speaker: Speaker) -> str:
    word = "any of" if isinstance(node, exp.Any) else "every one of"
    inner = node.this.unnest()
    if isinstance(inner, exp.Array):
        return f"{word} {listed([speaker.say(each) for each in inner.expressions])}"
    return f"{word}: {speaker.say(inner)}"


def _with_word(text: str) -> Handler:
    def say(node: exp.Expr, speaker: Speaker) -> str:
        return text.format(speaker.say(node.this), speaker.say(node.expression))

    return handler(say, "this expression")


def _exists(node: exp.Exists, speaker: Speaker) -> str:
    return exists_words(node, speaker, "with at least one")


_BINARY = "this expression"
PREDICATES: dict[type[exp.Expr], Handler] = {
    **{kind: handler(_comparison, _BINARY) for kind in _COMPARISONS},
    exp.In: handler(_in, "this expressions query"),
    exp.Between: handler(_between, "this low high"),
    exp.Is: handler(_is, _BINARY),
    exp.Like: handler(_like(False), "this expression negate"),
    exp.ILike: handler(_like(True), "this expression negate"),
    exp.Escape: handler(_escaped, "this expression"),
    exp.Glob: _with_word("{0} matches the pattern {1}"),
    exp.StartsWith: _with_word("{0} starts with {1}"),
    exp.EndsWith: _with_word("{0} ends with {1}"),
    exp.Contains: _with_word("{0} contains {1}"),
    exp.Not: handler(_not),
    exp.And: handler(_and, _BINARY),
    exp.Or: handler(_or, _BINARY),
    exp.Exists: handler(_exists),
    exp.Any: handler(_any_of),
    exp.All: handler(_any_of),
}
