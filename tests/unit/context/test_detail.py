"""Which fields and metrics are told, and that what is not is reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from nl2sql.catalog.model import Dataset, DataType, Field, Metric, Relationship, SemanticModel
from nl2sql.catalog.visibility import seen_by
from nl2sql.context.base import Cut
from nl2sql.context.detail import LIKELY_DATASETS, MAX_FIELDS, MAX_METRICS, MAX_NEAR_FIELDS
from nl2sql.context.retrieve import retrieve
from nl2sql.context.visible import visible
from nl2sql.question import Question

AS_OF = date(2026, 6, 30)


def wide(fields: int = 212) -> SemanticModel:
    """An export with a key at its end, a join in its middle, and a label."""
    columns = [Field(f"column_{n:03}", f"column_{n:03}") for n in range(fields - 4)]
    named = [
        Field("owner", "owner_ref", DataType.INTEGER),
        Field("title", "title"),
        Field("sold_at", "sold_at", DataType.DATETIME, is_time=True),
        Field("nr", "nr", DataType.INTEGER),
    ]
    export = Dataset(
        "export", "export", (*columns, *named), primary_key=("nr",), label_field="title", time_field="sold_at"
    )
    owners = Dataset("owners", "owners", (Field("id", "id"), Field("name", "name")), primary_key=("id",))
    join = Relationship("export_owner", "export", "owners", ("owner_ref",), ("id",))
    return SemanticModel("wide", (export, owners), (join,))


def test_a_wide_dataset_is_cut_to_what_matters_and_the_cut_is_told() -> None:
    context = retrieve(Question.parse("column 150 by owner"), wide(), "sqlite", AS_OF)
    told = context.fields["export"]
    assert len(told) == MAX_FIELDS
    assert {"nr", "owner", "title", "sold_at", "column_150"} <= set(told)
    assert Cut("fields of export", 212 - MAX_FIELDS, 212) in context.cut
    assert f"{212 - MAX_FIELDS} of 212 fields of export left out" in context.cut_words
    shown = visible(context)
    assert len(shown.datasets[0].fields) == MAX_FIELDS
    assert shown.cut == context.cut


def test_the_fields_stay_in_the_order_of_the_model() -> None:
    context = retrieve(Question.parse("column 150 and column 007"), wide(), "sqlite", AS_OF)
    names = [field.name for field in visible(context).datasets[0].fields]
    assert names == [field.name for field in wide().datasets[0].fields if field.name in names]


def test_words_of_the_question_choose_among_fields_without_naming_one() -> None:
    model = wide()
    odd = replace(model.datasets[0].fields[99], description="Pressure of the boiler in bar.")
    fields = (*model.datasets[0].fields[:99], odd, *model.datasets[0].fields[100:])
    model = replace(model, datasets=(replace(model.datasets[0], fields=fields), model.datasets[1]))
    context = retrieve(Question.parse("boiler pressure"), model, "sqlite", AS_OF)
    assert "column_099" in context.fields["export"]


def test_nothing_is_cut_of_what_fits() -> None:
    context = retrieve(Question.parse("names of owners"), wide(MAX_FIELDS), "sqlite", AS_OF)
    assert context.cut == ()


def test_tables_that_only_stand_near_are_told_in_short(warehouse: SemanticModel) -> None:
    long = tuple(Field(f"part_{n}", f"part_{n}") for n in range(30))
    model = replace(warehouse, datasets=tuple(replace(d, fields=(*d.fields, *long)) for d in warehouse.datasets))
    context = retrieve(Question.parse("amount invoiced"), model, "sqlite", AS_OF)
    lengths = [len(context.fields[name]) for name in context.datasets]
    in_full = len(context.needed) + LIKELY_DATASETS
    assert min(lengths[:in_full]) > 30
    assert set(lengths[in_full:]) == {MAX_NEAR_FIELDS}


def test_fields_that_are_hidden_are_not_counted() -> None:
    hidden = seen_by(wide(), {f"export.column_{n:03}" for n in range(150)})
    context = retrieve(Question.parse("column 170"), hidden, "sqlite", AS_OF)
    assert Cut("fields of export", 62 - MAX_FIELDS, 62) in context.cut


def test_of_many_metrics_those_that_the_question_names_come_first() -> None:
    metrics = tuple(Metric(f"figure_{n}", "COUNT(export.nr)") for n in range(MAX_METRICS + 10))
    context = retrieve(Question.parse("figure 38"), replace(wide(), metrics=metrics), "sqlite", AS_OF)
    assert context.metrics is not None
    assert context.metrics[0] == "figure_38"
    assert len(context.metrics) == MAX_METRICS
    assert Cut("metrics", 10, MAX_METRICS + 10) in context.cut
    assert len(visible(context).metrics) == MAX_METRICS
