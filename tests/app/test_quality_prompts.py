"""The prompt editor: what is wrong with a text, how it differs, and that saving never changes what is there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nl2sql.errors import PromptInvalid, SettingsInvalid
from nl2sql.prompt import versions
from nl2sql.prompt.template import load_template
from nl2sql.prompt.versions import save_version
from streamlit_app.quality import prompt_text
from streamlit_app.quality.jobs import Jobs, all_jobs
from streamlit_app.quality.prompt_text import checked_size, difference
from tests.app.test_quality_page import shown
from tests.app.test_quality_start import become, buttons, instead, opened, until_it_ends

KEY = "prompt-text-sql_writer@v2"


@pytest.fixture
def folder(
    tmp_path: Path,
    repository: Path,
    tiny_database: Path,
    write_config: Callable[[Path, Path], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """Of prompts, that may be written to; the settings know no language model."""
    monkeypatch.setenv("NL2SQL_CONFIG", str(write_config(tmp_path, tiny_database)))
    copied = tmp_path / "prompts"
    shutil.copytree(repository / "prompts", copied)
    monkeypatch.setenv("NL2SQL_PROMPTS", str(copied))
    return copied


@pytest.fixture
def text(folder: Path) -> str:
    return (folder / "sql_writer" / "v2.md").read_text(encoding="utf-8")


def edited(text: str) -> str:
    return text.replace("# system\n", "# system\nBe <b>brief</b>.\n", 1)


def test_a_text_that_can_be_used_is_measured_as_the_list_of_prompts_does(text: str) -> None:
    assert 1_000 < checked_size(text, "sql_writer", "v2") < checked_size(edited(text), "sql_writer", "v2") < 10_000


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ("{{ nobody }}", r"Line \d+: “nobody” is not among the inputs .* It reads “{{ nobody }}”"),
        ("{% if %}", r"Line \d+: .* It reads “{% if %}”"),
        ("{{ ''.__class__.__mro__ }}{{ nobody }}", r"Line \d+: "),
        ("{{ 'x' * 99999999999 }}", "cannot be used"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, changed: str, told: str) -> None:
    with pytest.raises(PromptInvalid, match=told) as error:
        checked_size(text.replace("# system\n", f"# system\n{changed}\n", 1), "sql_writer", "v2")
    assert tempfile.gettempdir() not in str(error.value)


def test_a_text_without_end_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_text, "_rendered", lambda *_: pytest.fail("it was read"))
    with pytest.raises(PromptInvalid, match="at most 60,000 characters"):
        checked_size("x" * 70_000, "sql_writer", "v2")


def test_a_check_that_takes_too_long_is_given_up(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_text, "CHECK_SECONDS", 0.01)
    with pytest.raises(PromptInvalid, match="takes too long"):
        checked_size(text, "sql_writer", "v2")


def test_a_new_version_carries_its_number_and_what_changed(folder: Path, text: str) -> None:
    path = save_version(folder, "sql_writer", edited(text), "Shorter:\n  - answers")
    saved = load_template(folder, "sql_writer", "v3")
    assert path == saved.path and saved.changelog[0] == "v3: Shorter: - answers"
    assert (folder / "sql_writer" / "v2.md").read_text(encoding="utf-8") == text


def test_a_version_that_somebody_else_has_just_saved_is_not_overwritten(
    folder: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = versions.versions_in(folder)
    theirs = save_version(folder, "sql_writer", text, "theirs")
    content = theirs.read_text(encoding="utf-8")
    monkeypatch.setattr(versions, "versions_in", lambda _: before)
    with pytest.raises(SettingsInvalid, match="is not overwritten"):
        save_version(folder, "sql_writer", edited(text), "mine")
    assert theirs.read_text(encoding="utf-8") == content


@pytest.mark.parametrize("broken", ["", "x", "---\n{id: a}\n---\n", "---\nid: sql_writer\n---\n# system\n# user\n"])
def test_of_a_text_that_cannot_be_used_nothing_is_written(folder: Path, broken: str) -> None:
    with pytest.raises(PromptInvalid):
        save_version(folder, "sql_writer", broken, "")
    assert not (folder / "sql_writer" / "v3.md").exists()


def test_a_difference_is_in_lines_and_empty_where_there_is_none() -> None:
    assert difference("a\nb", "a\nb", ("x", "y")) == []
    assert difference("a\nb", "a\nc", ("x", "y"))[-2:] == ["-b", "+c"]


def test_the_editor_checks_compares_and_saves(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, "evaluate", view="prompts")
    assert app.text_area(key=KEY).value == text and "Nothing: above is the text of sql_writer@v2." in shown(app)
    app.text_area(key=KEY).set_value(edited(text)).run()
    assert '<span class="add">+Be &lt;b&gt;brief&lt;/b&gt;.</span>' in shown(app)
    app.button(key="prompt-check").click().run(timeout=120)
    assert "It can be used." in shown(app)
    app.text_input(key="prompt-change").set_value("Brief.").run()
    app.button(key="prompt-save").click().run(timeout=120)
    assert not app.exception
    assert "Saved as sql_writer@v3." in shown(app) and app.selectbox(key="prompt-chosen").value == "sql_writer@v3"
    assert load_template(folder, "sql_writer", "v3").changelog[0] == "v3: Brief."
    assert (folder / "sql_writer" / "v2.md").read_text(encoding="utf-8") == text


def test_a_broken_text_is_told_and_not_saved(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, "evaluate", view="prompts")
    broken = text.replace("# system\n", "# system\n{{ nobody }}\n", 1)
    app.text_area(key=KEY).set_value(broken).run()
    app.button(key="prompt-save").click().run(timeout=120)
    assert "was not saved" in shown(app) and "“nobody” is not among the inputs" in shown(app)
    assert app.text_area(key=KEY).value == broken and not (folder / "sql_writer" / "v3.md").exists()


def test_what_is_unchanged_is_not_saved(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, "evaluate", view="prompts")
    app.button(key="prompt-save").click().run()
    assert "There is nothing to save." in shown(app) and not (folder / "sql_writer" / "v3.md").exists()


def test_a_right_that_was_taken_away_saves_nothing(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, "evaluate", view="prompts")
    app.text_area(key=KEY).set_value(edited(text)).run()
    become(monkeypatch)
    app.button(key="prompt-save").click().run()
    assert not (folder / "sql_writer" / "v3.md").exists()


def test_shipped_templates_are_read_and_not_added_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_text, "SHIPPED", folder.parent)
    app = opened(monkeypatch, "evaluate", view="prompts")
    assert "come with the product" in shown(app) and not {"prompt-save", "prompt-run"} & buttons(app)


def test_without_a_language_model_a_try_is_not_offered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, "evaluate", view="prompts")
    assert "takes a language model, and none is set up" in shown(app) and "prompt-run" not in buttons(app)


def test_a_try_saves_the_text_and_starts_a_run_with_it(
    folder: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NL2SQL_WRITERS", "offline, llm")
    monkeypatch.setenv("NL2SQL_OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    instead(monkeypatch, "pass")
    app = opened(monkeypatch, "evaluate", view="prompts")
    app.text_area(key=KEY).set_value(edited(text)).run()
    app.button(key="prompt-run").click().run(timeout=120)
    assert not app.exception
    until_it_ends()
    job = all_jobs().current
    assert job is not None and (job.order.prompt, job.order.writer, job.order.suite.stem) == (
        "sql_writer@v3",
        "llm",
        "dev",
    )
    assert load_template(folder, "sql_writer", "v3") and isinstance(all_jobs(), Jobs)
