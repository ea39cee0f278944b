"""What docs/guard.md says of policies and tests is so."""

from __future__ import annotations

import re
from pathlib import Path

from nl2sql.catalog.load import load_model
from nl2sql.guard.check import RULES
from nl2sql.guard.policy_file import load_policy

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guard.md").read_text(encoding="utf-8")


def named_tests() -> list[tuple[Path, str]]:
    """Files, and a function of each or ""; `…::name` goes on in the file named before it."""
    found, file = [], Path()
    for name in re.findall(r"`((?:test_\w+\.py|[\w/]*tests/[\w/.]+|…)(?:::\w+)?)`", PAGE):
        path, _, function = name.partition("::")
        if path != "…":
            file = ROOT / path if path.startswith(("tests/", "nl2sql/")) else ROOT / "tests/unit/guard" / path
        found.append((file, function))
    return found


def test_every_test_that_the_page_names_exists() -> None:
    assert len(named_tests()) > 30
    missing = [(file, name) for file, name in named_tests() if not file.exists()]
    missing += [
        (file, name) for file, name in named_tests() if name and f"def {name}(" not in file.read_text(encoding="utf-8")
    ]
    assert missing == []


def test_the_page_lists_the_rules_in_their_order() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## The way through it")[2], re.MULTILINE)
    assert listed == [rule.__name__ for rule in RULES]


def test_the_policy_on_the_page_can_be_loaded(tmp_path: Path) -> None:
    text = PAGE.partition("```yaml\n")[2].partition("```")[0]
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    policy = load_policy(file, load_model(ROOT / "schema/auction/model.yaml"), "country_manager")
    assert policy.rows.keys() == {"users", "listings"}
    assert policy.masks and policy.aggregate_only and policy.revealed
