"""The join graph: forward paths only, the shortest, in the order of the model."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from nl2sql.catalog.joins import MAX_HOPS, MAX_PATHS, JoinGraph
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


def test_a_tree_is_climbed_only_by_its_role() -> None:
    tree = SemanticModel(
        "tree",
        tuple(Dataset(n, n, (), ("id",)) for n in ("listings", "categories")),
        (
            link("listing_category", "listings", "categories"),
            link("category_parent", "categories", "categories", "parent"),
        ),
    )
    graph = JoinGraph(tree)
    assert graph.paths("listings", "categories") == [("listing_category",)]
    assert graph.paths("categories", "categories") == [()]
    assert graph.via("listings", "category_parent") == [("listing_category", "category_parent")]
    assert graph.via("categories", "category_parent") == [("category_parent",)]
    (parent,) = graph.self_relationships("categories")
    assert parent.is_self and graph.cardinality(parent) == "many_to_one"
    assert graph.self_relationships("listings") == []


@pytest.mark.parametrize(
    ("columns", "keys", "expected"),
    [
        (("a", "b"), (("a", "b"),), "one_to_one"),
        (("b", "a"), (("a", "b"),), "one_to_one"),
        (("a", "b"), (("a",),), "one_to_one"),
        (("a",), (("a", "b"),), "many_to_one"),
        (("a",), ((),), "many_to_one"),
        (("a", "b"), (("c",), ("b", "a")), "one_to_one"),
        (("a", "b"), (("c",), ("a", "c")), "many_to_one"),
    ],
)
def test_a_key_among_the_pointing_columns_makes_it_one_to_one(
    columns: tuple[str, ...], keys: tuple[tuple[str, ...], ...], expected: str
) -> None:
    primary, *unique = keys
    source = Dataset("source", "source", (), primary, tuple(unique))
    pointing = Relationship("r", "source", "target", columns, columns)
    model = SemanticModel("m", (source, Dataset("target", "target", (), columns)), (pointing,))
    assert JoinGraph(model).cardinality(pointing) == expected


def test_parallel_ways_do_not_multiply_without_end() -> None:
    names = [f"d{i}" for i in range(MAX_HOPS + 1)]
    links = tuple(link(f"{a}{b}{i}", a, b) for a, b in pairwise(names) for i in range(20))
    graph = JoinGraph(SemanticModel("wide", tuple(Dataset(n, n, (), ("id",)) for n in names), links))
    paths = graph.paths(names[0], names[-1])
    assert len(paths) == MAX_PATHS and all(len(path) == MAX_HOPS for path in paths)
    assert len(graph.paths(names[0], names[1])) == 20
