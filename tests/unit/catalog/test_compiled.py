"""A large model is kept as it was made: read again without its YAML, and never trusted to be whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nl2sql.catalog import compiled
from nl2sql.catalog import load as loading
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from tests.unit.catalog.test_ossie_constructs import FULL


@pytest.fixture(autouse=True)
def every_model_counts_as_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compiled, "LEAST_CHARACTERS", 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "model.yaml"
    made.write_text(FULL, encoding="utf-8")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def no_more_yaml(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Use it as `no_more_yaml.setattr(loading, "Source", refuse)` once the first load is done."""
    return monkeypatch


def refuse(*_: object) -> None:
    raise AssertionError("the YAML was read")


def kept(folder: Path) -> Path:
    (found,) = folder.glob("*.json")
    return found


def test_the_second_time_reads_no_yaml_and_gives_the_same(
    path: Path, folder: Path, no_more_yaml: pytest.MonkeyPatch
) -> None:
    first = load_model(path, cache=folder)
    no_more_yaml.setattr(loading, "Source", refuse)
    second = load_model(path, cache=folder)
    assert second == first and hash(second.datasets) == hash(first.datasets)
    assert isinstance(second, SemanticModel) and second.left_out == first.left_out


def test_the_auctions_model_survives_being_kept(
    repository: Path, folder: Path, no_more_yaml: pytest.MonkeyPatch
) -> None:
    path = repository / "schema" / "auction" / "model.yaml"
    first = load_model(path, cache=folder)
    no_more_yaml.setattr(loading, "Source", refuse)
    assert load_model(path, cache=folder) == first


def test_without_a_folder_it_is_the_users_own(path: Path, tmp_path: Path) -> None:
    load_model(path)
    assert kept(tmp_path / "home" / "nl2sql" / "models")


def test_a_small_model_is_not_kept(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "LEAST_CHARACTERS", 100_000)
    load_model(path, cache=folder)
    assert not folder.exists()


def test_another_text_another_name_and_other_code_are_other_files(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_model(path, cache=folder)
    load_model(path, "retail", cache=folder)
    path.write_text(FULL.replace("Sales of a chain", "Sales of another chain"), encoding="utf-8")
    assert load_model(path, cache=folder).description.startswith("Sales of another")
    monkeypatch.setattr(compiled, "_code_version", lambda: "other")
    load_model(path, cache=folder)
    assert len(list(folder.glob("*.json"))) == 4


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"name": "x"}',
        b'{"name": 1, "datasets": []}',
        b'{"name": "x", "datasets": {}}',
        b'{"name": "x", "datasets": [{"name": "d", "source": "s", "fields": [{"name": "f", "expression": 5}]}]}',
        b'{"name": "x", "datasets": [], "readings": {"a": 1}}',
        b'{"name": "x", "datasets": [], "synonyms": [1]}',
        b'{"name": "x", "datasets": [], "unknown": []}',
        b"[" * 100_000,
    ],
)
def test_garbage_is_as_if_it_were_not_there(garbage: bytes, path: Path, folder: Path) -> None:
    first = load_model(path, cache=folder)
    kept(folder).write_bytes(garbage)
    assert load_model(path, cache=folder) == first
    assert json.loads(kept(folder).read_bytes())["name"] == "retail", "it was made anew"


def test_a_cut_file_is_made_anew(path: Path, folder: Path) -> None:
    first = load_model(path, cache=folder)
    kept(folder).write_bytes(kept(folder).read_bytes()[:-20])
    assert load_model(path, cache=folder) == first


def test_only_the_owner_can_read_or_write_the_folder(path: Path, folder: Path) -> None:
    load_model(path, cache=folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert kept(folder).stat().st_mode & 0o077 == 0


def test_what_others_could_have_written_is_not_read(path: Path, folder: Path) -> None:
    first = load_model(path, cache=folder)
    planted = json.loads(kept(folder).read_bytes()) | {"description": "planted"}
    kept(folder).write_text(json.dumps(planted))
    assert load_model(path, cache=folder).description == "planted", "the folder is ours, so this is what is read"
    os.chmod(folder, 0o770)  # noqa: S103
    assert load_model(path, cache=folder) == first


def test_a_place_that_cannot_be_written_is_done_without(path: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert load_model(path, cache=blocked / "cache").name == "retail"


def test_the_folder_does_not_grow_for_ever(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MOST_FILES", 3)
    for number in range(5):
        path.write_text(FULL.replace("Amounts are net", f"Amounts {number}"), encoding="utf-8")
        load_model(path, cache=folder)
    assert len(list(folder.iterdir())) == 3


def test_a_broken_model_is_not_kept(path: Path, folder: Path) -> None:
    path.write_text(FULL.replace("to: items", "to: nothing"), encoding="utf-8")
    with pytest.raises(loading.ModelInvalid):
        load_model(path, cache=folder)
    assert not folder.exists()
