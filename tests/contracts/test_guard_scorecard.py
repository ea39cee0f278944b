"""The scorecard in the docs is what the guard says to the statements that come with the product, today."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_the_scorecard_in_the_docs_is_that_of_today(repository: Path) -> None:
    spec = importlib.util.spec_from_file_location("generate", repository / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    page = generate.scorecard_page()
    assert (repository / "docs" / "guard-scorecard.md").read_text(encoding="utf-8") == page
    assert "All as expected." in page
