"""What the address of a MySQL database says of the way there: TLS, a socket, and who vouches for the account.

PyMySQL takes many options that do nothing by themselves: a key without its certificate, a certificate authority that
nothing is compared with, the text "false" for true. So TLS is set up here, and an option that would do nothing is
refused before anything connects.
"""

from __future__ import annotations

import inspect
import ssl
import threading
from collections.abc import Mapping
from typing import Any

import pymysql  # type: ignore[import-untyped]
from pymysql.connections import Connection  # type: ignore[import-untyped]

from nl2sql.errors import DatabaseUnreadable, SettingsInvalid

TLS_OPTIONS = ("tls", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_identity")
_SCOPE = "https://www.googleapis.com/auth/sqlservice.login"
_PLUGIN_CANNOT_LOAD = 2059  # the client library's own number for it

Query = Mapping[str, str | tuple[str, ...]]


def settled(query: Query, options: Mapping[str, Any]) -> dict[str, Any]:
    """The driver's options; `query` is what stood behind the ? of the address. Raises SettingsInvalid."""
    _refuse_unknown(query)
    given = {name: str(query[name]) for name in (*TLS_OPTIONS, "unix_socket", "iam") if name in query}
    kept = {name: value for name, value in options.items() if name not in (*TLS_OPTIONS, "ssl", "iam")}
    context = _context(given)
    if context is not None:
        if "unix_socket" in given:
            raise SettingsInvalid(
                "The database address asks for TLS over a socket of this machine, which needs none.",
                hint="Leave out either unix_socket or the options of TLS.",
            )
        kept["ssl"] = context
    if "iam" in given:
        kept["token_source"] = _token_source(given, context, options.get("password") or "")
    return kept


def _refuse_unknown(query: Query) -> None:
    known = {*inspect.signature(Connection.__init__).parameters, *TLS_OPTIONS, "iam"} - {"self"}
    for name, value in query.items():
        tls_like = name.startswith(("ssl", "tls")) and name not in TLS_OPTIONS
        if tls_like or name not in known or not isinstance(value, str):
            allowed = ", ".join((*TLS_OPTIONS, "unix_socket", "iam", "connect_timeout"))
            problem = "stands there twice" if not isinstance(value, str) else "does nothing"
            raise SettingsInvalid(
                f"The database address has an option that {problem}: {name[:40]}", hint=f"Options are: {allowed}"
            )


def _context(given: Mapping[str, str]) -> ssl.SSLContext | None:
    """None where the address asks for nothing: encrypted then if the server offers it, and nobody is compared."""
    verify_identity = _truth(given, "ssl_verify_identity")
    if "tls" in given and given["tls"] != "required":
        raise SettingsInvalid("The option tls of the database address can only be: required")
    if "ssl_key" in given and "ssl_cert" not in given:
        raise SettingsInvalid("The option ssl_key of the database address does nothing without ssl_cert.")
    if not any(name in given for name in ("tls", "ssl_ca", "ssl_cert")) and not verify_identity:
        if "ssl_verify_identity" in given:
            raise SettingsInvalid("The option ssl_verify_identity=false does nothing by itself.")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = verify_identity
    context.verify_mode = ssl.CERT_REQUIRED if verify_identity or "ssl_ca" in given else ssl.CERT_NONE
    try:
        if "ssl_ca" in given:
            context.load_verify_locations(cafile=given["ssl_ca"])
        elif verify_identity:
            context.load_default_certs()
        if "ssl_cert" in given:
            context.load_cert_chain(given["ssl_cert"], given.get("ssl_key"), password=_no_password)
    except (OSError, ValueError) as error:
        names = ", ".join(name for name in ("ssl_ca", "ssl_cert", "ssl_key") if name in given)
        raise SettingsInvalid(
            f"A file that the database address names for TLS cannot be read ({names}).", hint=type(error).__name__
        ) from None
    return context


def _no_password() -> str:
    """Else OpenSSL would ask the terminal."""
    return ""


def _truth(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false").lower()
    if value not in ("true", "false"):
        raise SettingsInvalid(f"The option {name} of the database address can only be: true, false")
    return value == "true"


def _token_source(given: Mapping[str, str], context: ssl.SSLContext | None, password: str) -> GoogleTokens:
    if given["iam"] != "google":
        raise SettingsInvalid("The option iam of the database address can only be: google")
    if password:
        raise SettingsInvalid("With iam=google the password is a token: leave the one in the database address out.")
    if "unix_socket" not in given and (context is None or context.verify_mode is not ssl.CERT_REQUIRED):
        raise SettingsInvalid(
            "With iam=google the token may only go to a server that proves who it is.",
            hint="Add ssl_ca with the server's certificate authority, or the unix_socket of the Cloud SQL connector.",
        )
    try:
        import google.auth
        import google.auth.transport.requests  # noqa: F401 - also tells that requests is there
    except ImportError:
        raise SettingsInvalid(
            "Google's login is not installed. Install it with: pip install 'nl2sql[bigquery]'",
            hint="pip install 'google-auth[requests]'",
        ) from None
    return GoogleTokens()


class GoogleTokens:
    """The process's own Google account as a password that lasts an hour. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: Any = None

    def token(self) -> str:
        """Fetched anew when the last one has expired. Raises DatabaseUnreadable."""
        import google.auth
        import google.auth.exceptions
        from google.auth.transport.requests import Request

        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials, _ = google.auth.default(scopes=[_SCOPE])
                if not self._credentials.valid:
                    self._credentials.refresh(Request())
            except google.auth.exceptions.GoogleAuthError as error:
                raise DatabaseUnreadable(
                    "The database did not let us in.",
                    hint=f"Google gave no token ({type(error).__name__}): check the application default credentials.",
                ) from None
            return str(self._credentials.token)


class ConfidentialOnly:
    """Answers a server that asks for the password itself, as IAM does: any server may ask, so only one that was
    compared with its certificate authority, or that is behind a socket of this machine, gets it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def authenticate(self, _packet: Any) -> Any:
        connection = self._connection
        over_tls = isinstance(connection._sock, ssl.SSLSocket) and connection.ctx.verify_mode is ssl.CERT_REQUIRED
        if not over_tls and not connection.unix_socket:
            raise pymysql.OperationalError(
                _PLUGIN_CANNOT_LOAD, "The server asks for the password itself, and has not proved who it is"
            )
        connection.write_packet(connection.password + b"\0")
        answer = connection._read_packet()
        answer.check_error()
        return answer


class Refused:
    """For a login that asks questions, of which one may be the password."""

    def __init__(self, connection: Any) -> None:
        pass

    def authenticate(self, _packet: Any) -> Any:
        raise pymysql.OperationalError(_PLUGIN_CANNOT_LOAD, "The server asks for a login in a dialogue")


AUTHENTICATION: Mapping[str, type] = {"mysql_clear_password": ConfidentialOnly, "dialog": Refused}
