"""Which part of a request an endpoint says it cannot take, read off its refusal.

Endpoints word this freely, so that words decide. A word that was only echoed costs one more request: what is left out
is remembered only when the request then succeeds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import Any

from nl2sql.llm.openai_replies import Api

# 400 and 422 refuse a request; the others a route. 501 is "not implemented".
_REFUSALS = (400, 422)
_NO_ROUTE = (404, 405, 501)
# A 404 that speaks of one of these knows the route.
_OF_A_MODEL = re.compile(r"model|deployment", re.IGNORECASE)
# In the order in which they are looked for: the first three are words of one thing alone.
_WORDS: Mapping[str, re.Pattern[str]] = {
    "stream_options": re.compile(r"stream_options|include_usage"),
    "temperature": re.compile(r"temperature"),
    "reasoning": re.compile(r"reasoning"),
    "seed": re.compile(r"\bseed\b"),
    "store": re.compile(r"(?<![\w-])store\b"),
    "stream": re.compile(r"\bstream(?:ing)?\b"),
}
_SCHEMA = re.compile(
    r"response_format|text\.format|json_schema|json_object|structured.?output|guided|grammar|json mode|\bformat\b"
)
# The endpoint knows schemas, and does not like this one.
_STRICT = re.compile(r"\bstrict\b|invalid_json_schema|invalid schema|additionalproperties")


def rejected_feature(error: Exception | None, body: Mapping[str, Any], api: Api) -> str | None:
    """The feature (of `capabilities.FEATURES`) that is to be left out of the next request, if it says so of one that
    this request had."""
    status = getattr(error, "status_code", 0)
    told = getattr(error, "body", None)
    if status in _NO_ROUTE:
        said = f"{getattr(error, 'code', '') or ''} {error} {told or ''}"
        return api if _is_no_route(status, told, said) else None
    if status not in _REFUSALS:
        return None
    sent = _sent(body)
    param = str(getattr(error, "param", "") or "").lower()
    for said in (param, f"{param} {error} {told or ''}".lower()):
        for feature, words in _WORDS.items():
            if feature in sent and words.search(said):
                return feature
        if _SCHEMA.search(said) or _STRICT.search(said):
            return _weaker_form(sent, f"{error} {told or ''}".lower())
    return None


def _is_no_route(status: int, told: Any, said: str) -> bool:
    is_page = isinstance(told, str) and told.lstrip().startswith("<")
    return status != 404 or is_page or "invalid url" in said.lower() or not _OF_A_MODEL.search(said)


def _sent(body: Mapping[str, Any]) -> Set[str]:
    form = body.get("response_format") or (body.get("text") or {}).get("format") or {}
    kind = form.get("type")
    is_strict = bool((form.get("json_schema") or form).get("strict"))
    sent = {"reasoning" if name == "reasoning_effort" else name for name in body}
    return sent | ({kind} if kind else set()) | ({"strict"} if is_strict else set())


def _weaker_form(sent: Set[str], said: str) -> str | None:
    if "strict" in sent and _STRICT.search(said):
        return "strict"
    return next((form for form in ("json_schema", "json_object") if form in sent), None)
