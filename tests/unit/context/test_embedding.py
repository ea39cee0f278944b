"""A second opinion on which tables a question is about, which may fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from nl2sql.catalog.model import Dataset, Field, SemanticModel
from nl2sql.context.embedding import FUSION, DenseIndex, Vectors, fused
from nl2sql.context.retrieve import Retriever
from nl2sql.context.visible import shown_of
from nl2sql.errors import ModelUnreachable
from nl2sql.question import Question

AS_OF = date(2026, 6, 30)


class Meaning:
    """Knows that a debtor is a client, and nothing else."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    def embed(self, texts: Sequence[str], *, keep: bool = False) -> Vectors:
        if self.fails:
            raise ModelUnreachable("The embedding model cannot be reached.")
        self.asked += texts
        return np.array(
            [[1.0, 0.0] if "clients" in text or "debtor" in text else [0.0, 1.0] for text in texts], np.float32
        )


def test_a_table_that_shares_no_word_is_found_by_meaning(warehouse: SemanticModel) -> None:
    question = Question.parse("who are our debtors?")
    assert "clients" not in Retriever()(question, warehouse, "sqlite", AS_OF).datasets[:3]
    assert "clients" in Retriever(embedder=Meaning())(question, warehouse, "sqlite", AS_OF).datasets[:3]


def test_what_a_question_names_stays_needed(warehouse: SemanticModel) -> None:
    question = Question.parse("amount invoiced to debtors")
    context = Retriever(embedder=Meaning())(question, warehouse, "sqlite", AS_OF)
    assert "invoices" in context.needed


def test_the_tables_are_embedded_once_and_each_question_alone(warehouse: SemanticModel) -> None:
    meaning = Meaning()
    retriever = Retriever(embedder=meaning)
    for text in ("debtors", "other debtors"):
        retriever(Question.parse(text), warehouse, "sqlite", AS_OF)
    assert len(meaning.asked) == len(warehouse.datasets) + 2


def test_a_small_model_is_not_worth_a_request(shop: SemanticModel) -> None:
    meaning = Meaning()
    Retriever(embedder=meaning)(Question.parse("debtors"), shop, "sqlite", AS_OF)
    assert meaning.asked == []


def test_a_failing_embedder_costs_a_remark_and_nothing_else(warehouse: SemanticModel) -> None:
    meaning = Meaning()
    meaning.fails = True
    question = Question.parse("amount invoiced by territory")
    retriever = Retriever(embedder=meaning)
    context = retriever(question, warehouse, "sqlite", AS_OF)
    assert context.remarks == ("no embeddings (llm_unreachable), ranked by words alone",)
    assert replace(context, remarks=()) == Retriever()(question, warehouse, "sqlite", AS_OF)
    meaning.fails = False
    assert retriever(question, warehouse, "sqlite", AS_OF).remarks == ()


def test_nothing_hidden_and_no_value_is_embedded(shop: SemanticModel) -> None:
    meaning = Meaning()
    closed = Dataset("vault", "vault", (Field("combination", "combination", sensitive=True),))
    model = replace(shop, datasets=(*shop.datasets, closed))
    DenseIndex(meaning).nearest("anything", shown_of(model))
    sent = " ".join(meaning.asked)
    for hidden in ("vault", "combination", "credit", "MUC", "Munich", "paid"):
        assert hidden not in sent
    assert "city" in sent


def test_ranks_are_fused_by_their_places() -> None:
    both = fused({"a": 9.0, "b": 1.0}, ["b", "c"])
    assert sorted(both, key=lambda name: -both[name]) == ["b", "a", "c"]
    assert both["a"] == pytest.approx(1 / (FUSION + 1))


def test_vectors_of_another_length_are_no_opinion(warehouse: SemanticModel) -> None:
    class Changing(Meaning):
        def embed(self, texts: Sequence[str], *, keep: bool = False) -> Vectors:
            return np.ones((len(texts), 2 if keep else 3), np.float32)

    assert Retriever(embedder=Changing())(Question.parse("payload"), warehouse, "sqlite", AS_OF).datasets
