"""The value index reads what may be read, once for each state of the data."""

from __future__ import annotations

import pytest

from nl2sql.catalog.model import Dataset, Field, FieldValue, SemanticModel
from nl2sql.catalog.value_index import MAX_VALUES, IndexedValue, ValueIndex


class Stored:
    def __init__(self, values: list[str]) -> None:
        self.values = values
        self.state = "1"
        self.read: list[tuple[str, str, int, str]] = []

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        self.read.append((table, column, limit, where))
        return self.values[:limit]

    def fingerprint(self) -> str:
        return self.state


def model(*fields: Field, rows: str = "") -> SemanticModel:
    return SemanticModel("m", (Dataset("people", "db.persons", fields, rows=rows),))


def test_stored_values_and_vocabularies_are_words_for_a_value() -> None:
    stored = Stored(["Bern"])
    country = Field("country", "country", values=(FieldValue("CH", ("Switzerland", "Swiss")),))
    index = ValueIndex(model(Field("city", "city", indexed=True), country), stored)
    assert set(index.entries()) == {
        IndexedValue("Bern", "people", "city", "Bern"),
        IndexedValue("CH", "people", "country", "CH"),
        IndexedValue("Switzerland", "people", "country", "CH"),
        IndexedValue("Swiss", "people", "country", "CH"),
    }
    assert stored.read == [("persons", "city", MAX_VALUES + 1, "")]


@pytest.mark.parametrize("indexed", [True, False])
def test_a_sensitive_field_is_never_read_nor_its_vocabulary_told(indexed: bool) -> None:
    stored = Stored(["secret"])
    field = Field("email", "email", sensitive=True, indexed=indexed, values=(FieldValue("secret"),))
    assert ValueIndex(model(field), stored).entries() == ()
    assert stored.read == []


def test_a_field_with_too_many_values_has_names_and_no_words() -> None:
    field = Field("name", "name", indexed=True)
    full = ValueIndex(model(field), Stored([str(i) for i in range(MAX_VALUES)])).entries()
    beyond = ValueIndex(model(field), Stored([str(i) for i in range(MAX_VALUES + 1)])).entries()
    assert (len(full), len(beyond)) == (MAX_VALUES, 0)


def test_values_are_read_again_only_when_the_data_has_changed() -> None:
    stored = Stored(["Bern"])
    index = ValueIndex(model(Field("city", "city", indexed=True)), stored)
    assert index.entries() == index.entries() and len(stored.read) == 1
    stored.values, stored.state = ["Oslo"], "2"
    assert index.state() == "2"
    assert [e.value for e in index.entries()] == ["Oslo"] and len(stored.read) == 2


def test_a_dataset_of_some_rows_reads_values_of_those_alone() -> None:
    stored = Stored([])
    field = Field("name", "name", indexed=True)
    ValueIndex(model(field, rows="people.parent_id IS NULL"), stored).entries()
    assert stored.read == [("persons", "name", MAX_VALUES + 1, "parent_id IS NULL")]


CITIES = ["São Paulo", "San Pablo", "Bern", "Rio de Janeiro", "Los Angeles"]


def cities(stored: list[str] | None = None) -> ValueIndex:
    country = Field("country", "country", values=(FieldValue("CH", ("Switzerland", "Swiss")),))
    return ValueIndex(model(Field("city", "city", indexed=True), country), Stored(CITIES if stored is None else stored))


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("sao paulo", "São Paulo"),
        ("SAO-PAULO", "São Paulo"),
        ("swiss", "CH"),
        ("Swisses", "CH"),
        ("los angeles", "Los Angeles"),
    ],
)
def test_case_accents_punctuation_and_number_make_no_difference(words: str, value: str) -> None:
    assert [e.value for e in cities().exactly(words)] == [value]
    nearest = cities().nearest(words, 1)
    assert [(n.entry.value, n.score) for n in nearest] == [(value, 1.0)]


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("Sao Paolo", "São Paulo"),
        ("switserland", "CH"),
        ("janeiro de rio", "Rio de Janeiro"),
        ("Los Angelos", "Los Angeles"),
    ],
)
def test_slips_and_other_orders_are_near(words: str, value: str) -> None:
    first = cities().nearest(words)[0]
    assert first.entry.value == value and first.score >= 0.75


def test_the_order_of_words_costs_nothing() -> None:
    (first, *_) = cities().nearest("Paulo, São", least=0.3)
    assert (first.entry.value, first.score) == ("São Paulo", 1.0)


def test_the_nearest_come_first_and_no_more_than_asked_for() -> None:
    near = cities().nearest("san paulo", limit=2, least=0.5)
    assert [n.entry.value for n in near] == ["São Paulo", "San Pablo"]
    assert near[0].score >= near[1].score
    assert cities().nearest("san paulo", limit=0) == []


@pytest.mark.parametrize("words", ["", "…", "quarterly", "x" * 10_000])
def test_what_is_like_nothing_finds_nothing(words: str) -> None:
    assert cities().nearest(words) == [] and cities().exactly(words) == ()


def test_nothing_is_near_in_an_empty_index() -> None:
    assert ValueIndex(model(), Stored([])).nearest("bern") == []


def test_a_value_with_several_near_words_is_told_once() -> None:
    found = cities([]).nearest("switzerland swiss", limit=5, least=0.3)
    assert [n.entry.value for n in found] == ["CH"]


def test_the_index_is_read_again_when_told_to() -> None:
    stored = Stored(["Bern"])
    index = ValueIndex(model(Field("city", "city", indexed=True)), stored)
    assert index.nearest("bern") and not index.nearest("oslo")
    stored.values = ["Oslo"]
    assert not index.nearest("oslo"), "the state is the same"
    index.refresh()
    assert index.nearest("oslo") and len(stored.read) == 2


def test_new_data_is_searched_too() -> None:
    stored = Stored(["Bern"])
    index = ValueIndex(model(Field("city", "city", indexed=True)), stored)
    assert index.nearest("bern")
    stored.values, stored.state = ["Oslo"], "2"
    assert index.nearest("oslo") and not index.nearest("bern")


def test_a_sensitive_field_is_not_near_anything() -> None:
    field = Field("email", "email", sensitive=True, indexed=True, values=(FieldValue("secret"),))
    assert ValueIndex(model(field), Stored(["secret"])).nearest("secret") == []


def test_a_computed_field_and_a_query_have_no_column_to_read() -> None:
    stored = Stored(["Bern"])
    computed = Field("city", "UPPER(city)", indexed=True)
    qualified = Field("town", 'people."Home Town"', indexed=True)
    assert [e.field for e in ValueIndex(model(computed, qualified), stored).entries()] == ["town"]
    assert [column for _, column, _, _ in stored.read] == ["Home Town"]
    query = SemanticModel("m", (Dataset("q", "SELECT city FROM t", (Field("city", "city", indexed=True),)),))
    assert ValueIndex(query, stored).entries() == ()


def test_all_fields_together_are_bounded_and_long_texts_are_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nl2sql.catalog.value_index.MAX_ENTRIES", 5)
    first, second = Field("first", "first", indexed=True), Field("second", "second", indexed=True)
    entries = ValueIndex(model(first, second), Stored(["a", "b", "c"])).entries()
    assert {e.field for e in entries} == {"first"}
    assert ValueIndex(model(first), Stored(["x" * 201, "y" * 200])).entries()[0].value == "y" * 200
