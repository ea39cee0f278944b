"""Where something is, without what opens it: of an address only the parts that are known to be no secret are kept.

A password is never looked for and cut out, which could miss one; what is shown is put together from checked parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_HOST = re.compile(r"[A-Za-z0-9_.\-]+|\[[0-9A-Fa-f:.]+\]")
_NAME = re.compile(r"[\w.\-]+")
_LOCAL = re.compile(r"localhost|127\.\d+\.\d+\.\d+|\[::1\]|", re.IGNORECASE)
WITHHELD = "?"
_FILES = ("sqlite", "duckdb")
_CLOUD = {"bigquery": "bigquery.googleapis.com"}


@dataclass(frozen=True, slots=True)
class Place:
    """`kind` is the scheme's first word ("postgresql"). `host` is empty for a file and a socket of this machine;
    `database` is a name, or a file's path. What could not be told apart from a secret is empty."""

    kind: str
    host: str = ""
    port: int | None = None
    database: str = ""

    @property
    def is_here(self) -> bool:
        return _LOCAL.fullmatch(self.host) is not None

    @property
    def shown_host(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def place_of(address: str) -> Place | None:
    """None for an address of which nothing can be told."""
    scheme, separator, rest = address.strip().partition("://")
    kind = scheme.partition("+")[0].lower()
    if not separator or not _NAME.fullmatch(kind):
        return None
    if kind in _FILES:
        return Place(kind, database=rest.removeprefix("/").partition("?")[0])
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if rest.count("@") != authority.count("@") or authority.count("@") > 1:
        return Place(kind, host=WITHHELD)  # a mark in the password that should be encoded: where it ends is a guess
    try:
        parts = urlsplit(f"x://{rest.rpartition('@')[2]}")
        host, port = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc, parts.port
    except ValueError:
        return Place(kind, host=WITHHELD)
    name = parts.path.strip("/")
    shown = name if _NAME.fullmatch(name) or (kind in _CLOUD and re.fullmatch(r"[\w.\-/]+", name)) else ""
    if kind in _CLOUD:
        return Place(kind, _CLOUD[kind], database="/".join(each for each in (host, shown) if _is_name(each)))
    return Place(kind, host if _HOST.fullmatch(host) or not host else WITHHELD, port, shown)


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[\w.\-/:]+", text) is not None
