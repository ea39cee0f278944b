"""What a question says about the answer's form: it names nothing of the database, though a table may be called so."""

from __future__ import annotations

import re

# As verbs they tell what to do; as nouns they are the names of many tables (returns, orders, lists, states).
_VERBS = "return|order|list|sort|group|rank|match|count|name|state|limit|report|display|filter|round|include|exclude"
_DETERMINERS = (
    r"a|an|all|any|both|by|distinct|each|every|him|it|its|me|my|no|nothing|only|our|that|the|their|them|these|this"
    r"|those|unique|us|your"
)
# “Return the names”, “…, and order them by”; “Return rate by month” and “Orders of May” begin with a noun.
_COMMAND = re.compile(
    rf"(?i)(?:^|[.?!;:,(]|\b(?:and|then|please|you|to))[\s“”\"']*(?P<verb>\b(?:{_VERBS}))(?=\s+(?:{_DETERMINERS})\b)"
)
_SORTED = re.compile(
    r"(?i)\b(?:alphabetical|ascending|chronological|decreasing|descending|increasing|reverse)\s+(?P<verb>order)\b"
    r"|\b(?P<by>order(?:ed)?|group(?:ed)?|sort(?:ed)?|rank(?:ed)?)\s+"
    r"(?:by|from|alphabetically|ascending|descending|in\s+(?:alphabetical|ascending|descending))\b"
)


def without_instructions(text: str) -> str:
    """The text with spaces for such words, so that every other word stands where it stood."""
    return _SORTED.sub(_blanked, _COMMAND.sub(_blanked, text))


def _blanked(match: re.Match[str]) -> str:
    group = "verb" if match["verb"] else "by"
    start, end = match.start(group) - match.start(), match.end(group) - match.start()
    return match[0][:start] + " " * (end - start) + match[0][end:]
