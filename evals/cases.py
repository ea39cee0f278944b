"""Suite YAML → Suite. Every problem is reported with file, line, what is wrong and what is allowed.

`evals/suite.schema.json` says the same for editors; a test keeps the two together.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from evals.errors import SuiteInvalid

Kind = Literal["answerable", "unsafe", "sensitive", "unanswerable", "ambiguous"]
Tag = Literal[
    "count", "sum", "average", "min_max", "group_by_one", "group_by_two", "multi_metric", "time_grain", "date_range",
    "relative_date", "time_of_day", "weekday", "duration", "growth", "compare_periods", "running_total",
    "moving_average", "top_n", "bottom_n", "ties", "superlative_per_group", "rank", "value_filter", "numeric_filter",
    "between", "negation", "or_and", "text_search", "anti_join", "having", "exists_count", "average_of_counts",
    "distinct", "median", "percentile", "histogram", "share", "share_by_group", "ratio", "filtered_ratio",
    "multi_hop", "category_tree", "list", "list_columns", "lookup", "declined",
]  # fmt: skip
Grain = Literal["day", "week", "month", "quarter", "year"]
Dialect = Literal["sqlite", "mysql", "postgres", "duckdb", "bigquery"]
Kebab = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Decimals = Annotated[int, Field(strict=True, ge=0, le=6)]
Factor = Annotated[float, Field(gt=0)]

# Keys that only a question with an answer has.
GOLD_KEYS = ("sql", "columns", "order", "decimals", "accept_scale", "time_grain")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Case(Strict):
    """One question: gold SQL and how to compare with it, or the kind of reason why it must be declined.

    `twin`, of a case that must be declined, is the id of one in nearly the same words that has an answer.
    """

    id: Kebab
    question: Text
    kind: Kind
    tags: Annotated[tuple[Tag, ...], Field(min_length=1, max_length=1)]
    sql: Text | None = None
    columns: tuple[Text, ...] = ()
    order: Literal[True] | None = None
    decimals: Decimals | None = None
    accept_scale: tuple[Factor, ...] = ()
    time_grain: Grain | None = None
    twin: Kebab | None = None
    comment: Text | None = None

    @property
    def tag(self) -> Tag:
        return self.tags[0]

    @property
    def must_be_declined(self) -> bool:
        return self.kind != "answerable"


class DecimalsRule(Strict):
    default: Decimals
    note: str = ""


class Suite(Strict):
    """`as_of` is the day called “today”; `model` a folder under schema/; `dialect` that of every gold query."""

    name: Kebab
    description: Text
    model: Text
    as_of: date
    dialect: Dialect
    decimals: DecimalsRule
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]

    @field_validator("as_of", mode="before")
    @classmethod
    def read_day(cls, value: Any) -> date:
        """Quoted, as the schema for editors wants it; unquoted, YAML has made it a date already."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValueError("as_of must be a day like “2026-06-30”") from None


def load_suite(path: Path) -> Suite:
    """Raises SuiteInvalid."""
    source = _Source(path)
    try:
        suite = Suite.model_validate(source.value)
    except ValidationError as error:
        # The first five; the rest usually follow from them.
        problems = [source.problem(each["loc"], _plain(each)) for each in error.errors()[:5]]
        raise SuiteInvalid("\n".join(problems)) from error
    problems = [source.problem(place, message) for place, message in _contradictions(suite)]
    if problems:
        raise SuiteInvalid("\n".join(problems[:5]))
    return suite


def _contradictions(suite: Suite) -> list[tuple[tuple[str | int, ...], str]]:
    """What one key alone cannot show: keys that exclude or need each other, and ids used twice."""
    found: list[tuple[tuple[str | int, ...], str]] = []
    first: dict[str, int] = {}
    answerable = {case.id for case in suite.cases if not case.must_be_declined}
    for index, case in enumerate(suite.cases):
        place = ("cases", index)
        if case.id in first:
            message = f"the id “{case.id}” is used twice, first by case {first[case.id] + 1}; ids are unique."
            found.append(((*place, "id"), message))
        first.setdefault(case.id, index)
        if case.must_be_declined and case.twin is not None and case.twin not in answerable:
            message = f"no answerable case has the id “{case.twin}”; a twin is one that has an answer."
            found.append(((*place, "twin"), message))
        found.extend(((*place, key), message) for key, message in _contradictions_of(case))
    return found


