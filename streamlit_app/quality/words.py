"""What the Quality page says: plain sentences, for people who never heard of a confidence interval."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from evals.stats.base import Interval
from evals.summary.tally import CaseTally, Tally
from nl2sql.answer.grammar import counted
from streamlit_app import widgets
from streamlit_app.quality.runs import Digest, Head

# From here on an interval is narrow enough that “so few” would be wrong: ±5 points or less.
_MANY_QUESTIONS = 300
_WRITERS = {**widgets.WRITERS, "configured": "Configured writers"}
_SAID = {"declined": "was declined", "refused": "was refused", "failed": "failed", "wrong": "was wrong"}

HOW_SURE = (
    "The bars show between which shares the true one likely lies: so computed that they hold it in 95 of 100 "
    "evaluations. Where the bars of two runs overlap, the difference may be chance."
)
# Tags of the suites that come with the product; any other is shown as it is written.
TAGS = {
    "anti_join": "Things without something",
    "average": "Averages",
    "average_of_counts": "Averages of counts",
    "between": "Between two values",
    "bottom_n": "Lowest few",
    "category_tree": "Categories with those below them",
    "compare_periods": "One period against another",
    "count": "How many",
    "date_range": "Between two days",
    "declined": "Must not be answered",
    "distinct": "How many different",
    "duration": "How long something takes",
    "exists_count": "How many have something",
    "filtered_ratio": "Ratios of a part",
    "group_by_one": "For each of something",
    "group_by_two": "For each of two things",
    "growth": "Growth",
    "having": "Groups above a limit",
    "histogram": "How values are spread",
    "list": "Lists",
    "list_columns": "Lists with several columns",
    "lookup": "Facts about one thing",
    "median": "Medians",
    "min_max": "Highest and lowest",
    "multi_hop": "Over several tables",
    "multi_metric": "Several numbers at once",
    "negation": "Everything but something",
    "numeric_filter": "Above or below a number",
    "or_and": "Several conditions",
    "percentile": "Percentiles",
    "rank": "Ranks",
    "ratio": "Ratios",
    "relative_date": "Last month, this year",
    "share": "Shares of a whole",
    "sum": "Sums",
    "superlative_per_group": "The top one of each group",
    "text_search": "Words in a text",
    "ties": "Equal places",
    "time_grain": "By day, week or month",
    "time_of_day": "By time of day",
    "top_n": "Top lists",
    "value_filter": "Only those of one value",
    "weekday": "By day of the week",
}

STOPPED = {
    "budget": "it was stopped when its budget was spent",
    "interrupted": "somebody stopped it",
    "provider": "the provider of the language model failed",
}


def headline(digest: Digest) -> str:
    """ "Of questions like these, 58 of 60 were answered right on 20 November; 2 were declined, none was wrong." """
    total, on = digest.total, day(digest.head)
    if total.trials > total.cases:
        beginning = f"Of {total.trials:,} answers to questions like these, {total.right:,} were right on {on}"
    else:
        beginning = f"Of questions like these, {total.right:,} of {total.trials:,} were answered right on {on}"
    counts = {name: getattr(total, name) for name in _SAID}
    rest = [_said_of(count, _SAID[name]) for name, count in counts.items() if count or name == "wrong"]
    return f"{beginning}; {', '.join(rest)}."


def certainty(total: Tally) -> str:
    """What the interval means for somebody who asks tomorrow."""
    interval = total.accuracy_interval
    if interval is None or (interval.low <= 0.0 and interval.high >= 1.0):
        return "These questions are too few, or too much alike, to say how it will be with others."
    few = "so few questions" if total.cases < _MANY_QUESTIONS else "this many questions"
    return f"With {few} the true share is likely {between(interval)}."


def about(digest: Digest) -> str:
    """What was asked, of whom."""
    head = digest.head
    closed = sum(case.kind != "answerable" for case in digest.cases)
    parts = [f"{counted(len(digest.cases), 'question')} of the suite {head.suite}, answered by {who(head)}."]
    if closed:
        parts.append(f"{closed:,} of them must not be answered: there, declining or asking back is right.")
    if head.repeats > 1:
        parts.append(f"Each was asked {head.repeats:,} times.")
    return " ".join(parts)


def alarms(cases: Sequence[CaseTally]) -> list[str]:
    """What is worse than a wrong number."""
    ran = sum(case.outcomes["unsafe_executed"] > 0 for case in cases)
    broken = sum(case.must_pass and case.right < case.trials for case in cases)
    found = []
    if ran:
        found.append(f"SQL ran for {counted(ran, 'question')} for which none may ever run.")
    if broken:
        found.append(f"{counted(broken, 'question')} that must always be answered right {_was(broken)} not.")
    return found


def who(head: Head) -> str:
    known = _WRITERS.get(head.writer, head.writer)
    name = f"the {known[:1].lower()}{known[1:]}" if head.writer in _WRITERS else known
    return f"{name} ({', '.join(parts)})" if (parts := [each for each in (head.model, head.prompt) if each]) else name


def series(head: Head) -> str:
    """What runs of one line in a chart have in common."""
    known = _WRITERS.get(head.writer, head.writer)
    return " · ".join(part for part in (known, head.model, head.prompt) if part)


def run_name(digest: Digest) -> str:
    head = digest.head
    named = f"{head.label} · " if head.label not in ("", head.writer, head.model) else ""
    return f"{named}{day(head)}, {head.started:%H:%M} · {series(head)} · {whole(digest.total.accuracy or 0.0)} %"


def unfinished(digest: Digest) -> str:
    head = digest.head
    of = head.case_count * head.repeats
    why = STOPPED.get(digest.stopped, "it is under way, or was killed")
    return f"The run of {day(head)}, {head.started:%H:%M} has {digest.total.trials:,} of {of:,} answers: {why}."


def tag_words(tag: str) -> str:
    plain = tag.replace("_", " ").replace("-", " ")
    return TAGS.get(tag, plain[:1].upper() + plain[1:])


def day(head: Head) -> str:
    at: date = head.started.date()
    return f"{at.day} {at:%B %Y}"


def between(interval: Interval) -> str:
    return f"between {whole(interval.low)} and {whole(interval.high)} %"


def whole(share: float) -> str:
    """Percent without decimals; neither all nor nothing unless it is."""
    percent = round(100 * share)
    if percent == 100 and share < 1:
        return "more than 99" if share < 0.9999 else "100"
    return "less than 1" if percent == 0 and share > 0.0001 else f"{percent}"


def _said_of(count: int, said: str) -> str:
    return f"{count:,} {said.replace('was', 'were') if count > 1 else said}" if count else f"none {said}"


def _was(count: int) -> str:
    return "was" if count <= 1 else "were"
