"""The policy in docs/cost-and-freshness.md is one that loads, and says what the page says of it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from nl2sql.catalog.load import load_model
from nl2sql.guard.policy import Cost, Limits
from nl2sql.guard.policy_file import load_policy

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "cost-and-freshness.md").read_text(encoding="utf-8")


def test_the_policy_of_the_page_loads_and_its_defaults_are_the_real_ones(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "policy.yaml").write_text(example)
    model = load_model(REPOSITORY / "schema" / "auction" / "model.yaml")
    limits = load_policy(tmp_path / "policy.yaml", model).limits
    assert limits.ask_above == Cost(None, 10**10, Decimal("0.10"))
    assert limits.refuse_above == Cost(None, 10**11, Decimal(1))
    assert (Limits().ask_above, Limits().refuse_above) == (Cost(bytes=10**10), Cost(bytes=10**11))
    assert "ask above 10 GB, refuse above 100 GB" in PAGE
