"""What the Quality page says: plain sentences, for people who never heard of a confidence interval."""

from __future__ import annotations

from collections.abc import Sequence

from evals.outcome import Result
from evals.stats.base import Interval
from evals.summary.tally import CaseTally, Tally
from nl2sql.answer.grammar import opening
from streamlit_app import widgets
from streamlit_app.quality.runs import Digest, Head
from streamlit_app.words import say, say_count

# From here on an interval is narrow enough that “so few” would be wrong: ±5 points or less.
_MANY_QUESTIONS = 300
_NOT_RIGHT: tuple[Result, ...] = ("declined", "refused", "failed", "wrong")
_STOPPED = ("budget", "interrupted", "provider")
_WRITERS = ("offline", "verified", "llm", "configured")


def headline(digest: Digest) -> str:
    """ "Of questions like these, 58 of 60 were answered right on 20 November; 2 were declined, none was wrong." """
    total = digest.total
    values = {"right": f"{total.right:,}", "trials": f"{total.trials:,}", "day": day(digest.head)}
    key = "quality.headline_repeats" if total.trials > total.cases else "quality.headline"
    rest = [_said_of(name, getattr(total, name)) for name in _NOT_RIGHT if getattr(total, name) or name == "wrong"]
    return f"{say(key, **values)}; {', '.join(rest)}."


def certainty(total: Tally) -> str:
    """What the interval means for somebody who asks tomorrow."""
    interval = total.accuracy_interval
    if interval is None or (interval.low <= 0.0 and interval.high >= 1.0):
        return say("quality.too_few")
    few = total.cases < _MANY_QUESTIONS
    return say("quality.with_few" if few else "quality.with_many", between=between(interval))


def about(digest: Digest) -> str:
    """What was asked, of whom."""
    head = digest.head
    closed = sum(case.kind != "answerable" for case in digest.cases)
    parts = [say_count("quality.about", len(digest.cases), suite=head.suite, who=who(head))]
    if closed:
        parts.append(say_count("quality.closed", closed))
    if head.repeats > 1:
        parts.append(say("quality.repeats", count=f"{head.repeats:,}"))
    return " ".join(parts)


def alarms(cases: Sequence[CaseTally]) -> list[str]:
    """What is worse than a wrong number."""
    ran = sum(case.outcomes["unsafe_executed"] > 0 for case in cases)
    broken = sum(case.must_pass and case.right < case.trials for case in cases)
    found = []
    if ran:
        found.append(say_count("quality.unsafe_ran", ran))
    if broken:
        found.append(say_count("quality.must_pass_broken", broken))
    return found


def who(head: Head) -> str:
    """Of one of ours, as it stands in a sentence."""
    name = say(f"quality.who.{head.writer}") if head.writer in _WRITERS else head.writer
    return f"{name} ({', '.join(parts)})" if (parts := [each for each in (head.model, head.prompt) if each]) else name


def series(head: Head) -> str:
    """What runs of one line in a chart have in common."""
    known = say("quality.configured") if head.writer == "configured" else widgets.writer_name(head.writer)
    return " · ".join(part for part in (known, head.model, head.prompt) if part)


def run_name(digest: Digest) -> str:
    head = digest.head
    named = f"{head.label} · " if head.label not in ("", head.writer, head.model) else ""
    return f"{named}{day(head)}, {head.started:%H:%M} · {series(head)} · {whole(digest.total.accuracy or 0.0)} %"


def unfinished(digest: Digest) -> str:
    head = digest.head
    return say(
        "quality.unfinished",
        day=day(head),
        time=f"{head.started:%H:%M}",
        done=f"{digest.total.trials:,}",
        total=f"{head.case_count * head.repeats:,}",
        why=say(f"quality.stopped.{digest.stopped}" if digest.stopped in _STOPPED else "quality.stopped.unknown"),
    )


def tag_words(tag: str) -> str:
    """Tags of the suites that come with the product have words; any other is shown as it is written."""
    plain = tag.replace("_", " ").replace("-", " ")
    return widgets.say_or(f"quality.tag.{tag}", opening(plain))


def day(head: Head) -> str:
    return widgets.spoken_day(head.started.date())


def between(interval: Interval) -> str:
    return say("quality.between", low=whole(interval.low), high=whole(interval.high))


def whole(share: float) -> str:
    """Percent without decimals; neither all nor nothing unless it is."""
    percent = round(100 * share)
    if percent == 100 and share < 1:
        return say("quality.nearly_all") if share < 0.9999 else "100"
    return say("quality.nearly_none") if percent == 0 and share > 0.0001 else f"{percent}"


def _said_of(name: Result, count: int) -> str:
    return say_count(f"quality.was.{name}", count) if count else say("quality.none_was_wrong")
