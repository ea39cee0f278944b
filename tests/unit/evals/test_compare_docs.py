"""Every example of docs/evals-matching.md is what the page says it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evals.compare import Gold, Rules, Table, compare

PAGE = Path(__file__).parents[3] / "docs" / "evals-matching.md"
ROW = re.compile(
    r"^\| (?P<rule>[^|`]+) \| `(?P<gold>[^`]+)` \| `(?P<answer>[^`]+)` \| (?P<verdict>[^|]+) \|$", re.MULTILINE
)
CELL = re.compile(r"'(?P<text>[^']*)'|(?P<word>\S+)")


def _examples() -> list[tuple[str, str, str, str]]:
    return [(m["rule"], m["gold"], m["answer"], m["verdict"]) for m in ROW.finditer(PAGE.read_text(encoding="utf-8"))]


def _table(text: str) -> Table:
    names, _, rows = text.partition("): ")
    return Table(tuple(names.strip("(").split(", ")), tuple(map(_row, rows.split("; "))))


def _row(text: str) -> tuple[object, ...]:
    return tuple(_cell(match) for match in CELL.finditer(text))


def _cell(match: re.Match[str]) -> object:
    word = match["word"]
    if word is None:
        return match["text"]
    if word == "NULL":
        return None
    if not re.fullmatch(r"[\d.]+", word):
        return word
    return float(word) if "." in word else int(word)


@pytest.mark.parametrize(("rule", "gold", "answer", "expected"), _examples(), ids=lambda value: value)
def test_an_example_of_the_page_is_true(rule: str, gold: str, answer: str, expected: str) -> None:
    table = _table(gold)
    verdict = compare(Gold(table, table.columns), _table(answer), Rules())
    said = verdict.difference or ("right" if verdict.is_strict else "right, not strictly")
    assert said == expected, verdict.reason


def test_the_page_has_examples() -> None:
    assert len(_examples()) >= 25
