"""The whole answer, from a statement that the real guard let through."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from nl2sql.answer.base import Answer
from nl2sql.answer.grammar import article, counted, listed, mid, plural, pretty, singular


def test_an_answer_carries_everything_that_was_computed(answer: Callable[..., Answer]) -> None:
    sql = "SELECT title, current_bid FROM listings ORDER BY current_bid DESC LIMIT 2"
    answered = answer(sql, {"title": ["Omega", "Leica"], "current_bid": [900.0, 800.0]})
    assert answered.outcome == "answered"
    assert answered.headline == "Omega leads with €900.00 (current bid)."
    assert answered.receipt is not None
    assert [line.text for line in answered.receipt.lines][-2:] == ["Top 2 by current bid", "2 rows came back"]
    assert answered.assumptions == ("an assumption",)
    assert answered.sql.upper().startswith("SELECT")


def test_the_cap_that_the_guard_added_is_told_as_a_cap(answer: Callable[..., Answer]) -> None:
    answered = answer("SELECT title FROM listings", {"title": ["a", "b"]})
    assert answered.receipt is not None
    texts = [line.text for line in answered.receipt.lines]
    assert texts == ["Shows title", "From listings", "At most 1,000 rows", "2 rows came back"]


def test_the_room_loads_no_plotting_library_until_a_figure_is_asked_for() -> None:
    code = "import sys, nl2sql.answer.compose, nl2sql.answer.figure; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nouns_have_their_other_number() -> None:
    pairs = {
        "category": "categories",
        "bid": "bids",
        "watch": "watches",
        "box": "boxes",
        "day": "days",
        "status": "status",
    }
    assert {one: plural(one) for one in pairs} == pairs
    assert {many: singular(many) for many in pairs.values()} == {many: one for one, many in pairs.items()}
    assert singular("payment addresses") == "payment address"


def test_sentences_are_put_together_as_people_write() -> None:
    assert counted(1, "rows") == "1 row"
    assert counted(1000, "row") == "1,000 rows"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert (article("user"), article("item"), article("bid")) == ("a user", "an item", "a bid")
    assert (mid("GMV"), mid("Current bid")) == ("GMV", "current bid")
    assert pretty("highest_bidder_id") == "highest bidder ID"
