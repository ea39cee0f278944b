"""One request and the bytes of its reply, by the openai client: its connections, headers and errors, without its typed
events, which cost more than everything else together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any

from nl2sql.errors import LanguageModelError
from nl2sql.llm.foreign_logs import quiet_foreign_logs
from nl2sql.llm.openai_address import Address
from nl2sql.llm.openai_errors import too_long
from nl2sql.llm.openai_network import Watch, watch_connections
from nl2sql.llm.openai_replies import ReplyReader

if TYPE_CHECKING:
    from httpx2 import Response
    from openai import OpenAI

# A host that does not accept a connection in 5 s is not going to answer a question.
CONNECT_SECONDS = 5.0
# A draft is a few kilobytes, a few hundred as events. A reply past this is not one, and is not read to its end.
MAX_REPLY_BYTES = 2_000_000
# Ten lines a second are as many as a person can see.
PROGRESS_SECONDS = 0.1
# What may follow the last event: the end of the body. Read to it, a connection can be used again.
LINGER_SECONDS = 0.25
# The client reads a body at once unless it is told by this header, which is what its `with_streaming_response` sends.
# identity: a few kilobytes are not worth packing, and what is not packed cannot unfold to gigabytes.
_HEADERS = {"X-Stainless-Raw-Response": "stream", "Accept-Encoding": "identity"}
# As much of a reply in no protocol as a hint may need.
_BEGINNING_BYTES = 2_000


def open_client(key: str, address: Address) -> OpenAI:
    from openai import DefaultHttpxClient, OpenAI

    quiet_foreign_logs()
    # A prompt goes where it was meant to go: what is sent on elsewhere is an error.
    hooks: dict[str, list[Callable[..., Any]]] = {"response": [_leave_errors_packed]}
    http = DefaultHttpxClient(auth=address.login, follow_redirects=False, event_hooks=hooks)
    watch_connections(http)
    # Tries are counted and timed here: the client's own would each get the whole time limit.
    return OpenAI(api_key=key, base_url=address.url, max_retries=0, http_client=http)


def _leave_errors_packed(response: Response) -> None:
    """The client reads these whole, before anybody can count what they unfold to."""
    if response.is_error:
        response.headers.pop("content-encoding", None)


def exchange(
    client: OpenAI,
    path: str,
    body: dict[str, Any],
    reader: ReplyReader,
    watch: Watch,
    progress: Callable[[int], None],
) -> bytes:
    """Feeds the reply to the reader, and returns its beginning. Raises ModelReplyInvalid for one that is far too long,
    and whatever the client raises."""
    import httpx2

    left = max(watch.left, 0.001)
    limit = httpx2.Timeout(left, connect=min(CONNECT_SECONDS, left))
    response = client.post(path, cast_to=httpx2.Response, body=body, options={"headers": _HEADERS, "timeout": limit})
    beginning, told, told_at = b"", 0, 0.0
    try:
        for piece in _pieces(response.iter_bytes(), reader, watch):
            beginning += piece[: _BEGINNING_BYTES - len(beginning)]
            reader.feed(piece)
            if reader.chars > told and monotonic() - told_at >= PROGRESS_SECONDS:
                told, told_at = reader.chars, monotonic()
                progress(told)
    finally:
        response.close()
    return beginning


def _pieces(received: Iterable[bytes], reader: ReplyReader, watch: Watch) -> Iterator[bytes]:
    """Raises ModelReplyInvalid past the limit; ends soon after the last event, whether or not the body does."""
    total = 0
    try:
        for piece in received:
            total += len(piece)
            if total > MAX_REPLY_BYTES:
                raise too_long()
            yield piece
            if reader.is_over:
                watch.deadline = min(watch.deadline, monotonic() + LINGER_SECONDS)
    except LanguageModelError:
        raise
    except Exception:
        if not reader.is_over:
            raise
