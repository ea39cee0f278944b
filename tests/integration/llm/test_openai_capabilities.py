"""What an endpoint cannot do is found out by its answers, once, and known to every model that shares the memory."""

from __future__ import annotations

from typing import Any

import pytest

from nl2sql.errors import LanguageModelError, ModelAuthFailed
from nl2sql.llm.capabilities import CapabilityMemory
from tests.fakes.openai.acts import Act, Received, refuse
from tests.integration.llm.conftest import PROMPT, Story, Wire

FEATURES = ["stream", "temperature", "reasoning", "json_schema", "strict"]


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("feature", [*FEATURES, "stream_options", "seed"])
def test_each_rejected_feature_is_left_out_from_then_on(feature: str, api: str, model: Any, endpoint: Any) -> None:
    server, memory, story = endpoint(["{}"], rejects={feature}), CapabilityMemory(), Story()
    options = {"api": api, "seed": 7, "reasoning_effort": "low", "capabilities": memory}
    assert model(server.url, **options).complete(PROMPT, story.call()).text == "{}"
    is_sent = not (api == "responses" and feature in ("stream_options", "seed"))
    assert len(server.requests) == 1 + is_sent
    assert memory.rejected(server.url, "asked") == (frozenset({feature}) if is_sent else frozenset())
    assert len(story.remarks) == is_sent
    assert all("asked again without" in remark for remark in story.remarks)
    assert model(server.url, **options).complete(PROMPT).text == "{}"
    assert len(server.requests) == 2 + is_sent, "another model asks once"


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_reply_is_held_to_its_schema_in_the_best_way_there_is(api: str, model: Any, endpoint: Any) -> None:
    def forms(rejects: set[str]) -> list[Any]:
        server = endpoint(["{}"], rejects=rejects)
        model(server.url, api=api).complete(PROMPT)
        sent = [body.get("response_format") or body.get("text", {}).get("format") for body in server.bodies]
        told = [each.texts[0].startswith("Be brief.\n\nReply with one JSON object") for each in server.requests]
        kinds = [(form["type"], (form.get("json_schema") or form).get("strict")) if form else None for form in sent]
        return list(zip(kinds, told, strict=True))

    strict, loose = (("json_schema", True), False), (("json_schema", False), False)
    json_object, told_only = (("json_object", None), True), (None, True)
    assert forms(set()) == [strict]
    assert forms({"strict"}) == [strict, loose]
    assert forms({"json_schema"}) == [strict, json_object]
    assert forms({"strict", "json_schema"})[-1] == json_object
    assert forms({"json_schema", "json_object"}) == [strict, json_object, told_only]


def test_an_endpoint_that_can_next_to_nothing_still_answers(model: Any, endpoint: Any) -> None:
    rejects = {
        "responses",
        "stream",
        "stream_options",
        "temperature",
        "seed",
        "reasoning",
        "json_schema",
        "json_object",
    }
    server = endpoint(["{}"], rejects=rejects)
    asked = model(server.url, seed=1, reasoning_effort="low", max_retries=0)
    assert asked.complete(PROMPT).text == "{}"
    assert set(server.bodies[-1]) == {"model", "messages"}
    count = len(server.requests)
    assert asked.complete(PROMPT).text == "{}"
    assert len(server.requests) == count + 1


@pytest.mark.parametrize(("missing", "paths"), [("chat", ["chat", "responses"]), ("responses", ["chat"])])
def test_the_protocol_that_is_there_is_found(missing: str, paths: list[str], model: Any, endpoint: Any) -> None:
    server, memory = endpoint(["{}"], rejects={missing}), CapabilityMemory()
    assert model(server.url, capabilities=memory).complete(PROMPT).text == "{}"
    assert [each.api for each in server.requests] == paths
    model(server.url, capabilities=memory).complete(PROMPT)
    assert [each.api for each in server.requests] == [*paths, paths[-1]]


