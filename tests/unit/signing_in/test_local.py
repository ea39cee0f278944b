"""Local mode lets in this machine's own browser, and nothing that only seems to be it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streamlit_app.signing_in.arrival import Arrival
from streamlit_app.signing_in.local import is_loopback, why_not_local

EVERYWHERE = "0.0.0.0"  # noqa: S104 - refused
HERE = Arrival("127.0.0.1", ("localhost:8501",), ("http://localhost:8501",))


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", EVERYWHERE, "::", "192.168.0.4", "localhost.evil.example", "127.0.0.1.evil.example", "2130706433", "127.1"],
)
def test_names_of_others(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"address": "localhost"},
        {"address": "::1", "hosts": ("[::1]:8501",), "origins": ("http://[::1]:8501",)},
        {"hosts": ("127.0.0.1",), "origins": ()},
        {"remote": "127.0.0.5"},
        {"hosts": (), "origins": ()},
    ],
)
def test_a_browser_on_this_machine_comes_in(change: dict[str, Any]) -> None:
    assert why_not_local(replace(HERE, **change)) == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"address": ""}, "listens on every address"),
        ({"address": EVERYWHERE}, "listens on 0.0.0.0"),
        ({"address": "192.168.0.4"}, "listens on 192.168.0.4"),
        ({"address": "unix:///tmp/app.sock"}, "listens on unix"),
        ({"remote": "192.168.0.9"}, "another machine"),
        ({"is_forwarded": True}, "through a proxy"),
        ({"hosts": ("app.example.com",)}, "by a name"),
        ({"hosts": ("rebound.evil.example:8501",), "origins": ("http://rebound.evil.example:8501",)}, "by a name"),
        ({"hosts": ("localhost", "evil.example")}, "by a name"),
        ({"origins": ("https://evil.example",)}, "by a name"),
        ({"origins": ("null",)}, "by a name"),
        ({"origins": ("http://localhost:3000",)}, "another server on this machine"),
        ({"origins": ("http://127.0.0.1:8501",)}, "another server on this machine"),
        ({"origins": ("http://localhost@evil.example",)}, "by a name"),
        ({"hosts": ("localhost@evil.example",)}, "by a name"),
        ({"hosts": ("[::1",)}, "by a name"),
        ({"hosts": ("",)}, "by a name"),
    ],
)
def test_whatever_is_not_of_this_machine_is_told_apart(change: dict[str, Any], told: str) -> None:
    assert told in why_not_local(replace(HERE, **change))
