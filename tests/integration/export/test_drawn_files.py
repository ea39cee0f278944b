"""What a browser draws, opened again: pictures, pages, print; and charts that a script draws anew."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pytest
from playwright.sync_api import Browser, sync_playwright

from nl2sql.answer.base import Answer, ChartSpec, ColumnLabel, Receipt, ReceiptLine
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions
from nl2sql.engines.base import ResultTable
from nl2sql.errors import ExportUnavailable
from nl2sql.export import browser as drawing
from nl2sql.export.answers import Section, answers_html, answers_pdf
from nl2sql.export.charting import drawn
from nl2sql.export.kinds import make_file
from nl2sql.question import Question
from tests.app import browser

AT = datetime.fromisoformat("2026-07-01T12:30:00")
NAMES = ['"); import os; os._exit(3)  #', "</script><script>document.title='taken'</script>", "Italy"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    # The driver's own temporary folder is sometimes left to the collector, which says so.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True, scope="module")
def chromium() -> str:
    return browser.chromium()


@pytest.fixture(autouse=True)
def named(chromium: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", chromium)


@pytest.fixture(scope="module")
def reader(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


def answer(kind: Any = "bar", names: list[str] = NAMES) -> Answer:
    table = pa.table({"country": names, "gmv": pa.array([Decimal(i + 1) for i in range(len(names))])})
    spec = ChartSpec(kind, "country", ("gmv",), title="GMV by country", y_format="money", unit="EUR")
    return Answer(
        Question("GMV by country"),
        "answered",
        "Italy <leads>.",
        sql="SELECT 1",
        table=ResultTable(table, 1000, False, 1.0),
        columns=(ColumnLabel("country"), ColumnLabel("GMV", "money", "EUR")),
        chart=spec,
        receipt=Receipt((ReceiptLine("measure", "GMV: sum of current bid"),)),
    )


def left_over(chromium: str) -> set[str]:
    """Children of this process that are browsers, but for the one that reads pages in these tests."""
    listed = subprocess.run(["ps", "-eo", "ppid=,pid=,args="], capture_output=True, text=True, check=True).stdout
    children = (line.split(maxsplit=2) for line in listed.splitlines())
    mine = [each for each in children if len(each) == 3 and each[0] == str(os.getpid())]
    return {args for _, _, args in mine if Path(chromium).name in args and "playwright" not in args}


def test_a_chart_becomes_a_png_of_twice_its_size(chromium: str) -> None:
    made = make_file(answer(), "png", at=AT)
    assert made.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(made[16:20]) == 1800 and int.from_bytes(made[20:24]) > 300
    assert left_over(chromium) == set()


def test_a_chart_becomes_an_svg_in_which_names_are_text() -> None:
    root = ElementTree.fromstring(make_file(answer(), "svg", at=AT))  # noqa: S314 - made by ourselves
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = "".join(root.itertext())
    assert "Italy" in texts and "GMV by country" in texts and "€3" in texts
    assert not [each.tag for each in root.iter() if each.tag.endswith(("script", "foreignObject"))]


def test_a_chart_becomes_a_pdf_of_one_page() -> None:
    made = make_file(answer(), "chart.pdf", at=AT)
    assert made.startswith(b"%PDF-1.") and made.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", made)) == 1


def test_a_map_is_drawn_without_asking_another_host() -> None:
    chosen = ChartOptions(kind="map")
    countries = answer(names=["DE", "FR", "IT"])
    svg = ElementTree.fromstring(make_file(countries, "svg", chosen, at=AT))  # noqa: S314 - made by ourselves
    paths = [each for each in svg.iter("{http://www.w3.org/2000/svg}path") if each.get("class") == "choroplethlocation"]
    assert len(paths) == 3 and all(len(path.get("d") or "") > 50 for path in paths)


def test_several_that_ask_at_once_are_served_one_after_the_other(chromium: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda form: make_file(answer(), form, at=AT), ("svg", "svg", "pdf")))
    assert [each[:4] for each in made] == [b"<svg", b"<svg", b"%PDF"]
    assert left_over(chromium) == set()


def test_a_browser_that_does_not_answer_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = tmp_path / "pid"
    stuck = tmp_path / "chromium"
    stuck.write_text(f"#!/bin/sh\necho $$ >> {mark}\nexec sleep 600\n")
    stuck.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(stuck))
    monkeypatch.setattr(drawing, "SECONDS", 1.0)
    for kind in ("png", "pdf"):
        with pytest.raises(ExportUnavailable, match=r"browser that draws (was stopped|did not do its part)"):
            make_file(answer(), kind, at=AT)
    for pid in mark.read_text().split():
        state = Path(f"/proc/{pid}/stat")
        assert not state.exists() or state.read_text().split()[2] == "Z"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_without_a_network_and_draws_its_charts(reader: Browser, tmp_path: Path, scheme: Any) -> None:
    page_file = tmp_path / "board.html"
    sections = [Section(answer(), title="One"), Section(answer(names=["DE", "FR"]), ChartOptions(kind="map"))]
    page_file.write_text(answers_html("Board", sections, at=AT), encoding="utf-8")
    context = reader.new_context(offline=True, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.goto(page_file.as_uri())
    page.wait_for_selector("#chart-0 svg .bars .point path")
    page.wait_for_selector("#chart-1 path.choroplethlocation", state="attached")
    assert page.title() == "Board" and page.get_by_text(NAMES[1]).count() >= 1
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == ("rgb(252, 251, 248)" if scheme == "light" else "rgb(20, 24, 26)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (asked, faults) == ([page_file.as_uri()], [])
    context.close()


def test_a_script_that_somebody_slips_into_a_page_does_not_run(reader: Browser, tmp_path: Path) -> None:
    page_file = tmp_path / "page.html"
    made = answers_html("", [Section(answer())], at=AT)
    page_file.write_text(made.replace("</main>", "<script>document.title='taken'</script></main>"), encoding="utf-8")
    page = reader.new_page()
    page.goto(page_file.as_uri())
    page.wait_for_selector("#chart-0 svg .bars .point path")
    assert page.title() == "GMV by country"
    page.close()


def test_a_board_is_printed_with_its_charts(chromium: str) -> None:
    sections = [Section(answer(), title=f"Tile {number}") for number in range(4)]
    with_charts = answers_pdf(answers_html("Board", sections, at=AT))
    without = answers_pdf(
        answers_html("Board", [Section(each.answer, ChartOptions(kind="table")) for each in sections], at=AT)
    )
    assert with_charts.startswith(b"%PDF-1.") and with_charts.rstrip().endswith(b"%%EOF")
    pages = [len(re.findall(rb"/Type\s*/Page\b(?!s)", each)) for each in (with_charts, without)]
    assert pages[0] > pages[1] >= 1
    assert left_over(chromium) == set()


@pytest.mark.parametrize("kind", ["bar", "line", "pie", "scatter"])
def test_a_script_draws_the_same_chart_again(kind: Any, tmp_path: Path) -> None:
    chosen = AUTOMATIC if kind == "bar" else ChartOptions(kind=kind)
    script = tmp_path / "chart.py"
    script.write_bytes(make_file(answer(), "chart.py", chosen, at=AT))
    show = "import json, runpy; print(runpy.run_path('chart.py')['figure'].to_json())"
    done = subprocess.run([sys.executable, "-c", show], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    again, once = json.loads(done.stdout), json.loads(drawn(answer(), chosen).to_json())
    again["layout"].pop("template", None), once["layout"].pop("template", None)
    assert again == once