def _contradictions_of(case: Case) -> list[tuple[str, str]]:
    if case.must_be_declined:
        given = [key for key in GOLD_KEYS if key in case.model_fields_set]
        found = [(key, f"a case of kind {case.kind} has no “{key}”.") for key in given]
        if case.tag != "declined":
            found.append(("tags", f"a case of kind {case.kind} has the tag declined, not {case.tag}."))
        if not case.comment:
            found.append(("kind", f"a case of kind {case.kind} needs a “comment” that says why it must be declined."))
        return found
    found = [(key, f"an answerable case needs “{key}”.") for key in ("sql", "columns") if not getattr(case, key)]
    if case.tag == "declined":
        found.append(("tags", "an answerable case cannot have the tag declined."))
    if case.twin is not None:
        found.append(("twin", "an answerable case has no “twin”; the case that must be declined names it."))
    found += [
        (key, f"“{key}” names something twice.")
        for key in ("columns", "accept_scale")
        if len(set(getattr(case, key))) < len(getattr(case, key))
    ]
    return found


class _Source:
    """The file's value and its nodes, so that a place in the value can be given a line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        loader = yaml.CSafeLoader(self._read())
        try:
            self.root = loader.get_single_node()
            self.value = loader.construct_document(self.root) if self.root is not None else None
        except yaml.YAMLError as error:
            raise SuiteInvalid(f"{path}: this is not valid YAML: {_yaml_problem(error)}.") from error
        finally:
            loader.dispose()
        self._refuse_repeated_keys(self.root)

    def _read(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise SuiteInvalid(f"There is no suite at {self.path}.") from error
        except (OSError, UnicodeDecodeError) as error:
            raise SuiteInvalid(f"The suite {self.path} cannot be read: {type(error).__name__}.") from error

    def problem(self, place: tuple[str | int, ...], message: str) -> str:
        """With the 1-based line of the deepest node of `place` that exists; cases are counted from 1."""
        node, where = self.root, ""
        for step in place:
            child = _child(node, step)
            if child is None:
                break
            node = child
            where += f" {step + 1}" if isinstance(step, int) else f", {step}"
        line = node.start_mark.line + 1 if node is not None else 1
        return f"{self.path}, line {line}{where.replace(', cases ', ', case ')}: {message}"

    def _refuse_repeated_keys(self, node: Any) -> None:
        """YAML would let the last one win without a word."""
        if isinstance(node, yaml.SequenceNode):
            for child in node.value:
                self._refuse_repeated_keys(child)
        if not isinstance(node, yaml.MappingNode):
            return
        seen: set[str] = set()
        for key, child in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise SuiteInvalid(f"{self.path}, line {line}: the key “{key.value}” is there twice; keys are unique.")
            seen.add(str(key.value))
            self._refuse_repeated_keys(child)


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _plain(error: Any) -> str:
    match error["type"]:
        case "extra_forbidden":
            inside = error["loc"][0] if error["loc"][1:] else ""
            shapes: dict[str, type[Strict]] = {"cases": Case, "decimals": DecimalsRule}
            allowed = ", ".join(shapes.get(inside, Suite).model_fields)
            return f"“{error['loc'][-1]}” is not a key here; keys are {allowed}."
        case "missing":
            return f"the key “{error['loc'][-1]}” is missing."
        case "literal_error":
            return f"“{error['input']}” is not allowed; allowed are {error['ctx']['expected']}."
        case "string_pattern_mismatch":
            return f"“{error['input']}” is not a name like items-sold-2025 (small letters, digits, single hyphens)."
        case "value_error":
            return f"{error['ctx']['error']}, found {_shown(error['input'])}."
        case "model_type":
            return f"expected keys with values, found {_shown(error['input'])}."
        case _:
            return f"{error['msg']}, found {_shown(error['input'])}."


def _shown(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)[:80]


def _yaml_problem(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or 'unreadable'}{place}"
