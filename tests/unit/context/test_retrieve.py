from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from nl2sql.catalog.model import Dataset, Field, FieldValue, Metric, SemanticModel
from nl2sql.context.base import Cut, LinkedTerm
from nl2sql.context.kept import KeptByModel
from nl2sql.context.retrieve import MAX_DATASETS, retrieve
from nl2sql.context.visible import visible
from nl2sql.context.words import stem
from nl2sql.question import Question, Turn

AS_OF = date(2026, 6, 30)


def found(question: Question, model: SemanticModel) -> tuple[str, ...]:
    return retrieve(question, model, "sqlite", AS_OF).datasets


def test_a_small_model_is_taken_whole_most_relevant_first(shop: SemanticModel) -> None:
    assert found(Question.parse("How many purchases?"), shop) == ("orders", "customers")
    assert found(Question.parse("Clients by town"), shop) == ("customers", "orders")


def test_tables_between_two_named_ones_come_along(warehouse: SemanticModel) -> None:
    names = found(Question.parse("amount invoiced by territory"), warehouse)
    assert {"invoices", "orders", "clients"} <= set(names[:3])
    assert len(names) <= MAX_DATASETS


def test_everything_on_the_way_between_two_distant_tables_comes_along(warehouse: SemanticModel) -> None:
    named = {"archive_03": "papyrus", "archive_11": "microfilm"}
    datasets = tuple(replace(d, synonyms=(named[d.name],)) if d.name in named else d for d in warehouse.datasets)
    far = replace(warehouse, datasets=datasets, fingerprint="warehouse-far")
    between = {f"archive_{n:02}" for n in range(3, 12)}
    assert between <= set(found(Question.parse("papyrus and microfilm"), far))


def test_a_large_model_is_cut_even_when_everything_is_named(warehouse: SemanticModel) -> None:
    names = found(Question.parse("compare every archive payload"), warehouse)
    assert len(names) == MAX_DATASETS
    assert len(set(names)) == MAX_DATASETS


def test_a_question_that_names_nothing_still_gets_a_context(warehouse: SemanticModel) -> None:
    assert 1 <= len(found(Question.parse("xyzzy plugh"), warehouse)) <= MAX_DATASETS


def test_a_follow_up_leans_on_the_turns_before_it(warehouse: SemanticModel) -> None:
    before = (Turn("billed by region", "SELECT 1 FROM invoices"),)
    alone = found(Question.parse("and the year before?"), warehouse)
    followed = found(Question.parse("and the year before?", history=before), warehouse)
    assert "invoices" not in alone
    assert followed[:1] == ("invoices",) or "invoices" in followed[:3]


def test_the_longest_phrase_links(shop: SemanticModel) -> None:
    linked = retrieve(Question.parse("Credit limits of clients in München"), shop, "sqlite", AS_OF).linked
    assert linked == (
        LinkedTerm("Credit limits", "field", "customers.credit_limit"),
        LinkedTerm("clients", "dataset", "customers"),
        LinkedTerm("München", "value", "customers.city=MUC"),
    )


def test_a_longer_phrase_hides_the_shorter_ones_in_it() -> None:
    fields = (Field("price", "price"), Field("catalogue", "catalogue", synonyms=("price list",)))
    model = SemanticModel("m", (Dataset("sales", "sales", fields),))
    linked = retrieve(Question.parse("price lists and prices of sales"), model, "sqlite", AS_OF).linked
    assert linked == (
        LinkedTerm("price lists", "field", "sales.catalogue"),
        LinkedTerm("prices", "field", "sales.price"),
        LinkedTerm("sales", "dataset", "sales"),
    )


def test_a_lone_stop_word_links_to_no_value() -> None:
    country = Field("country", "country", values=(FieldValue("IN", ("India",)), FieldValue("IT", ("Italy",))))
    model = SemanticModel("m", (Dataset("users", "users", (country,)),))
    linked = retrieve(Question.parse("how many in India, and is it many?"), model, "sqlite", AS_OF).linked
    assert [term.words for term in linked] == ["India"]


@pytest.mark.parametrize(
    ("word", "root"),
    [
        ("cities", "city"),
        ("boxes", "box"),
        ("bids", "bid"),
        ("status", "status"),
        ("sales", "sale"),
        ("purchases", "purchase"),
        ("addresses", "address"),
    ],
)
def test_plurals_meet_their_singular(word: str, root: str) -> None:
    assert stem(word) == root


