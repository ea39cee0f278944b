"""BigQuery addresses: what is read from one, and how a wrong one is explained."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nl2sql.engines.bigquery_address import BigQueryOptions, parse_bigquery
from nl2sql.engines.registry import ALLOWED, open_engine
from nl2sql.errors import SettingsInvalid

SECRET = "hunter2"


def test_project_and_dataset_are_read_and_the_address_stands_above_the_settings() -> None:
    options = BigQueryOptions(location="EU", endpoint="https://bigquery-private.example.com")
    plain = parse_bigquery("bigquery://my-project/my_dataset", options)
    assert (plain.project, plain.dataset, plain.location) == ("my-project", "my_dataset", "EU")
    assert plain.endpoint == "https://bigquery-private.example.com"
    given = (
        "bigquery://example.com:old/d?location=europe-west3&endpoint=http://127.0.0.1:9050/&credentials=/run/key.json"
    )
    own = parse_bigquery(given, options)
    assert (own.project, own.location, own.credentials) == ("example.com:old", "europe-west3", "/run/key.json")
    assert (own.endpoint, own.is_local, plain.is_local) == ("http://127.0.0.1:9050", True, False)


@pytest.mark.parametrize(
    "url",
    [
        "bigquery://",
        "bigquery://my-project",
        "bigquery://my-project/",
        "bigquery:///dataset",
        "bigquery://my-project/a/b",
        "bigquery://my-project/a-b",
        "bigquery://my-project/d#part",
        f"bigquery://user:{SECRET}@my-project/d",
        f"bigquery://my-project/d?password={SECRET}",
        f"bigquery://my-project/d?{SECRET}",
        f"bigquery://my-project/d?location=EU;{SECRET}",
        f"bigquery://my-project/d?endpoint=http://{SECRET}.example.com",
        f"bigquery://my-project/d?endpoint=https://user:{SECRET}@example.com",
        f"bigquery://my-project/d?endpoint=https://example.com/{SECRET}",
        f"bigquery://my-project/d?endpoint=https://example.com:{SECRET}",
        f"bigquery://my-project/d?endpoint=ftp://{SECRET}",
        "bigquery://my-project/d?endpoint=http://10.0.0.1",
        "bigquery://my-project/d?endpoint=http://127.0.0.1.example.com",
        f"bigquery://[{SECRET}/d",
    ],
)
def test_a_wrong_address_is_explained_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        open_engine(url)
    assert caught.value.hint
    assert SECRET not in caught.value.user_message + caught.value.hint
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_plain_http_is_spoken_with_this_machine_alone() -> None:
    for host in ("localhost:1", "127.0.0.1:1", "[::1]:1", "127.9.9.9:1"):
        assert parse_bigquery(f"bigquery://p/d?endpoint=http://{host}", BigQueryOptions()).is_local


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("", "bigquerystorage.googleapis.com:443"),
        ("?storage=off", ""),
        ("?storage=https://storage.example.com", "storage.example.com:443"),
        ("?storage=https://storage.example.com:8443/", "storage.example.com:8443"),
        ("?endpoint=https://example.com", ""),  # rows take no other way than was named
        ("?endpoint=https://example.com&storage=https://storage.example.com", "storage.example.com:443"),
        ("?endpoint=http://127.0.0.1:1", ""),
        ("?endpoint=http://127.0.0.1:1&storage=off", ""),
        ("?endpoint=http://127.0.0.1:1&storage=http://[::1]:2", "[::1]:2"),
    ],
)
def test_large_results_come_from_googles_own_storage_or_from_what_was_named(given: str, host: str) -> None:
    assert parse_bigquery(f"bigquery://p/d{given}", BigQueryOptions()).storage_host == host


@pytest.mark.parametrize(
    "given",
    [
        "storage=http://127.0.0.1:1",
        "endpoint=https://example.com&storage=http://127.0.0.1:1",
        "endpoint=http://127.0.0.1:1&storage=https://example.com",
        "storage=http://10.0.0.1",
        f"storage=https://user:{SECRET}@example.com",
        f"storage={SECRET}",
    ],
)
def test_storage_is_spoken_to_without_encryption_on_this_machine_alone(given: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        parse_bigquery(f"bigquery://p/d?{given}", BigQueryOptions())
    assert SECRET not in caught.value.user_message + caught.value.hint


def test_it_opens_without_a_connection_and_says_that_it_charges() -> None:
    engine = open_engine("bigquery://my-project/d?endpoint=http://127.0.0.1:1")
    assert (engine.dialect, engine.charges) == ("bigquery", True)
    engine.close()
    assert "bigquery" in ALLOWED


def test_a_missing_client_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nl2sql.engines.bigquery", None)
    with pytest.raises(SettingsInvalid, match=r"pip install 'nl2sql\[bigquery\]'"):
        open_engine("bigquery://my-project/d")


def test_another_database_does_not_import_the_client() -> None:
    code = (
        "import sys; from nl2sql.engines.registry import open_engine; open_engine('sqlite:///shop.db');"
        "sys.exit(any(name.startswith('google') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
