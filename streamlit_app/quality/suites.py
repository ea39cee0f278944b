"""Suites that a run can be started with: those shipped, those beside the settings, and those of earlier runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import streamlit as st

import evals
from evals.cases.load import load_suite
from evals.errors import SuiteInvalid
from nl2sql.settings import Settings
from streamlit_app.quality.runs import Head

# More than anybody chooses from in a list.
MAX_SUITES = 200
_ENDINGS = (".yaml", ".yml")


def find_suites(settings: Settings, heads: Sequence[Head]) -> dict[str, str]:
    """Absolute path → what it is called on the page; that of the newest run first."""
    folders = dict.fromkeys([settings.path("evals/suites").absolute(), Path(evals.__file__).with_name("suites")])
    found: dict[str, str] = {}
    for path, name in [*_of_runs(heads), *(each for folder in folders for each in _below(folder))]:
        found.setdefault(str(path), name)
        if len(found) >= MAX_SUITES:
            break
    return found


def dev_suite(suites: dict[str, str]) -> str:
    """The path of the one that prompts are tried on; "" where there is none."""
    return next((path for path in suites if Path(path).stem == "dev"), "")


def question_count(path: str) -> int | str:
    """Or why it cannot be used."""
    try:
        changed = Path(path).stat().st_mtime_ns
    except OSError:
        changed = 0
    return _question_count(path, changed)


@st.cache_data(show_spinner=False, max_entries=MAX_SUITES)
def _question_count(path: str, changed_ns: int) -> int | str:
    try:
        return len(load_suite(Path(path)).cases)
    except SuiteInvalid as error:
        return error.user_message.replace(f"{Path(path).parent}/", "")


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    try:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in _ENDINGS)
    except OSError:
        return
    for path in paths:
        yield path, path.relative_to(folder).with_suffix("").as_posix()


def _of_runs(heads: Sequence[Head]) -> Iterator[tuple[Path, str]]:
    for head in heads:
        path = Path(head.suite_path)
        if path.is_absolute() and path.suffix in _ENDINGS and path.is_file():
            yield path, f"{path.parent.name}/{path.stem}"
