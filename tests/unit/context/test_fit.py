"""What a context gives up for its size, in which order, and what it never gives up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from nl2sql.catalog.model import Dataset, DataType, Field, FieldValue, Metric, Relationship, SemanticModel
from nl2sql.context.base import Context, Cut, Example
from nl2sql.context.detail import fields_to_keep
from nl2sql.context.fit import narrowed
from nl2sql.context.retrieve import Retriever
from nl2sql.context.visible import shown_of, visible
from nl2sql.question import Question

AS_OF = date(2026, 6, 30)
WORDS = ("apple", "pear", "plum", "fig", "quince", "medlar")


def orchard(tables: int, columns: int) -> SemanticModel:
    """Tables in a chain, each with a key, a label, a time, values, a sensitive column and a metric."""
    datasets, joins, metrics = [], [], []
    for n in range(tables):
        name = f"{WORDS[n % len(WORDS)]}_{n}"
        values = tuple(FieldValue(f"{name}_kind_{v}") for v in range(6))
        fields = (
            Field("id", "id", DataType.INTEGER),
            Field("next_id", "next_id", DataType.INTEGER),
            Field("title", "title"),
            Field("kind", "kind", values=values),
            Field("picked_at", "picked_at", DataType.DATETIME, is_time=True),
            Field("secret_price", "secret_price", sensitive=True),
            *(Field(f"{WORDS[c % len(WORDS)]}_part_{c}", f"column_{c}") for c in range(columns)),
        )
        datasets.append(Dataset(name, f"t_{name}", fields, ("id",), label_field="title", time_field="picked_at"))
        metrics.append(Metric(f"{name}_weight", f"SUM({name}.column_0)", time_field=f"{name}.picked_at"))
        if n:
            joins.append(Relationship(f"join_{n}", f"{datasets[n - 1].name}", name, ("next_id",), ("id",)))
    return SemanticModel("orchard", tuple(datasets), tuple(joins), tuple(metrics))


EXAMPLES = tuple(Example(f"weight of {word}", f"SELECT SUM(column_0) FROM t_{word}_0") for word in WORDS)


def context_of(model: SemanticModel, text: str) -> Context:
    return Retriever(EXAMPLES)(Question.parse(text), model, "sqlite", AS_OF)


def smallest(context: Context, step: int = 10**9) -> Context:
    while (less := narrowed(context, step)) is not None:
        context = less
    return context


def test_examples_go_first_the_least_alike_at_once() -> None:
    context = context_of(orchard(3, 4), "weight of apple 0 parts")
    assert context.examples
    less = narrowed(context, 1)
    assert less is not None
    assert less.examples == context.examples[:-1]
    assert replace(less, examples=context.examples, cut=(), values_of=None) == replace(context, cut=())
    assert less.cut_words == (f"1 of {len(context.examples)} examples left out",)


def test_values_of_fields_that_are_not_named_go_before_the_fields() -> None:
    context = replace(context_of(orchard(3, 4), "apple 0 kind 3 parts of pear 1"), examples=())
    less = narrowed(context, 20)
    assert less is not None
    assert less.fields == context.fields
    assert less.values_of is not None
    assert len(less.values_of) == 2
    assert "1 of 3 lists of values left out" in less.cut_words


def test_a_value_that_the_question_names_keeps_the_list_it_is_in() -> None:
    context = context_of(orchard(3, 4), "how many apple_0_kind_3?")
    assert smallest(context).values_of == {"apple_0.kind"}


def test_fields_of_the_least_relevant_table_go_first() -> None:
    context = replace(context_of(orchard(3, 4), "apple 0"), examples=(), values_of=frozenset())
    less = narrowed(context, 1)
    assert less is not None
    last = context.datasets[-1]
    assert len(less.fields[last]) == len(context.fields[last]) - 1
    assert [name for name in context.datasets[:-1] if less.fields[name] != context.fields[name]] == []
    assert less.cut == (Cut(f"fields of {last}", 1, 9),)


def test_metrics_that_are_not_named_go_before_tables() -> None:
    context = replace(context_of(orchard(3, 0), "apple 0 weight"), examples=(), values_of=frozenset())
    less = narrowed(context, 1)
    assert less is not None
    while less.datasets == context.datasets and (further := narrowed(less, 1)) is not None:
        before, less = less, further
    assert before.metrics == ("apple_0_weight",)
    assert less.metrics == ("apple_0_weight",)


def test_what_the_question_names_is_all_that_is_left() -> None:
    context = context_of(orchard(12, 6), "apple 0 weight by plum 2 title")
    least = smallest(context)
    assert set(least.datasets) == {"apple_0", "pear_1", "plum_2"}, "the table between them joins them"
    assert set(least.fields["pear_1"]) == {"id", "next_id", "title", "picked_at"}
    assert least.metrics == ("apple_0_weight",)
    assert Cut("tables", 9, 12) in least.cut


def test_nothing_more_to_cut_is_none() -> None:
    assert narrowed(smallest(context_of(orchard(3, 2), "apple 0")), 100) is None


def test_a_context_that_says_nothing_of_fields_or_needs_is_narrowed_too() -> None:
    model = orchard(4, 3)
    bare = Context(model, "sqlite", AS_OF, tuple(d.name for d in model.datasets))
    least = smallest(bare)
    assert least.datasets == ("apple_0",)
    assert set(least.fields["apple_0"]) == {"id", "title", "picked_at"}


@given(
    tables=st.integers(1, 9),
    columns=st.integers(0, 6),
    named=st.lists(st.sampled_from([*WORDS, "title", "kind", "weight", "part", "0", "1", "2", "3"]), max_size=8),
    over=st.lists(st.integers(1, 600), min_size=1, max_size=6),
)
def test_keys_joins_labels_times_and_what_is_named_are_never_cut(
    tables: int, columns: int, named: list[str], over: list[int]
) -> None:
    context = context_of(orchard(tables, columns), " ".join(named) or "what?")
    shown = shown_of(context.model)
    last = context
    for tokens in over:
        less = narrowed(last, tokens)
        if less is None:
            break
        assert less.needed <= set(less.datasets)
        assert set(less.datasets) <= set(last.datasets)
        for name in less.datasets:
            kept = fields_to_keep(shown.dataset(name), less.datasets, context.linked, shown)
            assert kept <= set(less.fields[name]) <= set(last.fields[name])
        linked = {term.target for term in context.linked if term.kind == "metric"}
        assert linked & set(last.metrics or ()) <= set(less.metrics or ())
        assert _told(less) < _told(last), "each round leaves less"
        assert sum(cut.left_out for cut in less.cut) > 0
        assert all(0 < cut.left_out <= cut.of for cut in less.cut)
        assert "secret_price" not in repr(visible(less).datasets)
        last = less


def _told(context: Context) -> int:
    told = visible(context)
    fields = [f for d in told.datasets for f in d.fields]
    return len(told.examples) + len(told.metrics) + len(fields) + sum(bool(f.values) for f in fields)
