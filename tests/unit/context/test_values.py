"""Which values may leave the house: what the setting allows, and never more than the asker may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import IndexedValue, ValueIndex
from nl2sql.catalog.visibility import seen_by
from nl2sql.context.base import Context, Example
from nl2sql.context.retrieve import Retriever
from nl2sql.context.visible import visible
from nl2sql.errors import DatabaseUnreachable
from nl2sql.question import Question

AS_OF = date(2026, 6, 30)
STORED = {
    ("customers", "city"): ["MUC", "Wien", "São Paulo"],
    ("customers", "nickname"): ["anna_k", "the boss", "Wien"],
    ("customers", "credit_limit"): ["9000"],
}


class Stored:
    """A database that counts how often it is read."""

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        return STORED.get((table, column), [])[:limit]

    def fingerprint(self) -> str:
        return "1"


class Broken(Stored):
    def fingerprint(self) -> str:
        raise DatabaseUnreachable("The database at db.internal cannot be reached.")


def asked(text: str, model: SemanticModel, source: Any = None, **given: Any) -> Context:
    stored = ValueIndex(model, source or Stored())
    return Retriever(stored=stored, **given)(Question.parse(text), model, "sqlite", AS_OF)


def values_in(context: Context) -> set[str]:
    return {v.value for d in visible(context).datasets for f in d.fields for v in f.values}


def linked_values(context: Context) -> list[str]:
    return [term.target for term in visible(context).linked if term.kind == "value"]


def test_with_none_no_value_is_told_and_a_word_names_its_field_alone(shop: SemanticModel) -> None:
    context = asked("settled purchases of anna_k in Munich", shop, values="none")
    assert values_in(context) == set()
    assert linked_values(context) == ["orders.state", "customers.city"]
    assert [term.words for term in visible(context).linked if term.kind == "value"] == ["settled", "Munich"]
    for each in ("MUC", "paid", "settled", "anna_k"):
        assert each not in repr(visible(context).datasets)


def test_with_none_there_are_no_examples_whose_sql_holds_values(shop: SemanticModel) -> None:
    example = Example("purchases in Wien", "SELECT COUNT(*) FROM customers WHERE city = 'Wien'")
    for values, count in (("none", 0), ("enums", 1)):
        context = asked("how many purchases in Wien", shop, values=values, examples=(example,))
        assert len(visible(context).examples) == count


def test_with_enums_the_listed_values_are_told_and_no_stored_one(shop: SemanticModel) -> None:
    context = asked("settled purchases of anna_k in Wien", shop, values="enums")
    assert values_in(context) == {"MUC", "paid", "open"}
    assert linked_values(context) == ["orders.state=paid"]


def test_with_linked_the_stored_values_that_the_question_names_are_told(shop: SemanticModel) -> None:
    context = asked("purchases of anna_k in sao paulo", shop, values="linked")
    assert linked_values(context) == ["customers.nickname=anna_k", "customers.city=São Paulo"]


def test_a_value_of_several_fields_is_linked_to_each(shop: SemanticModel) -> None:
    context = asked("purchases in Wien", shop, values="linked")
    assert set(linked_values(context)) == {"customers.nickname=Wien", "customers.city=Wien"}


def test_a_misspelled_name_finds_the_value_it_is_like(shop: SemanticModel) -> None:
    assert "customers.city=São Paulo" in linked_values(asked("purchases in Sao Paolo", shop, values="linked"))
    assert "customers.nickname=the boss" in linked_values(asked("purchases by “the bos”", shop, values="linked"))


def test_values_of_a_sensitive_field_are_never_told(shop: SemanticModel) -> None:
    assert linked_values(asked("purchases above 9000", shop, values="linked")) == []


class Careless:
    """An index that knows more than it should: the view decides, not the index."""

    def exactly(self, words: str) -> list[IndexedValue]:
        return [IndexedValue(words, "customers", "credit_limit", words), IndexedValue(words, "nowhere", "x", words)]

    def nearest(self, words: str, limit: int = 5, least: float = 0.75) -> list[Any]:
        return []


def test_an_index_that_holds_what_is_hidden_is_not_believed(shop: SemanticModel) -> None:
    context = Retriever(values="linked", stored=Careless())(Question.parse("limit of Gold"), shop, "sqlite", AS_OF)
    assert linked_values(context) == []
    assert context.linked == ()


@pytest.mark.parametrize("column", ["customers.city", "customers.nickname"])
def test_values_of_a_field_that_a_role_does_not_see_are_not_told(column: str, shop: SemanticModel) -> None:
    stored = ValueIndex(shop, Stored())
    hidden = seen_by(shop, {column})
    context = Retriever(values="linked", stored=stored)(
        Question.parse("Wien, São Paulo and anna_k"), hidden, "sqlite", AS_OF
    )
    assert not [target for target in linked_values(context) if target.startswith(column)]
    assert linked_values(context), "the other field's are"


def test_of_rows_that_a_role_does_not_see_only_listed_values_are_told(shop: SemanticModel) -> None:
    """Values of a filtered table are private: the index is read from all of its rows."""
    private = seen_by(shop, set(), {"customers.city", "customers.nickname"})
    retriever = Retriever(values="linked", stored=ValueIndex(shop, Stored()))
    context = retriever(Question.parse("anna_k and Wien in MUC"), private, "sqlite", AS_OF)
    assert linked_values(context) == ["customers.city=MUC"]


def test_a_database_that_cannot_be_read_costs_a_remark(shop: SemanticModel) -> None:
    context = asked("settled purchases in Wien", shop, Broken(), values="linked")
    assert context.remarks == ("stored values could not be read",)
    assert linked_values(context) == ["orders.state=paid"]


def test_a_stored_value_brings_its_table(warehouse: SemanticModel) -> None:
    datasets = tuple(
        replace(d, fields=tuple(replace(f, indexed=True) for f in d.fields)) if d.name == "archive_19" else d
        for d in warehouse.datasets
    )
    model = replace(warehouse, datasets=datasets)

    class Papyrus(Stored):
        def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
            return ["Codex Argenteus"]

    context = asked("How old is the codex argenteus?", model, Papyrus(), values="linked")
    assert context.needed == {"archive_19"}
    assert linked_values(context) == ["archive_19.payload=Codex Argenteus"]
