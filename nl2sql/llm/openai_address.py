"""Where an endpoint is and what opens it: an address is taken apart so that its password is in no log, and a key that
cannot be sent is refused when the model is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from nl2sql.errors import ModelAuthFailed, SettingsInvalid

DEFAULT_BASE_URL = "https://api.openai.com/v1"
# Local servers want no key, but the client insists on sending one.
NO_KEY = "none"


@dataclass(frozen=True, slots=True)
class Address:
    """`url` has no user and no password; they are `login`. `shown` is the host, with its port where one was given."""

    url: str
    shown: str
    host: str
    port: int
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def is_the_providers_own(self) -> bool:
        return self.url == DEFAULT_BASE_URL


def read_address(url: str) -> Address:
    """Raises SettingsInvalid for what is no address, or has a query, which gateways use for keys."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise SettingsInvalid(
            "The address of the language model must look like https://host/v1.",
            hint="See the settings openai_base_url and, for embeddings, embeddings_base_url. Neither takes a query.",
        )
    netloc = parts.netloc.rpartition("@")[2]
    login = (unquote(parts.username or ""), unquote(parts.password or "")) if "@" in parts.netloc else None
    return Address(
        url=f"{parts.scheme}://{netloc}{parts.path}".rstrip("/"),
        shown=f"{host}:{port}" if port else host,
        host=host,
        port=port or (443 if parts.scheme == "https" else 80),
        login=login,
    )


def usable_key(key: str, address: Address) -> str:
    """Raises ModelAuthFailed for a missing key where one is needed, and for one that cannot be sent."""
    if not key and not address.is_the_providers_own:
        return NO_KEY
    if not key:
        raise ModelAuthFailed(
            "There is no key for the language model.", hint="Set OPENAI_API_KEY, or use the offline writer."
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ModelAuthFailed("The key for the language model has characters that no key has; was it cut or quoted?")
    return key
