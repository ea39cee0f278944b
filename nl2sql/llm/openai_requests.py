"""Prompt → the body of a request, in either protocol, without what the endpoint is known to reject."""

from __future__ import annotations

import json
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from nl2sql.llm.openai_replies import Api
from nl2sql.prompt.base import Prompt

PATHS: dict[Api, str] = {"responses": "/responses", "chat": "/chat/completions"}
# Another draw has to differ from the best one; 0.7 does, and still writes SQL.
SAMPLE_TEMPERATURE = 0.7
_NAME = "reply"


@dataclass(frozen=True, slots=True)
class Options:
    """None and "" leave a choice to the endpoint. `seed` exists in Chat Completions alone."""

    model: str
    temperature: float | None = 0.0
    seed: int | None = None
    reasoning_effort: str = ""


def request_body(prompt: Prompt, options: Options, api: Api, rejected: Set[str], sample: int) -> dict[str, Any]:
    messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
    body: dict[str, Any] = {"model": options.model, "messages" if api == "chat" else "input": messages}
    if api == "responses" and "store" not in rejected:
        body["store"] = False  # a provider keeps what it is not told to forget
    _ask_for_a_stream(body, api, rejected)
    _choose_a_draw(body, options, api, rejected, sample)
    _hold_to_the_schema(body, messages, prompt, api, rejected)
    return body


def _ask_for_a_stream(body: dict[str, Any], api: Api, rejected: Set[str]) -> None:
    if "stream" in rejected:
        return
    body["stream"] = True
    if api == "chat" and "stream_options" not in rejected:
        body["stream_options"] = {"include_usage": True}


def _choose_a_draw(body: dict[str, Any], options: Options, api: Api, rejected: Set[str], sample: int) -> None:
    if options.temperature is not None and "temperature" not in rejected:
        body["temperature"] = max(options.temperature, SAMPLE_TEMPERATURE) if sample else options.temperature
    if options.seed is not None and api == "chat" and "seed" not in rejected:
        body["seed"] = options.seed + sample
    if options.reasoning_effort and "reasoning" not in rejected:
        if api == "chat":
            body["reasoning_effort"] = options.reasoning_effort
        else:
            body["reasoning"] = {"effort": options.reasoning_effort}


def _hold_to_the_schema(
    body: dict[str, Any], messages: list[dict[str, Any]], prompt: Prompt, api: Api, rejected: Set[str]
) -> None:
    """By the endpoint where it can, else by asking. A prompt without a schema is answered in free text."""
    schema = dict(prompt.reply_schema)
    if not schema:
        return
    form: dict[str, Any] | None = None
    if "json_schema" not in rejected:
        named = {"name": _NAME, "strict": "strict" not in rejected, "schema": schema}
        form = {"type": "json_schema", **({"json_schema": named} if api == "chat" else named)}
    else:
        messages[0]["content"] += (
            "\n\nReply with one JSON object and nothing else. It follows this JSON schema:\n"
            + json.dumps(schema, separators=(",", ":"))
        )
        if "json_object" not in rejected:
            form = {"type": "json_object"}
    if form and api == "chat":
        body["response_format"] = form
    elif form:
        body["text"] = {"format": form}
