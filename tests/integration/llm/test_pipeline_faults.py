"""From a question to its answer through the whole product, whatever an endpoint does: in both protocols, streamed and
whole, where the language model writes alone and where the offline writer is asked before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from nl2sql import language_model
from nl2sql.llm.breaker import BreakingModel
from nl2sql.provenance import stands_in
from nl2sql.writers.chain import NOTES
from tests.fakes.openai.acts import (
    DROPPED,
    EMPTY,
    HUGE,
    MALFORMED,
    REFUSAL,
    TRUNCATED,
    Act,
    Scripted,
    busy,
    fenced,
    html,
    refuse,
)
from tests.integration.llm.conftest import KEY, Wire
from tests.integration.llm.pipelines import (
    ALL_WRITERS,
    COUNTED,
    FOUND,
    SURE,
    UNREAD,
    UNSURE,
    House,
    Houses,
    assert_in_order,
    remarks,
    reply,
)

GOOD = reply(COUNTED)
EMAIL, PASSWORD = reply("SELECT email FROM users"), reply("SELECT password_hash FROM users")
OVERFLOW = "SELECT ABS(-9223372036854775807 - id) AS {} FROM bids"
ECHO = f"Incorrect API key provided: {KEY}."
NOT_RUN = "The language model wrote no query that may run. "
BROKE_OFF = "The language model's reply broke off."
AGAIN = "the reply was not in the agreed form, asked again"


@dataclass(frozen=True)
class Fault:
    """`code` and `headline` are the answer's where the language model is alone; `host` stands for the endpoint's.
    `told` are how the trace's remarks begin, but for the last one of a model that is given up."""

    script: tuple[Scripted, ...]
    code: str
    headline: str
    requests: int = 1
    told: tuple[str, ...] = ()

    @property
    def is_the_models_failure(self) -> bool:
        return self.code in NOTES


FAULTS = {
    "malformed JSON": Fault(
        (MALFORMED,), "llm_reply_invalid", "The language model did not reply in the agreed form.", 2, (AGAIN,)
    ),
    "malformed JSON, then good": Fault((MALFORMED, GOOD), "ok", FOUND, 2, (AGAIN,)),
    "prose around JSON and fences": Fault((fenced(GOOD),), "ok", FOUND),
    "prose around SQL, then good": Fault(("Try this: SELECT 1. Good luck!", GOOD), "ok", FOUND, 2, (AGAIN,)),
    "fences around SQL": Fault(("```sql\nSELECT COUNT(*) AS number_of_bids FROM bids\n```",), "ok", FOUND, 3),
    "two statements": Fault(
        (reply("SELECT 1 AS one FROM bids; DROP TABLE bids"),),
        "several_statements",
        NOT_RUN + "Exactly one statement can run at a time.",
        2,
        ("several statements", "the same SQL again"),
    ),
    "empty text": Fault((EMPTY,), "llm_reply_invalid", "The language model sent an empty reply."),
    "a refusal": Fault((REFUSAL,), "llm_reply_invalid", "The language model declined to answer."),
    "cut at its length": Fault(
        (Act(GOOD, finish="length"),),
        "llm_reply_invalid",
        "The language model's reply was cut off at its length limit.",
    ),
    "withheld by a filter": Fault(
        (Act(GOOD, finish="content_filter"),),
        "llm_reply_invalid",
        "The language model's reply was withheld by the provider's filter.",
    ),
    "a reply that breaks": Fault(
        (TRUNCATED.then(reset=True),), "llm_unreachable", BROKE_OFF, 3, ("the reply broke off, again in",) * 2
    ),
    "a reply that breaks, then good": Fault(
        (TRUNCATED.then(reset=True), GOOD), "ok", FOUND, 2, ("the reply broke off, again in",)
    ),
    "a page instead of a reply": Fault(
        (html(),), "llm_reply_invalid", "What answers at {host} does not speak the {protocol} protocol."
    ),
    "a good reply labelled as text": Fault((Act(GOOD, content_type="text/plain"),), "ok", FOUND),
    "429 for a moment": Fault((busy(0.1), GOOD), "ok", FOUND, 2, ("429, again in 0.1 s",)),
    "429 for ten minutes": Fault(
        (busy(600),), "llm_busy", "The language model is busy and asks to wait 10 minutes; try again then."
    ),
    "500 twice, then good": Fault((refuse(500, ECHO), refuse(500, ECHO), GOOD), "ok", FOUND, 3, ("500, again in",) * 2),
    "500 for ever": Fault(
        (refuse(500, ECHO),),
        "llm_busy",
        "The language model's provider has a problem; try again in a moment.",
        3,
        ("500, again in",) * 2,
    ),
    "an error in place of a reply": Fault(
        (Act(body=json.dumps({"error": {"code": "server_error", "message": ECHO}}).encode()),),
        "llm_busy",
        "The language model's provider has a problem; try again in a moment.",
        3,
        ("the provider's error, again in",) * 2,
    ),
    "a slow drip": Fault((Act(GOOD, drip=0.1),), "llm_timed_out", "The language model gave no answer within 1.5 s."),
    "a connection that drops": Fault(
        (DROPPED,), "llm_unreachable", "The language model at {host} cannot be reached.", 3, ("no connection, again",)
    ),
    "a connection that drops once": Fault((DROPPED, GOOD), "ok", FOUND, 2, ("no connection, again in",)),
    "a huge reply": Fault((HUGE,), "llm_reply_invalid", "The language model's reply is far too long to be an answer."),
    "SQL that the guard refuses twice": Fault(
        (EMAIL, PASSWORD),
        "sensitive_column",
        NOT_RUN + "“password_hash” is private here: it cannot be shown, filtered, sorted, grouped or counted.",
        3,
        ("the reply names a table", "sensitive column") * 2,
    ),
    "SQL that the guard refuses, then good": Fault(
        (EMAIL, GOOD), "ok", FOUND, 2, ("the reply names a table", "sensitive column")
    ),
    "the same SQL again": Fault(
        (reply("SELECT nothing FROM bids"),),
        "unknown_column",
        NOT_RUN + "There is no column “nothing”.",
        2,
        ("unknown column", "the same SQL again"),
    ),
    "SQL that the database refuses, then good": Fault(
        (reply(OVERFLOW.format("a")), GOOD), "ok", FOUND, 2, ("database",)
    ),
    "SQL that the database refuses for ever": Fault(
        tuple(reply(OVERFLOW.format(name)) for name in "abc"),
        "query_failed",
        "The database could not run this query.",
        3,
        ("database",) * 2,
    ),
    "a key that is refused": Fault(
        (refuse(401, ECHO, code="invalid_api_key"),),
        "llm_auth_failed",
        "The language model at {host} did not accept the key.",
    ),
    "no credit": Fault(
        (refuse(429, ECHO, code="insufficient_quota"),),
        "llm_auth_failed",
        "The language model's account has no credit left.",
    ),
    "a redirect": Fault(
        (Act(status=307, body=b"", headers={"Location": f"http://127.0.0.1:1/v2?key={KEY}"}),),
        "llm_failed",
        "The language model is no longer at {host}, which sends requests on to another address.",
    ),
    "a request that is refused": Fault((refuse(400, ECHO),), "llm_failed", "The language model refused the request."),
}


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory, auction_database: Path) -> Iterator[Houses]:
    """Their endpoints are never left alone, however often they fail: that is another test's affair."""
    with ExitStack() as opened, pytest.MonkeyPatch.context() as patch:
        patch.setattr(language_model, "BreakingModel", lambda model: BreakingModel(model, most_failures=10**9))
        patch.setattr("nl2sql.llm.base.ALLOW_MODEL_REQUESTS", True)
        yield Houses(tmp_path_factory.mktemp("houses"), auction_database, opened)