def test_a_changed_model_gets_a_new_index(shop: SemanticModel) -> None:
    question = Question.parse("gizmos")
    retrieve(question, shop, "sqlite", AS_OF)
    changed = SemanticModel("shop", (Dataset("gizmos", "gizmos", ()),), fingerprint="shop-changed")
    assert found(question, changed) == ("gizmos",)


def test_the_same_file_read_for_another_database_is_another_model(shop: SemanticModel) -> None:
    """Both have the fingerprint of the file; their expressions differ."""
    retrieve(Question.parse("gizmos"), shop, "sqlite", AS_OF)
    other = SemanticModel("shop", (Dataset("gizmos", "gizmos", ()),), fingerprint=shop.fingerprint)
    assert found(Question.parse("gizmos"), other) == ("gizmos",)


def test_what_is_kept_of_models_is_bounded_and_found_again() -> None:
    made: list[str] = []
    kept = KeptByModel(lambda model: made.append(model.name) or model.name, limit=2)
    models = [SemanticModel(str(n), ()) for n in range(3)]
    for model in (*models, models[2], models[0]):
        kept.of(model)
    assert made == ["0", "1", "2", "0"]
    assert len(kept) == 2


def test_what_was_asked_before_names_its_tables(warehouse: SemanticModel) -> None:
    before = (Turn("how many?", 'SELECT COUNT(*) FROM main."archive_07" AS a'),)
    context = retrieve(Question.parse("and now?", history=before), warehouse, "sqlite", AS_OF)
    assert context.needed == {"archive_07"}
    assert context.datasets[0] == "archive_07"


def test_a_misspelled_word_is_read_as_the_one_it_is_like(warehouse: SemanticModel) -> None:
    context = retrieve(Question.parse("amount invoced by teritory"), warehouse, "sqlite", AS_OF)
    assert {"invoices", "clients", "orders"} <= context.needed
    assert context.linked == (), "what it was taken for is a guess, and not told"


def test_another_word_is_not_taken_for_a_misspelled_one(warehouse: SemanticModel) -> None:
    datasets = tuple(replace(d, synonyms=("sniping",)) if d.name == "archive_30" else d for d in warehouse.datasets)
    context = retrieve(Question.parse("shipping"), replace(warehouse, datasets=datasets), "sqlite", AS_OF)
    assert "archive_30" not in context.datasets


def test_all_that_a_metric_reads_comes_along(warehouse: SemanticModel) -> None:
    ratio = Metric("density", "SUM(invoices.total) / COUNT(archive_30.payload)")
    model = replace(warehouse, metrics=(ratio,))
    assert {"invoices", "archive_30"} <= retrieve(Question.parse("density"), model, "sqlite", AS_OF).needed


def test_a_phrase_that_names_several_tables_brings_the_likeliest_and_two_more(warehouse: SemanticModel) -> None:
    named = {"archive_03": 1, "archive_09": 2, "archive_20": 3, "archive_30": 4}
    datasets = tuple(replace(d, synonyms=("ledger",)) if d.name in named else d for d in warehouse.datasets)
    context = retrieve(Question.parse("ledger"), replace(warehouse, datasets=datasets), "sqlite", AS_OF)
    assert len(context.needed) == 1
    assert len(named.keys() & set(context.datasets)) >= 3


def test_a_closed_dataset_takes_no_room_and_joins_nothing(warehouse: SemanticModel) -> None:
    closed = {"orders": True}
    datasets = tuple(
        replace(d, fields=tuple(replace(f, sensitive=True) for f in d.fields)) if d.name in closed else d
        for d in warehouse.datasets
    )
    model = replace(warehouse, datasets=datasets)
    context = retrieve(Question.parse("amount invoiced by territory and orders"), model, "sqlite", AS_OF)
    assert {"invoices", "clients"} <= set(context.datasets)
    assert "orders" not in context.datasets
    assert visible(context).withheld == ("orders",)
    assert context.cut[0] == Cut("tables", 28, 40)


def test_what_is_only_cut_is_not_called_withheld(warehouse: SemanticModel) -> None:
    payloads = retrieve(Question.parse("payload of archive 07"), warehouse, "sqlite", AS_OF)
    assert len(payloads.datasets) < len(warehouse.datasets)
    assert visible(payloads).withheld == ()


def test_retrieval_is_the_same_each_time(warehouse: SemanticModel) -> None:
    question = Question.parse("amount invoiced by territory")
    first = retrieve(question, warehouse, "sqlite", AS_OF)
    assert retrieve(question, replace(warehouse), "sqlite", AS_OF) == first
