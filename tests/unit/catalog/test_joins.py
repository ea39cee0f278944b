"""The join graph: forward paths only, the shortest, in the order of the model."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from nl2sql.catalog.joins import MAX_HOPS, JoinGraph
from nl2sql.catalog.model import Dataset, Relationship, SemanticModel


def link(name: str, source: str, target: str, role: str = "", column: str = "") -> Relationship:
    return Relationship(name, source, target, (column or f"{name}_id",), ("id",), role=role)


MODEL = SemanticModel(
    "library",
    tuple(Dataset(n, n, (), ("id",)) for n in ("loans", "copies", "books", "people", "cards")),
    (
        link("loan_copy", "loans", "copies"),
        link("copy_book", "copies", "books"),
        link("borrower", "loans", "people", "borrower"),
        link("librarian", "loans", "people", "librarian"),
        link("author", "books", "people", "author"),
        link("card_person", "cards", "people"),
    ),
)


@pytest.fixture
def graph() -> JoinGraph:
    return JoinGraph(MODEL)


def test_a_path_goes_from_the_many_side_to_the_one_side(graph: JoinGraph) -> None:
    assert graph.paths("loans", "books") == [("loan_copy", "copy_book")]
    assert graph.paths("books", "loans") == []
    assert graph.paths("books", "books") == [()]


def test_only_the_shortest_paths_are_kept_in_the_order_of_the_model(graph: JoinGraph) -> None:
    assert graph.paths("loans", "people") == [("borrower",), ("librarian",)]


def test_a_path_may_be_asked_to_end_with_a_role(graph: JoinGraph) -> None:
    assert graph.via("loans", "author") == [("loan_copy", "copy_book", "author")]
    assert graph.via("people", "author") == []


def test_the_last_role_on_a_path_names_its_end(graph: JoinGraph) -> None:
    role = graph.role_of(("loan_copy", "copy_book", "author"))
    assert role is not None and role.role == "author"
    assert graph.role_of(("loan_copy",)) is None


def test_a_key_of_the_many_side_makes_it_one_to_one() -> None:
    card = next(r for r in MODEL.relationships if r.name == "card_person")
    assert not JoinGraph(MODEL).is_one_to_one(card)
    keyed = tuple(replace(d, unique_keys=(card.source_columns,)) if d.name == "cards" else d for d in MODEL.datasets)
    assert JoinGraph(replace(MODEL, datasets=keyed)).is_one_to_one(card)


def test_a_circle_ends() -> None:
    circle = SemanticModel(
        "circle",
        tuple(Dataset(n, n, (), ("id",)) for n in "abc"),
        (link("ab", "a", "b"), link("bc", "b", "c"), link("ca", "c", "a")),
    )
    assert JoinGraph(circle).paths("a", "c") == [("ab", "bc")]


def test_chains_longer_than_people_ask_for_are_not_followed() -> None:
    names = [f"d{i}" for i in range(MAX_HOPS + 2)]
    pairs = pairwise(names)
    chain = SemanticModel(
        "chain", tuple(Dataset(n, n, (), ("id",)) for n in names), tuple(link(f"{a}{b}", a, b) for a, b in pairs)
    )
    graph = JoinGraph(chain)
    assert graph.paths(names[0], names[MAX_HOPS]) and not graph.paths(names[0], names[-1])
