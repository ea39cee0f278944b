"""What is read of what a language model wrote: whatever stands around it, and nothing that could mean two things."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nl2sql.errors import ModelReplyInvalid
from nl2sql.writers.extract import KINDS, MAX_COMPLETION_CHARS, MAX_REPLY_CHARS
from nl2sql.writers.reply import BARE_CONFIDENCE, MAX_SENTENCE_CHARS, Reply, read_reply, reply_schema

STATEMENT = "SELECT COUNT(*) AS bids FROM bids"
SQL: dict[str, Any] = {
    "kind": "sql",
    "question": "How many bids are there?",
    "sql": STATEMENT,
    "tables": ["bids"],
    "assumptions": ["a"],
    "confidence": 0.9,
    "message": None,
    "choices": [],
    "code": None,
}
NOTHING = dict.fromkeys(SQL) | {"question": "How many?", "tables": [], "assumptions": [], "choices": []}
ASK = NOTHING | {"kind": "clarification", "message": "By what?", "choices": ["Top bids by amount", "Top bids by date"]}
CANNOT = NOTHING | {"kind": "cannot_answer", "message": "No weather.", "code": "unanswerable"}
PLAN = {"kind": "plan", "question": "How many bids?", "plan": '{"base": "bids"}', "assumptions": [], "confidence": 0.5}
READ = Reply("sql", "How many bids are there?", STATEMENT, "", ("bids",), ("a",), 0.9)


def test_each_kind_of_reply_is_read() -> None:
    assert read_reply(json.dumps(SQL)) == READ
    asked = Reply("clarification", "How many?", message="By what?", choices=("Top bids by amount", "Top bids by date"))
    assert read_reply(json.dumps(ASK)) == asked
    assert read_reply(json.dumps(CANNOT)) == Reply("cannot_answer", "How many?", message="No weather.")
    assert read_reply(json.dumps(PLAN)) == Reply("plan", "How many bids?", plan='{"base": "bids"}', confidence=0.5)
    assert read_reply(json.dumps(PLAN | {"plan": {"base": "bids"}})).plan == {"base": "bids"}


def test_the_schema_allows_what_is_read_and_requires_every_key() -> None:
    schema = reply_schema(("sql", "clarification", "cannot_answer"))
    validator = jsonschema.Draft202012Validator(dict(schema))
    for reply in (SQL, ASK, CANNOT):
        validator.validate(reply)
    for spoilt in (SQL | {"kind": "plan"}, SQL | {"extra": 1}, CANNOT | {"code": "unavailable"}, {"kind": "sql"}):
        assert not validator.is_valid(spoilt)


@pytest.mark.parametrize("kinds", [("sql", "clarification", "cannot_answer"), ("plan", "cannot_answer"), KINDS])
def test_a_schema_is_strict_and_holds_only_the_keys_that_its_kinds_need(kinds: tuple[str, ...]) -> None:
    schema = reply_schema(kinds)
    keys = set(schema["properties"])
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    assert ("sql" in keys, "plan" in keys, "choices" in keys) == (
        "sql" in kinds,
        "plan" in kinds,
        "clarification" in kinds,
    )


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(SQL),
        f"```json\n{json.dumps(SQL, indent=2)}\n```",
        f"```\n{json.dumps(SQL)}\n```",
        f"Sure! Here it is:\n\n{json.dumps(SQL)}\n\nLet me know {{if}} it helps.",
        f"<think>{json.dumps(ASK)} or rather</think>{json.dumps(SQL)}",
        f"<THINKING>{'hm ' * 20_000}</THINKING>\n{json.dumps(SQL)}",
        f"I could say {json.dumps(ASK)}\n</think>\n{json.dumps(SQL)}",
        f"{json.dumps(SQL)}\n{json.dumps(SQL)}",
        f"[{json.dumps(SQL)}]",
        "\ufeff" + json.dumps(SQL),
        json.dumps(SQL | {"sql": f"{STATEMENT} "}),
        json.dumps(json.dumps(SQL)),
        json.dumps({"reply": SQL}),
        json.dumps({"name": "reply", "arguments": json.dumps(SQL)}),
        json.dumps({key: value for key, value in SQL.items() if key != "kind"}),
        json.dumps(SQL, indent=1).replace("\n}", ",\n}").replace('"a"', '"a" , '),
        repr(SQL),
        "{'kind': 'sql', \"question\": 'How many bids are there?', "
        + f"'sql': '{STATEMENT}', 'tables': ['bids',], 'assumptions': ['a'], 'confidence': .9}}".replace(".9", "0.9"),
        json.dumps(SQL).replace('"question"', '"interpretation"'),
        json.dumps(SQL | {"assumptions": "a", "tables": "bids"}),
    ],
)
def test_a_reply_is_found_in_whatever_stands_around_it(text: str) -> None:
    assert read_reply(text) == READ


def test_the_names_that_keys_once_had_are_understood() -> None:
    assert read_reply('{"kind": "cannot_answer", "reason": "No weather.", "message": null}').message == "No weather."


def test_line_breaks_inside_a_text_are_understood() -> None:
    raw = json.dumps(SQL).replace("COUNT(*) AS", "COUNT(*)\n AS")
    assert read_reply(raw).sql == "SELECT COUNT(*)\n AS bids FROM bids"


@pytest.mark.parametrize(
    "text",
    [
        STATEMENT,
        f"  {STATEMENT};\n",
        f"```sql\n{STATEMENT};\n```",
        f"Here you are:\n```\n{STATEMENT}\n```\nIt counts all bids; nothing else.",
        f"```sql\n{STATEMENT}\n```\nAgain:\n```sql\n{STATEMENT}\n```",
        f"<think>SELECT 1</think>{STATEMENT}",
    ],
)
def test_sql_alone_is_a_draft_that_nothing_vouches_for(text: str) -> None:
    assert read_reply(text) == Reply("sql", sql=STATEMENT, confidence=BARE_CONFIDENCE)


def test_a_statement_that_begins_with_with_is_sql_and_a_sentence_is_not() -> None:
    sql = f"WITH b AS ({STATEMENT}) SELECT bids FROM b"
    assert read_reply(sql).sql == sql
    for sentence in ("With regards to bids, I select nothing from them.", "Select what you like."):
        with pytest.raises(ModelReplyInvalid):
            read_reply(sentence)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no JSON object"),
        ("I would rather not.", "no JSON object"),
        ("{}", "no JSON object"),
        (f"{STATEMENT}; DROP TABLE bids", "more than one statement"),
        (f"```sql\n{STATEMENT}\n```\nor\n```sql\nSELECT 1\n```", "more than one statement"),
        (f"```sql\n{STATEMENT}", "breaks off"),
        (f"{STATEMENT} WHERE a = 'x", "breaks off"),
        ("```sql\nDROP TABLE bids\n```", "no JSON object"),
        (json.dumps(SQL)[:-20], "breaks off"),
        (json.dumps([SQL])[:-10], "breaks off"),
        ("<think>" + json.dumps(SQL), "no JSON object"),
        (f"{json.dumps(SQL)} or {json.dumps(ASK)}", "2 different objects"),
        (json.dumps({"first": SQL, "second": ASK}), "2 different objects"),
        (json.dumps(SQL | {"kind": "python"}), "kind is none of"),
        (json.dumps(SQL | {"kind": None}), "kind is none of"),
        (json.dumps(SQL | {"kind": ["sql"]}), "kind is none of"),
        (json.dumps(SQL | {"sql": "  "}), "sql is missing"),
        (json.dumps(SQL | {"sql": ["SELECT 1"]}), "sql is missing or not a text"),
        (json.dumps(SQL | {"assumptions": [1]}), "assumptions is not a list"),
        (json.dumps(SQL | {"assumptions": {}}), "assumptions is not a list"),
        (json.dumps(SQL | {"question": {}}), "question is not a text"),
        (json.dumps(PLAN | {"plan": None}), "plan is missing"),
        (json.dumps(PLAN | {"plan": [1]}), "plan is missing"),
        (json.dumps(ASK | {"message": ""}), "message is missing"),
        (json.dumps(CANNOT | {"message": "\u200b\u2060 \n"}), "message is missing"),
        ("{'kind': 'sql', 'sql': 'SELECT ''x'' AS y FROM bids'}", "no JSON object"),
        ("{'kind': 'sql', 'sql': 'SELECT 'a', 'b' FROM bids'}", "no JSON object"),
        ('{"a":' * 3_000, "breaks off|deeply"),
        ("x" * (MAX_REPLY_CHARS + 1), f"{MAX_REPLY_CHARS + 1:,} characters"),
        ("x" * (MAX_COMPLETION_CHARS + 1), f"{MAX_COMPLETION_CHARS + 1:,} characters"),
    ],
)
def test_anything_but_one_well_formed_reply_is_invalid(text: str, why: str) -> None:
    with pytest.raises(ModelReplyInvalid) as caught:
        read_reply(text)
    assert any(each in caught.value.hint for each in why.split("|"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (0.25, 0.25), (1, 1.0), (7, 1.0), (-3, 0.0), ("0.8", 0.8), ("80%", 0.8), (" 1 ", 1.0),
        (None, None), (True, None), ("high", None), ("nan", None), (math.nan, None), (math.inf, None), ([], None),
        (10**400, None), ("", None),
    ],
)  # fmt: skip
def test_a_confidence_lies_between_nothing_and_certainty_or_is_not_there(written: Any, read: float | None) -> None:
    assert read_reply(json.dumps(SQL | {"confidence": written})).confidence == read


@pytest.mark.parametrize("code", ["unavailable", "whatever", None, 3, ["unsafe"]])
def test_a_reason_outside_the_list_is_a_reason_all_the_same(code: Any) -> None:
    assert read_reply(json.dumps(CANNOT | {"code": code})).code == "unanswerable"
    assert read_reply(json.dumps(CANNOT | {"code": "unsafe"})).code == "unsafe"


def test_what_a_person_reads_is_bounded() -> None:
    long = SQL | {"question": "x" * 5_000, "assumptions": ["y" * 500, " "] * 20, "tables": ["t"] * 90}
    read = read_reply(json.dumps(long))
    assert len(read.question) == MAX_SENTENCE_CHARS
    assert [len(each) for each in read.assumptions] == [MAX_SENTENCE_CHARS] * 8
    assert len(read.tables) == 40


HOSTILE = [
    '{"a":', '{"a":' * 900 + "!", '{"a":[' + "1," * 99, "{", '{"kind":"', "[{", '{"a":"{', "<think>", "</think>", "```",
    "'", '"', "{'", ",  ", "\\'", "select (", "with a as (", "{'a':'b',", '{"a":"{\\"kind\\":', "{ , ", "\\", "\ufeff",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("length", [MAX_REPLY_CHARS - 10, MAX_COMPLETION_CHARS - 10])
@pytest.mark.parametrize("around", ["{}", '"{}', "{{{}}}"])
def test_a_hostile_reply_is_refused_quickly(piece: str, length: int, around: str) -> None:
    text = around.format(piece * (length // len(piece)))
    begun = time.process_time()
    with pytest.raises(ModelReplyInvalid):
        read_reply(text)
    # The worst takes 0.2 s; without the bounds on its length it would be minutes.
    assert time.process_time() - begun < 5.0


PIECES = st.lists(
    st.sampled_from([*HOSTILE, json.dumps(SQL), STATEMENT, ": ", ", ", "}", "]", '"kind"', '"sql"', "é\n"])
)


@settings(deadline=1_000, max_examples=300)
@given(text=st.one_of(PIECES.map("".join), st.text(st.characters(exclude_categories=()), max_size=300)))
def test_any_text_is_a_reply_or_an_invalid_one(text: str) -> None:
    try:
        read = read_reply(text)
    except ModelReplyInvalid as error:
        assert error.hint
    else:
        assert read.kind in KINDS


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SQL, "plan"]), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=1_000, max_examples=300)
@given(kind=st.sampled_from(KINDS), values=st.dictionaries(st.sampled_from([*SQL, "plan", "reason"]), JSON_VALUES))
def test_whatever_the_keys_hold_a_reply_is_one_or_invalid(kind: str, values: dict[str, Any]) -> None:
    try:
        read = read_reply(json.dumps(values | {"kind": kind}))
    except ModelReplyInvalid:
        return
    assert read.confidence is None or 0 <= read.confidence <= 1
    assert all(len(each) <= MAX_SENTENCE_CHARS for each in read.sayings)
