"""Starting ZetaSQL: its WebAssembly takes a minute of processor time to compile; kept, it loads in 10 ms."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock


def start_zetasql() -> Any:
    """The process's one local service."""
    from zetasql.core import ZetaSqlLocalService, wasm_client

    with mock.patch.object(wasm_client, "Module", _KeptModule):
        return ZetaSqlLocalService.get_instance()


class _KeptModule:
    @staticmethod
    def from_file(engine: Any, path: str) -> Any:
        from wasmtime import Module, WasmtimeError

        folder = _own_folder()
        versions = [importlib.metadata.version(name) for name in ("zetasql", "wasmtime")]
        kept = folder / f"zetasql-{'-'.join(versions)}-{Path(path).stat().st_size}.cwasm"
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # others wait for the one that compiles
            if kept.exists():
                try:
                    return Module.deserialize_file(engine, str(kept))
                except WasmtimeError:  # compiled for another processor
                    kept.unlink()
            compiled = Module.from_file(engine, path)
            unfinished = kept.with_suffix(".unfinished")
            unfinished.write_bytes(compiled.serialize())
            unfinished.rename(kept)
            return compiled


def _own_folder() -> Path:
    """What is kept there is run: nobody else may have written it."""
    folder = Path(tempfile.gettempdir()) / f"nl2sql-tests-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.stat(follow_symlinks=False)
    if about.st_uid != os.getuid() or about.st_mode & 0o077:
        return Path(tempfile.mkdtemp())
    return folder
