"""A model file: its text, its value, and the line of every place in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from nl2sql.errors import ModelInvalid

# A semantic model is written by people; the largest published one is under 1 MB.
MAX_FILE_BYTES = 20_000_000


class Source:
    """The file's text, its value and its nodes, so that a place in the value can be given a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = self._read()
        loader = yaml.CSafeLoader(self.text)
        try:
            self.root = loader.get_single_node()
            self.value = loader.construct_document(self.root) if self.root is not None else None
        except yaml.YAMLError as error:
            raise ModelInvalid(f"{path}: this is not valid YAML: {_yaml_problem(error)}.") from error
        finally:
            loader.dispose()

    def _read(self) -> str:
        try:
            if self.path.stat().st_size > MAX_FILE_BYTES:
                raise ModelInvalid(f"The model file {self.path} is larger than {MAX_FILE_BYTES:,} bytes.")
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ModelInvalid(f"There is no model file at {self.path}.", hint="See the setting “model”.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise ModelInvalid(f"The model file {self.path} cannot be read: {type(error).__name__}.") from error

    def line(self, place: tuple[str | int, ...]) -> int:
        """1-based line of the deepest node of `place` that exists."""
        node = self.root
        for step in place:
            child = _child(node, step)
            if child is None:
                break
            node = child
        return node.start_mark.line + 1 if node is not None else 1

    def problem(self, place: tuple[str | int, ...], message: str) -> ModelInvalid:
        where = ".".join(str(p) for p in place if p != "semantic_model")
        return ModelInvalid(f"{self.path}, line {self.line(place)} ({where}): {message}")

    def invalid(self, error: ValidationError) -> ModelInvalid:
        """The first five problems; the rest usually follow from them."""
        problems = [self.problem(_in_file(e["loc"]), plain(e)) for e in error.errors()[:5]]
        return ModelInvalid("\n".join(p.user_message for p in problems))


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
            return f"{error['msg']}, found {json.dumps(error['input'], default=str, ensure_ascii=False)[:80]}."


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or 'unreadable'}{place}"
