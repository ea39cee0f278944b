"""Options of a MySQL address: what would do nothing is refused before anything connects."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from nl2sql.engines import mysql_address
from nl2sql.engines.registry import open_engine
from nl2sql.errors import DatabaseUnreadable, SettingsInvalid

ADDRESS = "mysql://reader@localhost/shop?"


def opened(options: str, address: str = ADDRESS) -> dict[str, Any]:
    """What the driver would be given."""
    engine = open_engine(address + options)
    engine.close()
    query = dict(each.split("=", 1) for each in options.split("&"))
    return mysql_address.settled(query, {"password": ""})


@pytest.mark.parametrize(
    "options",
    [
        "ssl_key=/a.pem",
        "ssl_mode=REQUIRED",
        "sslmode=require",
        "ssl=true",
        "ssl_disabled=true",
        "ssl_verify_cert=true",
        "ssl_check_hostname=true",
        "ssl_capath=/etc",
        "ssl_cipher=AES",
        "tls=true",
        "tls=preferred",
        "tls=",
        "tls=required&tls=required",
        "ssl_verify_identity=1",
        "ssl_verify_identity=false",
        "useSSL=true",
        "iam=google",
        "iam=google&tls=required",
        "iam=aws&unix_socket=/run/a",
        "no_such_option=1",
        "tls=required&unix_socket=/run/a",
        "ssl_ca=/no/such/file",
        "tls=required&ssl_cert=/no/such/file",
    ],
)
def test_an_option_that_does_nothing_or_cannot_work_is_refused_when_the_address_is_read(options: str) -> None:
    with pytest.raises(SettingsInvalid):
        open_engine(ADDRESS + options)


@pytest.mark.parametrize("options", ["connect_timeout=3", "charset=latin1", "unix_socket=/run/a", "compress=true"])
def test_other_options_of_the_driver_are_taken(options: str) -> None:
    open_engine(ADDRESS + options).close()


def test_required_tls_encrypts_and_compares_nobody() -> None:
    context = opened("tls=required")["ssl"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_a_verified_identity_needs_no_authority_of_ones_own() -> None:
    context = opened("ssl_verify_identity=true")["ssl"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_file_that_is_no_certificate_is_said_without_its_contents(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN SECRET-----\nhidden\n")
    with pytest.raises(SettingsInvalid, match=r"cannot be read \(ssl_ca\)") as caught:
        open_engine(f"{ADDRESS}ssl_ca={tmp_path}/ca.pem")
    assert "hidden" not in caught.value.hint


def test_a_token_takes_the_place_of_a_password_and_stands_beside_none() -> None:
    given = opened("iam=google&unix_socket=/cloudsql/a:b:c")
    assert isinstance(given["token_source"], mysql_address.GoogleTokens)
    with pytest.raises(SettingsInvalid, match="leave the one in the database address out"):
        open_engine("mysql://reader:secret@/shop?iam=google&unix_socket=/run/a")


class Credentials:
    """As google.auth's: `valid` until it is said to have expired."""

    def __init__(self) -> None:
        self.fetched = 0
        self.valid = False

    def refresh(self, _request: object) -> None:
        self.fetched += 1
        self.valid = True

    @property
    def token(self) -> str:
        return f"token-{self.fetched}"


def test_a_token_is_kept_until_it_expires_and_asked_for_logging_in_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials, scopes = Credentials(), []

    def default(**options: object) -> tuple[Credentials, None]:
        scopes.append(options["scopes"])
        return credentials, None

    monkeypatch.setattr("google.auth.default", default)
    tokens = mysql_address.GoogleTokens()
    assert [tokens.token(), tokens.token()] == ["token-1", "token-1"]
    credentials.valid = False
    assert tokens.token() == "token-2"
    assert scopes == [["https://www.googleapis.com/auth/sqlservice.login"]]


def test_without_googles_credentials_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from google.auth.exceptions import DefaultCredentialsError

    def default(**_options: object) -> None:
        raise DefaultCredentialsError("a secret")

    monkeypatch.setattr("google.auth.default", default)
    with pytest.raises(DatabaseUnreadable, match="did not let us in") as caught:
        mysql_address.GoogleTokens().token()
    assert "application default credentials" in caught.value.hint
    assert "secret" not in caught.value.hint
