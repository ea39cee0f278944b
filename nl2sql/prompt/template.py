"""Prompt templates: versioned files in prompts/, read, checked and compiled.

A template is `<folder>/<id>/<version>.md`: a YAML front matter, then a `# system`, perhaps a `# model` and a `# user`
part in Jinja. What `# model` says comes first in the user message; it is rendered once for the same datasets.
Templates are sandboxed, and whatever they insert is made harmless on its way in: none of it can close a data block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import Template, TemplateSyntaxError, meta

from nl2sql.context.quoting import harmless
from nl2sql.errors import PromptInvalid, SettingsInvalid
from nl2sql.prompt.sandbox import environment

INPUTS = ("question", "history", "earlier", "model", "brief_model", "cut", "dialect", "as_of", "periods")
# What a model may be asked to reply with; the form of each is `nl2sql.writers.reply`'s.
REPLY_KINDS = ("sql", "plan", "clarification", "cannot_answer")
_REPLIES = ("sql", "clarification", "cannot_answer")
_FRONT_MATTER = ("id", "version", "purpose", "inputs", "changelog")
_PARTS: tuple[Literal["system", "user"], ...] = ("system", "user")
_HEADINGS = ("system", "model", "user")
# The part whose text is the same for every question about the same datasets may use these alone.
_LASTING = ("model", "brief_model", "dialect")
# A folder's and a file's name, and safe as both: nothing in it leads out of the folder of the prompts.
_ID, _VERSION = re.compile(r"[a-z][a-z0-9_]{0,59}"), re.compile(r"v[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A template that was read and compiled. `version` is "<id>@<version>", `digest` a hash of the file.

    `lasting` is the part that no question changes; `replies` are the kinds of reply that it asks for, `inputs` what it
    uses, `model_hints` and `changelog` free texts.
    """

    path: Path
    version: str
    digest: str
    parts: tuple[tuple[Literal["system", "user"], Template], ...]
    lasting: Template | None = None
    purpose: str = ""
    inputs: tuple[str, ...] = INPUTS
    replies: tuple[str, ...] = _REPLIES
    model_hints: tuple[str, ...] = ()
    changelog: tuple[str, ...] = ()


def read_version(text: str) -> tuple[str, str]:
    """("sql_writer", "v2") of "sql_writer@v2". Raises SettingsInvalid for anything else."""
    name, _, version = text.strip().partition("@")
    if not _ID.fullmatch(name) or not _VERSION.fullmatch(version):
        raise SettingsInvalid(
            f"“{harmless(text)[:80]}” is not a prompt template; write <id>@<version>, like sql_writer@v2.",
            hint="`nl2sql prompts list` shows those that there are.",
        )
    return name, version


def load_template(folder: Path, name: str, version: str) -> PromptTemplate:
    """Raises PromptInvalid, naming file and line, for a template that is missing or cannot work."""
    path = folder / name / f"{version}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PromptInvalid(f"There is no prompt template {path}.", hint="See the setting “prompts”.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PromptInvalid(f"The prompt template {path} cannot be read: {type(error).__name__}.") from None
    front, lines = split_front_matter(path, text)
    if (str(front["id"]), str(front["version"])) != (name, version):
        raise PromptInvalid(f"{path}:2: id and version must be {name} and {version}, like the file's own name.")
    sources = _split_parts(path, lines)
    asked = [each for each in front["inputs"] if each != "brief_model"]
    return PromptTemplate(
        path,
        f"{name}@{version}",
        sha256(text.encode()).hexdigest(),
        tuple((role, _compile(path, sources[role], asked)) for role in _PARTS),
        _compile(path, sources["model"], [i for i in front["inputs"] if i in _LASTING]) if "model" in sources else None,
        purpose=str(front["purpose"]),
        inputs=tuple(front["inputs"]),
        replies=tuple(front["replies"]),
        model_hints=_texts(front.get("model_hints")),
        changelog=_texts(front["changelog"]),
    )


def versions_in(folder: Path) -> tuple[tuple[str, str], ...]:
    """(id, version) of each template file, ids in the order of the alphabet and versions in their own."""
    found = [
        (path.parent.name, path.stem)
        for path in folder.glob("*/*.md")
        if _ID.fullmatch(path.parent.name) and _VERSION.fullmatch(path.stem)
    ]
    return tuple(sorted(found, key=lambda each: (each[0], int(each[1][1:]))))


def split_front_matter(path: Path, text: str) -> tuple[dict[str, Any], list[str]]:
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
    front.setdefault("replies", list(_REPLIES))
    for key, allowed in (("inputs", INPUTS), ("replies", REPLY_KINDS)):
        _require_some_of(path, key, front[key], allowed)
    return front, [""] * (end + 1) + lines[end + 1 :]


def _require_some_of(path: Path, key: str, given: object, allowed: tuple[str, ...]) -> None:
    what = {"inputs": "input", "replies": "kind of reply"}[key]
    if not isinstance(given, list) or not given or not all(isinstance(each, str) for each in given):
        raise PromptInvalid(f"{path}:2: {key} must be a list; there are {', '.join(allowed)}.")
    if unknown := sorted(set(given) - set(allowed)):
        raise PromptInvalid(f"{path}:2: there is no {what} {', '.join(unknown)}; there are {', '.join(allowed)}.")


def _texts(value: object) -> tuple[str, ...]:
    """A list of texts, or of "v2: text" that YAML takes for a mapping; one text alone counts as a list of it."""
    items = value if isinstance(value, list) else [value] if value else []
    return tuple(
        ", ".join(f"{key}: {text}" for key, text in each.items()) if isinstance(each, dict) else str(each)
        for each in items
    )


def _split_parts(path: Path, lines: list[str]) -> dict[str, str]:
    """Part name → source, each padded with empty lines to its place in the file."""
    starts = {name: [i for i, line in enumerate(lines) if line.strip() == f"# {name}"] for name in _HEADINGS}
    for name, found in starts.items():
        if len(found) > 1 or (not found and name in _PARTS):
            raise PromptInvalid(f"{path}:{len(lines)}: a template has one line “# {name}”; this one has {len(found)}.")
    begin = {name: found[0] for name, found in starts.items() if found}
    for earlier, later in pairwise(begin):
        if begin[later] < begin[earlier]:
            raise PromptInvalid(f"{path}:{begin[later] + 1}: “# {later}” comes after “# {earlier}”.")
    ends = [*list(begin.values())[1:], len(lines)]
    bodies = zip(begin, begin.values(), ends, strict=True)
    return {name: "\n".join([""] * (start + 1) + lines[start + 1 : end]) for name, start, end in bodies}


def _compile(path: Path, source: str, inputs: Sequence[str]) -> Template:
    env = environment()
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
