"""Forms of English words, and the words of a model that unknown ones stand for."""

from __future__ import annotations

import pytest

from nl2sql.context.vocabulary import Vocabulary
from nl2sql.context.words import root, stem


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("statuses", "status"),
        ("bonuses", "bonus"),
        ("warehouses", "warehouse"),
        ("clauses", "clause"),
        ("people", "person"),
        ("children", "child"),
        ("uses", "use"),
        ("status", "status"),
    ],
)
def test_a_plural_is_brought_to_its_singular(plural: str, singular: str) -> None:
    assert stem(plural) == stem(singular) == singular


@pytest.mark.parametrize(
    "akin",
    [
        ("participated", "participation", "participant"),
        ("enrolled", "enrollment"),
        ("rated", "rating"),
        ("ended", "end"),
    ],
)
def test_forms_of_one_word_share_a_root(akin: tuple[str, ...]) -> None:
    assert len({root(word) for word in akin}) == 1


def test_an_unknown_form_stands_for_the_known_one() -> None:
    known = Vocabulary(["participation", "student", "end", "amount", "territory"])
    assert known.mended("Students who participated") == {"participated": "participation"}
    assert known.mended("by teritory") == {"teritory": "territory"}
    assert known.mended("until it ended") == {"ended": "end"}


@pytest.mark.parametrize("text", ["the height of 'teritory hill'", "mount", "is it Teritory Hill", "students"])
def test_a_name_and_a_word_that_begins_otherwise_stand_for_themselves(text: str) -> None:
    assert Vocabulary(["amount", "student", "territory"]).mended(text) == {}
