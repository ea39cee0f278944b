"""How defog writes several accepted queries as one text: `;` between them, and braces for a choice of columns.

`SELECT {a.id,a.name}, COUNT(*) … GROUP BY {}` stands for a.id, a.name, and both together; `{}` repeats what was chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from evals.outside.base import EntryInvalid

# Six columns make 63 choices; more than that is no choice that a person wrote.
MAX_OPTIONS, MAX_GOLDS = 6, 64


def accepted(text: str) -> tuple[str, ...]:
    """Raises EntryInvalid for braces that do not close, or that stand for too many queries."""
    found: dict[str, None] = {}
    for query in split_outside_quotes(text, ";"):
        if query.strip():
            for each in _expanded(query.strip()):
                found[each] = None
                if len(found) > MAX_GOLDS:
                    raise EntryInvalid(f"its gold stands for more than {MAX_GOLDS} queries")
    return tuple(found)


def split_outside_quotes(text: str, mark: str) -> list[str]:
    """At each `mark` that stands in no quoted text."""
    parts, start = [], 0
    for index, char in _unquoted(text):
        if char == mark:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _expanded(query: str) -> Iterator[str]:
    """The first braces with each choice, and so on for those that are left."""
    opening = next((index for index, char in _unquoted(query) if char == "{"), None)
    if opening is None:
        yield query
        return
    closing = next((index for index, char in _unquoted(query) if char == "}" and index > opening), None)
    if closing is None:
        raise EntryInvalid("its gold query has a brace that does not close")
    options = [each.strip() for each in split_outside_quotes(query[opening + 1 : closing], ",") if each.strip()]
    if not options or len(options) > MAX_OPTIONS:
        raise EntryInvalid(f"its gold query has braces with {len(options)} columns; 1 to {MAX_OPTIONS} are a choice")
    left, right = query[:opening], query[closing + 1 :]
    for size in range(1, len(options) + 1):
        for chosen in combinations(options, size):
            columns = ", ".join(chosen)
            yield from _expanded(left + columns + right.replace("{}", columns))


def _unquoted(text: str) -> Iterator[tuple[int, str]]:
    quote = ""
    for index, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        else:
            yield index, char
