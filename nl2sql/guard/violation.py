"""Why the guard refused: a value the UI, the repair prompt and the evaluations all read."""

from __future__ import annotations

from dataclasses import dataclass

# Two sentences and a few names; a hint is paid for in every prompt that repeats it.
MAX_HINT_CHARS = 300


@dataclass(frozen=True, slots=True)
class Violation:
    """`code` is stable ("unknown_column"); `fragment` is the offending SQL, at most 200 characters;
    `message` is for the person who asked; `hint`, of at most `MAX_HINT_CHARS`, is what a model can act on. Neither
    tells whether a value exists."""

    code: str
    fragment: str
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        if len(self.hint) > MAX_HINT_CHARS:
            object.__setattr__(self, "hint", f"{self.hint[: MAX_HINT_CHARS - 1]}…")


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
