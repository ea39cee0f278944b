"""Every file of the menu, downloaded from the running app and opened again."""

from __future__ import annotations

import ast
import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.test_browser import (  # noqa: F401 - fixtures
    QUESTION,
    address,
    browser,
    expected_rows,
    folder,
    open_page,
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SLOW = {"PNG": "Save PNG", "SVG": "Save SVG", "PDF": "Save PDF (", "PDF document": "Save PDF document"}


def save(page: Page, label: str) -> tuple[str, bytes]:
    """The name and the content of a file. What takes long is made first."""
    menu = page.get_by_test_id("stPopoverBody")
    if label in SLOW:
        menu.get_by_role("button", name=label, exact=True).click()
        button = menu.get_by_role("button", name=SLOW[label])
        expect(button).to_be_visible(timeout=60_000)
    else:
        button = menu.get_by_role("button", name=label, exact=True)
    with page.expect_download(timeout=60_000) as download:
        button.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


@pytest.mark.timeout(300)
def test_every_file_of_the_menu_is_saved_and_opens(
    browser: Browser,  # noqa: F811
    address: str,  # noqa: F811
    tiny_database: Path,
    tmp_path: Path,
) -> None:
    rows = expected_rows(tiny_database)
    visit = open_page(browser, address, "light", 1280)
    page = visit.page
    visit.ask(QUESTION)
    expect(page.locator(".js-plotly-plot svg .bars .point path")).to_have_count(5, timeout=60_000)
    page.get_by_role("button", name="Download", exact=True).click()
    expect(page.get_by_test_id("stPopoverBody").get_by_role("button", name="Excel", exact=True)).to_be_visible()
    box = page.get_by_test_id("stPopoverBody").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 1280
    page.screenshot(path=tmp_path / "menu.png")

    name, made = save(page, "CSV")
    assert name.startswith("top-5-categories-by-gmv-in-2025-") and name.endswith(".csv")
    assert [(a, Decimal(b)) for a, b in list(csv.reader(io.StringIO(made.decode(), newline="")))[1:]] == rows
    book = openpyxl.load_workbook(io.BytesIO(save(page, "Excel")[1]))
    assert [a for a, _ in book["Result"].iter_rows(min_row=2, values_only=True)] == [a for a, _ in rows]
    assert book["About"]["B1"].value == QUESTION
    parquet = pq.read_table(io.BytesIO(save(page, "Parquet")[1]))
    assert parquet.column(0).to_pylist() == [a for a, _ in rows]
    assert parquet.schema.metadata[b"question"].decode() == QUESTION
    assert [next(iter(each.values())) for each in json.loads(save(page, "JSON")[1])["rows"]] == [a for a, _ in rows]
    assert save(page, "Markdown")[1].decode().count("\n| ") == 7
    assert save(page, "PNG")[1].startswith(b"\x89PNG\r\n\x1a\n")
    assert ElementTree.fromstring(save(page, "SVG")[1]).tag.endswith("svg")  # noqa: S314 - made by ourselves
    assert save(page, "PDF")[1].startswith(b"%PDF-1.")
    assert save(page, "PDF document")[1].startswith(b"%PDF-1.")
    assert ast.parse(save(page, "Python")[1].decode())
    for label, bars in (("Interactive page", 5), ("Web page", 5)):
        name, made = save(page, label)
        (tmp_path / name).write_bytes(made)
        alone = browser.new_context(offline=True).new_page()
        alone.goto((tmp_path / name).as_uri())
        expect(alone.locator("#chart-0 svg .bars .point path")).to_have_count(bars)
        alone.context.close()
    assert visit.foreign == []
    page.close()
