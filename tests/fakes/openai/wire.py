"""Bodies and events of both protocols, as the provider documents them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.fakes.openai.acts import Act

_REASONING = {"id": "rs_1", "type": "reasoning", "summary": []}
Event = tuple[str, dict[str, Any] | str]


def pieces_of(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def error_body(act: Act) -> dict[str, Any]:
    kind = "rate_limit_error" if act.status == 429 else "server_error" if act.status >= 500 else "invalid_request_error"
    return {"error": {"message": act.message, "type": kind, "param": act.param, "code": act.code}}


def chat_completion(act: Act) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": act.text or None, "refusal": act.refusal or None}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": act.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": act.finish}],
        **({"usage": chat_usage(act)} if act.usage else {}),
    }


def chat_usage(act: Act) -> dict[str, Any]:
    prompt, completion, cached = act.usage or (0, 0, 0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def chat_events(act: Act, *, with_usage: bool) -> Iterator[Event]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": act.model,
            "choices": [choice],
            **({"usage": None} if with_usage else {}),
        }

    yield "", chunk({"role": "assistant", "content": "", "refusal": None})
    for piece in pieces_of(act.text, act.piece):
        yield "", chunk({"content": piece})
    for piece in pieces_of(act.refusal, act.piece):
        yield "", chunk({"refusal": piece})
    if act.failed:
        yield "", {"error": {"message": act.failed, "type": "server_error", "code": act.code, "param": None}}
        return
    yield "", chunk({}, act.finish)
    if with_usage and act.usage:
        yield "", {**chunk({}), "choices": [], "usage": chat_usage(act)}
    yield "", "[DONE]"


def response(act: Act, status: str | None = None) -> dict[str, Any]:
    """A whole response; `status` "in_progress" is how a stream begins."""
    incomplete = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(act.finish)
    status = status or ("failed" if act.failed else "incomplete" if incomplete else "completed")
    is_begun = status == "in_progress"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "model": act.model,
        "status": status,
        "error": {"code": act.code or "server_error", "message": act.failed} if status == "failed" else None,
        "incomplete_details": {"reason": incomplete} if status == "incomplete" else None,
        "output": []
        if is_begun or status == "failed"
        else [{"id": "rs_1", "type": "reasoning", "summary": []}, _message(act)],
        "usage": response_usage(act) if act.usage and not is_begun else None,
    }


def _message(act: Act) -> dict[str, Any]:
    content = [{"type": "output_text", "text": act.text, "annotations": []}] if act.text or not act.refusal else []
    if act.refusal:
        content.append({"type": "refusal", "refusal": act.refusal})
    status = "completed" if act.finish == "stop" else "incomplete"
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}


def response_usage(act: Act) -> dict[str, Any]:
    prompt, completion, cached = act.usage or (0, 0, 0)
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + completion,
    }


def response_events(act: Act) -> Iterator[Event]:
    number = 0

    def event(kind: str, **fields: Any) -> Event:
        nonlocal number
        number += 1
        return kind, {"type": kind, "sequence_number": number - 1, **fields}

    place = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
    yield event("response.created", response=response(act, "in_progress"))
    yield event("response.in_progress", response=response(act, "in_progress"))
    yield event("response.output_item.added", output_index=0, item=_REASONING)
    yield event("response.output_item.done", output_index=0, item=_REASONING)
    yield event("response.output_item.added", output_index=1, item={**_message(act), "content": []})
    if act.text or not act.refusal:
        yield event("response.content_part.added", part={"type": "output_text", "text": "", "annotations": []}, **place)
    else:
        yield event("response.content_part.added", part={"type": "refusal", "refusal": ""}, **place)
    for piece in pieces_of(act.text, act.piece):
        yield event("response.output_text.delta", delta=piece, logprobs=[], **place)
    if act.text:
        yield event("response.output_text.done", text=act.text, logprobs=[], **place)
    for piece in pieces_of(act.refusal, act.piece):
        yield event("response.refusal.delta", delta=piece, **place)
    if not act.failed:
        yield event("response.output_item.done", output_index=1, item=_message(act))
    whole = response(act)
    yield event(f"response.{whole['status']}", response=whole)


def as_sse(event: Event) -> bytes:
    name, data = event
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def embeddings(model: str, vectors: list[list[float]], *, as_base64: bool, tokens: int) -> dict[str, Any]:
    import base64
    from array import array

    def coded(vector: list[float]) -> Any:
        return base64.b64encode(array("f", vector).tobytes()).decode() if as_base64 else vector

    data = [{"object": "embedding", "index": i, "embedding": coded(vector)} for i, vector in enumerate(vectors)]
    return {
        "object": "list",
        "data": data,
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
