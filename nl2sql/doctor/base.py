"""What the doctor says of one part of an installation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nl2sql.errors import Nl2SqlError

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """`about` is one word; `advice` says what to do, and is empty when there is nothing to do."""

    about: str
    state: State
    text: str
    advice: str = ""


def failed(about: str, error: Nl2SqlError, advice: str = "") -> Check:
    return Check(about, "fail", error.user_message, error.hint or advice)
