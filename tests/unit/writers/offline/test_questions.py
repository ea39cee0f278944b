"""Questions of every kind against gold written by hand, on the tiny auction database."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from nl2sql.writers.base import CannotAnswer, Clarification, Draft, SqlDraft

FILES = sorted(Path(__file__).parent.glob("questions*.yaml"))
SECTIONS = ("answered", "refused", "not_yet")
READ = [yaml.safe_load(file.read_text()) for file in FILES]
TABLE = {section: [case for table in READ for case in table.get(section) or []] for section in SECTIONS}
Ask = Callable[..., Draft]
Row = tuple[Any, ...]


def holds(gold: Sequence[Row], answer: Sequence[Row]) -> bool:
    """The gold's columns stand in the answer, in some order, row by row; numbers agree to four decimals."""
    if len(gold) != len(answer) or (gold and len(gold[0]) > len(answer[0])):
        return False
    wanted = Counter(tuple(map(plain, row)) for row in gold)
    places = itertools.permutations(range(len(answer[0])), len(gold[0])) if gold else iter([()])
    return not gold or any(Counter(tuple(plain(row[i]) for i in place) for row in answer) == wanted for place in places)


def plain(value: Any) -> Any:
    return round(float(value), 4) if isinstance(value, int | float) else value


def cases(section: str) -> list[Any]:
    return [pytest.param(case, id=case["ask"]) for case in TABLE[section]]


@pytest.mark.parametrize("case", cases("answered"))
def test_a_question_is_answered_as_its_gold(case: dict[str, str], ask: Ask, tiny: sqlite3.Connection) -> None:
    draft = ask(case["ask"])
    assert isinstance(draft, SqlDraft), draft
    gold, answer = tiny.execute(case["gold"]).fetchall(), tiny.execute(draft.sql).fetchall()
    assert holds(gold, answer), f"{draft.interpretation}\n{draft.sql}\n{answer[:3]} instead of {gold[:3]}"


@pytest.mark.parametrize("case", cases("not_yet"))
def test_what_is_not_yet_read_is_never_misread(case: dict[str, str], ask: Ask, tiny: sqlite3.Connection) -> None:
    draft = ask(case["ask"])
    if isinstance(draft, SqlDraft):
        assert holds(tiny.execute(case["gold"]).fetchall(), tiny.execute(draft.sql).fetchall()), draft.sql
        pytest.fail(f"“{case['ask']}” is answered now, and right: move it to `answered`.")


@pytest.mark.parametrize("case", cases("refused"))
def test_a_question_without_one_sure_reading_gets_no_sql(case: dict[str, str], ask: Ask) -> None:
    draft = ask(case["ask"])
    said = draft.code if isinstance(draft, CannotAnswer) else "asked back"
    assert not isinstance(draft, SqlDraft), draft
    assert said == case["reply"], draft


@pytest.mark.parametrize("case", cases("not_yet") + cases("refused"))
def test_every_choice_of_every_question_back_is_answered(case: dict[str, str], ask: Ask) -> None:
    draft = ask(case["ask"])
    if isinstance(draft, Clarification):
        assert draft.choices
        assert all(isinstance(ask(choice), SqlDraft) for choice in draft.choices), draft.choices


def test_the_table_is_not_satisfied_by_empty_answers(tiny: sqlite3.Connection) -> None:
    """A gold of nothing or zero would agree with many misreadings."""
    trivial = [c["ask"] for c in TABLE["answered"] if tiny.execute(c["gold"]).fetchall() in ([], [(0,)], [(None,)])]
    assert len(trivial) < len(TABLE["answered"]) / 20, trivial


def test_gold_of_other_rows_does_not_hold() -> None:
    assert holds([("a", 1.00001)], [(1, "a")])
    assert not holds([("a", 1), ("b", 2)], [(2, "a"), (1, "b")])
    assert not holds([("a",)], [("a",), ("a",)])
