"""Local mode: no sign-in, so only a browser on this very machine may come in, and by this machine's own name."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from streamlit_app.signing_in.arrival import Arrival  # needs Streamlit, which a command line should not wait for


def is_loopback(host: str) -> bool:
    """localhost, 127.0.0.0/8 or ::1, with or without brackets. No other name: whoever owns it says where it leads."""
    bare = host.strip().lower()
    if bare == "localhost":
        return True
    try:
        return ip_address(bare.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def why_not_local(came: Arrival) -> str:
    """A sentence for the log; empty where everything is of this machine.

    A page of another site can make a browser connect here under its own name (DNS rebinding), and a proxy on this
    machine can pass on the whole world: hence the names and the traces of proxies, besides the addresses. Other servers
    of this machine may be anybody's: a page of theirs comes from another port than it asks for. Without any
    Host header there is no browser, and whoever has no browser can write what they like into it.
    """
    if not is_loopback(came.address):
        bound = came.address or "every address of this machine"
        return f"Local mode, but the server listens on {bound}: bind it to 127.0.0.1, or set sign_in."
    if came.remote and not is_loopback(came.remote):
        return "Local mode, and somebody came from another machine."
    if came.is_forwarded:
        return "Local mode, and somebody came through a proxy; set sign_in before opening the app to others."
    names = [_host(f"//{each}") for each in came.hosts] + [_host(each) for each in came.origins]
    if not all(is_loopback(name) for name in names):
        return "Local mode, and somebody asked for this server by a name that is not this machine's own."
    asked = {each.lower() for each in came.hosts}
    if asked and not {urlsplit(each).netloc.lower() for each in came.origins} <= asked:
        return "Local mode, and a page of another server on this machine asked, or there is a proxy: set sign_in."
    return ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
