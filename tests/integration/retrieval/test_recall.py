"""The golds' tables are in the contexts of their questions, also when a company's tables stand around them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from benches.thousand_tables import thousand_tables, thousand_tables_text
from nl2sql.catalog.load import load_model
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.fit import narrowed
from nl2sql.context.retrieve import Retriever, retrieve
from nl2sql.context.visible import visible
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.prompt.render import render_within
from nl2sql.question import Question
from tests.integration.retrieval.recall import (
    AS_OF,
    ROOT,
    TOKENS,
    auction,
    gold_tables,
    recall_of,
    share,
    template,
    thousand,
)

LEAST = 0.98


@pytest.mark.parametrize("make", [auction, partial(thousand, 300), thousand], ids=["auction", "300", "1000"])
def test_the_tables_of_the_golds_are_in_the_context(make: partial[object]) -> None:
    found = list(recall_of(make()))  # type: ignore[arg-type]
    lacking = {each.case.id: sorted(each.missing) for each in found if each.missing}
    assert share(found, held_out=False) >= LEAST, lacking
    assert share(found, held_out=True) >= LEAST, lacking
    assert max(each.tokens for each in found) <= TOKENS


def test_recall_can_fall() -> None:
    assert gold_tables("WITH a AS (SELECT 1 FROM bids) SELECT 1 FROM a JOIN main.users AS u ON 1 = 1") == {
        "bids",
        "users",
    }
    model = thousand()
    kept = tuple(dataset for dataset in model.datasets if dataset.name != "bids")
    joins = tuple(r for r in model.relationships if "bids" not in (r.source, r.target))
    assert share(list(recall_of(replace(model, datasets=kept, relationships=joins)))) < 0.9


@pytest.mark.parametrize("tokens", [2_100, 1_800])
def test_a_smaller_bound_is_kept_and_costs_no_table_that_is_needed(tokens: int) -> None:
    question = Question.parse("GMV by country of the buyer, and the number of bids per listing by category")
    context = retrieve(question, thousand(), "sqlite", AS_OF)
    prompt, told = render_within(template(), question, context, reply_schema={}, tokens=tokens)
    assert prompt.tokens <= tokens
    assert {"listings", "users", "bids", "categories"} <= context.needed <= set(told.datasets)
    assert told.cut_words[0].endswith(" of 1,000 tables left out")


def test_the_least_that_is_told_of_a_thousand_tables_can_answer() -> None:
    question = Question.parse("GMV by country of the buyer")
    context = retrieve(question, thousand(), "sqlite", AS_OF)
    while (less := narrowed(context, 300)) is not None:
        context = less
    told = {dataset.name: {field.name for field in dataset.fields} for dataset in visible(context).datasets}
    assert told.keys() == {"listings", "users"}
    assert {"id", "country"} <= told["users"]
    assert {"highest_bidder_id", "closed_at"} <= told["listings"]
    assert [metric.name for metric in visible(context).metrics] == ["gmv"]


def test_the_model_of_a_thousand_tables_is_the_same_each_time_and_holds_the_small_one() -> None:
    model = thousand()
    assert thousand_tables(auction()) == model
    assert len({dataset.name for dataset in model.datasets}) == 1_000
    assert {dataset.name for dataset in auction().datasets} <= model.dataset_by_name.keys()
    assert {"users_archive", "bid_requests", "reviews_hr", "product_categories", "payment_methods"} <= {
        dataset.name for dataset in model.datasets
    }
    assert {r.target for r in model.relationships} <= model.dataset_by_name.keys()


def test_as_a_file_it_is_the_same_model(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(thousand_tables_text(ROOT / "schema" / "auction" / "model.yaml", 60), encoding="utf-8")
    read, made = load_model(path, cache=tmp_path / "cache"), thousand_tables(auction(), 60)
    assert {d.name: {f.name for f in d.fields} for d in read.datasets} == {
        d.name: {f.name for f in d.fields} for d in made.datasets
    }
    assert {r.name for r in read.relationships} == {r.name for r in made.relationships}
    assert {m.name for m in read.metrics} == {m.name for m in made.metrics}


class AuctionValues:
    """The auction's own values, in a warehouse whose other tables hold nothing."""

    def __init__(self, database: Path) -> None:
        self._engine = SqliteEngine(str(database))

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        is_its_own = any(dataset.table == table for dataset in auction().datasets)
        return self._engine.distinct_values(table, column, limit, where) if is_its_own else []

    def fingerprint(self) -> str:
        return self._engine.fingerprint()

    def close(self) -> None:
        self._engine.close()


def test_names_that_only_the_database_knows_bring_their_tables(auction_database: Path) -> None:
    values = AuctionValues(auction_database)
    try:
        retriever = Retriever(values="linked", stored=ValueIndex(thousand(), values))
        found = list(recall_of(thousand(), retriever))
        lacking = {each.case.id: sorted(each.missing) for each in found if each.missing}
        assert not lacking
        assert max(each.tokens for each in found) <= TOKENS
        assert not [each.context.remarks for each in found if each.context.remarks]
        asked = retriever(Question.parse("What is the country of anna_k?"), thousand(), "sqlite", AS_OF)
        assert "users.username=anna_k" in {term.target for term in asked.linked}
    finally:
        values.close()
