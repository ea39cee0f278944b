"""Makes a failing statement small: parts are left out for as long as it still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz.mutations import tokens_of

_MOST_TRIES = 2_000


def shrunk(sql: str, fails: Callable[[str], bool]) -> str:
    """`sql` with as few tokens as a greedy search finds; `fails` says whether a shorter text still does."""
    tokens, tries = _words(sql), 0
    size = max(len(tokens) // 2, 1)
    while size and tries < _MOST_TRIES:
        start, smaller = 0, False
        while start < len(tokens) and tries < _MOST_TRIES:
            rest = tokens[:start] + tokens[start + size :]
            tries += 1
            if rest and fails("".join(rest)):
                tokens, smaller = rest, True
            else:
                start += size
        if not smaller or size > 1:
            size //= 2
    return "".join(tokens)


def _words(sql: str) -> list[str]:
    """Tokens together with the space after them, so that what is left can still be read."""
    words: list[str] = []
    for token in tokens_of(sql):
        if words and token.isspace():
            words[-1] += token
        else:
            words.append(token)
    return words
