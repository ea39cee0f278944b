"""A small OpenID provider on the loopback interface: discovery, authorize, token, keys and logout.

    from tests.fakes.oidc.server import provide

    with provide({"ada": {"email": "ada@example.com", "email_verified": True}}) as provider:
        write_secrets(provider.metadata_url, provider.client_id, provider.client_secret)

Its sign-in page has one button for each account. The authorization code flow is checked as strictly as a careful
provider does: client and secret, the exact redirect_uri, each code once, PKCE (S256, required), and the nonce goes into
the token, which is signed with RS256. `provider.ended` are the logouts that were asked for.

    provider.accounts["ada"]["groups"] = ["analytics"]      # counts from the next sign-in on
    provider.token_changes = {"exp": 0}                     # what the tokens say in place of the truth

What it does not do: refresh tokens, userinfo, consent, sessions of its own, other flows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_NAME = "test-key"
TOKEN_SECONDS = 3600


@dataclass
class Provider:
    """`url` is the issuer."""

    url: str
    accounts: dict[str, dict[str, Any]]
    client_id: str = "the-app"
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    token_changes: dict[str, Any] = field(default_factory=dict)
    ended: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def keys(self) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [public | {"kid": KEY_NAME, "alg": "RS256", "use": "sig"}]}

    def token(self, subject: str, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "sub": subject, "aud": self.client_id, "iat": now, "exp": now + TOKEN_SECONDS}
        claims |= {"nonce": nonce} | self.accounts[subject] | self.token_changes
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": KEY_NAME})


class _Refused(Exception):
    """Answered with 400 and the code of RFC 6749."""


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._answer(parts.path, asked)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self._answer(urlsplit(self.path).path, {name: values[0] for name, values in parse_qs(body).items()})

    def _answer(self, path: str, asked: dict[str, str]) -> None:
        try:
            if path == "/.well-known/openid-configuration":
                self._json(self.provider.metadata())
            elif path == "/keys":
                self._json(self.provider.keys())
            elif path == "/authorize":
                self._sign_in_page(asked)
            elif path == "/token" and self.command == "POST":
                self._json(self._tokens(asked))
            elif path == "/logout":
                self.provider.ended.append(asked)
                self._redirect(asked["post_logout_redirect_uri"])
            else:
                self.send_error(404)
        except _Refused as refused:
            self._json({"error": str(refused)}, status=400)

    def _sign_in_page(self, asked: dict[str, str]) -> None:
        if asked.get("client_id") != self.provider.client_id or asked.get("response_type") != "code":
            raise _Refused("unauthorized_client")
        if asked.get("code_challenge_method") != "S256" or not asked.get("nonce") or not asked.get("state"):
            raise _Refused("invalid_request")
        buttons = []
        for subject in self.provider.accounts:
            code = secrets.token_urlsafe(16)
            self.provider.codes[code] = asked | {"subject": subject}
            back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            buttons.append(f'<p><a href="{escape(back)}">{escape(subject)}</a></p>')
        self._send(200, "text/html", f"<!doctype html><h1>Choose an account</h1>{''.join(buttons)}".encode())

    def _tokens(self, asked: dict[str, str]) -> Mapping[str, Any]:
        if not self._is_the_client():
            raise _Refused("invalid_client")
        given = self.provider.codes.pop(asked.get("code", ""), None)
        if given is None or given["redirect_uri"] != asked.get("redirect_uri"):
            raise _Refused("invalid_grant")
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != given["code_challenge"]:
            raise _Refused("invalid_grant")
        token = self.provider.token(given["subject"], given["nonce"])
        return {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 60, "id_token": token}

    def _is_the_client(self) -> bool:
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return False
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        own = self.provider
        return name == own.client_id and hmac.compare_digest(unquote(secret), own.client_secret)

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _redirect(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent."""


@contextmanager
def provide(accounts: dict[str, dict[str, Any]]) -> Iterator[Provider]:
    """`accounts`: by subject, what the token says besides iss, sub, aud, iat, exp and nonce."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    provider = Provider(f"http://localhost:{server.server_port}", accounts)
    server.RequestHandlerClass.provider = provider  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
