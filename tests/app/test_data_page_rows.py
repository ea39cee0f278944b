"""Sample rows and counts from a real database, as the roles of the shipped policy are given them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.bootstrap import build_pipeline
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal
from nl2sql.settings import load_settings
from streamlit_app import services
from streamlit_app.services import Ready
from streamlit_app.signing_in.person import local_person
from streamlit_app.store.memory import MemoryStore

SHOW = """
from streamlit_app import services
from streamlit_app.data.rows import show_rows

show_rows({name!r})
"""


@pytest.fixture(scope="module")
def opened(
    tiny_database: Path, write_config: Callable[[Path, Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("rows")
    config = write_config(folder, tiny_database)
    pipeline = build_pipeline(load_settings({"NL2SQL_CONFIG": str(config)}))
    yield pipeline
    pipeline.close()


@pytest.fixture
def table_of(opened: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    def show(name: str, principal: Principal) -> AppTest:
        ready = Ready(opened, local_person(principal), MemoryStore())
        monkeypatch.setattr(services, "start", lambda: ready)
        return AppTest.from_string(SHOW.format(name=name), default_timeout=20).run()

    return show


MANAGER = Principal("a", "country_manager", {"country": "DE"})


def pressed(app: AppTest, key: str) -> str:
    app.button(key=key).click().run()
    assert not app.exception
    return "\n".join(each.value for each in app.html)


def test_a_role_is_shown_its_own_rows_with_masked_fields_masked(table_of: Callable[..., AppTest]) -> None:
    page = pressed(table_of("users", MANAGER), "data-sample-users")
    assert "<th" in page and "***" in page and "@" not in page
    assert "<td>DE</td>" in page and "<td>FR</td>" not in page


def test_a_field_for_totals_and_a_hidden_one_have_no_column(table_of: Callable[..., AppTest]) -> None:
    assert "Reserve price" not in pressed(table_of("listings", MANAGER), "data-sample-listings")
    analyst = pressed(table_of("users", Principal("b", "analyst")), "data-sample-users")
    assert "<th" in analyst and "mail" not in analyst.lower()


def test_the_count_is_of_the_rows_that_the_role_sees(table_of: Callable[..., AppTest], tiny_database: Path) -> None:
    with sqlite3.connect(tiny_database) as connection:
        (everybody,) = connection.execute("SELECT COUNT(*) FROM users").fetchone()
        (germans,) = connection.execute("SELECT COUNT(*) FROM users WHERE country = 'DE'").fetchone()
    connection.close()
    assert 0 < germans < everybody
    assert f"{germans:,} rows that your role sees" in pressed(table_of("users", MANAGER), "data-count-users")
    analyst = table_of("users", Principal("b", "analyst"))
    page = pressed(analyst, "data-count-users")
    assert f"{everybody:,} rows that your role sees" in page and "Data as of" in page


def test_two_datasets_over_one_table_show_their_own_rows(table_of: Callable[..., AppTest]) -> None:
    analyst = Principal("b", "analyst")
    categories = pressed(table_of("categories", analyst), "data-count-categories")
    subcategories = pressed(table_of("subcategories", analyst), "data-count-subcategories")
    assert categories != subcategories


def test_whoever_was_signed_out_meanwhile_is_shown_nothing(
    table_of: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = table_of("users", MANAGER)
    monkeypatch.setattr(services, "start", lambda: services.NotReady("Please sign in.", "", "sign_in"))
    page = pressed(app, "data-sample-users")
    assert "Please sign in." in page and "<th" not in page


def test_a_person_without_what_the_role_needs_is_told_so(table_of: Callable[..., AppTest]) -> None:
    page = pressed(table_of("users", replace(MANAGER, attributes={})), "data-count-users")
    assert "This role sees the rows of one “country”, and your account has none." in page
