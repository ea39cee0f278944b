"""The setting `cache`: what it may be, and what is said when it is something else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nl2sql.cache.base import NoCache
from nl2sql.cache.disk import DiskCache
from nl2sql.cache.open import open_cache
from nl2sql.cache.redis_address import read_address
from nl2sql.errors import SettingsInvalid


def test_off_is_no_cache() -> None:
    assert isinstance(open_cache("off", None, 1_000_000), NoCache)


def test_a_path_is_a_folder(tmp_path: Path) -> None:
    for cache in (open_cache("cache", tmp_path / "cache", 1_000_000), open_cache(str(tmp_path / "other"), None, 1)):
        assert isinstance(cache, DiskCache)
        cache.close()
    assert (tmp_path / "cache" / "cache.db").exists()
    assert (tmp_path / "other" / "cache.db").exists()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("redis://host", "redis://host:6379/0"),
        ("redis://user:secret@host:7000/3", "redis://host:7000/3"),
        ("redis://:secret@[::1]:7000", "redis://[::1]:7000/0"),
        ("rediss://user:se%2Fcret@host/1?ssl_ca_certs=/etc/ca.pem", "rediss://host:6379/1"),
        ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
        ("unix://user:secret@/run/redis.sock", "unix:///run/redis.sock?db=0"),
    ],
)
def test_an_address_is_shown_without_who_and_without_the_password(address: str, place: str) -> None:
    read = read_address(address)
    assert read.place == place
    assert "cret" not in repr(read) and "user" not in repr(read)
    assert "cret" not in repr(open_cache(address, None, 1_000_000).stats())


def test_user_and_password_are_read_with_their_escapes() -> None:
    read = read_address("redis://us%40er:se%2Fcr%23et@host/0?namespace=shop-1")
    assert (read.username, read.password, read.namespace) == ("us@er", "se/cr#et", "shop-1")


@pytest.mark.parametrize(
    "address",
    [
        "http://:secret@host/0",
        "redis://:secret@host:port/0",
        "redis://:secret@host:99999/0",
        "redis://:secret@host/name",
        "redis://:secret@host/0/1",
        "redis://:secret@host/-1",
        "redis://:secret@/0",
        "redis://:sec/secret@host/0",
        "redis://:sec#secret@host/0",
        "redis://:sec?secret@host/0",
        "redis://[:secret@host/0",
        "redis://:secret\u2100@host/0",
        "redis://:secret@host/0?decode_responses=secret",
        "redis://:secret@host/0?ssl_ca_certs=secret",
        "redis://:secret@host/0?namespace=se*cret",
        "redis://:secret@host/0?namespace=",
        "redis://:secret@host/0?db",
        "unix://:secret@",
        "unix:///secret?db=x",
    ],
)
def test_a_wrong_address_is_refused_in_a_sentence_without_its_secrets(address: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        open_cache(address, None, 1_000_000)
    message = caught.value.user_message
    assert message.startswith("The setting cache is not an address of Redis: ") and message.endswith(".")
    assert "secret" not in message and "cret" not in message
    assert caught.value.__cause__ is None or "secret" not in repr(caught.value.__cause__)


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "nl2sql.cache.redis", raising=False)
    with pytest.raises(SettingsInvalid, match=r"pip install 'nl2sql\[redis\]'"):
        open_cache("redis://host/0", None, 1_000_000)


def test_redis_is_imported_only_where_it_is_used(tmp_path: Path) -> None:

    code = (
        "import sys; from nl2sql.cache.open import open_cache; import nl2sql.cache.flights;"
        "open_cache(sys.argv[1], None, 1).close(); open_cache('off', None, 1); print('redis' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
