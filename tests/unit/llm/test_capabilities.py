from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from nl2sql.llm.capabilities import KEPT_SECONDS, MOST_ENDPOINTS, CapabilityMemory, users_own_memory

AT = "https://gateway.test/team/v1"
PASSWORD = "hunter" + "2hunter2"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "endpoints" / "capabilities.json"


@pytest.fixture
def open_memory(path: Path, clock: Clock) -> Callable[[], CapabilityMemory]:
    """Each is another process, as far as it goes."""
    return lambda: CapabilityMemory(path, clock=clock)


Open = Callable[[], CapabilityMemory]


def test_what_one_process_found_out_the_next_one_knows(open_memory: Open) -> None:
    open_memory().reject(AT, "m", ["temperature", "strict"])
    assert open_memory().rejected(AT, "m") == {"temperature", "strict"}
    assert open_memory().rejected(AT, "other") == frozenset()
    assert open_memory().rejected(AT + "/x", "m") == frozenset()


def test_processes_do_not_undo_each_other(open_memory: Open) -> None:
    one, other = open_memory(), open_memory()
    assert one.rejected(AT, "m") == other.rejected(AT, "m") == frozenset()
    one.reject(AT, "m", ["temperature"])
    other.reject(AT, "m", ["seed"])
    other.reject("https://else.test/v1", "m", ["chat"])
    assert open_memory().rejected(AT, "m") == {"temperature", "seed"}
    assert open_memory().rejected("https://else.test/v1", "m") == {"chat"}


def test_it_is_forgotten_after_a_week(open_memory: Open, clock: Clock) -> None:
    memory = open_memory()
    memory.reject(AT, "m", ["temperature"])
    clock.now += KEPT_SECONDS / 2
    memory.reject(AT, "m", ["seed"])
    clock.now += KEPT_SECONDS / 2 + 1
    assert memory.rejected(AT, "m") == open_memory().rejected(AT, "m") == {"seed"}


def test_what_comes_from_the_future_is_not_believed(open_memory: Open, clock: Clock) -> None:
    open_memory().reject(AT, "m", ["temperature"])
    clock.now -= 1
    assert open_memory().rejected(AT, "m") == frozenset()


def test_an_endpoint_can_be_forgotten(open_memory: Open) -> None:
    memory = open_memory()
    memory.reject(AT, "m", ["temperature"])
    memory.forget(AT, "m")
    assert memory.rejected(AT, "m") == open_memory().rejected(AT, "m") == frozenset()


def test_nothing_secret_is_in_the_file(open_memory: Open, path: Path) -> None:
    at = f"https://user:{PASSWORD}@gateway.test/account-4711/v1"
    open_memory().reject(at, "m", ["seed"])
    text = path.read_text(encoding="utf-8")
    assert "gateway.test" in text
    assert not any(word in text for word in (PASSWORD, "user", "4711"))
    assert open_memory().rejected("https://gateway.test/account-4711/v1/", "m") == {"seed"}
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "\x00",
        "[" * 100_000,
        '{"endpoints": 1}',
        '{"endpoints": {"x": 1}}',
        '{"endpoints": {"x": {"seed": "now"}, "y": {"seed": NaN}, "z": {"seed": 1e999}, "a": {"seed": [1]}}}',
        '{"endpoints": {"x": {"seed": 1' + "0" * 400 + "}}}",
        '{"endpoints": {"gateway.test": {"rm -rf": 1800000000.0}}}',
        '{"endpoints": {}, "more": "' + "x" * 600_000 + '"}',
    ],
    ids=lambda text: text[:20],
)
def test_a_damaged_file_is_an_empty_one_and_is_mended(text: str, open_memory: Open, path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_text(text, encoding="utf-8")
    memory = open_memory()
    assert memory.rejected(AT, "m") == frozenset()
    memory.reject(AT, "m", ["seed"])
    assert open_memory().rejected(AT, "m") == {"seed"}
    found = json.loads(path.read_text(encoding="utf-8"))["endpoints"]
    assert [list(features) for features in found.values()] == [["seed"]]
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_costs_nothing_but_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    memory = CapabilityMemory(tmp_path / "file" / "capabilities.json")
    memory.reject(AT, "m", ["seed"])
    assert memory.rejected(AT, "m") == {"seed"}, "as long as the process lasts"


def test_a_folder_that_others_may_write_to_is_not_read(open_memory: Open, path: Path) -> None:
    open_memory().reject(AT, "m", ["seed"])
    path.parent.chmod(0o777)
    assert open_memory().rejected(AT, "m") == frozenset()


def test_what_listens_on_this_machine_is_not_kept_for_others(open_memory: Open, path: Path) -> None:
    memory = open_memory()
    for at in ("http://127.0.0.1:8000/v1", "http://localhost:11434/v1", "http://[::1]:1/v1"):
        memory.reject(at, "m", ["seed"])
        assert memory.rejected(at, "m") == {"seed"}
    assert not path.exists()


def test_the_file_stays_small(open_memory: Open, path: Path, clock: Clock) -> None:
    memory = open_memory()
    for number in range(MOST_ENDPOINTS + 5):
        clock.now += 1
        memory.reject(f"https://host-{number}.test/v1", "m", ["seed"])
    assert len(json.loads(path.read_text(encoding="utf-8"))["endpoints"]) == MOST_ENDPOINTS
    assert open_memory().rejected("https://host-0.test/v1", "m") == frozenset()
    assert open_memory().rejected(f"https://host-{MOST_ENDPOINTS}.test/v1", "m") == {"seed"}


def test_threads_share_it(open_memory: Open) -> None:
    memory = open_memory()
    threads = [Thread(target=memory.reject, args=(AT, f"m{number}", ["seed"])) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(open_memory().rejected(AT, f"m{number}") == {"seed"} for number in range(8))


def test_the_users_own_is_below_the_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    users_own_memory().reject(AT, "m", ["seed"])
    assert users_own_memory().rejected(AT, "m") == {"seed"}
    assert (tmp_path / "nl2sql" / "endpoints" / "capabilities.json").exists()


def test_an_account_without_a_home_remembers_as_long_as_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", staticmethod(homeless))
    memory = users_own_memory()
    memory.reject(AT, "m", ["seed"])
    assert memory.rejected(AT, "m") == {"seed"}
