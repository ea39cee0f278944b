"""Bytes of an endpoint → one Reply, for both protocols, whole or as server-sent events. Raises nothing about them.

What came is told by how it begins, not by its content type: endpoints that ignore `stream` answer whole, and some label
their streams as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from nl2sql.llm.base import NO_USAGE, Usage

Api = Literal["responses", "chat"]

_STREAM_BEGINS = (b"data:", b"event:", b"retry:", b"id:", b":")
_LONGEST_BEGINNING = max(map(len, _STREAM_BEGINS))
# The names that both protocols have for a reply that is not whole, and one for each here.
_FINISHES = {"max_output_tokens": "length", "max_tokens": "length"}


@dataclass(frozen=True, slots=True)
class Reply:
    """`finish` is "stop", "length", "content_filter", another word of the endpoint's, or "" where it said none.
    `failure` is (code, message) of an error that came instead of a reply or in its middle."""

    text: str = ""
    model: str = ""
    finish: str = ""
    refusal: str = ""
    usage: Usage = NO_USAGE
    failure: tuple[str, str] | None = None
    is_whole: bool = False


class ReplyReader:
    """Takes bytes as they come. `chars` of the text are there so far; `is_over` when nothing of interest follows."""

    def __init__(self, api: Api) -> None:
        self._gathered: _Chat | _Responses = _Chat() if api == "chat" else _Responses()
        self._received = bytearray()
        self._data: list[bytes] = []
        self._is_stream: bool | None = None
        self._is_malformed = False

    @property
    def chars(self) -> int:
        return self._gathered.chars

    @property
    def has_begun(self) -> bool:
        return self._is_stream is not None or bool(self._received)

    @property
    def is_over(self) -> bool:
        return self._gathered.is_over

    @property
    def usage(self) -> Usage:
        """As far as the endpoint has told it by now: mostly with the last event, by some with each."""
        told = self._gathered.reply()
        return told.usage if told else NO_USAGE

    def feed(self, piece: bytes) -> None:
        self._received += piece
        if self._is_stream is None:
            head = bytes(self._received[:64]).lstrip(b"\xef\xbb\xbf \t\r\n")
            if head[:1] in (b"{", b"[") or len(head) >= _LONGEST_BEGINNING:
                self._is_stream = head.startswith(_STREAM_BEGINS)
        if self._is_stream and b"\n" in piece:
            *lines, rest = bytes(self._received).split(b"\n")
            self._received = bytearray(rest)
            for line in lines:
                self._take_line(line.rstrip(b"\r"))

    def reply(self) -> Reply | None:
        """What was gathered; None for whatever does not speak the protocol."""
        if self._is_stream:
            self._take_line(bytes(self._received).rstrip(b"\r"))
            self._take_line(b"")
        else:
            self._gathered.take_whole(_loaded(bytes(self._received)))
        return None if self._is_malformed else self._gathered.reply()

    def _take_line(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].strip())
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            self._take_event(data)

    def _take_event(self, data: bytes) -> None:
        if data == b"[DONE]":
            self._gathered.is_over = True
        elif event := _loaded(data):
            self._gathered.take(event)
        elif data and not self._gathered.is_over:
            self._is_malformed = True


class _Chat:
    def __init__(self) -> None:
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._reply = Reply()
        self._was_told = False
        self.chars = 0
        self.is_over = False

    def take(self, chunk: Mapping[str, Any]) -> None:
        self._note(chunk)
        for choice in _list(chunk, "choices")[:1]:
            self._was_told = True
            delta = _dict(choice, "delta")
            if text := _text(delta, "content"):
                self._texts.append(text)
                self.chars += len(text)
            if refusal := _text(delta, "refusal"):
                self._refusals.append(refusal)
            if finish := _text(choice, "finish_reason"):
                self._reply = replace(self._reply, finish=_FINISHES.get(finish, finish))

    def take_whole(self, body: Mapping[str, Any]) -> None:
        self._note(body)
        choice = next(iter(_list(body, "choices")), {})
        message = _dict(choice, "message")
        if message:
            self.take({"choices": [{**choice, "delta": {**message, "content": _content(message)}}]})
            self.is_over = True

    def reply(self) -> Reply | None:
        if not self._was_told and not self._reply.failure:
            return None
        is_whole = self.is_over or bool(self._reply.finish)
        texts, refusals = "".join(self._texts), "".join(self._refusals)
        return replace(self._reply, text=texts, refusal=refusals, is_whole=is_whole)

    def _note(self, chunk: Mapping[str, Any]) -> None:
        if not chunk.get("usage") and not chunk.get("error") and chunk.get("model") == self._reply.model:
            return  # as nearly every chunk of a stream
        self._reply = replace(
            self._reply,
            model=_text(chunk, "model") or self._reply.model,
            usage=_usage(chunk, "prompt", "completion") or self._reply.usage,
            failure=_failure(chunk.get("error")) or self._reply.failure,
        )
        self.is_over = self.is_over or self._reply.failure is not None


class _Responses:
    def __init__(self) -> None:
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._reply: Reply | None = None
        self.chars = 0
        self.is_over = False

    def take(self, event: Mapping[str, Any]) -> None:
        kind = _text(event, "type")
        if kind == "response.output_text.delta":
            self._texts.append(_text(event, "delta"))
            self.chars += len(self._texts[-1])
        elif kind == "response.refusal.delta":
            self._refusals.append(_text(event, "delta"))
        elif kind == "error":
            self._end(replace(self._reply or Reply(), failure=_failure(event.get("error") or event)))
        elif kind in ("response.created", "response.in_progress"):
            self._reply = Reply(model=_text(_dict(event, "response"), "model"))
        elif kind in ("response.completed", "response.incomplete", "response.failed", "response.cancelled"):
            self.take_whole(_dict(event, "response"), kind.removeprefix("response."))
        elif "error" in event and not kind:
            self._end(replace(self._reply or Reply(), failure=_failure(event["error"])))

    def take_whole(self, body: Mapping[str, Any], ended: str = "") -> None:
        failure, status = _failure(body.get("error")), _text(body, "status") or ended
        if not isinstance(body.get("output"), list) and not failure and not ended:
            return
        parts = [
            part
            for item in _list(body, "output")
            if item.get("type") == "message"
            for part in _list(item, "content")
            if part.get("type") in ("output_text", "refusal")
        ]
        said = [text for part in parts if (text := _text(part, "text"))]
        refused = [text for part in parts if (text := _text(part, "refusal"))]
        self._texts, self._refusals = said or self._texts, refused or self._refusals
        reason = _text(_dict(body, "incomplete_details"), "reason")
        finish = "stop" if status in ("", "completed") else _FINISHES.get(reason, reason) or status
        if status == "failed":
            failure = failure or ("", "The endpoint said no more than that it failed.")
        self._end(Reply("", _text(body, "model"), finish, "", _usage(body, "input", "output") or NO_USAGE, failure))

    def reply(self) -> Reply | None:
        if self._reply is None:
            return Reply(text="".join(self._texts)) if self._texts else None
        texts, refusals = "".join(self._texts), "".join(self._refusals)
        return replace(self._reply, text=texts, refusal=refusals, is_whole=self.is_over)

    def _end(self, reply: Reply) -> None:
        self._reply = reply
        self.is_over = True


def _loaded(data: bytes) -> Mapping[str, Any]:
    """Empty for what is no JSON object."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(of: Mapping[str, Any], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""


def _dict(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = of.get(name)
    return value if isinstance(value, dict) else {}


def _list(of: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = of.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _content(message: Mapping[str, Any]) -> str:
    """Some endpoints send the text in parts."""
    return _text(message, "content") or "".join(_text(part, "text") for part in _list(message, "content"))


def _failure(error: Any) -> tuple[str, str] | None:
    if isinstance(error, dict) and error:
        return str(error.get("code") or error.get("type") or ""), str(error.get("message") or "")
    return ("", error) if isinstance(error, str) and error else None


def _usage(of: Mapping[str, Any], prompt: str, completion: str) -> Usage | None:
    """None where the endpoint does not say; 0 for a number that is none."""
    usage = _dict(of, "usage")
    if not usage:
        return None
    cached = _dict(usage, f"{prompt}_tokens_details").get("cached_tokens")
    counts = (usage.get(f"{prompt}_tokens"), usage.get(f"{completion}_tokens"), cached)
    return Usage(*(each if type(each) is int and each > 0 else 0 for each in counts))
