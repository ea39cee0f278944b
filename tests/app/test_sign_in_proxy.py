"""Behind an identity-aware proxy: its signed header, and how long it counts."""

# ruff: noqa: F811 - a fixture that is imported is an argument of the same name
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from streamlit_app.signing_in import gate
from streamlit_app.signing_in.iap import HeaderRefused
from tests.app.sign_in_house import HERE, House, house  # noqa: F401 - a fixture


@pytest.fixture
def proxied(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Behind the proxy; a header is the address in it, and holds unless it says “forged” or is checked too late."""
    house.set(sign_in="iap", iap_audience="/projects/7/global/backendServices/9")
    checked: list[str] = []

    def check(header: str, audience: str, keys: Any) -> dict[str, Any]:
        assert audience == "/projects/7/global/backendServices/9"
        checked.append(header)
        if "forged" in header or len(checked) > 2:
            raise HeaderRefused("The proxy's header does not hold.")
        return {"iss": "https://cloud.google.com/iap", "sub": f"accounts.google.com:{header}", "email": header}

    monkeypatch.setattr(gate, "claims_in", check)
    return lambda *headers: setattr(house, "came", replace(house.came, assertions=headers))  # type: ignore[return-value]


def test_behind_the_proxy_its_signed_header_says_who_it_is(house: House, proxied: Callable[..., None]) -> None:
    proxied("rita@example.com")
    for _ in range(4):  # checked once for each connection: it is signed for ten minutes alone
        house.run()
        assert house.app.chat_input
    assert "CLEAR_LOGIN_COOKIE" in house.shown()
    proxied("lou@example.com")
    assert "Your role does not open this page." in house.run()


@pytest.mark.parametrize("headers", [(), ("forged rita@example.com",), ("rita@example.com", "rita@example.com")])
def test_without_exactly_one_header_that_holds_nobody_comes_in(
    house: House, proxied: Callable[..., None], headers: tuple[str, ...]
) -> None:
    proxied(*headers)
    house.signed_in("rita@example.com")
    assert "This address is not open" in house.run()
    assert not house.opened


def test_behind_the_proxy_a_sign_in_ends_as_well(
    house: House, proxied: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxied("rita@example.com")
    house.run()
    assert house.app.chat_input
    now = time.time()
    monkeypatch.setattr(gate.time, "time", lambda: now + 13 * 3600)
    assert "Load the page again to go on" in house.run()


def test_an_audience_is_needed_behind_the_proxy(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.set(sign_in="iap")
    house.came = replace(HERE, assertions=("rita@example.com",))
    assert "The sign-in is not set up" in house.run()
    assert "iap_audience is needed" in caplog.text
