"""Words → frame: what is announced is taken up, what describes stands with what it describes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.frame import (
    CompareAsk,
    FilterAsk,
    Frame,
    NotUnderstood,
    PeriodAsk,
    SeveralReadings,
    ValueAsk,
)
from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.scan import scan
from nl2sql.writers.offline.tokens import tokenize

Read = Callable[[str], Frame]


@pytest.fixture
def read(auction_model: SemanticModel, auction_graph: JoinGraph, auction_lexicon: Lexicon) -> Read:
    def scanned(text: str) -> Frame:
        return scan(auction_model, auction_graph, auction_lexicon.link(tokenize(text), date(2026, 6, 30)), text)

    return scanned


def test_an_adjective_describes_the_noun_behind_it(read: Read) -> None:
    frame = read("How many items did German sellers sell to French buyers?")
    values = {n.words: [r.values for r in n.restrictors if isinstance(r, ValueAsk)] for n in frame.nouns}
    assert values == {"items": [], "sellers": [("DE",)], "buyers": [("FR",)]}


def test_no_negates_the_things_and_not_the_adjective(read: Read) -> None:
    nothing, other = read("users with no sold listings"), read("How many listings are not sold?")
    assert [n.link for n in nothing.nouns] == ["plain", "without"]
    assert [r.negated for n in nothing.nouns for r in n.restrictors if isinstance(r, FilterAsk)] == [False]
    assert [r.negated for n in other.nouns for r in n.restrictors if isinstance(r, FilterAsk)] == [True]


def test_not_over_is_at_most(read: Read) -> None:
    (bound,) = [r for n in read("bids not over 100 euros").nouns for r in n.restrictors]
    assert isinstance(bound, CompareAsk)
    assert (bound.operator, bound.values, bound.unit) == ("<=", (Decimal(100),), "EUR")


def test_several_functions_of_one_thing_are_several_measures(read: Read) -> None:
    frame = read("Average, minimum and maximum final price")
    assert [m.function for m in frame.measures] == ["avg", "min", "max"]


def test_a_period_stands_with_the_date_named_before_it(read: Read) -> None:
    frame = read("How many items listed in 2024 sold in 2025?")
    fields = [r.fields[0].field for n in frame.nouns for r in n.restrictors if isinstance(r, PeriodAsk)]
    assert fields == ["created_at", "closed_at"]


def test_a_count_behind_have_is_exact(read: Read) -> None:
    (_, bids) = read("How many listings have 5 bids?").nouns
    assert (bids.link, bids.operator, bids.count) == ("count", "=", 5)


def test_the_part_of_a_share_is_the_last_thing_said(read: Read) -> None:
    frame = read("What percentage of users from Germany never bought anything?")
    assert [n.words for n in frame.nouns] == ["users"] and frame.nouns[0].restrictors
    assert [n.link for n in frame.part_nouns] == ["without"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("GMV by", "by"),
        ("not", "not"),
        ("how many", "how many"),
        ("users over", "a comparison"),
        ("the highest", "highest or lowest"),
        ("average of", "avg"),
        ("listings sorted by", "sorted by"),
    ],
)
def test_what_is_announced_and_never_comes_is_named(text: str, word: str, read: Read) -> None:
    with pytest.raises(NotUnderstood) as error:
        read(text)
    assert error.value.words == (word,)


@pytest.mark.parametrize("text", ["GMV in 2024 and 2025", "How many listings were not sold in 2025?", "Total bids"])
def test_two_readings_of_words_are_asked_back(text: str, read: Read) -> None:
    with pytest.raises(SeveralReadings) as error:
        read(text)
    assert len(error.value.choices) > 1
