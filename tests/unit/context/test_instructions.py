"""Words that say how to answer are not taken for tables of the same name."""

from __future__ import annotations

import pytest

from nl2sql.context.instructions import without_instructions


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Return the names of all sellers.", "the names of all sellers."),
        ("Bids by seller. Return each name, and order them by total", "Bids by seller. each name, and them by total"),
        ("Bids by seller, ordered by amount", "Bids by seller, by amount"),
        ("Titles sorted alphabetically, in descending order", "Titles alphabetically, in descending"),
        ("What are the orders you list the sellers of?", "What are the orders you the sellers of?"),
        ("Please list all countries", "Please all countries"),
    ],
)
def test_what_is_to_be_done_with_an_answer_is_blanked(text: str, rest: str) -> None:
    found = without_instructions(text)
    assert found.split() == rest.split()
    assert len(found) == len(text)
    assert all(mine in (" ", other) for mine, other in zip(found, text, strict=True)), "nothing moves"


@pytest.mark.parametrize(
    "text",
    [
        "Return rate by month",
        "Returns of the last month",
        "Orders by country",
        "Order value by country",
        "Products ordered in May",
        "How many orders did each customer return?",
        "In which state is the warehouse?",
        "",
    ],
)
def test_things_stay(text: str) -> None:
    assert without_instructions(text) == text


def test_a_long_text_is_read_at_once() -> None:
    text = "return " * 20_000 + "and " * 20_000
    assert len(without_instructions(text)) == len(text)
