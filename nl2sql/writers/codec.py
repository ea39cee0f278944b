"""SqlDraft ↔ bytes for the draft cache. JSON, so that nothing read back can be more than text."""

from __future__ import annotations

import json
from dataclasses import asdict

from nl2sql.writers.base import Origin, SqlDraft


def draft_to_bytes(draft: SqlDraft) -> bytes:
    """Without `usage`: a draft that comes out of a cache was paid for before."""
    kept = asdict(draft)
    del kept["usage"]
    return json.dumps(kept, separators=(",", ":")).encode()


def draft_from_bytes(data: bytes) -> SqlDraft:
    """Raises ValueError for anything `draft_to_bytes` did not write."""
    try:
        value = json.loads(data)
        origin = Origin(**{k: _text(v) for k, v in value["origin"].items()})
        assumptions = tuple(_text(a) for a in value["assumptions"])
        interpretation, plan, standalone = (_text(value[name]) for name in ("interpretation", "plan", "standalone"))
        sure = value["confidence"]
        if sure is not None and not isinstance(sure, float):
            raise TypeError(f"expected a number, got {type(sure).__name__}")
        return SqlDraft(
            _text(value["sql"]),
            origin,
            interpretation,
            assumptions,
            plan=plan,
            confidence=sure,
            standalone=standalone,
        )
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("not a cached draft") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value
