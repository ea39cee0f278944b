"""Suite YAML → Suite. Every problem is reported with file, line, what is wrong and what is allowed.

`evals/suite.schema.json` says the same for editors; a test keeps the two together.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evals.cases.base import FORMER_NAMES, NOT_IN_A_FILE, Case, GoldQuery, Kind, Strict, Suite
from evals.cases.source import Place, Source
from evals.errors import SuiteInvalid

# Keys that only a question with an answer has.
GOLD_KEYS = ("sql", "required_columns", "order_by", "rows", "decimals", "ties", "accept_scale", "time_grain")
# Further problems usually follow from the first ones.
MAX_TOLD = 5
# As near as one or two letters of a word: farther off, the list of keys helps more.
NEAR = 0.75
_CURRENT_NAMES = {former: name for name, former in FORMER_NAMES.items()}

Problems = Iterable[tuple[Place, str]]


def load_suite(path: Path) -> Suite:
    """Raises SuiteInvalid."""
    return suite_of(Source(path))


def suite_of(source: Source) -> Suite:
    """For whoever needs the lines as well. Raises SuiteInvalid."""
    value = source.value
    if isinstance(value, list):
        raise SuiteInvalid(source.problem((), "a suite has keys; the list of its cases stands under the key “cases”."))
    if isinstance(value, dict):
        _refuse(source, (((key,), _no_key(key, Suite)) for key in sorted(NOT_IN_A_FILE & set(value))))
        if "cases" in value and value["cases"] is None:
            raise SuiteInvalid(source.problem(("cases",), "a suite needs a case, and there is none yet."))
        if value.get("name") is None:
            value = {**value, "name": name_from(source.path.stem)}
    try:
        suite = Suite.model_validate(value)
    except ValidationError as error:
        _refuse(source, ((each["loc"], _plain(each)) for each in error.errors(include_url=False)))
        raise
    _refuse(source, _contradictions(source, suite))
    fingerprint = hashlib.sha256(source.content).hexdigest()
    return suite.model_copy(update={"path": source.path, "fingerprint": fingerprint})


def name_from(text: str, words: int = 12) -> str:
    """A name like items-sold-2025, of the first words of any text."""
    found = re.findall(r"[a-z0-9]+", re.sub("['’]", "", text.lower()))
    return "-".join(each[:40] for each in found[:words])[:120].rstrip("-") or "suite"


def spelled(source: Source, place: Place, key: str) -> str:
    """How the file calls `key` there: by its name, or by its former one."""
    former = FORMER_NAMES.get(key)
    return former if former and source.has((*place, former)) else key


def _refuse(source: Source, problems: Problems) -> None:
    if told := [source.problem(place, message) for place, message in islice(problems, MAX_TOLD)]:
        raise SuiteInvalid("\n".join(told))


def _contradictions(source: Source, suite: Suite) -> Iterator[tuple[Place, str]]:
    """What one key alone cannot show: keys that exclude or need each other, ids used twice, families of two kinds."""
    first: dict[str, int] = {}
    kinds: dict[str, tuple[Kind, str]] = {}
    answerable = {case.id for case in suite.cases if not case.must_be_declined}
    for index, case in enumerate(suite.cases):
        place: Place = ("cases", index)
        if first.setdefault(case.id, index) != index:
            message = f"the id “{case.id}” is used twice, first by case {first[case.id] + 1}; ids are unique."
            yield (*place, "id"), message
        if case.must_be_declined and case.twin is not None and case.twin not in answerable:
            yield (*place, "twin"), f"no answerable case has the id “{case.twin}”; a twin is one that has an answer."
        if case.family is not None:
            kind, other = kinds.setdefault(case.family, (case.kind, case.id))
            if kind != case.kind:
                message = f"the family “{case.family}” is of kind {kind} ({other}), this case of kind {case.kind}."
                yield (*place, "family"), message
        for key, message in _contradictions_of(case):
            name = spelled(source, place, key)
            yield (*place, name), message.replace("{key}", name)


def _contradictions_of(case: Case) -> Iterator[tuple[str, str]]:
    if case.must_be_declined:
        for key in GOLD_KEYS:
            if getattr(case, key) != Case.model_fields[key].default:
                yield key, f"a case of kind {case.kind} has no “{{key}}”."
        return
    if not case.sql:
        yield "sql", "an answerable case needs “{key}”."
    if case.twin is not None:
        yield "twin", "an answerable case has no “{key}”; the case that must be declined names it."
    for key in ("required_columns", "order_by", "accept_scale"):
        if len(set(getattr(case, key))) < len(getattr(case, key)):
            yield key, "“{key}” names something twice."
    if any(len(set(gold.required_columns)) < len(gold.required_columns) for gold in case.sql):
        yield "sql", "a gold names a required column twice."


def _plain(error: Any) -> str:
    kind, place, given = error["type"], error["loc"], error["input"]
    match kind:
        case "extra_forbidden":
            return _no_key(place[-1], _shape_at(place))
        case "missing":
            return f"the key “{place[-1]}” is missing."
        case "literal_error":
            return f"{_quoted(given)} is not allowed; allowed are {error['ctx']['expected']}."
        case "string_pattern_mismatch" if error["ctx"]["pattern"] == r"\S":
            return "there is no text here."
        case "string_pattern_mismatch":
            return f"{_quoted(given)} is not a name like items-sold-2025 (letters, digits, single - _ . between)."
        case "string_type" if isinstance(given, bool):
            return f"expected text, found {_shown(given)}: YAML reads yes, no, on and off as that; quote the word."
        case "string_type":
            return f"expected text, found {_shown(given)}."
        case "value_error":
            return f"{error['ctx']['error']}, found {_shown(given)}."
        case "model_type" | "model_attributes_type":
            return f"expected keys with values, found {_shown(given)}."
        case "tuple_type":
            return f"expected a list, found {_shown(given)}."
        case _:
            return f"{error['msg']}, found {_shown(given)}."


def _shape_at(place: Place) -> type[Strict]:
    if place[0] != "cases" or len(place) == 1:
        return Suite
    return GoldQuery if "sql" in place[2:-1] else Case


def _no_key(key: object, shape: type[Strict]) -> str:
    """Both spellings of a key are one too many: which one counts, nobody could tell."""
    current = _CURRENT_NAMES.get(str(key), str(key))
    if shape is Case and current in FORMER_NAMES:
        return f"“{FORMER_NAMES[current]}” is the former name of “{current}”, and both are given; keep one of them."
    allowed = [name for name in shape.model_fields if name not in NOT_IN_A_FILE]
    if near := get_close_matches(str(key)[:80], allowed, n=1, cutoff=NEAR):
        return f"{_quoted(key)} is not a key here; did you mean “{near[0]}”?"
    return f"{_quoted(key)} is not a key here; keys are {', '.join(allowed)}."


def _quoted(value: object) -> str:
    return f"“{value[:80]}”" if isinstance(value, str) else _shown(value)


def _shown(value: object) -> str:
    """A list is not shown: it may hold all of the file."""
    if isinstance(value, dict | list | tuple | set):
        return "keys with values" if isinstance(value, dict) else "a list" if value else "an empty list"
    if value is None:
        return "nothing"
    try:
        return json.dumps(value, default=str, ensure_ascii=False)[:80]
    except ValueError:  # a whole number of thousands of digits
        return "a number"
