"""Prompt templates: versioned files in prompts/, read, checked and compiled.

A template is `<folder>/<id>/<version>.md`: a YAML front matter, then a `# system` and a `# user` part in Jinja.
Templates are sandboxed, and whatever they insert is made harmless on its way in: none of it can close a data block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from nl2sql.context.quoting import MAX_SQL_CHARS, as_json, as_word, harmless
from nl2sql.errors import PromptInvalid

INPUTS = ("question", "history", "earlier", "model", "dialect", "as_of", "periods")
_FRONT_MATTER = ("id", "version", "purpose", "inputs", "changelog")
_PARTS: tuple[Literal["system", "user"], ...] = ("system", "user")


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A template that was read and compiled. `version` is "<id>@<version>", `digest` a hash of the file."""

    path: Path
    version: str
    digest: str
    parts: tuple[tuple[Literal["system", "user"], Template], ...]


def load_template(folder: Path, name: str, version: str) -> PromptTemplate:
    """Raises PromptInvalid, naming file and line, for a template that is missing or cannot work."""
    path = folder / name / f"{version}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PromptInvalid(f"There is no prompt template {path}.", hint="See the setting “prompts”.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PromptInvalid(f"The prompt template {path} cannot be read: {type(error).__name__}.") from None
    front, lines = _split_front_matter(path, text)
    if (str(front["id"]), str(front["version"])) != (name, version):
        raise PromptInvalid(f"{path}:2: id and version must be {name} and {version}, like the file's own name.")
    sources = _split_parts(path, lines)
    parts = tuple((role, _compile(path, sources[role], front["inputs"])) for role in _PARTS)
    return PromptTemplate(path, f"{name}@{version}", sha256(text.encode()).hexdigest(), parts)


def _as_sql_data(text: object) -> str:
    return as_json(text, MAX_SQL_CHARS)


def _also(texts: Sequence[object], limit: int, *known: str) -> str:
    """In brackets, the first `limit` of the terms that `known` ones do not already say."""
    said = {_flat(each) for each in ("", *known)}
    new = [text for text in dict.fromkeys(texts) if _flat(str(text)) not in said]
    return f" ({', '.join(as_word(text) for text in new[:limit])})" if new else ""


def _flat(term: str) -> str:
    return re.sub(r"[\W_]+", "", term).lower().removesuffix("s")


def _environment() -> SandboxedEnvironment:
    # Nothing rendered here is HTML; `finalize` escapes for the place it goes to.
    env = SandboxedEnvironment(
        undefined=StrictUndefined, finalize=harmless, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    env.filters |= {"data": as_json, "sql_data": _as_sql_data, "word": as_word, "also": _also}
    return env


def _split_front_matter(path: Path, text: str) -> tuple[dict[str, Any], list[str]]:
    """The front matter, and the file's lines with the front matter blanked so that line numbers stay."""
    lines = text.splitlines()
    if not lines or lines[0].strip() != "---" or "---" not in [line.strip() for line in lines[1:]]:
        raise PromptInvalid(f"{path}:1: a template begins with a front matter between two lines of ---.")
    end = [line.strip() for line in lines].index("---", 1)
    try:
        front = yaml.safe_load("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 2
        raise PromptInvalid(f"{path}:{line}: the front matter is not valid YAML.", hint=str(error)) from None
    missing = [key for key in _FRONT_MATTER if not isinstance(front, dict) or not front.get(key)]
    if missing:
        raise PromptInvalid(f"{path}:2: the front matter lacks {', '.join(missing)}.")
    if unknown := sorted(set(front["inputs"]) - set(INPUTS)):
        raise PromptInvalid(f"{path}:2: there is no input {', '.join(unknown)}; there are {', '.join(INPUTS)}.")
    return front, [""] * (end + 1) + lines[end + 1 :]


def _split_parts(path: Path, lines: list[str]) -> dict[str, str]:
    """Part name → source, each padded with empty lines to its place in the file."""
    starts = {name: [i for i, line in enumerate(lines) if line.strip() == f"# {name}"] for name in _PARTS}
    for name, found in starts.items():
        if len(found) != 1:
            raise PromptInvalid(f"{path}:{len(lines)}: a template has one line “# {name}”; this one has {len(found)}.")
    system, user = starts["system"][0], starts["user"][0]
    if user < system:
        raise PromptInvalid(f"{path}:{user + 1}: “# user” comes after “# system”.")
    padded = {"system": lines[: system + 1], "user": lines[: user + 1]}
    bodies = {"system": lines[system + 1 : user], "user": lines[user + 1 :]}
    return {name: "\n".join([""] * len(padded[name]) + bodies[name]) for name in _PARTS}


def _compile(path: Path, source: str, inputs: Sequence[str]) -> Template:
    env = _environment()
    try:
        tree = env.parse(source, filename=str(path))
        code = env.compile(source, filename=str(path))
    except TemplateSyntaxError as error:
        raise PromptInvalid(f"{path}:{error.lineno}: {error.message}") from None
    if undeclared := sorted(meta.find_undeclared_variables(tree) - set(inputs)):
        name = undeclared[0]
        line = next((i for i, text in enumerate(source.splitlines(), 1) if re.search(rf"\b{name}\b", text)), 1)
        raise PromptInvalid(f"{path}:{line}: “{name}” is not among the inputs of the front matter.")
    return Template.from_code(env, code, env.make_globals(None))
