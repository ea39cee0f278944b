"""With strict on, the page says that the account may do too much, and what to run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from streamlit_app import services

APP = Path(services.__file__).with_name("app.py")


@pytest.mark.parametrize("page", ["app_pages/ask.py", "app_pages/data.py"])
def test_an_unsafe_account_is_a_sentence_and_no_traceback(
    page: str,
    tiny_database: Path,
    write_config: Callable[[Path, Path], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = write_config(tmp_path, tiny_database)
    config.write_text(config.read_text() + "strict = true\n")
    monkeypatch.setenv("NL2SQL_CONFIG", str(config))
    monkeypatch.setattr("nl2sql.engines.sqlite_connection._PRAGMAS", ())
    app = AppTest.from_file(str(APP), default_timeout=20).run()
    app.switch_page(page).run()
    assert not app.exception
    shown = "\n".join(each.value for each in app.html if "<style>" not in each.value)
    assert app.title[0].value == "Not ready to answer yet"
    assert "The database account is not safe for questions" in shown
    assert "can be written to (query_only)" in shown
    assert "nl2sql guard doctor" in shown
    assert not app.chat_input


def test_a_safe_account_starts_with_strict_on(
    tiny_database: Path, write_config: Callable[[Path, Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_config(tmp_path, tiny_database)
    config.write_text(config.read_text() + "strict = true\n")
    monkeypatch.setenv("NL2SQL_CONFIG", str(config))
    app = AppTest.from_file(str(APP), default_timeout=20).run()
    assert not app.exception
    assert app.chat_input
