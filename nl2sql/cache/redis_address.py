"""The address of a Redis: redis://, rediss:// (TLS) or unix://, read so that no secret gets into a message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

NAMESPACE = "nl2sql"
_TLS_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_PORT = 6379


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """`host` or `socket_path` is empty. `tls_files` maps option names of the client to paths."""

    host: str
    port: int
    socket_path: str
    database: int
    username: str = field(repr=False)
    password: str = field(repr=False)
    is_encrypted: bool
    namespace: str
    tls_files: Mapping[str, str]

    @property
    def place(self) -> str:
        """As one may show it: without user and password."""
        if self.socket_path:
            return f"unix://{self.socket_path}?db={self.database}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.is_encrypted else 'redis'}://{host}:{self.port}/{self.database}"


def read_address(address: str) -> RedisAddress:
    """Raises ValueError with a phrase that repeats nothing of the address but its scheme and names of its options."""
    try:
        parts = urlsplit(address)
        port = parts.port or _PORT
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ValueError("its host, port or options cannot be read (write % of a password as %25, / as %2F)") from None
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("it starts with redis://, rediss:// or unix://")
    if parts.fragment:
        raise ValueError("a # has no meaning in it (write that of a password as %23)")
    _only_known(options, parts.scheme)
    if parts.scheme == "unix" and not parts.path:
        raise ValueError("the path of the socket is missing")
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError("the host is missing")
    return RedisAddress(
        host="" if parts.scheme == "unix" else parts.hostname or "",
        port=port,
        socket_path=unquote(parts.path) if parts.scheme == "unix" else "",
        database=_database(parts, options),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        is_encrypted=parts.scheme == "rediss",
        namespace=_namespace(options),
        tls_files=MappingProxyType({name: options[name] for name in _TLS_FILES if name in options}),
    )


def _only_known(options: Mapping[str, str], scheme: str) -> None:
    allowed = ("db", "namespace", *(_TLS_FILES if scheme == "rediss" else ()))
    if any(name not in allowed for name in options):
        raise ValueError(f"the options of {scheme}:// are {', '.join(allowed)}")


def _database(parts: SplitResult, options: Mapping[str, str]) -> int:
    path = "" if parts.scheme == "unix" else parts.path.removeprefix("/")
    number = path or options.get("db", "0")
    if not re.fullmatch(r"[0-9]{1,6}", number):
        raise ValueError("the database after the host is a number, like /0")
    return int(number)


def _namespace(options: Mapping[str, str]) -> str:
    namespace = options.get("namespace", NAMESPACE)
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", namespace):
        raise ValueError("a namespace has 1 to 64 letters, digits, dots, dashes and underscores")
    return namespace
