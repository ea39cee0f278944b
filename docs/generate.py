"""Writes the generated parts of the docs: docs/settings.md, docs/guard-scorecard.md, the help texts in docs/cli.md, the
table in docs/auction-events.md and the JSON schemas of the events.

`make docs` runs it; a contract test compares what it would write with what is there.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
# A help text is wrapped to the terminal's width: the docs use one width everywhere.
WIDTH = 88
BEGIN, END = "<!-- help: begin -->\n", "<!-- help: end -->\n"
EVENTS_BEGIN, EVENTS_END = "<!-- events: begin -->\n", "<!-- events: end -->\n"


def settings_page() -> str:
    from nl2sql.settings import Settings

    lines = [
        "# Settings",
        "",
        "Each setting can be given in `nl2sql.toml`, or by the environment variable in the second column. The variable",
        "wins over the file, the file over the default. Another file is named by `NL2SQL_CONFIG` or `nl2sql --config`.",
        "Relative paths start at the folder of that file, else at the working folder.",
        "",
        "| setting | variable | default | meaning |",
        "|---|---|---|---|",
    ]
    for each in fields(Settings):
        if sentence := each.metadata["sentence"]:
            variable = "OPENAI_API_KEY" if each.name == "openai_api_key" else f"NL2SQL_{each.name.upper()}"
            shown = str(each.default).lower() if isinstance(each.default, bool) else each.default
            default = f"`{shown}`" if each.default != "" else "empty"
            lines.append(f"| {each.name} | `{variable}` | {default} | {sentence} |")
    port = 'The app\'s port is `NL2SQL_PORT`, or `make demo ARGS="--port 8600"`.'
    lines += ["", f"`nl2sql doctor` shows whether they work together. {port}", ""]
    return "\n".join(lines)


def scorecard_page() -> str:
    """What the guard says to every statement of the package's corpus, on the auction model."""
    from nl2sql.catalog.load import load_model
    from nl2sql.guard.corpus import judge, whole_package_corpus
    from nl2sql.guard.policy_file import default_policy
    from nl2sql.scorecard import markdown, sentence, total_of

    model = load_model(DOCS.parent / "schema" / "auction" / "model.yaml")
    results = judge(whole_package_corpus(), model, default_policy(model))
    lines = [
        "# Scorecard of the guard",
        "",
        "What `nl2sql guard test` prints about the statements that come with the product: attacks, which must be",
        "refused, honest questions, which must be accepted, and questions that people ask who see some rows only",
        "(`rows_…`). They are in `nl2sql/guard/data/corpus`, one a line, each with what it tries.",
        "",
        f"{sentence(total_of(results), 0)}",
        "",
        "## By category",
        "",
        markdown(results, "category", lambda line: line.category),
        "## By dialect",
        "",
        markdown(results, "dialect", lambda line: line.dialect),
    ]
    return "\n".join(lines)


def help_texts() -> Iterator[tuple[str, str]]:
    """Each command and its help, as a terminal of WIDTH columns shows it."""
    from typer.main import get_command
    from typer.testing import CliRunner

    import auction_core.cli
    import evals.command.app

    runner = CliRunner(env={"COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH), "NO_COLOR": "1"})
    for program, app in (("nl2sql", evals.command.app.app), ("auction-core", auction_core.cli.app)):
        for name in ["", *_command_names(get_command(app))]:
            result = runner.invoke(app, [*name.split(), "--help"], prog_name=program, terminal_width=WIDTH)
            yield f"{program} {name}".strip(), result.output.rstrip()


def _command_names(group: Any) -> Iterator[str]:
    """Of all commands below, "guard check" for one of a group."""
    for name, command in getattr(group, "commands", {}).items():
        yield name
        yield from (f"{name} {inner}" for inner in _command_names(command))


def cli_page(page: str) -> str:
    """`page` with everything between the two marks written again."""
    blocks = "\n".join(f"## {name}\n\n```text\n{text}\n```\n" for name, text in help_texts())
    return re.sub(f"(?s){BEGIN}.*{END}", lambda _: f"{BEGIN}\n{blocks}\n{END}", page)


def events_page(page: str) -> str:
    """`page` with the table of events between its two marks written again."""
    from auction_core.event_schemas.schemas import version_of
    from auction_core.events import EVENTS

    lines = ["| event | version | aggregate | fields |", "|---|---|---|---|"]
    for each in EVENTS:
        names = ", ".join(f"`{name}`" for name in each.model_fields if name != "version")
        lines.append(f"| `{each.event_type}` | {version_of(each)} | {each.aggregate_type} | {names} |")
    table = "\n".join(lines)
    return re.sub(f"(?s){EVENTS_BEGIN}.*{EVENTS_END}", lambda _: f"{EVENTS_BEGIN}\n{table}\n\n{EVENTS_END}", page)


def main() -> None:
    from auction_core.event_schemas.schemas import files

    os.environ["COLUMNS"] = str(WIDTH)
    page = DOCS / "cli.md"
    page.write_text(cli_page(page.read_text(encoding="utf-8")), encoding="utf-8")
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")
    (DOCS / "guard-scorecard.md").write_text(scorecard_page(), encoding="utf-8")
    events = DOCS / "auction-events.md"
    events.write_text(events_page(events.read_text(encoding="utf-8")), encoding="utf-8")
    for schema, text in files():
        schema.write_text(text, encoding="utf-8")
    sys.stdout.write("The generated parts of docs and the event schemas are up to date.\n")


if __name__ == "__main__":
    main()
