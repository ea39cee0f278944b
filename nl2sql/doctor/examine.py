"""Looks at an installation and says, part by part, whether it will work and what to do if not. Changes nothing."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version

from nl2sql.doctor.base import Check, failed
from nl2sql.doctor.database import examine_model_and_database
from nl2sql.doctor.language_model import asked_once, examine_language_model
from nl2sql.errors import Nl2SqlError
from nl2sql.settings import Settings, load_settings

APP_PORT = 8501


def examine(environ: Mapping[str, str] | None = None, *, ask_model: bool = False) -> Iterator[Check]:
    """Each part by itself; parts that need a broken one are left out. Only with `ask_model` a language model is asked,
    once."""
    yield _versions()
    try:
        settings = load_settings(environ)
    except Nl2SqlError as error:
        yield failed("settings", error)
        return
    yield Check("settings", "ok", f"read; relative paths start at {settings.base}")
    yield from examine_language_model(settings, os.environ if environ is None else environ)
    if ask_model:
        yield asked_once(settings)
    yield examine_cache(settings)
    yield _ledger(settings)
    yield _port(os.environ.get("NL2SQL_PORT", ""))
    yield from examine_model_and_database(settings)


def _versions() -> Check:
    names = ("nl2sql", "sqlglot", "sqlalchemy", "pyarrow", "streamlit")
    found = ", ".join(f"{name} {_version(name)}" for name in names)
    return Check("versions", "ok", f"Python {sys.version.split()[0]}, {found}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def examine_cache(settings: Settings) -> Check:
    if settings.cache == "off":
        return Check("cache", "ok", "off")
    if "://" in settings.cache:
        return _shared_cache(settings)
    folder = settings.path(settings.cache)
    existing = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    try:
        # Tried, because permissions do not tell of a read-only disk or of folders that the system makes up.
        os.rmdir(tempfile.mkdtemp(dir=existing))
    except OSError:
        advice = "Set the setting cache to a folder of yours, or off."
        return Check("cache", "fail", f"{folder} cannot be written", advice)
    return Check("cache", "ok", f"{folder} can be written")


def _shared_cache(settings: Settings) -> Check:
    from nl2sql.bootstrap import open_answer_cache

    try:
        cache = open_answer_cache(settings)
    except Nl2SqlError as error:
        return failed("cache", error)
    try:
        stats = cache.stats()
    finally:
        cache.close()
    if stats.trouble:
        advice = "Answers come without a cache until it works."
        return Check("cache", "warn", stats.trouble, advice)
    return Check("cache", "ok", f"{stats.place} answers")


def _ledger(settings: Settings) -> Check:
    if settings.ledger == "off":
        return Check("ledger", "ok", "off: no question is written down")
    from nl2sql.bootstrap import examine_ledger

    trouble = examine_ledger(settings)
    if trouble:
        return Check("ledger", "warn", trouble, "Questions are answered all the same, and not written down.")
    return Check("ledger", "ok", f"can be written; kept for {settings.ledger_days} days")


def _port(chosen: str) -> Check:
    port = int(chosen) if chosen.isascii() and chosen.isdigit() and int(chosen) < 65_536 else APP_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return Check("port", "warn", f"{port} is in use", "Is the app running already? If not, set NL2SQL_PORT.")
    return Check("port", "ok", f"{port} is free for the app")