@pytest.fixture(params=FAULTS.values(), ids=FAULTS)
def fault(request: pytest.FixtureRequest) -> Fault:
    given: Fault = request.param
    return given


def said(fault: Fault, house: House, wire: Wire) -> str:
    protocol = "Responses" if wire.api == "responses" else "Chat Completions"
    return fault.headline.format(host=house.endpoint.url.split("/")[2], protocol=protocol)


def test_a_language_model_alone_ends_in_an_answer_or_a_clear_sentence(
    houses: Houses, wire: Wire, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    house = houses.of(wire, "llm")
    house.director.direct(fault.script)
    answer = house.ask(UNREAD)
    outcome = {"ok": "answered", "query_failed": "failed"}.get(fault.code, "refused")
    assert (answer.code, answer.headline) == (fault.code, said(fault, house, wire))
    assert answer.outcome == ("failed" if fault.is_the_models_failure else outcome)
    assert house.requests == fault.requests
    told = remarks(answer)
    for begin, remark in zip(fault.told, told, strict=False):
        assert remark.startswith(begin), told
    assert_in_order(house, caplog)


@pytest.mark.parametrize("text", [UNREAD, UNSURE, SURE], ids=["no reading", "an unsure reading", "a sure reading"])
def test_the_offline_writer_answers_what_it_can_and_says_why_nobody_else_did(
    houses: Houses, fault: Fault, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire("chat", True)
    house = houses.of(wire, ALL_WRITERS)
    house.director.direct(fault.script)
    answer = house.ask(text)
    told = remarks(answer)
    assert told[0] == "no verified query matches the question"
    if text == SURE:
        assert (answer.outcome, answer.origin.writer, answer.origin.note) == ("answered", "offline", "")
        assert house.requests == 0
    elif not fault.is_the_models_failure:
        assert (answer.code, answer.headline) == (fault.code, said(fault, house, wire))
        assert house.requests == fault.requests
    else:
        note = NOTES[fault.code]
        assert answer.origin.writer == "offline" and note in told
        assert any(each.startswith("given up: ") for each in told) == (fault.script != (MALFORMED,))
        if text == UNREAD:
            assert (answer.outcome, answer.code) == ("declined", "not_understood")
            assert answer.headline.endswith(f"Nobody else could help: {note}.") and answer.choices
        else:
            assert (answer.outcome, stands_in(answer)) == (
                "answered",
                f"{note[0].upper()}{note[1:]}, so this was read without it.",
            )
    assert_in_order(house, caplog)
