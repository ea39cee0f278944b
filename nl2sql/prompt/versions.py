"""Versions of prompt templates as files: which one is meant, and how the next one begins."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from nl2sql.errors import PromptInvalid, SettingsInvalid
from nl2sql.prompt.template import load_template, read_version, split_front_matter, versions_in

# Stands in the changelog of a new version until somebody says it.
TO_FILL_IN = "What changed, and why."


def meant(folder: Path, text: str) -> tuple[str, str]:
    """("sql_writer", "v2") of "sql_writer@v2", and of "sql_writer" where that is the newest. Raises SettingsInvalid for
    what is no name, PromptInvalid for what there is not."""
    there = versions_in(folder)
    if "@" in text:
        name, version = read_version(text)
    else:
        name, _ = read_version(f"{text}@v1")
        version = next((v for each, v in reversed(there) if each == name), "")
    if (name, version) not in there:
        names = ", ".join(f"{each}@{v}" for each, v in there) or "none"
        raise PromptInvalid(f"There is no prompt template {text} in {folder}; there are: {names}.")
    return name, version


def new_version(folder: Path, text: str, copied: str = "") -> Path:
    """Writes the next version of `text` ("sql_writer", or "sql_writer@v7" to choose it), or the first one of a new id,
    as a copy of `copied` or else of the newest one. Returns the new file; overwrites none.

    Raises SettingsInvalid, and PromptInvalid when there is nothing to copy, or what there is cannot be used."""
    name, wanted = read_version(text if "@" in text else f"{text}@v1")
    known = [version for each, version in versions_in(folder) if each == name]
    if not copied and not known:
        raise PromptInvalid(f"There is no prompt template {name} yet; say with --from which one to begin with.")
    source = load_template(folder, *meant(folder, copied or name))
    version = wanted if "@" in text or not known else f"v{int(known[-1][1:]) + 1}"
    path = folder / name / f"{version}.md"
    _write_new(path, _begun(source.path, source.path.read_text(encoding="utf-8"), name, version))
    return path


def save_version(folder: Path, name: str, text: str, change: str) -> Path:
    """Writes `text`, an edited template of id `name`, as its next version, with `change` on top of the changelog.
    Returns the new file; overwrites none.

    Raises SettingsInvalid, and PromptInvalid for a text that could not be used: nothing is written then."""
    known = [version for each, version in versions_in(folder) if each == name]
    version = f"v{int(known[-1][1:]) + 1}" if known else "v1"
    path = folder / name / f"{read_version(f'{name}@{version}')[1]}.md"
    changed = _begun(path, text, name, version, " ".join(change.split()) or TO_FILL_IN)
    _check(changed, name, version)
    _write_new(path, changed)
    return path


def _check(text: str, name: str, version: str) -> None:
    """As `load_template` would, of what is in no file yet. Raises PromptInvalid, naming a file that is gone."""
    with TemporaryDirectory(prefix="nl2sql-prompt-") as folder:
        path = Path(folder) / name / f"{version}.md"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        load_template(Path(folder), name, version)


def _write_new(path: Path, text: str) -> None:
    """Whole or not at all."""
    there = SettingsInvalid(f"{path} is there already, and is not overwritten.")
    if path.exists():
        raise there
    try:
        path.parent.mkdir(exist_ok=True)
        file = path.open("x", encoding="utf-8")
    except OSError as error:
        if isinstance(error, FileExistsError) and path.exists():
            raise there from None
        raise SettingsInvalid(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with file:
            file.write(text)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise SettingsInvalid(f"{path} cannot be written: {error.strerror}.") from None


def _begun(source: Path, text: str, name: str, version: str, change: str = TO_FILL_IN) -> str:
    """The text of `source` as another version, with a line of the changelog, perhaps to be filled in."""
    front, _ = split_front_matter(source, text)
    lines = text.splitlines()
    end = [line.strip() for line in lines].index("---", 1)
    start = next((i for i, line in enumerate(lines[:end]) if line.startswith("changelog:")), 0)
    if not start:
        raise PromptInvalid(f"{source}:2: “changelog:” must stand at the beginning of a line.")
    after = next((i for i in range(start + 1, end) if re.match(r"\w", lines[i])), end)
    log = front["changelog"] if isinstance(front["changelog"], list) else [front["changelog"]]
    written = yaml.safe_dump([{version: change}, *log], allow_unicode=True, sort_keys=False, width=110)
    lines[start:after] = ["changelog:", *(f"  {line}" for line in written.splitlines())]
    changed = [_renamed(line, name, version) for line in lines[: end + 1]]
    return "\n".join([*changed, *lines[end + 1 :]]) + "\n"


def _renamed(line: str, name: str, version: str) -> str:
    for key, value in (("id", name), ("version", version)):
        if line.startswith(f"{key}:"):
            return f"{key}: {value}"
    return line
