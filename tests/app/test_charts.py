"""The chart of a result on the page: what can be chosen, what that does, and what is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any, get_args

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from nl2sql.answer.base import Answer, ChartKind, Sort, Stack
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions
from nl2sql.answer.charting.apply import family
from nl2sql.question import Question
from streamlit_app.showing import results
from streamlit_app.showing.results import chosen_options
from streamlit_app.words import LANGUAGES, messages
from tests.unit.answer import chart_results
from tests.unit.answer.chart_results import Case


def answer_of(case: Case, id: str = "a1") -> Answer:
    return Answer(
        Question("Which?"), "answered", "A headline.", chart=case.spec, table=case.result, columns=case.labels, id=id
    )


def page(holder) -> None:  # type: ignore[no-untyped-def]  # a script of its own has no imports for annotations
    """The whole script of the page under test: it runs apart from this module's names."""
    import streamlit as st

    from streamlit_app.showing.results import chosen_options, show_result

    show_result(holder["answer"], "1", **holder["more"])
    st.session_state["chosen"] = chosen_options("1")


def opened(case: Case, **more: Any) -> AppTest:
    return opened_with({"answer": answer_of(case), "more": more})


def opened_with(holder: dict[str, Any]) -> AppTest:
    app = AppTest.from_function(page, default_timeout=20, kwargs={"holder": holder}).run()
    assert not app.exception
    return app


def drawn(app: AppTest) -> dict[str, Any]:
    (chart,) = app.get("plotly_chart")
    return dict(json.loads(chart.proto.spec))


def title(app: AppTest) -> str:
    return str(drawn(app)["layout"]["title"]["text"]).replace("<b>", "").replace("</b>", "").replace("<br>", " ")


def kinds(app: AppTest) -> list[str]:
    return list(app.segmented_control(key="view-1").options)


def test_only_honest_kinds_are_offered() -> None:
    assert kinds(opened(chart_results.categories())) == ["Bars", "Shares", "Points", "Table only"]
    assert kinds(opened(chart_results.months())) == ["Line", "Area", "Bars", "Table only"]
    assert kinds(opened(chart_results.prices())) == ["Points", "Histogram", "Box plot", "Table only"]


def test_a_result_that_no_chart_fits_begins_as_a_table() -> None:
    app = opened(chart_results.prices())
    assert app.segmented_control(key="view-1").value == "table"
    assert not app.get("plotly_chart")
    app.segmented_control(key="view-1").set_value("histogram").run()
    assert title(app) == "Distribution of price: 200 rows"
    assert app.dataframe


def test_another_kind_is_drawn_and_remembered() -> None:
    app = opened(chart_results.categories())
    app.segmented_control(key="view-1").set_value("pie").run()
    assert drawn(app)["data"][0]["type"] == "pie"
    assert app.session_state["chosen"] == ChartOptions(kind="pie")
    app.segmented_control(key="view-1").set_value("table").run()
    assert not app.get("plotly_chart")
    assert app.dataframe


def test_top_sort_measures_and_log_change_the_chart() -> None:
    app = opened(chart_results.categories(12))
    app.selectbox(key="chart-top-1").set_value(5).run()
    assert title(app) == "GMV by category: 5 largest of 12"
    app.selectbox(key="chart-sort-1").set_value("smallest").run()
    assert drawn(app)["layout"]["xaxis"]["ticktext"] == ["c7", "c8", "c9", "c10", "c11"]
    app.multiselect(key="chart-y-1").set_value(["orders"]).run()
    assert title(app) == "Orders by category: 5 largest of 12"
    app.toggle(key="chart-log-1").set_value(True).run()
    assert drawn(app)["data"][0]["type"] == "scatter"
    assert app.session_state["chosen"] == ChartOptions(y=("orders",), log=True, sort="smallest", top=5)


def test_stacking_and_axes_of_a_grid() -> None:
    app = opened(chart_results.months_by_category())
    app.segmented_control(key="view-1").set_value("bar").run()
    app.selectbox(key="chart-stack-1").set_value("percent").run()
    assert title(app) == "GMV by month and category, as shares"
    app.selectbox(key="chart-x-1").set_value("category").run()
    assert drawn(app)["layout"]["xaxis"]["ticktext"] == ["c0", "c1", "c2"]


def test_points_are_coloured_by_a_category() -> None:
    app = opened(chart_results.prices())
    app.segmented_control(key="view-1").set_value("scatter").run()
    app.selectbox(key="chart-colour-1").set_value("category").run()
    assert len(drawn(app)["data"]) == 4


def test_choices_are_undone_but_for_the_kind() -> None:
    app = opened(chart_results.categories(12))
    app.segmented_control(key="view-1").set_value("scatter").run()
    assert app.button(key="chart-reset-1").disabled
    app.selectbox(key="chart-x-1").set_value("fees").run()
    assert title(app) == "GMV and fees"
    app.button(key="chart-reset-1").click().run()
    assert app.session_state["chosen"] == ChartOptions(kind="scatter")


