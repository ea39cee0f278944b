"""YAML nodes that know their file and line: what a policy is read from, so that every fault can be found."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import ClassVar, Final, NoReturn

import yaml

from nl2sql.errors import Nl2SqlError, PolicyInvalid

_MAX_FILE_BYTES: Final = 1_000_000
_MOST: Final = 10**12


class Nodes:
    """Every problem is a PolicyInvalid that begins with the file and the line. A file of another kind, read in the same
    way, names itself and its error."""

    kind: ClassVar[str] = "policy"
    error: ClassVar[type[Nl2SqlError]] = PolicyInvalid

    def __init__(self, path: Path) -> None:
        self.path = path

    def document(self) -> yaml.Node | None:
        try:
            if self.path.stat().st_size > _MAX_FILE_BYTES:
                raise self.error(f"{self.path} is too large to be a {self.kind} file.")
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self.error(f"The {self.kind} file {self.path} cannot be read.") from error
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark else 1
            raise self.error(f"{self.path}, line {line}: this is not valid YAML.") from error

    def refuse(self, node: yaml.Node | None, problem: str, hint: str = "") -> NoReturn:
        line = node.start_mark.line + 1 if node is not None else 1
        raise self.error(f"{self.path}, line {line}: {problem}", hint=hint)

    def mapping(
        self, node: yaml.Node | None, what: str, allowed: tuple[str, ...] | None = None
    ) -> dict[str, yaml.Node]:
        """Empty where nothing is written. `allowed` are the names it may have, None for any."""
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
            return {}
        if not isinstance(node, yaml.MappingNode):
            self.refuse(node, f"{what} must be a mapping of names.")
        entries: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.refuse(key, f"{what} must be a mapping of names.")
            if key.value in entries:
                self.refuse(key, f"“{key.value}” is there twice.")
            if allowed is not None and key.value not in allowed:
                self.refuse(key, f"{what} has no “{key.value}”; it may have {', '.join(allowed)}.")
            entries[str(key.value)] = value
        return entries

    def texts(self, node: yaml.Node | None, what: str) -> list[yaml.ScalarNode]:
        """The items of a list of words, each with its line."""
        if node is None:
            return []
        items = node.value if isinstance(node, yaml.SequenceNode) else [None]
        if not all(isinstance(item, yaml.ScalarNode) for item in items):
            self.refuse(node, f"{what} must be a list of names.")
        return list(items)

    def text(self, node: yaml.Node, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.refuse(node, f"{what} must be a text.")
        return str(node.value)

    def choice(self, node: yaml.Node, what: str, allowed: tuple[str, ...]) -> str:
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        if text not in allowed:
            self.refuse(node, f"{what} must be one of {', '.join(allowed)}.")
        return str(text)

    def number(self, node: yaml.Node, what: str, *, whole: bool, least: float = 0.0, most: int = _MOST) -> float:
        """Above zero and below `most`."""
        try:
            value = int(node.value) if whole else float(node.value)
        except (TypeError, ValueError):
            value = 0
        if not 0 < value < most or value < least:
            kind = "whole number" if whole else "number"
            above = f"of at least {least:g}" if least else "above zero"
            self.refuse(node, f"{what} must be a {kind} {above}.")
        return value

    def money(self, node: yaml.Node, what: str) -> Decimal:
        """As it is written: 0.10 is a tenth, exactly."""
        try:
            value = Decimal(node.value)
        except (InvalidOperation, TypeError, ValueError):
            value = Decimal(0)
        if not value.is_finite() or not 0 < value < _MOST:
            self.refuse(node, f"{what} must be a number above zero.")
        return value
