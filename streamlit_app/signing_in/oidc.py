"""Sign-in by OpenID Connect. Streamlit asks the provider and signs the cookie; here is checked what it is told to do,
and how old a sign-in may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from streamlit_app.signing_in.local import is_loopback
from streamlit_app.signing_in.people import People

# Clocks of servers differ by some seconds.
LEEWAY_SECONDS = 60
# Whoever knows or guesses it can sign a cookie for anybody: as long as the hash it goes into.
MIN_COOKIE_SECRET = 32
CALLBACK = "/oauth2callback"
DEFAULT = "default"
_NEEDED = ("client_id", "client_secret", "server_metadata_url")
_SHOWN = {"auth0": "Auth0", "github": "GitHub", "gitlab": "GitLab", "onelogin": "OneLogin"}


class AuthInvalid(Exception):
    """The section [auth] of Streamlit's secrets cannot be used. The sentence names keys, and no value."""


def providers(auth: object) -> tuple[str, ...]:
    """Names for st.login, from the section [auth]. Raises AuthInvalid."""
    if not isinstance(auth, Mapping) or not auth:
        raise AuthInvalid("sign_in is oidc, but .streamlit/secrets.toml has no section [auth].")
    _check_shared(auth)
    named = {name: part for name, part in auth.items() if isinstance(part, Mapping) and name != "client_kwargs"}
    if any(key in auth for key in _NEEDED):
        named[DEFAULT] = auth
    if not named:
        raise AuthInvalid(f"[auth] names no provider: it must have {', '.join(_NEEDED)}.")
    for name, part in named.items():
        _check_provider(str(name), part)
    return tuple(str(name) for name in named)


def title(provider: str) -> str:
    return _SHOWN.get(provider.lower(), provider[:1].upper() + provider[1:])


def why_ended(claims: Mapping[str, Any], people: People, now: float) -> str:
    """Why a sign-in no longer counts, as a sentence for the log; empty while it does. `now` in seconds since 1970."""
    issued, expires = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    if issued is None or expires is None:
        return "The provider's token does not say when it was issued and when it expires."
    if issued > now + LEEWAY_SECONDS:
        return "The provider's token is from the future: one of the two clocks is wrong."
    if now > issued + people.hours * 3600:
        return "The sign-in is too old."
    if people.until_token_expires and now > expires + LEEWAY_SECONDS:
        return "The provider's token has expired."
    return ""


def _seconds(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _check_shared(auth: Mapping[Any, Any]) -> None:
    back, secret = auth.get("redirect_uri"), auth.get("cookie_secret")
    if not isinstance(back, str) or not back.endswith(CALLBACK):
        raise AuthInvalid(f"[auth] must have redirect_uri: the app's own address with {CALLBACK} at its end.")
    if not _is_safe(back):
        raise AuthInvalid("redirect_uri in [auth] must begin with https://, except on this machine.")
    if not isinstance(secret, str) or len(secret) < MIN_COOKIE_SECRET:
        raise AuthInvalid(f"[auth] must have a cookie_secret of at least {MIN_COOKIE_SECRET} random characters.")


def _check_provider(name: str, part: Mapping[Any, Any]) -> None:
    where = "[auth]" if name == DEFAULT else f"[auth.{name}]"
    if "_" in name:
        raise AuthInvalid(f"The name of {where} cannot have an underscore.")
    missing = [key for key in _NEEDED if not isinstance(part.get(key), str) or not part[key].strip()]
    if missing:
        raise AuthInvalid(f"{where} must have {', '.join(missing)}.")
    if not _is_safe(part["server_metadata_url"]):
        raise AuthInvalid(f"server_metadata_url in {where} must begin with https://, except on this machine.")


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    except ValueError:
        return False
