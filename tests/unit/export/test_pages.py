"""Pages and scripts as text: nothing of the data becomes code, nothing is fetched from elsewhere."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions
from nl2sql.answer.charting.palette import LOOKS
from nl2sql.errors import ExportUnavailable
from nl2sql.export import browser, charting
from nl2sql.export import page as pages
from nl2sql.export.answers import MAX_ROWS, Section, answers_html
from nl2sql.export.kinds import make_file
from nl2sql.question import Question


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_page_runs_no_script_but_its_own(charted: Answer, at: datetime) -> None:
    tags = Tags(answers_html("", [Section(charted)], at=at))
    scripts = [attributes for tag, attributes in tags.found if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "charts"}, {}, {}]
    policy = next(each["content"] for tag, each in tags.found if each.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'") and policy.count("'sha256-") == 2
    assert "unsafe-inline" not in policy.split("style-src")[0] and "http" not in policy


def test_the_data_of_a_chart_cannot_end_its_element() -> None:
    shape = {"data": [], "layout": {"title": "</script><!-- \u2028"}}
    made = pages.page("t", "", [{"light": shape, "dark": shape}])
    start = made.index('id="charts">') + len('id="charts">')
    found = made[start : made.index("</script>", start)]
    assert "<" not in found and json.loads(found)[0]["light"] == shape


def test_a_page_names_no_other_host_and_no_event_handler(charted: Answer, at: datetime) -> None:
    tags = Tags(answers_html("A board", [Section(charted), Section(charted)], at=at))
    for tag, attributes in tags.found:
        assert not [name for name in attributes if name.startswith("on")]
        assert not {"src", "href", "action", "data"} & set(attributes), tag


def test_a_page_tells_all_that_one_needs_to_believe_it(charted: Answer, at: datetime) -> None:
    said = "\n".join(Tags(answers_html("Monday", [Section(charted, title="Sales")], lead="Germany", at=at)).texts)
    for text in (
        "Monday", "Germany", "Sales", "GMV by <b>month</b>?", "GMV leads with €5.", "Read as: GMV by month",
        "June <b>is not</b> over.", "GMV: sum of current bid", "€5.50", "SELECT 1", "Data as of 30 June 2026",
        "Written by the offline writer", "Exported on 1 July 2026, 12:30 UTC", "</script><script>alert(1)</script>",
    ):  # fmt: skip
        assert text in said


def test_a_long_table_is_cut_and_says_so(answer_of: Any, at: datetime) -> None:
    page = answers_html("", [Section(answer_of(pa.table({"a": range(MAX_ROWS + 1)})))], at=at)
    assert page.count("<tr>") == MAX_ROWS + 1
    assert f"The first {MAX_ROWS} of {MAX_ROWS + 1:,} rows" in page


def test_control_characters_do_not_reach_a_page(answer_of: Any, hostile: pa.Table, at: datetime) -> None:
    made = make_file(answer_of(hostile), "html", at=at).decode()
    assert re.findall(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", made) == []
    assert "<script>alert(1)</script>" not in made


def test_a_board_has_its_charts_in_order(charted: Answer, answer_of: Any, at: datetime) -> None:
    plain = answer_of(pa.table({"a": ["x"]}))
    page = answers_html("Board", [Section(charted), Section(plain), Section(charted)], at=at)
    assert re.findall(r'id="(chart-\d+)"', page) == ["chart-0", "chart-1"]
    assert "window.PlotlyGeoAssets =" not in page


def test_a_chart_that_was_put_away_is_not_on_the_page(charted: Answer, at: datetime) -> None:
    page = answers_html("", [Section(charted, ChartOptions(kind="table"))], at=at)
    assert 'id="chart-0"' not in page and len(page) < 20_000


def test_text_of_the_data_stays_a_literal_in_python(charted: Answer, at: datetime) -> None:
    answer = replace(charted, question=Question('""" \n import os # \' \\ "'))
    source = make_file(answer, "chart.py", at=at).decode()
    tree = ast.parse(source)
    imported = [each for each in ast.walk(tree) if isinstance(each, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(each) for each in imported] == ["import plotly.graph_objects as go"]
    calls = {ast.unparse(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
    assert calls == {"go.Figure", "go.Bar", "figure.add_trace", "figure.update_layout", "figure.show"}
    question = next(each for each in tree.body if isinstance(each, ast.Assign))
    assert ast.literal_eval(question.value) == answer.question.text


def test_without_a_chromium_the_way_to_a_picture_is_named(
    charted: Answer, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    with pytest.raises(ExportUnavailable, match="no Chromium") as no:
        make_file(charted, "png", at=at)
    assert "camera" in no.value.hint
    assert browser._turn.acquire(blocking=False)
    browser._turn.release()


def test_a_page_has_the_paper_that_charts_are_drawn_for(charted: Answer, at: datetime) -> None:
    page = answers_html("", [Section(charted)], at=at)
    assert f"--paper: light-dark({LOOKS['light'].paper}, {LOOKS['dark'].paper})" in page


def test_a_number_is_no_chart_on_a_page(charted: Answer, at: datetime) -> None:
    assert charted.chart is not None
    alone = replace(charted, chart=replace(charted.chart, kind="number"))
    assert charting.chart_of(alone, AUTOMATIC) is not None
    assert 'id="chart-0"' not in answers_html("", [Section(alone)], at=at)


def test_the_shapes_of_a_map_are_those_that_the_app_serves() -> None:
    from importlib.resources import files

    served = files("streamlit_app").joinpath("static/world_110m.json").read_bytes()
    assert files("nl2sql.export").joinpath("world_110m.json").read_bytes() == served
