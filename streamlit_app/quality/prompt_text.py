"""What somebody typed as a prompt template: checked and measured away from the app, compared, and saved as a new file.

A template is a small program: a line of it can compute for an hour or fill the memory, before anybody renders it. So it
is read in a process of its own, with little time and room.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from nl2sql.crash import redact
from nl2sql.errors import PromptInvalid
from nl2sql.prompt.versions import save_version
from nl2sql.settings import SHIPPED, Settings
from streamlit_app.words import say

# The shipped templates have 9,000: six times as much is no prompt any more.
MAX_CHARS, MAX_LINES = 60_000, 3_000
# A check takes a second or two, most of which is the start of the process; on a busy machine several times that.
CHECK_SECONDS, CPU_SECONDS = 60.0, 10
# Bytes: what Python and its libraries map without a template is half of it. What is rendered is at most some 100 kB.
MEMORY, OUTPUT = 4 * 1024**3, 16 * 1024**2
_PLACE = re.compile(r"^(?:nl2sql: )?\S*\.md:(\d+): (.*)$", re.DOTALL)


def is_shipped(folder: Path) -> bool:
    """Templates that come with the product are not added to."""
    return folder.is_relative_to(SHIPPED)


def checked_size(text: str, name: str, version: str) -> int:
    """Tokens of what it sends for the model's example question, as `nl2sql prompts list` counts. Raises PromptInvalid,
    with the line where there is one."""
    if len(text) > MAX_CHARS or text.count("\n") >= MAX_LINES:
        raise PromptInvalid(say("quality.prompt.too_long", chars=f"{MAX_CHARS:,}", lines=f"{MAX_LINES:,}"))
    with TemporaryDirectory(prefix="nl2sql-prompt-") as place:
        path = Path(place) / name / f"{version}.md"
        path.parent.mkdir()
        try:
            path.write_text(text, encoding="utf-8")
        except UnicodeEncodeError:
            raise PromptInvalid(say("quality.prompt.no_text")) from None
        code, written, said = _rendered(Path(place), f"{name}@{version}")
    try:
        tokens = json.loads(written)["tokens"] if code == 0 else None
    except (ValueError, KeyError, TypeError):
        tokens = None
    if isinstance(tokens, int):
        return tokens
    raise PromptInvalid(_problem(said, text))


def save(settings: Settings, name: str, text: str, change: str) -> str:
    """The name of the new version, like sql_writer@v3; for a text that was checked. Raises Nl2SqlError."""
    folder = settings.path(settings.prompts)
    if is_shipped(folder):
        raise PromptInvalid(say("quality.prompt.shipped"))
    return f"{name}@{save_version(folder, name, text, change).stem}"


def difference(old: str, new: str, names: tuple[str, str]) -> list[str]:
    """Lines of a unified diff; none where the texts are the same."""
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), *names, lineterm=""))


def _rendered(folder: Path, prompt: str) -> tuple[int, str, str]:
    """Exit code, standard output and error. The code is -1 where it took too long."""
    command = [sys.executable, "-m", "nl2sql.cli", "prompts", "render", "--prompt", prompt, "--json"]
    with (folder / "out").open("w+b") as out, (folder / "err").open("w+b") as err:
        environ = {**os.environ, "NL2SQL_PROMPTS": str(folder)}
        nothing = subprocess.DEVNULL
        with subprocess.Popen(command, stdin=nothing, stdout=out, stderr=err, env=environ) as process:  # noqa: S603 - ours
            with suppress(OSError):
                for kind, most in (
                    (resource.RLIMIT_AS, MEMORY),
                    (resource.RLIMIT_CPU, CPU_SECONDS),
                    (resource.RLIMIT_FSIZE, OUTPUT),
                ):
                    resource.prlimit(process.pid, kind, (most, most))
            try:
                code = process.wait(CHECK_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                code = -1
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(OUTPUT).decode("utf-8", "replace"))
    return code, texts[0], redact(texts[1])


def _problem(said: str, text: str) -> str:
    """The first thing it said, with the line in question; a sentence of our own where it said nothing for people."""
    first = "" if "Traceback" in said else said.strip()[:600]
    if not first or "Something unexpected" in first:
        return say("quality.prompt.too_much")
    if found := _PLACE.match(first):
        number, problem = int(found[1]), found[2]
        lines = text.splitlines()
        quoted = lines[number - 1].strip()[:120] if 0 < number <= len(lines) else ""
        return say(
            "quality.prompt.at_line" if quoted else "quality.prompt.at", line=number, problem=problem, text=quoted
        )
    return first.removeprefix("nl2sql: ")
