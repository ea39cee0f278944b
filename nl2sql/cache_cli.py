"""The `nl2sql cache` commands: what the cache holds, and how to empty it. Neither needs a database or a model."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from nl2sql.exit_codes import ExitCode

if TYPE_CHECKING:
    from nl2sql.cache.base import Cache, CacheStats
    from nl2sql.settings import Settings

cache = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

KINDS = ("draft", "result")
CACHE_EXIT_CODES = """\b
Exit codes:
  0  done
  2  usage or settings: an argument, or the setting cache
  5  the cache cannot be used, or the output could not be written
"""


@cache.callback(epilog=CACHE_EXIT_CODES)
def about() -> None:
    """Say what the cache holds, or empty it."""


@cache.command(epilog=CACHE_EXIT_CODES, short_help="Say what the cache holds.")
def stats(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say where the cache is, how many drafts and results it holds, how large they are, and whether it works."""
    from nl2sql import terminal

    with _opened(context.obj.settings()) as store:
        found = store.stats()
    if as_json:
        terminal.write_utf8(_as_json(found) + "\n", sys.stdout)
    else:
        _print(found)
    raise typer.Exit(ExitCode.FAILED if found.trouble else ExitCode.ANSWERED)


@cache.command(epilog=CACHE_EXIT_CODES, short_help="Empty the cache.")
def clear(
    context: typer.Context,
    kind: Annotated[str, typer.Option(metavar="KIND", help="Only draft, or only result; empty: all.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Remove all that is kept, or one kind of it. It costs no more than time: answers are made again when asked for."""
    from nl2sql import terminal

    if kind and kind not in KINDS:
        raise typer.BadParameter(f"“{kind}” is not one of {', '.join(KINDS)}", param_hint="--kind")
    page = terminal.Page(sys.stdout)
    with _opened(context.obj.settings()) as store:
        found = store.stats()
        if found.kind == "off":
            page.line("The cache is off: there is nothing to remove.")
            return
        if not (yes or found.trouble or _confirmed(found, kind)):
            page.line("Nothing was removed.")
            return
        removed = 0 if found.trouble else store.clear(kind)
        trouble = store.stats().trouble
    if trouble:
        page.line(trouble, "red")
        raise typer.Exit(ExitCode.FAILED)
    page.line(f"Removed {_entries(removed)}.")


def _confirmed(found: CacheStats, kind: str) -> bool:
    """Raises BadParameter where nobody can be asked."""
    from nl2sql import terminal

    if sys.stdin is None or not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here: say that you mean it", param_hint="--yes")
    there = found.entries.get(kind, 0) if kind else sum(found.entries.values())
    sys.stderr.write(f"Remove {_entries(there)} from {terminal.visible(found.place)}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[Cache]:
    """What is wrong is printed once, by the command. Raises SettingsInvalid."""
    from nl2sql.cache.open import open_cache

    folder = None if settings.cache == "off" or "://" in settings.cache else settings.path(settings.cache)
    log = logging.getLogger("nl2sql.cache")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        store = open_cache(settings.cache, folder, settings.cache_mb * 1_000_000)
        try:
            yield store
        finally:
            store.close()
    finally:
        log.setLevel(level)


def _print(found: CacheStats) -> None:
    from nl2sql import terminal

    page = terminal.Page(sys.stdout)
    if found.kind == "off":
        page.line("The cache is off.")
        return
    kinds = sorted({*KINDS, *found.entries})
    rows = [(kind, f"{found.entries.get(kind, 0):,}", _size(found.bytes.get(kind, 0))) for kind in kinds]
    total = ("all", f"{sum(found.entries.values()):,}", _size(sum(found.bytes.values())))
    page.table(("kind", "entries", "size"), [*rows, total], right=frozenset({1, 2}))
    page.line(f"kept in {found.kind}: {found.place}")
    page.line(f"limit {_size(found.size_limit)}")
    if found.trouble:
        page.line(found.trouble, "red")


def _as_json(found: CacheStats) -> str:
    shown = {
        "kind": found.kind,
        "place": found.place,
        "size_limit": found.size_limit,
        "entries": dict(found.entries),
        "bytes": dict(found.bytes),
        "trouble": found.trouble,
    }
    return json.dumps(shown, ensure_ascii=False, indent=2)


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"


def _size(size: int) -> str:
    for unit, name in ((1_000_000, "MB"), (1_000, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size} B"
