"""The log of a run: JSON lines that can be read, compared, reported and scored again without asking a model.

`NAME.jsonl` has a first line of type “run”, one of type “case” for each case and repeat, and, when the run has ended, a
last one of type “end”. Beside it, `NAME.recording.jsonl` holds what the language model replied (nl2sql.llm.recording)
and `NAME.prompts.jsonl` the prompts by fingerprint.

While a run is under way, lines are in order of completion; a run that ended has them in the order of the suite, and
repeats of a case beside each other. A line is written in one piece: what a killed run left of its last one is passed
over. A run that stopped and went on has an “end” in the middle, which then counts for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from itertools import islice
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Final

from evals.cases.base import Kind
from evals.errors import LogInvalid
from evals.log.json_form import NotThatForm, build, plain
from evals.outcome import Outcome

FORMAT = 1
# How files end that lie beside a log and are none.
BESIDE: Final = (".recording.jsonl", ".prompts.jsonl")
# Of each result so many rows are kept, to be looked at; scoring again runs the SQL again.
SHOWN_ROWS = 20
# Of a text in a cell so many characters: a page of somebody's prose tells no more than its beginning.
SHOWN_CHARS = 500

JsonCell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A result to be looked at: at most SHOWN_ROWS of its `row_count` rows. Cells are as JSON has them; decimals, days
    and moments are texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[JsonCell, ...], ...]
    row_count: int
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What the pipeline answered. `detail` is the origin's: the model and prompt version."""

    outcome: str
    code: str
    headline: str
    sql: str = ""
    executed_sql: str = ""
    writer: str = ""
    detail: str = ""
    interpretation: str = ""
    standalone: str = ""
    hint: str = ""
    confidence: float | None = None
    choices: tuple[str, ...] = ()
    unknown_words: tuple[str, ...] = ()
    table: Shown | None = None


@dataclass(frozen=True, slots=True)
class GoldShown:
    """The accepted gold that the answer was found equal to on the most instances, the first of these. `ran` is `sql` as
    the database was given it: transpiled, and with today as the as-of day."""

    sql: str
    ran: str
    required: tuple[str, ...]
    table: Shown
    is_transpiled: bool = False


@dataclass(frozen=True, slots=True)
class InstanceVerdict:
    """`difference` is "", "columns", "rows", "order" or "error"; `is_strict`: equal, and no column more."""

    instance: str
    is_equal: bool
    is_strict: bool = False
    difference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One case, asked once. `is_strict`: right, and the answer has no column more than required. `reason` says why it
    is not right.

    `ms` is the time a person would have waited, and `stage_ms` its parts by stage; `retries` how often it was asked
    again because the provider was busy or away. `cost` is money as a decimal text in `currency`, "" where not known;
    `unpaid_tokens` are those that a recording gave again. `prompts` are fingerprints, in the order of asking.
    """

    id: str
    repeat: int
    question: str
    kind: Kind
    outcome: Outcome
    said: Said
    is_strict: bool = False
    reason: str = ""
    tags: tuple[str, ...] = ()
    family: str = ""
    must_pass: bool = False
    turns: tuple[str, ...] = ()
    role: str = ""
    gold: GoldShown | None = None
    instances: tuple[InstanceVerdict, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    unpaid_tokens: int = 0
    cost: str = ""
    currency: str = "USD"
    ms: float = 0.0
    stage_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    retries: int = 0
    prompts: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        return self.id, self.repeat

    @property
    def group(self) -> str:
        return self.family or self.id

    @property
    def is_right(self) -> bool:
        return self.outcome == "right"

    @property
    def is_answered(self) -> bool:
        return self.said.outcome == "answered"

    @property
    def wrote_sql(self) -> bool:
        """Whether SQL was drafted and went to the guard, whatever came of it: for a question of kind unsafe or
        sensitive, an attempt. What the guard refused need not be in the answer."""
        return bool(self.said.sql) or "check" in self.stage_ms or self.outcome in ("guard_blocked", "unsafe_executed")


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What was run, so that it can be told whether another run goes on with it or can be compared with it.

    `label` is what people call the run; `model` and `prompt` are "" where no language model was asked. `settings` are
    those that decide what is answered, by name. `case_count` is that of the run (`--only`, `--tag` choose). Times are
    UTC in ISO form.
    """

    label: str
    suite: str
    suite_path: str
    suite_fingerprint: str
    writer: str
    model: str = ""
    prompt: str = ""
    as_of: str = ""
    database: str = ""
    repeats: int = 1
    case_count: int = 0
    instances: tuple[str, ...] = ("base",)
    semantic_model: str = ""
    model_fingerprint: str = ""
    product_version: str = ""
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    started_at: str = ""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class RunEnd:
    """`stopped` is "" for a run that went through all its cases, else why it did not: budget, interrupted, provider."""

    seconds: float
    asked: int
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A log in memory. `end` is None for a run that was killed or is still under way."""

    header: RunHeader
    records: tuple[CaseRecord, ...]
    end: RunEnd | None = None

    @property
    def is_complete(self) -> bool:
        return len(self.records) >= self.header.case_count * self.header.repeats


Line = RunHeader | CaseRecord | RunEnd
_TYPES: Mapping[str, type[Line]] = MappingProxyType({"run": RunHeader, "case": CaseRecord, "end": RunEnd})
_NAMES = {kind: name for name, kind in _TYPES.items()}
# Reads one line; may leave out what its caller does not need.
Decode = Callable[[bytes], Line | None]


def encode(line: Line) -> bytes:
    """One line of JSON with its newline. Texts that no UTF-8 can hold are escaped."""
    text = json.dumps({"type": _NAMES[type(line)], **plain(line)}, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def decode(line: bytes) -> Line | None:
    """None for a type that a newer version has added. Raises NotThatForm, and ValueError for what is no JSON."""
    return line_of(json.loads(line))


def line_of(value: object) -> Line | None:
    """As `decode`, of what `json.loads` gave."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise NotThatForm("it has no type")
    kind = _TYPES.get(value["type"])
    return build(kind, value) if kind is not None else None


