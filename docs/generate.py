"""Writes the generated parts of the docs: docs/settings.md and the help texts in docs/cli.md.

`make docs` runs it; a contract test compares what it would write with what is there.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

DOCS = Path(__file__).parent
# A help text is wrapped to the terminal's width: the docs use one width everywhere.
WIDTH = 88
BEGIN, END = "<!-- help: begin -->\n", "<!-- help: end -->\n"


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
            variable = "OPENAI_API_KEY" if each.metadata["secret"] else f"NL2SQL_{each.name.upper()}"
            default = f"`{each.default}`" if each.default != "" else "empty"
            lines.append(f"| {each.name} | `{variable}` | {default} | {sentence} |")
    port = 'The app\'s port is `NL2SQL_PORT`, or `make demo ARGS="--port 8600"`.'
    lines += ["", f"`nl2sql doctor` shows whether they work together. {port}", ""]
    return "\n".join(lines)


def help_texts() -> Iterator[tuple[str, str]]:
    """Each command and its help, as a terminal of WIDTH columns shows it."""
    from typer.main import get_command
    from typer.testing import CliRunner

    import auction_core.cli
    import nl2sql.cli

    runner = CliRunner(env={"COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH), "NO_COLOR": "1"})
    for program, app in (("nl2sql", nl2sql.cli.app), ("auction-core", auction_core.cli.app)):
        for name in ["", *getattr(get_command(app), "commands", {})]:
            result = runner.invoke(app, [*name.split(), "--help"], prog_name=program, terminal_width=WIDTH)
            yield f"{program} {name}".strip(), result.output.rstrip()


def cli_page(page: str) -> str:
    """`page` with everything between the two marks written again."""
    blocks = "\n".join(f"## {name}\n\n```text\n{text}\n```\n" for name, text in help_texts())
    return re.sub(f"(?s){BEGIN}.*{END}", lambda _: f"{BEGIN}\n{blocks}\n{END}", page)


def main() -> None:
    os.environ["COLUMNS"] = str(WIDTH)
    page = DOCS / "cli.md"
    page.write_text(cli_page(page.read_text(encoding="utf-8")), encoding="utf-8")
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")
    sys.stdout.write("docs/settings.md and docs/cli.md are up to date.\n")


if __name__ == "__main__":
    main()