def test_no_measures_at_all_is_the_chosen_one_again() -> None:
    app = opened(chart_results.categories())
    app.multiselect(key="chart-y-1").set_value([]).run()
    assert not app.exception
    assert app.multiselect(key="chart-y-1").value == ["gmv"]


def test_a_chart_begins_with_the_options_it_was_kept_with() -> None:
    app = opened(chart_results.categories(12), options=ChartOptions(kind="bar", top=3))
    assert title(app) == "GMV by category: 3 largest of 12"
    assert app.session_state["chosen"].top == 3
    app.selectbox(key="chart-top-1").set_value(5).run()
    assert title(app) == "GMV by category: 5 largest of 12"


def test_another_answer_under_the_same_number_begins_anew() -> None:
    holder = {"answer": answer_of(chart_results.categories()), "more": {}}
    app = opened_with(holder)
    app.segmented_control(key="view-1").set_value("pie").run()
    holder["answer"] = answer_of(chart_results.categories(), "another")
    app.run()
    assert app.session_state["chosen"] == AUTOMATIC
    assert drawn(app)["data"][0]["type"] == "bar"


def test_what_was_chosen_by_nobody_is_automatic() -> None:
    st.session_state.clear()
    assert chosen_options("never shown") == AUTOMATIC


def test_numbers_of_one_row_are_cards_in_the_place_of_a_table() -> None:
    app = opened(chart_results.one_row())
    (cards,) = [each for each in app.get("html") if "chart-numbers" in each.proto.body]
    assert "<dt>GMV</dt><dd>€4,301,200.50</dd>" in cards.proto.body
    assert "<dt>Orders</dt><dd>51,234</dd>" in cards.proto.body
    assert not app.dataframe
    assert not app.segmented_control


def test_words_of_the_model_are_text_on_a_card() -> None:
    case = chart_results.one_row()
    evil = replace(case.labels[0], label="<b>GMV</b>", description='" onmouseover="alert(1)')
    app = opened(replace(case, labels=(evil, case.labels[1])))
    (cards,) = [each for each in app.get("html") if "chart-numbers" in each.proto.body]
    assert "<b>" not in cards.proto.body
    assert '" onmouseover' not in cards.proto.body


def test_a_tile_is_a_small_chart_without_controls() -> None:
    app = opened(chart_results.categories(12), compact=True)
    assert title(app) == "GMV by category: 8 largest of 12"
    assert not app.segmented_control
    assert not app.selectbox
    assert not app.dataframe
    assert drawn(app)["layout"]["height"] <= 340


def test_a_tile_shows_as_many_as_were_chosen() -> None:
    assert title(opened(chart_results.categories(12), compact=True, options=ChartOptions(top=10))).endswith(
        "10 largest of 12"
    )


def test_a_tile_without_a_chart_is_a_table() -> None:
    app = opened(chart_results.prices(), compact=True)
    assert app.dataframe
    assert opened(chart_results.categories(), compact=True, options=ChartOptions(kind="table")).dataframe


def test_whoever_may_export_takes_the_chart_as_it_was_chosen_and_others_see_no_way_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    menus: list[ChartOptions] = []
    monkeypatch.setattr(results, "export_menu", lambda answer, key, options: menus.append(options))
    opened(chart_results.categories(), may_export=False)
    assert menus == []
    app = opened(chart_results.categories())
    app.segmented_control(key="view-1").set_value("pie").run()
    assert menus == [AUTOMATIC, ChartOptions(kind="pie")]


def test_kept_options_that_fit_no_more_do_no_harm() -> None:
    old = ChartOptions(
        kind="map", x="gone", y=("gone",), colour="gone", stack="percent", log=True, sort="label", top=-4
    )
    for case in (chart_results.categories(), chart_results.prices(), chart_results.months(), chart_results.one_row()):
        opened(case, options=old)
        opened(case, options=old, compact=True)


def test_a_chart_that_cannot_be_drawn_says_so_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("no_such_column")

    monkeypatch.setattr(results, "show_chart", broken)
    app = opened(chart_results.categories())
    assert not app.exception
    assert "unexpected" in " ".join(each.proto.body for each in app.get("html"))


def test_maps_take_their_shapes_from_the_app_itself() -> None:
    app = opened(chart_results.countries(["DE", "FR", "US"]))
    app.segmented_control(key="view-1").set_value("map").run()
    (chart,) = app.get("plotly_chart")
    assert '"topojsonURL": "app/static/"' in chart.proto.config
    served = files("streamlit_app").joinpath("static/world_110m.json").read_text(encoding="utf-8")
    assert {"countries", "land"} <= set(json.loads(served)["objects"])


def test_every_kind_and_every_order_has_words_in_each_language() -> None:
    keys = {f"charts.kind.{family(kind)}" for kind in get_args(ChartKind)}
    keys |= {f"charts.sort.{sort or 'natural'}" for sort in get_args(Sort)}
    keys |= {f"charts.stack.{stack}" for stack in get_args(Stack) if stack}
    for key in keys:
        assert all(messages()[key][language] for language in LANGUAGES), key