def lines(path: Path, read: Decode = decode) -> Iterator[Line]:
    """The header first, then cases and ends as they stand in the file, one at a time. Raises LogInvalid."""
    try:
        with path.open("rb") as file:
            yield from _decoded(path, file, read)
    except FileNotFoundError:
        raise LogInvalid(f"There is no log at {path}.") from None
    except OSError as error:
        raise LogInvalid(f"The log {path} cannot be read: {error.strerror or type(error).__name__}.") from None


def _decoded(path: Path, file: Iterator[bytes], read: Decode) -> Iterator[Line]:
    has_begun = False
    for number, raw in enumerate(file, 1):
        if not raw.endswith(b"\n"):
            break  # a run that was killed while it wrote, or writes just now
        if not raw.strip():
            continue
        try:
            line = read(raw)
        except (ValueError, RecursionError) as error:  # NotThatForm, no JSON, no UTF-8
            why = str(error) if isinstance(error, NotThatForm) else "it is no JSON"
            raise LogInvalid(f"{path}, line {number}: this is no line of a run's log: {why}.") from None
        if isinstance(line, RunHeader):
            _require_known(path, line)
        if has_begun == isinstance(line, RunHeader):
            raise LogInvalid(f"{path}, line {number}: a log has one line of type “run”, its first.")
        has_begun = True
        if line is not None:
            yield line
    if not has_begun:
        raise LogInvalid(f"{path} is empty: there is no run in it.")


def _require_known(path: Path, header: RunHeader) -> None:
    if header.format > FORMAT:
        raise LogInvalid(
            f"{path} was written by a newer version of the product (format {header.format}).",
            hint=f"This version reads format {FORMAT}.",
        )


def read_header(path: Path) -> RunHeader:
    """Raises LogInvalid."""
    first = next(lines(path))
    if not isinstance(first, RunHeader):
        raise LogInvalid(f"{path}, line 1: a log has one line of type “run”, its first.")
    return first


def stream(path: Path) -> Iterator[CaseRecord]:
    """The cases as they stand in the file, one at a time. Raises LogInvalid."""
    return (line for line in islice(lines(path), 1, None) if isinstance(line, CaseRecord))


def read_run(path: Path, read: Decode = decode) -> Run:
    """All of it in memory. Of a case that stands there twice, the last counts. Raises LogInvalid."""
    header = read_header(path)
    records: dict[tuple[str, int], CaseRecord] = {}
    end: RunEnd | None = None
    for line in lines(path, read):
        end = line if isinstance(line, RunEnd) else None
        if isinstance(line, CaseRecord):
            records[line.key] = line
    return Run(header, tuple(records.values()), end)


def shown(
    columns: Sequence[str], rows: Sequence[Sequence[object]], row_count: int, *, truncated: bool = False
) -> Shown:
    """`rows` are all there are, or the first of them; SHOWN_ROWS are kept."""
    kept = tuple(tuple(_json_cell(cell) for cell in row) for row in rows[:SHOWN_ROWS])
    return Shown(tuple(columns), kept, row_count, truncated)


def _json_cell(value: object) -> JsonCell:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    text = value[:SHOWN_CHARS].hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"
