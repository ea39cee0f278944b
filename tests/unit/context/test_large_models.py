"""What a large model puts in the way of a question: copies, names said in part, common columns, columns of exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from nl2sql.catalog.model import Dataset, Field, Relationship, SemanticModel
from nl2sql.context.base import Context
from nl2sql.context.copies import Copy, copies_in
from nl2sql.context.field_words import FieldWords
from nl2sql.context.retrieve import retrieve
from nl2sql.context.schema_index import index_of
from nl2sql.context.selection import Selection
from nl2sql.question import Question


def dataset(name: str, columns: str, *synonyms: str) -> Dataset:
    return Dataset(name, name, tuple(Field(each, each) for each in columns.split()), ("id",), synonyms=synonyms)


PAYMENTS = "id account_id amount paid_at"
COPIES = ("payments_daily_archive", "stg_payments_daily", "payments_daily_2023", "payments_daily_emea")


def model(*datasets: Dataset, joins: tuple[Relationship, ...] = ()) -> SemanticModel:
    """With as many others as make a choice necessary."""
    others = tuple(dataset(f"machine_{n}", f"id reading_{n} rating") for n in range(30))
    return SemanticModel("large", (*others, *datasets), joins)


def asked(text: str, of: SemanticModel) -> Context:
    return retrieve(Question.parse(text), of, "sqlite", date(2026, 6, 30))


def with_copies() -> SemanticModel:
    copies = (dataset(name, f"{PAYMENTS} loaded_at") for name in COPIES)
    return model(*copies, dataset("payments_daily", PAYMENTS), dataset("payments_settings", "id theme"))


def test_a_copy_is_known_by_its_name_and_its_columns() -> None:
    found = copies_in(with_copies(), with_copies().dataset_by_name)
    assert found.keys() == set(COPIES)
    assert found["stg_payments_daily"] == Copy("payments_daily", frozenset({"stg"}))


def test_a_copy_of_a_copy_has_the_first_original() -> None:
    datasets = [dataset(name, PAYMENTS) for name in ("payment", "payment_old", "payment_old_emea")]
    copies = copies_in(SemanticModel("m", tuple(datasets)), [each.name for each in datasets])
    assert copies["payment_old_emea"].original == "payment"


def test_an_original_comes_before_its_copies() -> None:
    told = asked("daily payments by account", with_copies()).datasets
    assert told[0] == "payments_daily"
    assert min(map(told.index, set(told) & set(COPIES)), default=99) > told.index("payments_settings")


def test_a_copy_that_is_meant_is_told_with_its_original() -> None:
    told = asked("payments in the archive", with_copies()).datasets
    assert {"payments_daily", "payments_daily_archive"} <= set(told[:3])


def test_a_year_can_be_a_period_and_a_table() -> None:
    told = asked("payments of 2023", with_copies()).datasets
    assert {"payments_daily", "payments_daily_2023"} <= set(told[:3])


def test_a_name_that_is_said_in_part_is_found_though_a_value_is_called_so() -> None:
    events = Dataset("events", "events", (Field("id", "id"), Field("transaction", "transaction")), ("id",))
    wallets = dataset("ledger_transactions_intraday", "id amount")
    assert "ledger_transactions_intraday" in asked("number of transactions", model(events, wallets)).datasets


def test_a_word_that_many_have_a_column_for_brings_none_of_them_in() -> None:
    shops = dataset("shops", "id name city_id")
    cities = dataset("cities", "id name")
    joins = (Relationship("shop_city", "shops", "cities", ("city_id",), ("id",)),)
    context = asked("rating of shops", model(shops, cities, joins=joins))
    assert context.needed == {"shops"}
    assert "cities" in context.datasets


def test_a_column_that_is_called_as_another_table_is_told_besides() -> None:
    areas = dataset("sales_areas", "id manager", "region")
    places = dataset("places", "id region", "location")
    told = asked("shops in each region", model(areas, places, dataset("shops", "id name"))).datasets
    assert {"shops", "sales_areas", "places"} <= set(told)


def test_what_is_to_be_done_with_an_answer_brings_no_table_in() -> None:
    returns, orders = dataset("returns", "id reason"), dataset("orders", "id total")
    context = asked(
        "Return the ratings of shops, order them by name.", model(returns, orders, dataset("shops", "id name"))
    )
    assert context.needed == {"shops"}
    assert asked("Returns of shops", model(returns, orders, dataset("shops", "id name"))).needed == {"shops", "returns"}


def selected(text: str, of: SemanticModel, scores: Mapping[str, float]) -> list[str]:
    """What is told where the datasets of the model rank as `scores` says, and the machines above them."""
    index = index_of(of)
    words = index.words(Question.parse(text))
    machines = {f"machine_{n}": 100.0 - n for n in range(30)}
    selection = Selection(index, machines | scores, index.phrases.in_text(text), words)
    selection.cover()
    return selection.filled()


def test_a_copy_that_is_not_meant_scores_less_and_one_that_is_lends_its_score() -> None:
    index = index_of(with_copies())
    scores = index.scores({"payment": 1.0}, [])
    assert scores["stg_payments_daily"] < 0.7 * scores["payments_daily"]
    scores = index.scores({"payment": 1.0, "2023": 1.0}, [])
    assert scores["payments_daily"] == scores["payments_daily_2023"]


def test_where_a_copy_ranks_its_original_is_told() -> None:
    told = selected("anything", with_copies(), {"stg_payments_daily": 99.9, "payments_daily": 0.1})
    assert "payments_daily" in told
    assert "stg_payments_daily" not in told


def test_the_few_that_have_a_word_in_their_names_are_told_however_they_rank() -> None:
    wallets = dataset("ledger_transactions_intraday", "id amount")
    assert wallets.name in selected("transactions", model(wallets), {wallets.name: 0.1})


def test_a_column_of_the_same_name_is_told_however_it_ranks() -> None:
    areas, places = dataset("sales_areas", "id manager", "region"), dataset("places", "id region", "location")
    told = selected("by region", model(areas, places), {"sales_areas": 0.2, "places": 0.1})
    assert {"sales_areas", "places"} <= set(told)


def ranked(words: str, *fields: Field, measured: str = "") -> list[str]:
    found = FieldWords(fields, {measured}, lambda word: 1.0)
    return [field.name for field in found.ranked(dict.fromkeys(words.split(), 1.0))]


def test_a_column_that_is_named_whole_comes_before_its_other_forms() -> None:
    forms = [Field(name, name) for name in ("previous_status", "status_raw", "status", "note")]
    assert ranked("status", *forms) == ["status", "previous_status", "status_raw", "note"]
    assert ranked("status raw", *forms)[0] == "status_raw"


@pytest.mark.parametrize("likely", [Field("b", "b", synonyms=("kind",)), Field("b", "b", indexed=True)])
def test_of_what_is_not_named_the_likelier_comes_first(likely: Field) -> None:
    assert ranked("nothing", Field("a", "a"), likely) == ["b", "a"]
    assert ranked("nothing", Field("a", "a"), Field("c", "c"), measured="c") == ["c", "a"]
