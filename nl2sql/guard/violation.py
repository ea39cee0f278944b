"""Why the guard refused: a value the UI, the repair prompt and the evaluations all read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """`code` is stable ("unknown_column"); `fragment` is the offending SQL, at most 200 characters;
    `message` is for the person who asked; `hint` is what a model can act on. Neither tells whether a value exists."""

    code: str
    fragment: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Violations:
    """At least one violation, in the order the rules found them."""

    items: tuple[Violation, ...]

    @property
    def message(self) -> str:
        return self.items[0].message

    @property
    def hint(self) -> str:
        return "\n".join(f"[{v.code}] {v.hint or v.message} (at: {v.fragment})" for v in self.items)
