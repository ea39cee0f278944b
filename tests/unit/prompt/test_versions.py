"""Which version is meant, and how the next one begins; a file is written whole or not at all."""

from __future__ import annotations

import errno
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from nl2sql import cli, settings
from nl2sql.errors import PromptInvalid, SettingsInvalid
from nl2sql.prompt.template import load_template
from nl2sql.prompt.versions import meant, new_version

TEXT = """\
---
id: t
version: {version}
purpose: p
inputs: [question]
changelog: {log}
replies: [sql]
---
# system
id: not this one
# user
{{{{ question }}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "t").mkdir()
    for version in ("v2", "v10"):
        (tmp_path / "t" / f"{version}.md").write_text(TEXT.format(version=version, log="[v1]"))
    return tmp_path


def test_without_a_version_the_newest_is_meant(folder: Path) -> None:
    assert meant(folder, "t") == ("t", "v10")
    assert meant(folder, "t@v2") == ("t", "v2")
    with pytest.raises(PromptInvalid, match=r"There is no prompt template t@v3 in .*; there are: t@v2, t@v10\."):
        meant(folder, "t@v3")


@pytest.mark.parametrize("log", ["[v1]", "v1", "\n- v1: 'First: one.'\n- 'v0'", "\n  - v1: First\n      version."])
def test_the_next_version_says_its_own_name_and_keeps_the_text(folder: Path, log: str) -> None:
    (folder / "t" / "v10.md").write_text(TEXT.format(version="v10", log=log))
    before = load_template(folder, "t", "v10")
    path = new_version(folder, "t")
    begun = load_template(folder, "t", "v11")
    assert path == folder / "t" / "v11.md"
    assert begun.changelog == ("v11: What changed, and why.", *before.changelog)
    assert begun.replies == ("sql",)
    assert path.read_text().partition("# system\n")[2] == "id: not this one\n# user\n{{ question }}\n"


def test_a_broken_version_is_not_copied(folder: Path) -> None:
    (folder / "t" / "v10.md").write_text("---\nid: t\n---\n")
    with pytest.raises(PromptInvalid, match="lacks version"):
        new_version(folder, "t")
    assert not (folder / "t" / "v11.md").exists()


def test_a_disk_that_is_full_leaves_no_half_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    opened = Path.open

    def full(path: Path, mode: str = "r", **more: Any) -> Any:
        file = opened(path, mode, **more)
        if mode != "x":
            return file
        file.close()
        return Full()

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(SettingsInvalid, match=r"v11\.md cannot be written: No space left on device\."):
        new_version(folder, "t")
    assert not (folder / "t" / "v11.md").exists()


def test_a_folder_that_may_not_be_written_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(SettingsInvalid, match=r"v11\.md cannot be written: Permission denied\."):
        new_version(folder, "t")


def test_what_comes_with_the_product_is_not_added_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SHIPPED", folder)
    monkeypatch.setenv("NL2SQL_PROMPTS", str(folder))
    done = CliRunner().invoke(cli.app, ["prompts", "new", "t"])
    assert isinstance(done.exception, SettingsInvalid)
    assert "come with the product and are not added to" in done.exception.user_message
    assert "Copy that folder to" in done.exception.hint
