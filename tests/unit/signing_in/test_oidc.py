"""What Streamlit is told for st.login, and how old a sign-in may be."""

from __future__ import annotations

from typing import Any

import pytest

from streamlit_app.signing_in.oidc import AuthInvalid, providers, title, why_ended
from streamlit_app.signing_in.people import People

SECRET = "0123456789abcdef0123456789abcdef"
PROVIDER = {
    "client_id": "the-app",
    "client_secret": "hidden-away",
    "server_metadata_url": "https://id.example.com/.well-known/openid-configuration",
}
SHARED = {"redirect_uri": "https://ask.example.com/oauth2callback", "cookie_secret": SECRET}
NOW = 1_800_000_000.0


def test_one_provider_or_several_are_found_by_name() -> None:
    assert providers(SHARED | PROVIDER) == ("default",)
    assert providers(SHARED | {"google": PROVIDER, "okta": PROVIDER}) == ("google", "okta")
    assert providers(SHARED | PROVIDER | {"client_kwargs": {"scope": "openid"}}) == ("default",)
    local = {"redirect_uri": "http://localhost:{port}/oauth2callback"}
    assert providers(SHARED | local | {"okta": PROVIDER}) == ("okta",)


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        (None, "has no section [auth]"),
        ({}, "has no section [auth]"),
        ("auth", "has no section [auth]"),
        (SHARED, "[auth] names no provider"),
        (PROVIDER | {"cookie_secret": SECRET}, "redirect_uri"),
        (SHARED | PROVIDER | {"redirect_uri": "https://ask.example.com"}, "/oauth2callback"),
        (SHARED | PROVIDER | {"redirect_uri": "http://ask.example.com/oauth2callback"}, "https://"),
        (SHARED | PROVIDER | {"redirect_uri": "http://[::1/oauth2callback"}, "https://"),
        (SHARED | PROVIDER | {"redirect_uri": 7}, "redirect_uri"),
        (SHARED | PROVIDER | {"cookie_secret": "xxx"}, "cookie_secret of at least 32"),
        (SHARED | {"google": {"client_id": "a"}}, "[auth.google] must have client_secret, server_metadata_url"),
        (SHARED | {"google": PROVIDER | {"client_secret": " "}}, "[auth.google] must have client_secret"),
        (SHARED | {"my_id": PROVIDER}, "underscore"),
        (SHARED | {"client_id": "a"}, "[auth] must have client_secret, server_metadata_url"),
        (SHARED | {"google": PROVIDER | {"server_metadata_url": "http://id.example.com"}}, "server_metadata_url in"),
    ],
)
def test_a_fault_is_a_sentence_with_the_key_and_without_its_value(auth: Any, told: str) -> None:
    with pytest.raises(AuthInvalid) as caught:
        providers(auth)
    assert told in str(caught.value)
    assert SECRET not in str(caught.value) and "hidden-away" not in str(caught.value)


def test_a_provider_is_shown_by_its_name() -> None:
    assert [title(each) for each in ("google", "auth0", "myHouse")] == ["Google", "Auth0", "MyHouse"]


@pytest.mark.parametrize(
    ("claims", "people", "ended"),
    [
        ({"iat": NOW - 10, "exp": NOW + 3590}, People({}), ""),
        ({"iat": NOW - 11 * 3600, "exp": NOW - 10 * 3600}, People({}), ""),
        ({"iat": NOW - 13 * 3600, "exp": NOW + 10}, People({}), "too old"),
        ({"iat": NOW - 2 * 3600, "exp": NOW + 10}, People({}, hours=1), "too old"),
        ({"iat": NOW - 2 * 3600, "exp": NOW - 3600}, People({}, until_token_expires=True), "has expired"),
        ({"iat": NOW - 10, "exp": NOW - 30}, People({}, until_token_expires=True), ""),
        ({"iat": NOW + 30, "exp": NOW + 3600}, People({}), ""),
        ({"iat": NOW + 3600, "exp": NOW + 7200}, People({}), "from the future"),
        ({"exp": NOW + 10}, People({}), "does not say"),
        ({"iat": NOW - 10}, People({}), "does not say"),
        ({"iat": True, "exp": True}, People({}), "does not say"),
        ({"iat": str(NOW), "exp": NOW + 10}, People({}), "does not say"),
    ],
)
def test_a_sign_in_lasts_as_long_as_the_file_says(claims: dict[str, Any], people: People, ended: str) -> None:
    found = why_ended(claims, people, NOW)
    assert ended in found and bool(ended) == bool(found)
