"""The docs say what is there: commands, settings, help texts, links; and their examples run."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from nl2sql.bootstrap import build_pipeline
from nl2sql.question import Question
from nl2sql.settings import load_settings

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
# Questions as they are typed: `nl2sql ask "…"`, and quoted after "try".
ASKED = re.compile(r'nl2sql ask "([^"]+)"|echo "([^"]+)" \| nl2sql ask|try “([^”]+)”')
QUESTIONS = sorted({"".join(found) for text in TEXTS.values() for found in ASKED.findall(text)} - {"…"})
EXAMPLES = [
    pytest.param(code, id=f"{page.name}-{number}")
    for page in PAGES
    for number, code in enumerate(PYTHON.findall(page.read_text(encoding="utf-8")), 1)
]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", REPOSITORY / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _targets() -> set[str]:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def _called(text: str) -> set[str]:
    """Targets named in `make a b` spans, in console lines and in shell commands; a word with = ends the list."""
    calls = re.findall(r"(?:`|^\s*(?:\$ )?(?:\w+=\S+ )?|&& |exec )make ((?:[a-z-]+ ?)+)", text, re.MULTILINE)
    return {target for call in calls for target in call.split()}


def test_every_make_target_is_explained_to_contributors() -> None:
    page = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `make ([a-z-]+)`", page, re.MULTILINE)) == _targets()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_docs_name_no_make_target_that_does_not_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert _called(text) <= _targets()


def test_the_build_script_is_sound_and_calls_targets_that_exist() -> None:
    script = REPOSITORY / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    loop = re.search(r"for target in ([a-z ]+);", script.read_text(encoding="utf-8"))
    assert loop is not None
    assert {"lint", "types", "imports", "test", "eval"} <= set(loop[1].split()) <= _targets()


def test_every_make_target_is_phony() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None and set(phony[1].split()) == _targets()


def test_the_settings_page_is_the_table_of_settings(generate: ModuleType) -> None:
    assert (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8") == generate.settings_page()


def test_the_help_in_the_docs_is_the_help_of_the_command(generate: ModuleType) -> None:
    page = (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == generate.cli_page(page)
    assert "## nl2sql doctor" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)|(?:src|srcset)=\"([^\"]+)\"", text)
    local = [a or b for a, b in links if "://" not in (a or b)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_there_is_an_example_to_run() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_python_example_runs(
    code: str,
    auction_database: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("NL2SQL_DATABASE", f"sqlite:///{auction_database}")
    monkeypatch.setenv("NL2SQL_CACHE", "off")
    namespace: dict[str, object] = {"__name__": "__main__"}
    exec(compile(code, "example", "exec"), namespace)  # noqa: S102 - an example of our own docs
    printed = capsys.readouterr().out
    assert "SELECT" in printed or "select" not in code.lower()


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_in_the_docs_is_answered(text: str, auction_database: Path) -> None:
    environ = {
        "NL2SQL_CONFIG": str(REPOSITORY / "nl2sql.toml"),
        "NL2SQL_DATABASE": f"sqlite:///{auction_database}",
        "NL2SQL_CACHE": "off",
    }
    pipeline = build_pipeline(load_settings(environ | {"NL2SQL_LEDGER": "off"}))
    answer = pipeline.ask(Question.parse(text))
    pipeline.close()
    assert answer.outcome == "answered", answer.headline
    assert answer.table is not None and answer.table.row_count > 0
