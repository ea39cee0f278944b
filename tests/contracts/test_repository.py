"""What may be in the repository at all: pinned requirements, portable text, no leftovers."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
BUILT = {".venv", ".git", "var", "build", "dist", "htmlcov", "__pycache__"}
HASH = r"--hash=sha256:[0-9a-f]{64}"
REQUIREMENT = re.compile(rf"[a-z0-9][a-z0-9-]*(\[[a-z,]+\])?==[\w.!+]+( ; [^;]+)?(\s+{HASH})+")

LEFTOVERS = {
    "an index or mirror": re.compile(r"--(?:extra-)?index-" + r"url|--find-" + r"links|/simple/[a-z]"),
    "a path of one machine": re.compile(r"(?<![\w.~-])/(?:root|work/[a-z]+|Users/\w+|home/(?!app\b)\w+)/"),
    "a secret": re.compile(r"\bsk-[A-Za-z0-9]{20,}|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE " + "KEY-----"),
    "a note to self": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b"),
    "a merge conflict": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
}


def _files() -> Iterator[Path]:
    """Tracked files and those about to be; without git, everything that is not built."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [p for p in REPOSITORY.rglob("*") if not BUILT.intersection(p.relative_to(REPOSITORY).parts)]
    for path in paths:
        if path.is_file():
            yield path


def _texts() -> Iterator[tuple[str, str]]:
    for path in _files():
        try:
            yield str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a database


@pytest.mark.parametrize("name", ["app.txt", "dev.txt"])
def test_requirement_files_hold_pinned_lines_with_hashes_and_nothing_else(name: str) -> None:
    text = (REPOSITORY / "requirements" / name).read_text(encoding="utf-8")
    lines = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    assert len(lines) > 20
    assert [line for line in lines if not REQUIREMENT.fullmatch(line.strip())] == []


def test_what_satisfies_the_tests_satisfies_the_product() -> None:
    """The Makefile relies on it: installing dev.txt counts as installing app.txt."""

    def pins(name: str) -> set[str]:
        text = (REPOSITORY / "requirements" / name).read_text(encoding="utf-8")
        return set(re.findall(r"^[a-z0-9][\w.\[\],-]*==\S+", text, re.MULTILINE))

    assert pins("app.txt") <= pins("dev.txt")


def test_the_parser_is_pinned_alike_everywhere() -> None:
    """The guard is proven against one parser version."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = next(r for r in project["dependencies"] if r.startswith("sqlglot")).split("==")[1]
    for name in ("app.txt", "dev.txt"):
        text = (REPOSITORY / "requirements" / name).read_text(encoding="utf-8")
        assert re.search(rf"^sqlglot(\[c\])?=={re.escape(pinned)} ", text, re.MULTILINE), name


@pytest.mark.parametrize("kind", LEFTOVERS)
def test_no_file_holds(kind: str) -> None:
    pattern = LEFTOVERS[kind]
    found = [f"{name}: {match[0]!r}" for name, text in _texts() if (match := pattern.search(text))]
    assert found == []


def test_no_module_is_called_after_nothing() -> None:
    assert [path.name for path in _files() if path.stem in {"utils", "helpers", "common", "misc"}] == []
