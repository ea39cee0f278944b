"""What can be asked, as a role sees it: on a scripted pipeline, without a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.answer.base import Answer
from nl2sql.catalog.model import Dataset, DataType, Field, Metric, Relationship
from nl2sql.engines.base import ResultTable
from nl2sql.guard.policy import Policy
from nl2sql.question import Principal, Question
from streamlit_app import services
from streamlit_app.signing_in.person import Permission, local_person
from streamlit_app.store.memory import MemoryStore

PAGE = "app_pages/data.py"


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def labels(app: AppTest) -> list[str]:
    """Of the page's own buttons, without those of the frame."""
    return [each.label for each in app.button if (each.key or "").startswith("data-")]


def open_data(app: AppTest, view: str = "") -> AppTest:
    app.run()
    if view:
        app.session_state["data-view-en"] = view
    return app.switch_page(PAGE).run()


@pytest.fixture
def allow(pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Somebody else before the screen, who may do just this."""

    def put(*may: Permission, role: str = "analyst") -> None:
        person = replace(local_person(Principal(role=role)), may=frozenset(may))
        ready = services.Ready(pipeline, person, MemoryStore())
        monkeypatch.setattr(services, "start", lambda: ready)
        monkeypatch.setattr(services, "who_is_here", lambda: services.Present(person, ready.store))

    return put


def rows_of(pipeline: Any, table: pa.Table) -> None:
    """From now on SQL is answered with these rows."""

    def run_sql(sql: str, principal: Principal | None = None, **_: object) -> Answer:
        pipeline.ran.append((sql, principal))
        return replace(Answer(Question(sql), "answered", "Here."), table=ResultTable(table, 1000, False, 1.0))

    pipeline.run_sql = run_sql


def test_the_page_counts_what_can_be_asked_and_shows_measures_with_their_formula(app: AppTest) -> None:
    open_data(app)
    page = shown(app)
    assert not app.exception
    for count in ("1 table", "3 fields", "1 measure", "0 connections"):
        assert f"<span>{count}</span>" in page
    assert "<dt>Turnover<small>in EUR</small></dt><dd>What orders came to.</dd>" in page
    assert "Also called: sales" in page and "<code>SUM(orders.amount)</code>" in page


def test_only_the_view_that_is_looked_at_is_drawn(app: AppTest) -> None:
    open_data(app)
    assert "The calendar month before today." not in shown(app) and labels(app) == []
    open_data(app, "Business terms")
    assert "The calendar month before today." in shown(app) and "Shipped after the promised day." in shown(app)


def test_a_table_tells_its_fields_with_types_values_and_what_is_private(app: AppTest) -> None:
    open_data(app, "Tables")
    app.selectbox(key="data-table").select("orders").run()
    page = shown(app)
    assert "One row for each order." in page
    assert "Country<small>text</small>" in page and "One of: Germany, France" in page
    assert "Private, and not shown to your role: E-mail." in page
    assert "<dt>E-mail" not in page


@pytest.mark.parametrize(
    ("typed", "found", "why"),
    [
        ("sales", "Turnover", "Found as another name: sales"),
        ("france", "Country", "Found as a value: France"),
        ("overdue", "Late", "Found as another name: overdue"),
        ("promised", "Late", "Shipped after the promised day."),
        ("turnovre", "Turnover", "Read as “turnover”."),
    ],
)
def test_a_word_is_found_wherever_it_stands_and_the_page_says_where(
    app: AppTest, typed: str, found: str, why: str
) -> None:
    open_data(app)
    app.text_input(key="find").set_value(typed).run()
    assert f"<dt>{found}" in shown(app) and why in shown(app)


def test_a_word_that_nothing_has_is_said_to_be_missing(app: AppTest) -> None:
    open_data(app)
    app.text_input(key="find").set_value("<b>zebra</b>").run()
    assert "Nothing here has “&lt;b&gt;zebra&lt;/b&gt;”." in shown(app)


def test_a_private_field_is_not_found(app: AppTest) -> None:
    open_data(app)
    app.text_input(key="find").set_value("mail").run()
    assert "Nothing here has “mail”." in shown(app)


def test_a_found_field_leads_to_its_table(app: AppTest) -> None:
    open_data(app)
    app.text_input(key="find").set_value("France").run()
    app.button(key="data-hit-open-0").click().run()
    assert app.text_input(key="find").value == ""
    assert app.selectbox(key="data-table").value == "orders"
    assert "Country<small>text</small>" in shown(app)


def test_an_example_on_the_data_page_is_asked_on_the_ask_page(app: AppTest, pipeline: Any) -> None:
    open_data(app, "Example questions")
    app.button(key="data-example-0").click().run()
    assert [question.text for question, _ in pipeline.asked] == ["Turnover by country in 2025"]
    assert "Germany leads" in shown(app)


def test_whoever_may_not_ask_reads_the_examples_and_cannot_ask_them(app: AppTest, allow: Callable[..., None]) -> None:
    allow("data")
    open_data(app, "Example questions")
    assert "<li>Turnover by country in 2025</li>" in shown(app)
    assert labels(app) == []


def test_without_the_permission_nothing_of_the_model_is_shown(app: AppTest, allow: Callable[..., None]) -> None:
    allow("ask")
    open_data(app)
    assert "Your role does not open this page." in shown(app)
    assert "Turnover" not in shown(app)


def test_the_page_itself_looks_at_the_permission_and_does_not_leave_that_to_the_frame(
    app: AppTest, allow: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow("ask")
    everything = services.Present(local_person(Principal()), MemoryStore())
    monkeypatch.setattr(services, "who_is_here", lambda: everything)
    open_data(app)
    assert "Your role does not open this page." in shown(app)
    assert "Turnover" not in shown(app)


def test_sample_rows_are_asked_only_at_the_press_of_a_button_and_under_the_persons_own_name(
    app: AppTest, pipeline: Any
) -> None:
    rows_of(pipeline, pa.table({"id": [7], "placed_at": ["2026-01-02"], "country": ["<i>DE</i>"]}))
    open_data(app, "Tables")
    app.selectbox(key="data-table").select("orders").run()
    assert pipeline.ran == []
    app.button(key="data-sample-orders").click().run()
    [(sql, principal)] = pipeline.ran
    assert sql.startswith('SELECT "id" AS "id"') and "email" not in sql and sql.endswith("LIMIT 5")
    assert principal is not None and principal.role == "analyst"
    assert '<th scope="col">Order ID</th>' in shown(app) and "<td>&lt;i&gt;DE&lt;/i&gt;</td>" in shown(app)


def test_masked_fields_are_sampled_and_those_for_totals_are_not(app: AppTest, pipeline: Any) -> None:
    pipeline.policy = Policy(masks={"orders.email": "partial"}, aggregate_only={"orders.country": 5})
    pipeline.model = replace(
        pipeline.model,
        datasets=(replace(pipeline.model.datasets[0], filters=()),),
    )
    open_data(app, "Tables")
    app.selectbox(key="data-table").select("orders").run()
    assert "E-mail<small>text · shown masked</small>" in shown(app)
    assert "Country<small>text · only in totals</small>" in shown(app)
    app.button(key="data-sample-orders").click().run()
    [(sql, _)] = pipeline.ran
    assert "email" in sql and "country" not in sql


def test_rows_need_the_permission_for_sql_and_a_count_the_one_to_ask(
    app: AppTest, allow: Callable[..., None], pipeline: Any
) -> None:
    allow("data", "ask")
    open_data(app, "Tables")
    app.selectbox(key="data-table").select("orders").run()
    assert labels(app) == ["How many rows, and how new?"]
    allow("data")
    open_data(app, "Tables")
    assert labels(app) == [] and pipeline.ran == []


def test_rows_of_one_role_are_not_shown_to_the_next(app: AppTest, allow: Callable[..., None], pipeline: Any) -> None:
    rows_of(pipeline, pa.table({"id": [4711], "placed_at": ["2026-01-02"], "country": ["DE"]}))
    open_data(app, "Tables")
    app.selectbox(key="data-table").select("orders").run()
    app.button(key="data-sample-orders").click().run()
    assert "<td>4711</td>" in shown(app)
    pipeline.policy = Policy(role="guest")
    allow("data", "sql", "ask", role="guest")
    app.run()
    assert "4711" not in shown(app)


def test_what_the_pipeline_refuses_is_told_in_its_words(app: AppTest, pipeline: Any) -> None:
    pipeline.policy = Policy(revealed=frozenset({"orders.email"}))
    dataset = pipeline.model.datasets[0]
    opened = tuple(replace(each, sensitive=False) for each in dataset.fields)
    pipeline.model = replace(pipeline.model, datasets=(replace(dataset, fields=opened),))
    open_data(app, "Tables")
    app.selectbox(key="data-table").select("orders").run()
    app.button(key="data-sample-orders").click().run()
    assert "The column email is private." in shown(app)


def test_the_number_of_rows_is_what_the_role_sees(app: AppTest, pipeline: Any) -> None:
    rows_of(pipeline, pa.table({"row_count": [1234]}))
    open_data(app, "Tables")
    app.selectbox(key="data-table").select("orders").run()
    app.button(key="data-count-orders").click().run()
    assert "1,234 rows that your role sees" in shown(app)
    assert "How new they are is not known" in shown(app)


def test_a_table_that_the_policy_closes_is_not_there(app: AppTest, pipeline: Any) -> None:
    secret = Dataset("salaries", "salaries", (Field("pay", "pay", DataType.DECIMAL),), label="salaries")
    link = Relationship("paid", "orders", "salaries", ("id",), ("pay",))
    pay = Metric("pay", "SUM(salaries.pay)", DataType.DECIMAL, "pay")
    pipeline.model = replace(
        pipeline.model,
        datasets=(*pipeline.model.datasets, secret),
        relationships=(link,),
        metrics=(*pipeline.model.metrics, pay),
    )
    pipeline.policy = Policy(tables=frozenset({"orders"}))
    for view in ("Measures", "Tables", "Connections"):
        open_data(app, view)
        assert "alaries" not in shown(app) and "<dt>Pay" not in shown(app)
    assert app.session_state["data-view-en"] == "Connections"
    assert "The tables are not connected." in shown(app)


def test_a_model_cannot_put_html_on_the_page(app: AppTest, pipeline: Any) -> None:
    nasty = Metric("m", "1", label="<script>x</script>", description="<img src=x onerror=alert(1)>")
    pipeline.model = replace(pipeline.model, metrics=(nasty,))
    open_data(app)
    assert "<script>x" not in shown(app) and "<img" not in shown(app)
    assert "&lt;script&gt;" in shown(app)


def test_a_large_model_is_drawn_a_page_at_a_time(app: AppTest, pipeline: Any) -> None:
    many = tuple(
        Dataset(f"t{n}", f"t{n}", (Field("id", "id", DataType.INTEGER),), label=f"table {n}") for n in range(300)
    )
    links = tuple(Relationship(f"r{n}", f"t{n}", "t0", ("id",), ("id",)) for n in range(1, 300))
    pipeline.model = replace(pipeline.model, datasets=many, relationships=links, metrics=())
    open_data(app, "Tables")
    assert len(app.expander) == 20
    open_data(app, "Connections")
    assert "300 tables are too many for one picture." in shown(app)
    app.selectbox(key="data-focus").select("t0").run()
    assert "276 more connected tables are not drawn." in shown(app)
    assert shown(app).count("<li>") == 23


def test_the_page_speaks_german(app: AppTest) -> None:
    app.session_state["language"] = "de"
    open_data(app)
    assert [each.label for each in app.tabs] == [
        "Kennzahlen",
        "Fachbegriffe",
        "Tabellen",
        "Beziehungen",
        "Beispielfragen",
    ]
    assert "Heißt auch: sales" in shown(app)
