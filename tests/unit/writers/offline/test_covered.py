"""Every example that docs/offline-writer.md gives of what is covered is answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from nl2sql.writers.base import Draft, SqlDraft


def test_every_example_of_the_docs_is_answered(ask: Callable[..., Draft], repository: Path) -> None:
    page = (repository / "docs" / "offline-writer.md").read_text()
    covered = page.split("## What it covers")[1].split("## ")[0]
    questions = re.findall(r'"([^"]+)"', covered)
    assert len(questions) > 15
    assert [q for q in questions if not isinstance(ask(q), SqlDraft)] == []
