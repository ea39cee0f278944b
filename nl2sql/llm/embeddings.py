"""Texts as vectors, by any endpoint that speaks OpenAI's embeddings: the provider's, or a local server.

Owns the wire, the kept vectors and the pause after a failure. The texts of a question leave the house with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import numpy as np

from nl2sql.errors import LanguageModelError, ModelReplyInvalid, ModelUnreachable
from nl2sql.llm.base import refuse_unless_allowed
from nl2sql.llm.openai_address import DEFAULT_BASE_URL, read_address, usable_key
from nl2sql.llm.openai_errors import map_error, redactor, too_long
from nl2sql.llm.openai_exchange import CONNECT_SECONDS, open_client
from nl2sql.llm.openai_network import Watch, watching
from nl2sql.llm.vectors import Vectors, VectorStore

# A question waits no longer for a second opinion on which tables it needs; what came by then is kept.
TIMEOUT_SECONDS = 5.0
# A dead endpoint costs one wait in so long, not one with each question.
PAUSE_SECONDS = 30.0
# Some 20,000 tokens of tables: within what providers take at once, and what a local server does in a second or two.
BATCH = 64
# 64 vectors of 4,096 numbers as text are about 6 MB.
MAX_REPLY_BYTES = 16_000_000
_HEADERS = {"X-Stainless-Raw-Response": "stream", "Accept-Encoding": "identity"}


class EmbeddingModel:
    """Safe to share between threads. `timeout` (seconds) bounds one `embed` with all its batches."""

    def __init__(
        self,
        model: str,
        *,
        api_key: str = "",
        base_url: str | None = None,
        folder: Path | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        """`folder` holds the vectors of what is asked for again; None: they are not kept. Raises ModelAuthFailed
        without a usable key, SettingsInvalid for an address that is not one."""
        self._address = read_address(base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL)
        key = usable_key(api_key.strip() or os.environ.get("OPENAI_API_KEY", "").strip(), self._address)
        self._model = model
        self._timeout = timeout
        self._redact = redactor(key)
        self._client = open_client(key, self._address)
        same = sha256(f"{self._address.url}\n{model}".encode()).hexdigest()[:32]
        self._store = VectorStore(folder / same) if folder is not None else None
        self._again_at = 0.0  # by the monotonic clock; 0: it works

    def __repr__(self) -> str:
        return f"EmbeddingModel({self._model!r} at {self._address.shown})"

    def close(self) -> None:
        self._client.close()

    def embed(self, texts: Sequence[str], *, keep: bool = False) -> Vectors:
        """float32 [n, d]. Raises LanguageModelError alone; for a while after a failure at once."""
        found = self._store.read(texts) if keep and self._store is not None else {}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            refuse_unless_allowed()
            self._refuse_while_paused()
            try:
                self._ask_for(missing, found, keep)
            except LanguageModelError:
                self._again_at = monotonic() + PAUSE_SECONDS
                raise
            self._again_at = 0.0
        return _stacked([found[text] for text in texts])

    def _refuse_while_paused(self) -> None:
        left = self._again_at - monotonic()
        if self._again_at and left > 0:
            raise ModelUnreachable(
                f"The embedding model at {self._address.shown} failed a moment ago.",
                hint=f"It is tried again in {left:.0f} s.",
            )

    def _ask_for(self, texts: Sequence[str], found: dict[str, Vectors], keep: bool) -> None:
        """Batch by batch: what came before a failure is kept, and not asked for again."""
        watch = Watch(monotonic() + self._timeout, Event(), MAX_REPLY_BYTES * (1 + len(texts) // BATCH))
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            vectors = dict(zip(batch, self._try(batch, watch), strict=True))
            found |= vectors
            if keep and self._store is not None:
                self._store.write(vectors)

    def _try(self, batch: Sequence[str], watch: Watch) -> list[Vectors]:
        try:
            with watching(watch):
                return _read(self._post(batch, watch), len(batch))
        except LanguageModelError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: everything the client raises is mapped
            failure = map_error(
                error, model=self._model, host=self._address.shown, seconds=self._timeout, redact=self._redact
            )
        # Outside the except block: the client's own exception may hold the key and is not attached.
        raise failure

    def _post(self, batch: Sequence[str], watch: Watch) -> bytes:
        import httpx2

        left = max(watch.left, 0.001)
        limit = httpx2.Timeout(left, connect=min(CONNECT_SECONDS, left))
        body: dict[str, Any] = {"model": self._model, "input": list(batch)}
        options: Any = {"headers": _HEADERS, "timeout": limit}
        response = self._client.post("/embeddings", cast_to=httpx2.Response, body=body, options=options)
        received = bytearray()
        try:
            for piece in response.iter_bytes():
                received += piece
                if len(received) > MAX_REPLY_BYTES:
                    raise too_long()
        finally:
            response.close()
        return bytes(received)


def _read(received: bytes, wanted: int) -> list[Vectors]:
    """In the order of what was asked, which each says by its index."""
    try:
        listed = json.loads(received)["data"]
        by_index: Mapping[int, Any] = {each.get("index", place): each["embedding"] for place, each in enumerate(listed)}
        vectors = [np.asarray(by_index[place], dtype=np.float32) for place in range(wanted)]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
        raise ModelReplyInvalid("What the embedding model's endpoint sent is no list of embeddings.") from None
    if any(each.ndim != 1 or not each.size or not np.isfinite(each).all() for each in vectors):
        raise ModelReplyInvalid("What the embedding model's endpoint sent is no list of embeddings.")
    return vectors


def _stacked(vectors: Sequence[Vectors]) -> Vectors:
    if len({each.shape for each in vectors}) > 1:
        raise ModelReplyInvalid("The embedding model's vectors are of different lengths.")
    return np.stack(vectors) if vectors else np.zeros((0, 0), dtype=np.float32)
