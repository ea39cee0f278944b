from __future__ import annotations

import pytest

from nl2sql.writers.base import CannotAnswer, SqlDraft
from nl2sql.writers.offline.inflection import stem


@pytest.mark.parametrize(
    "forms",
    [
        ("close", "closed", "closing"),
        ("sign", "signed", "signing"),
        ("ship", "shipped", "shipping"),
        ("carry", "carried", "carrying"),
        ("rate", "rated", "rating"),
    ],
)
def test_the_forms_of_a_verb_share_a_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(("one", "other"), [("sold", "sell"), ("red", "ring"), ("bed", "bid"), ("wing", "wed")])
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_a_verb_of_the_model_is_read_in_another_form(ask) -> None:  # type: ignore[no-untyped-def]
    draft, usual = ask("How many users registering in 2025?"), ask("How many users registered in 2025?")
    assert isinstance(draft, SqlDraft) and isinstance(usual, SqlDraft)
    assert draft.sql == usual.sql


def test_a_word_without_a_stem_in_the_model_stays_unknown(ask) -> None:  # type: ignore[no-untyped-def]
    draft = ask("How many users juggling in 2025?")
    assert isinstance(draft, CannotAnswer)
    assert draft.unknown_words == ("juggling",)
