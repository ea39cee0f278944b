"""Why a plan cannot be turned into SQL."""

from __future__ import annotations


class PlanInvalid(Exception):
    """`message` says in a sentence what the model or the database cannot do, or what contradicts itself."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
