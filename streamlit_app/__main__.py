"""Starts the app: `python -m streamlit_app [--port N] [--address A]`; without a sign-in, on this machine only."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from pathlib import Path

from nl2sql.errors import Nl2SqlError
from nl2sql.settings import load_settings
from streamlit_app.signing_in.local import is_loopback
from streamlit_app.signing_in.people_file import people_of

ADDRESS = "127.0.0.1"
DEFAULT_PORT = 8501
OPEN = (
    "Without a sign-in the app listens on this machine only, and {address} is open to others. "
    "Set sign_in to oidc or iap first: see docs/sign-in.md."
)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 when the port is taken, 2 when it is no port, or when others could come in without a sign-in, or
    nobody with one; otherwise becomes the server."""
    parser = argparse.ArgumentParser(prog="python -m streamlit_app", description="Start the question app.")
    parser.add_argument("--port", help=f"port to listen on; else NL2SQL_PORT, else {DEFAULT_PORT}")
    parser.add_argument(
        "--address", default=ADDRESS, help=f"address to listen on; another than {ADDRESS} needs sign_in"
    )
    given = parser.parse_args(arguments)
    text = given.port or os.environ.get("NL2SQL_PORT", "").strip() or str(DEFAULT_PORT)
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < port < 65536:
        return _stop(2, f"“{text}” is not a port. Choose a number from 1 to 65535, for example --port 8600.")
    if problem := _sign_in_problem(given.address):
        return _stop(2, problem)
    code, problem = _place_problem(port, given.address)
    if problem:
        return _stop(code, problem)
    name = "localhost" if is_loopback(given.address) else given.address
    sys.stdout.write(f"\n  Ask your data at  http://{name}:{port}\n  Stop with Ctrl+C.\n\n")
    sys.stdout.flush()
    script = str(Path(__file__).with_name("app.py"))
    command = [sys.executable, "-m", "streamlit", "run", script, *options(port, given.address)]
    os.execv(sys.executable, command)  # noqa: S606 - this very interpreter, no shell, arguments from here


def _place_problem(port: int, address: str) -> tuple[int, str]:
    """The exit code, and why there is nothing to listen on; empty where there is."""
    try:
        _bind(port, address)
    except PermissionError:
        return 1, f"Port {port} may not be used by this account. Choose one above 1023: --port 8600."
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            return 1, (
                f"Port {port} is already in use, perhaps by this app in another window. "
                f'Choose another: make demo ARGS="--port {_other(port)}", or set NL2SQL_PORT.'
            )
        return 2, f"“{address}” is not an address of this machine. Try {ADDRESS}, or 0.0.0.0 for all of them."
    return 0, ""


def _other(port: int) -> int:
    return port + 1 if port < 65535 else DEFAULT_PORT


def _sign_in_problem(address: str) -> str:
    """Why the app must not start, as a sentence. Settings that cannot be read are told by the page, to this machine."""
    try:
        settings = load_settings()
    except Nl2SqlError:
        settings = None
    if settings is None or settings.sign_in == "local":
        return "" if is_loopback(address) else OPEN.format(address=address)
    if settings.sign_in == "iap" and not settings.iap_audience:
        return "The setting iap_audience is needed, because sign_in is iap: see docs/sign-in.md."
    try:
        people_of(settings)
    except Nl2SqlError as error:
        return f"{error.user_message} {error.hint}".rstrip()
    return ""


def options(port: int, address: str = ADDRESS) -> list[str]:
    """What must hold even where .streamlit/config.toml is not the one in use."""
    values = {
        "server.port": str(port),
        "server.address": address,
        "server.headless": "true",
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "server.fileWatcherType": "none",
        "server.maxUploadSize": "0",
        "server.enableStaticServing": "true",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "client.disableDataExport": "true",
        "logger.level": "warning",
    }
    return [f"--{name}={value}" for name, value in values.items()]


def _bind(port: int, address: str) -> None:
    """Raises OSError when something listens there already, or there is no such address."""
    family, _, _, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(place)


def _stop(code: int, sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