@pytest.mark.parametrize(
    "refusal",
    [
        Act(status=404, body=b"404 page not found", content_type="text/plain"),
        Act(status=404, body=b'{"detail":"Not Found"}'),
        Act(status=404, body=b"<html>nginx: this model of a page</html>", content_type="text/html"),
        Act(status=405, body=b'{"detail":"Method Not Allowed"}'),
        Act(status=501),
    ],
    ids=["text", "detail", "page", "405", "501"],
)
def test_a_missing_route_is_known_by_many_words(refusal: Act, model: Any, endpoint: Any) -> None:
    server = endpoint(lambda received: Act("{}") if received.api == "responses" else refusal)
    assert model(server.url).complete(PROMPT).text == "{}"
    assert [each.api for each in server.requests] == ["chat", "responses"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "model \'asked\' not found"}',
        b'{"error": {"message": "model \\"asked\\" not found, try pulling it first", "code": null}}',
        b'{"error": {"code": "DeploymentNotFound", "message": "The resource does not exist."}}',
    ],
)
def test_a_missing_model_is_known_by_many_words(body: bytes, model: Any, endpoint: Any, failure: Any) -> None:
    server = endpoint([Act(status=404, body=body)])
    assert type(failure(model(server.url))) is ModelAuthFailed
    assert len(server.requests) == 1


def test_where_there_is_no_protocol_at_all_the_address_is_wrong(model: Any, endpoint: Any, failure: Any) -> None:
    for api, paths in (("auto", ["chat", "responses"]), ("chat", ["chat"]), ("responses", ["responses"])):
        server = endpoint(["{}"], rejects={"chat", "responses"})
        error = failure(model(server.url, api=api))
        assert type(error) is LanguageModelError
        assert "check the address" in str(error)
        assert [each.api for each in server.requests] == paths


def test_an_endpoint_that_always_complains_is_not_asked_forever(model: Any, endpoint: Any, failure: Any) -> None:
    said = "temperature, seed, reasoning, stream, stream_options, store, strict, json_schema: all wrong"
    for api in ("chat", "responses"):
        server, memory = endpoint([refuse(400, said)]), CapabilityMemory()
        asked = model(server.url, api=api, seed=1, reasoning_effort="low", capabilities=memory)
        assert type(failure(asked)) is LanguageModelError
        assert len(server.requests) <= 9
        assert memory.rejected(server.url, "asked") == frozenset(), "only what then works is remembered"


@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_in_the_form_of_a_validator_is_understood(status: int, model: Any, endpoint: Any) -> None:
    def answer(received: Received) -> Act:
        if "seed" in received.body:
            body = b'{"detail":[{"loc":["body","seed"],"msg":"Extra inputs are not permitted"}]}'
            return Act(status=status, body=body)
        return Act("{}")

    server = endpoint(answer)
    assert model(server.url, seed=1).complete(PROMPT).text == "{}"
    assert len(server.requests) == 2


def test_a_refusal_of_the_question_itself_is_no_rejected_feature(wire: Wire, model: Any, endpoint: Any) -> None:
    server, memory = endpoint([refuse(400, "This prompt is longer than 8192 tokens.")]), CapabilityMemory()
    with pytest.raises(LanguageModelError):
        model(server.url, wire).complete(PROMPT)
    assert len(server.requests) == 1
    assert memory.rejected(server.url, "asked") == frozenset()


def test_an_endpoint_that_changed_its_protocol_is_learned_anew(model: Any, endpoint: Any) -> None:
    server, memory = endpoint(["{}"], rejects={"chat"}), CapabilityMemory()
    memory.reject(server.url, "asked", ["responses", "temperature"])
    for _ in range(2):
        assert model(server.url, capabilities=memory).complete(PROMPT).text == "{}"
    assert [each.api for each in server.requests] == ["chat", "responses", "responses"]
    assert memory.rejected(server.url, "asked") == frozenset({"chat"})


def test_a_schema_that_strict_mode_does_not_like_is_given_without_it(model: Any, endpoint: Any) -> None:
    def answer(received: Received) -> Act:
        if received.body["response_format"]["json_schema"]["strict"]:
            return refuse(400, "Invalid schema: In context=(), 'additionalProperties' is required.")
        return Act("{}")

    server = endpoint(answer)
    assert model(server.url).complete(PROMPT).text == "{}"
    assert len(server.requests) == 2
