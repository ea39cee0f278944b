from __future__ import annotations

from pathlib import Path

import pytest

from nl2sql.writers.verified.writer import VerifiedWriter
from tests.unit.writers.verified.shop import QUERIES, write, writer_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "verified", QUERIES)


@pytest.fixture
def writer(folder: Path) -> VerifiedWriter:
    return writer_of(folder)
