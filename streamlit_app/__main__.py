"""Starts the app on this machine: `python -m streamlit_app [--port N]`."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

ADDRESS = "127.0.0.1"
DEFAULT_PORT = 8501


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 when the port is taken, 2 when it is no port; otherwise becomes the server."""
    parser = argparse.ArgumentParser(prog="python -m streamlit_app", description="Start the question app.")
    parser.add_argument("--port", help=f"port to listen on; else NL2SQL_PORT, else {DEFAULT_PORT}")
    text = parser.parse_args(arguments).port or os.environ.get("NL2SQL_PORT", "").strip() or str(DEFAULT_PORT)
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < port < 65536:
        return _stop(2, f"“{text}” is not a port. Choose a number from 1 to 65535, for example --port 8600.")
    try:
        _bind(port)
    except PermissionError:
        return _stop(1, f"Port {port} may not be used by this account. Choose one above 1023: --port 8600.")
    except OSError:
        return _stop(
            1,
            f"Port {port} is already in use, perhaps by this app in another window. "
            f'Choose another: make demo ARGS="--port {_other(port)}", or set NL2SQL_PORT.',
        )
    sys.stdout.write(f"\n  Ask your data at  http://localhost:{port}\n  Stop with Ctrl+C.\n\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "streamlit", "run", str(Path(__file__).with_name("app.py")), *options(port)]
    os.execv(sys.executable, command)  # noqa: S606 - this very interpreter, no shell, arguments from here


def _other(port: int) -> int:
    return port + 1 if port < 65535 else DEFAULT_PORT


def options(port: int) -> list[str]:
    """What must hold even where .streamlit/config.toml is not the one in use."""
    values = {
        "server.port": str(port),
        "server.address": ADDRESS,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.toolbarMode": "minimal",
        "client.disableDataExport": "true",
        "logger.level": "warning",
    }
    return [f"--{name}={value}" for name, value in values.items()]


def _bind(port: int) -> None:
    """Raises OSError when something listens there already."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((ADDRESS, port))


def _stop(code: int, sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
