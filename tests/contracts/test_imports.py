"""Every import contract holds, and each has teeth: it breaks on a violation planted in a copy."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGES = ("nl2sql", "auction_core", "evals", "streamlit_app")

# Contract → file to change, and the import to plant there.
VIOLATIONS = {
    "packages": ("nl2sql/labels.py", "import auction_core.tables"),
    "stages": ("nl2sql/guard/policy.py", "import nl2sql.settings"),
    "evaluation": ("evals/compare.py", "import evals.judge"),
    "auction": ("auction_core/bidding.py", "import auction_core.tables"),
    "app": ("streamlit_app/store/base.py", "import streamlit_app.services"),
    "pure-rooms": ("nl2sql/guard/policy.py", "import sqlalchemy"),
    "cache-knows-bytes": ("nl2sql/cache/base.py", "import nl2sql.question"),
    "engines-take-checked-sql": ("nl2sql/engines/base.py", "import nl2sql.guard.check"),
    "drafts": ("nl2sql/engines/base.py", "import nl2sql.writers.base"),
    "adapters": ("streamlit_app/app.py", "import nl2sql.engines.registry"),
    "engines-by-name": ("nl2sql/pipeline.py", "import nl2sql.engines.sqlite"),
    "no-cycles": ("nl2sql/catalog/model.py", "import nl2sql.catalog.load"),
}


@pytest.fixture
def copy(repository: Path, tmp_path: Path) -> Path:
    for name in PACKAGES:
        shutil.copytree(
            repository / name, tmp_path / name, ignore=lambda _, names: [n for n in names if "cache__" in n]
        )
    shutil.copy(repository / "pyproject.toml", tmp_path)
    return tmp_path


def _lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command as run; run()"
    command = [sys.executable, "-c", code, "--no-cache", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _contracts(repository: Path) -> dict[str, str]:
    config = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["id"]: each["name"] for each in config["tool"]["importlinter"]["contracts"]}


def test_every_contract_is_kept(copy: Path) -> None:
    result = _lint(copy)
    assert result.returncode == 0, result.stdout[-3000:]


def test_every_contract_has_a_violation_to_be_tried_on(repository: Path) -> None:
    assert set(VIOLATIONS) == set(_contracts(repository))


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_planted_import_breaks_its_contract(contract: str, copy: Path, repository: Path) -> None:
    file, line = VIOLATIONS[contract]
    with (copy / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    result = _lint(copy, "--contract", contract)
    assert result.returncode == 1, result.stdout[-3000:] + result.stderr[-1000:]
    assert f"{_contracts(repository)[contract]} BROKEN" in result.stdout
