"""What came with a browser's connection, as the server saw it. Nothing here is believed before it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import streamlit as st
from streamlit import config

ASSERTION = "x-goog-iap-jwt-assertion"
# Whoever sets one of these sits between the browser and this server.
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


@dataclass(frozen=True, slots=True)
class Arrival:
    """`address` is what the server is bound to, `remote` where the connection comes from (empty: this machine).
    `claims` is what Streamlit read from its signed cookie; `assertions` are the proxy's headers, each as it came."""

    address: str = ""
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    remote: str = ""
    is_forwarded: bool = False
    assertions: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def arrival() -> Arrival:
    headers, remote = st.context.headers, st.context.ip_address
    return Arrival(
        address=str(config.get_option("server.address") or ""),
        hosts=tuple(headers.get_all("host")),
        origins=tuple(headers.get_all("origin")),
        remote=remote if isinstance(remote, str) else "",
        is_forwarded=any(headers.get_all(name) for name in FORWARDED),
        assertions=tuple(headers.get_all(ASSERTION)),
        claims=dict(st.user),
    )


def open_door() -> str:
    """The name of an option of the server that would let others in past any sign-in; empty when there is none."""
    must_be_on = ("server.enableCORS", "server.enableXsrfProtection")
    must_be_off = ("server.enableAgentApi", "server.trustedUserHeaders", "global.developmentMode")
    closed = [name for name in must_be_on if not config.get_option(name)]
    return next(iter([*closed, *(name for name in must_be_off if config.get_option(name))]), "")
