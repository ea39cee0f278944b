"""In what two receipts can differ, and the words to ask about it, the most important first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from nl2sql.answer.base import ReceiptLine
from nl2sql.answer.grammar import listed, mid

SHOWS: Final = "shows "
# What a statement calls its own columns is no difference.
_GIVEN_NAME: Final = re.compile(r",? (?:shown as|\(as) “[^”]*”\)?")


@dataclass(frozen=True, slots=True)
class Aspect:
    """`asks` opens the question. `having` says of one reading what only it has, `lacking` says of a reading which of
    the other's words it goes without; each ends a whole question, after a comma. `other` is the short form of `lacking`
    within the question back; without it, `lacking` itself is used there."""

    kinds: tuple[str, ...]
    asks: str
    having: Callable[[Sequence[str]], str]
    lacking: Callable[[Sequence[str]], str]
    other: str = ""


def kind_of(line: ReceiptLine) -> str:
    """The receipt's own, with what is only shown apart from what is computed."""
    return "shown" if line.kind == "measure" and words_of(line).startswith(SHOWS) else line.kind


def words_of(line: ReceiptLine) -> str:
    """What the line says, for the middle of a sentence and without the names that the statement gave."""
    text = _GIVEN_NAME.sub("", line.text)
    if line.kind == "measure":
        name, _, meaning = text.partition(": ")
        text = meaning or name
    return mid(text)


def is_compared(line: ReceiptLine) -> bool:
    """Not what the policy or the guard's own row limit adds: these are no part of a reading."""
    return line.kind != "policy" and bool(line.sql)


def _shown(words: Sequence[str]) -> str:
    return f"showing {listed([each.removeprefix(SHOWS) for each in words])}"


def _only(words: Sequence[str]) -> str:
    return listed([each if each.startswith("only ") else f"only where {each}" for each in words])


def _not_only(words: Sequence[str]) -> str:
    limits = [f"the limit to {w[5:]}" if w.startswith("only ") else f"the condition that {w}" for w in words]
    return f"without {listed(limits, 'or')}"


def _not_split(words: Sequence[str]) -> str:
    if words == ["each different row once"]:
        return "with repeated rows kept"
    return f"not split {listed(words, 'or')}" if all(w.startswith("by ") for w in words) else _going_without(words)


def _going_without(words: Sequence[str]) -> str:
    return f"without {listed([f'“{each}”' for each in words], 'or')}"


ASPECTS: Final = (
    Aspect(
        ("measure",),
        "Which number do you mean",
        lambda words: f"measured as {listed(words)}",
        lambda words: f"without {listed(words)}",
    ),
    Aspect(
        ("period",),
        "Which time do you mean",
        lambda words: f"with {listed(words)}",
        lambda _: "at any time",
        "any time",
    ),
    Aspect(("filter",), "Which rows should count", _only, _not_only, "others too"),
    Aspect(("source", "join"), "Which rows should count", listed, _going_without),
    Aspect(("group",), "How should the result be split", listed, _not_split),
    Aspect(("having",), "Which groups should be shown", _only, _not_only, "others too"),
    Aspect(("shown",), "What should be shown", _shown, lambda words: f"without {_shown(words)}"),
    Aspect(("order",), "In which order", listed, lambda _: "in no particular order"),
    Aspect(("limit",), "How many rows should be shown", listed, lambda _: "without a limit"),
    Aspect(("combine", "note"), "Which of these do you mean", listed, _going_without),
)
