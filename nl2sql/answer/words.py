"""Words for values and calculations: columns, constants, arithmetic, CASE, functions, windows."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.aggregates import named_whole
from nl2sql.answer.bare import makes_whole
from nl2sql.answer.constants import number
from nl2sql.answer.durations import DURATIONS, duration_words
from nl2sql.answer.formats import rounded
from nl2sql.answer.grains import grain_of
from nl2sql.answer.grammar import counted, listed, mid, pretty
from nl2sql.answer.histograms import histogram_words
from nl2sql.answer.percentiles import PERCENTILES
from nl2sql.answer.periods import moment_words, read_moment
from nl2sql.answer.speech import Handler, Speaker, handler
from nl2sql.answer.windows import WINDOWS, growth_words, share_words

_CLOCK = "the database's current time"


def _literal(node: exp.Literal, speaker: Speaker) -> str:
    moment = read_moment(node)
    if moment is not None:
        return moment_words(moment.at)
    value = number(node)
    if value is not None:
        return rounded(value)
    return f"“{node.name}”"


def _grained(node: exp.Expr, speaker: Speaker) -> str:
    """A time cut to a grain ("month of placed at"), a constant date, or the SQL."""
    grain = grain_of(node)
    if grain is not None:
        return f"{grain.unit} of {speaker.say(grain.of)}"
    moment = read_moment(node)
    if moment is not None:
        return moment_words(moment.at)
    if duration := duration_words(node, speaker):
        return duration
    if isinstance(node, exp.Date | exp.TsOrDsToDate) and not node.expressions and node.find(exp.Column):
        return f"day of {speaker.say(node.this)}"
    return speaker.as_sql(node)


def _operator(word: str) -> Handler:
    def say(node: exp.Binary, speaker: Speaker) -> str:
        left, right = node.this.unnest(), node.expression.unnest()
        if isinstance(node, exp.Mul) and _is_one(right):
            return speaker.say(left)
        if isinstance(node, exp.Mul) and _is_one(left):
            return speaker.say(right)
        moment = read_moment(node)
        if moment is not None:
            return moment_words(moment.at)
        whole = _whole_shape(node, speaker)
        if whole:
            return whole
        return f"{_operand(left, speaker)} {word} {_operand(right, speaker)}"

    return handler(say, "this expression typed safe")


def _whole_shape(node: exp.Expr, speaker: Speaker) -> str:
    """Arithmetic that people have a word for: a weekday, a growth, a share, a duration, a bucket; else ""."""
    if grain_of(node) is not None:
        return _grained(node, speaker)
    for read in (growth_words, share_words, duration_words, histogram_words):
        words = read(node, speaker)
        if words:
            return words
    return ""


def _is_one(node: exp.Expr) -> bool:
    """A factor that only turns whole numbers into decimals."""
    return isinstance(node, exp.Literal) and not node.is_string and node.name in ("1", "1.0", "1.")


def _operand(node: exp.Expr, speaker: Speaker) -> str:
    if isinstance(node, exp.Mul):
        node = node.expression if _is_one(node.this) else node.this if _is_one(node.expression) else node
        node = node.unnest()
    words = speaker.say(node)
    is_compound = isinstance(node, exp.Binary) and not isinstance(node, exp.Dot) and " " in words
    return f"({words})" if is_compound or ", counting only" in words or " counting only" in words else words


def named_value(node: exp.Case, speaker: Speaker) -> str:
    """ "current bid of sold listings" for CASE WHEN <sold> THEN current_bid END; "" for anything else."""
    default = node.args.get("default")
    if node.this is not None or len(node.args["ifs"]) != 1 or not (default is None or isinstance(default, exp.Null)):
        return ""
    branch = node.args["ifs"][0]
    named = named_whole(branch.this, speaker)
    source = speaker.scope.find(named.alias) if named is not None else None
    if named is None or source is None or not source.table or not isinstance(branch.args["true"], exp.Column):
        return ""
    return f"{speaker.say(branch.args['true'])} of {named.word} {speaker.plural(source.table)}"


def _case(node: exp.Case, speaker: Speaker) -> str:
    if grain_of(node) is not None:
        return _grained(node, speaker)
    subject, named = node.this, named_value(node, speaker)
    if named:
        return named
    parts = []
    for branch in node.args["ifs"]:
        when = speaker.say(branch.this)
        when = when if subject is None else f"{speaker.say(subject)} is {when}"
        parts.append(f"{speaker.say(branch.args['true'])} if {when}")
    default = node.args.get("default")
    parts.append(f"otherwise {speaker.say(default) if default is not None else 'nothing'}")
    return f"({'; '.join(parts)})"


def _if(node: exp.If, speaker: Speaker) -> str:
    default = node.args.get("false")
    otherwise = speaker.say(default) if default is not None else "nothing"
    return f"({speaker.say(node.args['true'])} if {speaker.say(node.this)}; otherwise {otherwise})"


def _cast(node: exp.Cast, speaker: Speaker) -> str:
    if grain_of(node) is not None or read_moment(node) is not None:
        return _grained(node, speaker)
    words = speaker.say(node.this)
    if makes_whole(node):
        return f"{words} (as a whole number)"
    if node.is_type(*exp.DataType.REAL_TYPES) or node.is_type(*exp.DataType.TEXT_TYPES):
        return words
    return f"{words} (as {node.to.sql(dialect=speaker.dialect).lower()})"


def _round(node: exp.Round, speaker: Speaker) -> str:
    duration = duration_words(node, speaker)
    if duration:
        return duration
    decimals = node.args.get("decimals")
    words = speaker.say(node.this)
    if decimals is None or decimals.name == "0":
        return f"{words} (rounded to a whole number)"
    if not isinstance(decimals, exp.Literal):
        return speaker.as_sql(node)
    return f"{words} (rounded to {decimals.name} decimal{'' if decimals.name == '1' else 's'})"


def _coalesce(node: exp.Coalesce, speaker: Speaker) -> str:
    if is_false_when_unknown(node):
        return speaker.say(node.this)
    others = [speaker.say(each) for each in node.expressions]
    return f"{speaker.say(node.this)} (or {listed(others, 'or')} when empty)"


def is_false_when_unknown(node: exp.Expr) -> bool:
    """COALESCE(condition, FALSE): the condition itself, unless something around it asks for its opposite."""
    others = node.expressions if isinstance(node, exp.Coalesce) else []
    is_condition = isinstance(node.this, exp.Predicate | exp.Connector | exp.Not | exp.Paren)
    return is_condition and len(others) == 1 and isinstance(others[0], exp.Boolean) and not others[0].this


def _nullif(node: exp.Nullif, speaker: Speaker) -> str:
    """The usual guard against division by zero needs no words: the result is empty then."""
    words = speaker.say(node.this)
    return words if node.expression.name in ("0", "0.0") else f"{words} (empty when {speaker.say(node.expression)})"


def _unary(text: str) -> Handler:
    return handler(lambda node, speaker: text.format(speaker.say(node.this)))


def _offset(word: str) -> Handler:
    def say(node: exp.Expr, speaker: Speaker) -> str:
        by = node.args.get("offset")
        steps = f" {by.name} rows" if by is not None and by.name != "1" else ""
        return f"{word}{steps} {speaker.say(node.this)}"

    return handler(say, "this offset")


def _concat(node: exp.Expr, speaker: Speaker) -> str:
    if grain_of(node) is not None:
        return _grained(node, speaker)
    parts = node.expressions if isinstance(node, exp.Concat) else [*node.flatten()]
    return " + ".join(speaker.say(each) for each in parts)


def _function(node: exp.Anonymous, speaker: Speaker) -> str:
    if grain_of(node) is not None or read_moment(node) is not None:
        return _grained(node, speaker)
    name = node.name.lower()
    if name in ("now", "getdate", "sysdate") and not node.expressions:
        return _CLOCK
    if name == "julianday" and len(node.expressions) == 1:
        return f"{speaker.say(node.expressions[0])} in days"
    if name == "unixepoch" and len(node.expressions) == 1:
        return f"{speaker.say(node.expressions[0])} in seconds"
    if name == "total" and len(node.expressions) == 1:
        return f"sum of {speaker.say(node.expressions[0])}"
    return speaker.as_sql(node)


def _column(node: exp.Column, speaker: Speaker) -> str:
    return speaker.column(node) if node.table else f"“{pretty(node.name)}”"


def _subquery(node: exp.Subquery, speaker: Speaker) -> str:
    return speaker.say(node.this)


def _interval(node: exp.Interval, speaker: Speaker) -> str:
    unit = node.args.get("unit")
    count = node.this
    if unit is None or not isinstance(count, exp.Literal) or not count.name.isdigit():
        return speaker.as_sql(node)
    return counted(int(count.name), unit.name.lower().rstrip("s"))


def metric_words(name: str, speaker: Speaker) -> str:
    label = speaker.labels.metrics.get(name.lower())
    return mid(label.label) if label else ""


def _fixed(text: str) -> Handler:
    return handler(lambda node, speaker: text)


_TIME = handler(_grained, "this unit format expression expressions")
EXPRESSIONS: dict[type[exp.Expr], Handler] = {
    exp.Column: handler(_column, "this table db catalog"),
    exp.Literal: handler(_literal, "this is_string"),
    exp.Boolean: handler(lambda node, speaker: "yes" if node.this else "no"),
    exp.Null: _fixed("empty"),
    exp.Star: _fixed("everything"),
    exp.Paren: handler(lambda node, speaker: speaker.say(node.this)),
    exp.Alias: handler(lambda node, speaker: speaker.say(node.this), "this alias"),
    exp.Tuple: handler(lambda node, speaker: f"({listed([speaker.say(e) for e in node.expressions])})", "expressions"),
    exp.Neg: _unary("minus {}"),
    exp.Add: _operator("plus"),
    exp.Sub: _operator("minus"),
    exp.Mul: _operator("times"),
    exp.Div: _operator("divided by"),
    exp.SafeDivide: _operator("divided by"),
    exp.IntDiv: _operator("divided (whole numbers only) by"),
    exp.Mod: _operator("modulo"),
    exp.Case: handler(_case, "this ifs default"),
    exp.If: handler(_if, "this true false"),
    exp.Cast: handler(_cast, "this to"),
    exp.TryCast: handler(_cast, "this to safe"),
    exp.Round: handler(_round, "this decimals casts_non_integer_decimals"),
    exp.Coalesce: handler(_coalesce, "this expressions is_nvl is_null"),
    exp.Nullif: handler(_nullif, "this expression"),
    exp.Abs: _unary("size of {}"),
    exp.Lower: _unary("{} in small letters"),
    exp.Upper: _unary("{} in capitals"),
    exp.Trim: _unary("{} without outer spaces"),
    exp.Length: handler(lambda node, speaker: f"length of {speaker.say(node.this)}", "this binary"),
    exp.Ceil: _unary("{} rounded up"),
    exp.Floor: _unary("{} rounded down"),
    exp.DPipe: handler(_concat, "this expression safe"),
    exp.Concat: handler(_concat, "expressions safe coalesce"),
    exp.TimeToStr: _TIME,
    exp.DateTrunc: _TIME,
    exp.TimestampTrunc: _TIME,
    exp.DatetimeTrunc: _TIME,
    exp.Extract: _TIME,
    exp.Year: _TIME,
    exp.Quarter: _TIME,
    exp.Month: _TIME,
    exp.Week: _TIME,
    exp.DayOfWeek: _TIME,
    exp.DayOfMonth: _TIME,
    exp.Hour: _TIME,
    exp.Date: _TIME,
    exp.DateAdd: _TIME,
    exp.DateSub: _TIME,
    exp.Timestamp: handler(_grained, "this with_tz"),
    exp.TsOrDsToDate: _TIME,
    exp.TsOrDsToTimestamp: _unary("{}"),
    exp.CurrentDate: _fixed("the database's current date"),
    exp.CurrentTimestamp: _fixed(_CLOCK),
    exp.CurrentDatetime: _fixed(_CLOCK),
    exp.Interval: handler(_interval, "this unit"),
    exp.Anonymous: handler(_function, "this expressions"),
    exp.Subquery: handler(_subquery, "this"),
    **DURATIONS,
    **PERCENTILES,
    **WINDOWS,
    exp.Lag: _offset("previous"),
    exp.Lead: _offset("next"),
}
