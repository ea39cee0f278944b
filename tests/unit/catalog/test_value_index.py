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
