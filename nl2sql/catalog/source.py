"""A model file: its text, its value, and the line of every place in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from nl2sql.errors import ModelInvalid

# A semantic model is written by people; the largest published one is under 1 MB.
MAX_FILE_BYTES = 20_000_000
# A model's own depth is ten. The YAML library calls itself for each level, and ends the process at some ten thousand.
MAX_DEPTH = 100
# With aliases counted as often as they stand there: a model of the largest file has fewer.
MAX_NODES = 2_000_000


_NAMED = 10  # in a message

Place = tuple[str | int, ...]  # the steps from the file's root: ("semantic_model", 0, "datasets", 3)


class NotAModel(ValueError):
    """Levels within levels, or aliases of aliases, as no model has them."""


@dataclass(frozen=True, slots=True)
class Problem:
    place: Place
    message: str


def read_text(path: Path) -> str:
    """Raises ModelInvalid."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelInvalid(f"The model file {path} is larger than {MAX_FILE_BYTES:,} bytes.")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ModelInvalid(f"There is no model file at {path}.", hint="See the setting “model”.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelInvalid(f"The model file {path} cannot be read: {type(error).__name__}.") from error


class Source:
    """The file's text, its value and its nodes, so that a place in the value can be given a line."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        """Raises ModelInvalid."""
        self.path = path
        self.text = read_text(path) if text is None else text
        try:
            _check_size(self.text)
            loader = yaml.CSafeLoader(self.text)
            try:
                self.root = loader.get_single_node()
                self.value = loader.construct_document(self.root) if self.root is not None else None
            finally:
                loader.dispose()
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ModelInvalid(f"{path}: this is not valid YAML: {_yaml_problem(error)}.") from error

    def line(self, place: Place) -> int:
        """1-based line of the deepest node of `place` that exists."""
        node = self.root
        for step in place:
            child = _child(node, step)
            if child is None:
                break
            node = child
        return node.start_mark.line + 1 if node is not None else 1

    def lines(self, error: ValidationError) -> list[tuple[int, str]]:
        """All problems, each with its line."""
        return [(self.line(_in_file(e["loc"])), plain(e)) for e in error.errors()]

    def problem(self, place: Place, message: str) -> ModelInvalid:
        where = ".".join(str(p) for p in place if p != "semantic_model")
        return ModelInvalid(f"{self.path}, line {self.line(place)} ({where}): {message}")

    def invalid(self, error: ValidationError) -> ModelInvalid:
        """The first five problems; the rest usually follow from them."""
        problems = [self.problem(_in_file(e["loc"]), plain(e)) for e in error.errors()[:5]]
        return ModelInvalid("\n".join(p.user_message for p in problems))


def _check_size(text: str) -> None:
    """Raises NotAModel, and what the library raises. Reads the text as events, which costs a sixth of loading it."""
    loader = yaml.CSafeLoader(text)
    sizes: dict[str, int] = {}  # of what each anchor stands for, with everything below it
    open_: list[tuple[str | None, int]] = [(None, 0)]
    try:
        while (event := loader.get_event()) is not None:
            done = 0
            if isinstance(event, yaml.CollectionStartEvent):
                open_.append((event.anchor, 1))
                if len(open_) > MAX_DEPTH:
                    raise NotAModel(f"nested more than {MAX_DEPTH} levels deep")
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, done = open_.pop()
                sizes |= {anchor: done} if anchor else {}
            elif isinstance(event, yaml.AliasEvent):
                done = sizes.get(event.anchor or "", MAX_NODES + 1)
            elif isinstance(event, yaml.ScalarEvent):
                done = 1
                sizes |= {event.anchor: 1} if event.anchor else {}
            open_[-1] = (open_[-1][0], open_[-1][1] + done)
            if done > MAX_NODES:
                raise NotAModel("its aliases make it larger than any model")
    finally:
        loader.dispose()


def some_of(names: Iterable[str], joint: str = ", ") -> str:
    """The first ten, and how many more there are: a message is read by a person."""
    known = list(names)
    shown = joint.join(known[:_NAMED])
    return f"{shown} and {len(known) - _NAMED} more" if len(known) > _NAMED else shown


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if k.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _in_file(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """pydantic adds the tried branch of a union to a place; the file has no such step."""
    return tuple(step for step in loc if step not in ("AiContext", "str"))


def plain(error: Any) -> str:
    match error["type"]:
        case "extra_forbidden":
            return f"“{error['loc'][-1]}” is not a key of the format here."
        case "missing":
            return f"the key “{error['loc'][-1]}” is missing."
        case "enum" | "literal_error":
            return f"“{error['input']}” is not allowed; allowed are {error['ctx']['expected']}."
        case _:
            return f"{error['msg']}, found {_found(error['input'])}."


def _found(value: Any) -> str:
    """A list is not shown: it may hold all of the file."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value, default=str, ensure_ascii=False)[:80]


def _yaml_problem(error: Exception) -> str:
    if isinstance(error, NotAModel):
        return str(error)
    mark = getattr(error, "problem_mark", None)
    place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or 'unreadable'}{place}"
