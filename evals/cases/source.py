"""A suite file: its text, its value, and the line of every place in it. Hostile YAML ends in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from evals.errors import SuiteInvalid

# Ten thousand cases with long statements are some 10 MB.
MAX_FILE_BYTES = 50_000_000
# A suite's own depth is five. The YAML library calls itself for each level, and ends the process at some ten thousand.
MAX_DEPTH = 50
# Nodes, those of an alias counted as often as it stands there: a suite of ten thousand cases has half a million.
MAX_NODES = 5_000_000

Place = tuple[str | int, ...]  # steps from the file's root: ("cases", 3, "sql")


class Source:
    """Raises SuiteInvalid for a file that cannot be read, is not YAML, or is YAML as no suite has it."""

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        self.path = path
        self.content = self._read() if content is None else content
        try:
            text = self.content.decode("utf-8-sig")
            _check_bounds(text)
            loader = yaml.CSafeLoader(text)
            try:
                self.root = loader.get_single_node()
                self._refuse_repeated_keys()
                self.value: Any = loader.construct_document(self.root) if self.root is not None else None
            finally:
                loader.dispose()
        except UnicodeDecodeError as error:
            raise SuiteInvalid(f"The suite {path} cannot be read: it is not UTF-8 text.") from error
        except yaml.YAMLError as error:
            raise SuiteInvalid(f"{path}: this is not valid YAML: {_yaml_problem(error)}.") from error
        # What the library stumbles over: the 45th of May, a number of ten thousand digits, !!timestamp of a word.
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise SuiteInvalid(f"{path}: a value in it is not what YAML takes it for: {error}.") from error

    def line(self, place: Place) -> int:
        """1-based, of the deepest node of `place` that is there."""
        node = self.node(place)
        return int(node.start_mark.line) + 1 if node is not None else 1

    def node(self, place: Place) -> Any:
        """The deepest that is there."""
        return self._walk(place)[0]

    def has(self, place: Place) -> bool:
        return self._walk(place)[1] == place

    def problem(self, place: Place, message: str) -> str:
        """Cases are counted from 1, as people do."""
        where = "".join(f" {step + 1}" if isinstance(step, int) else f", {step}" for step in self._walk(place)[1])
        return f"{self.path}, line {self.line(place)}{where.replace(', cases ', ', case ')}: {message}"

    def _walk(self, place: Place) -> tuple[Any, Place]:
        """The deepest node of `place` that is there, and the steps to it."""
        node = self.root
        for count, step in enumerate(place):
            child = _child(node, step)
            if child is None:
                return node, place[:count]
            node = child
        return node, place

    def _read(self) -> bytes:
        try:
            if self.path.stat().st_size > MAX_FILE_BYTES:
                raise SuiteInvalid(f"The suite {self.path} is larger than {MAX_FILE_BYTES:,} bytes.")
            return self.path.read_bytes()
        except FileNotFoundError as error:
            raise SuiteInvalid(f"There is no suite at {self.path}.") from error
        except (OSError, ValueError) as error:
            raise SuiteInvalid(f"The suite {self.path} cannot be read: {type(error).__name__}.") from error

    def _refuse_repeated_keys(self) -> None:
        """YAML would let the last one win without a word."""
        waiting, known = [self.root], set()
        while waiting:
            node = waiting.pop()
            if id(node) in known:  # an alias: looked at where it was defined
                continue
            known.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting += node.value
            elif isinstance(node, yaml.MappingNode):
                self._refuse_repeated(node)
                waiting += [child for _, child in node.value]

    def _refuse_repeated(self, mapping: yaml.MappingNode) -> None:
        seen: set[str] = set()
        for key, _ in mapping.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                line = key.start_mark.line + 1
                raise SuiteInvalid(f"{self.path}, line {line}: the key “{key.value}” is there twice; keys are unique.")
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)


def _check_bounds(text: str) -> None:
    """Raises YAMLError. Reads the text as events, which build nothing: depth and size are known before anything is."""
    loader = yaml.CSafeLoader(text)
    sizes: dict[str, int] = {}  # nodes under each anchor
    open_: list[tuple[str | None, int]] = [(None, 0)]
    try:
        while (event := loader.get_event()) is not None:
            size = 1
            if isinstance(event, yaml.CollectionStartEvent):
                open_.append((event.anchor, 0))
                if len(open_) > MAX_DEPTH:
                    raise _refused(f"nested more than {MAX_DEPTH} levels deep", event)
                continue
            if isinstance(event, yaml.CollectionEndEvent):
                anchor, inside = open_.pop()
                size += inside
            elif isinstance(event, yaml.AliasEvent):
                anchor = None
                if event.anchor not in sizes:
                    raise _refused("an alias of nothing before it, or of what it stands in", event)
                size = sizes[event.anchor]
            elif isinstance(event, yaml.ScalarEvent):
                anchor = event.anchor
            else:
                continue
            if anchor is not None:
                sizes[anchor] = size
            open_[-1] = (open_[-1][0], open_[-1][1] + size)
            if open_[-1][1] > MAX_NODES:
                raise _refused("larger than any suite, with what its aliases stand for", event)
    finally:
        loader.dispose()


def _refused(problem: str, event: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or 'unreadable'}{place}"
