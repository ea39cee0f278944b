"""The page about the auction database shows queries that run and find something; commands of all its pages exist."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from auction_core.cli import app
from auction_core.seed.scale import SCALES
from auction_core.tables import TABLE_NAMES

DOCS = Path(__file__).parents[3] / "docs"
PAGES = (
    DOCS.parent / "README.md",
    DOCS / "architecture.md",
    *sorted(DOCS.glob("auction-*.md")),
)
# Up to a pipe: what follows is another program's.
COMMAND = re.compile(r"^(?: {4})?auction-core ([a-z][^|\n]*)", re.MULTILINE)
PROGRAM = typer.main.get_group(app)
PAGE = (DOCS / "auction-core.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.+?)```", PAGE, flags=re.DOTALL)


def test_the_page_shows_a_query_for_each_story() -> None:
    assert len(QUERIES) == 9


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_the_page_finds_rows(ask_small: Callable[..., list[tuple]], query: str) -> None:
    assert ask_small(query)


def test_the_page_names_every_table_and_scale() -> None:
    assert [name for name in TABLE_NAMES if f"`{name}`" not in PAGE] == []
    for scale in SCALES.values():
        assert f"| {scale.name} | {scale.users:,} | {scale.listings:,} | {scale.bids:,} |" in PAGE


def test_a_command_in_the_docs_is_one_that_the_program_takes() -> None:
    lines = [line for page in PAGES for line in COMMAND.findall(page.read_text(encoding="utf-8"))]
    assert len(lines) >= 20
    for line in lines:
        name, *arguments = shlex.split(line, comments=True)
        with PROGRAM.commands[name].make_context(name, arguments) as context:  # which checks each option and value
            assert context.args == [], line
