"""Measures what a question costs beside its model and its database, on the auction and on models that embed it.

The model endpoint is a stub in a process of its own that answers at once. Its time is the median of a bare HTTP POST of
a prompt to it; the database's is that of the engine's `run`. Both are measured in the same run and taken off. No cache,
each question and each statement new. The baseline is a bare call of the OpenAI client with the whole schema as the
prompt, and `read_sql` of the SQL that comes back. Asserts nothing: machines differ.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from urllib.parse import urlsplit

from benches.embedded import AS_OF, ROOT, create_statements, write_database, write_model
from benches.stub_endpoint import MODEL, serving
from evals.cases.base import Case
from evals.cases.load import load_suite
from nl2sql.bootstrap import build_pipeline
from nl2sql.collector import settle
from nl2sql.context.tokens import estimate
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal, Question
from nl2sql.settings import load_settings
from nl2sql.terminal import Page

SIZES = (0, 100, 300, 1_000)  # tables; 0 is the auction alone
ORDERS = {"llm alone": "llm", "verified, offline, llm": "verified, offline, llm"}
# So many questions first, which are not measured: imports, first connections, caches of parsers.
WARM_UP = 20
STAGES = ("understand", "write", "check", "run", "explain")
Row = tuple[str, ...]


@dataclass(slots=True)
class Asked:
    """What one question took, in milliseconds; `stages` without the model's and the database's time."""

    wall: float
    cpu: float
    model_calls: int
    database: float
    stages: dict[str, float]
    database_cpu: float = 0.0
    prompt_tokens: int = 0

    def overhead(self, floor: float) -> float:
        return self.wall - self.database - self.model_calls * floor


@dataclass(slots=True)
class Measured:
    start: float  # settings and model file to a pipeline
    first: float  # the first question
    floor: float  # a bare POST of one of the prompts to the stub
    asked: list[Asked] = field(default_factory=list)


class Endpoint:
    """The stub as a bare client sees it: one connection that stays open."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)

    def last(self) -> bytes:
        """The body of the request that came last."""
        self._connection.request("GET", "/last")
        return self._connection.getresponse().read()

    def post(self, body: bytes) -> bytes:
        self._connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        return self._connection.getresponse().read()

    def close(self) -> None:
        self._connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=200, help="how many of the suite, at most (default: 200)")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="tables, with commas; 0: the auction alone")
    given = parser.parse_args()
    cases = load_suite(ROOT / "evals/suites/auction/dev.yaml").cases[: given.questions]
    warm_up = load_suite(ROOT / "evals/suites/auction/smoke.yaml").cases[:WARM_UP]
    page = Page(sys.stdout)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder  # compiled models, and what is remembered of endpoints
        for size in map(int, given.sizes.split(",")):
            _bench(Path(folder), size, warm_up, cases, page)


def _bench(folder: Path, tables: int, warm_up: Sequence[Case], cases: Sequence[Case], page: Page) -> None:
    _progress(f"{tables or 'auction'}: writing the model and its database")
    path, database = folder / f"model_{tables}.yaml", folder / f"auction_{tables}.db"
    page.line(f"{write_model(path, tables):,} tables", "bold")
    write_database(database, path, tables)
    statements = _statements(path, database, cases)
    with serving(statements, folder) as url, closing(Endpoint(url)) as endpoint:
        _progress(f"{tables or 'auction'}: the baseline")
        bare = list(_bare(database, endpoint, cases))
        measured = {}
        for name, order in ORDERS.items():
            _progress(f"{tables or 'auction'}: {name}")
            with _opened(path, database, order, url) as (pipeline, start):
                measured[name] = _measure(pipeline, start, endpoint, warm_up, cases)
    page.table(("measured", *ORDERS, "bare"), list(_rows(measured, bare)), right=frozenset({1, 2, 3}))


def _progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@contextmanager
def _opened(model: Path, database: Path, writers: str, url: str) -> Iterator[tuple[Pipeline, float]]:
    begun = perf_counter()
    environ = {
        "NL2SQL_CONFIG": str(ROOT / "nl2sql.toml"),
        "NL2SQL_MODEL": str(model),
        "NL2SQL_DATABASE": f"sqlite:///{database}",
        "NL2SQL_AS_OF": AS_OF.isoformat(),
        "NL2SQL_CACHE": "off",
        "NL2SQL_LEDGER": f"sqlite:///{database}.ledger",
        "NL2SQL_WRITERS": writers,
        "NL2SQL_OPENAI_MODEL": MODEL,
        "NL2SQL_OPENAI_BASE_URL": url,
    }
    pipeline = build_pipeline(load_settings(environ))
    start = (perf_counter() - begun) * 1000
    settle()  # as the app does
    try:
        yield pipeline, start
    finally:
        pipeline.close()


def _statements(model: Path, database: Path, cases: Sequence[Case]) -> list[str]:
    """What the stub says: the suite's SQL, as far as it gets an answer."""
    with _opened(model, database, "offline", "") as (pipeline, _):
        golds = [gold.sql for case in cases for gold in case.sql]
        return [sql for sql in golds if pipeline.run_sql(sql, Principal(sql)).outcome == "answered"]


def _measure(
    pipeline: Pipeline, start: float, endpoint: Endpoint, warm_up: Sequence[Case], cases: Sequence[Case]
) -> Measured:
    runs = _time_runs(pipeline)
    first = _asked(pipeline, endpoint, warm_up[0].question, runs).wall
    for case in warm_up[1:]:
        _asked(pipeline, endpoint, case.question, runs)
    asked = [_asked(pipeline, endpoint, case.question, runs) for case in cases]
    prompt = endpoint.last()
    return Measured(start, first, statistics.median(_timed(partial(endpoint.post, prompt)) for _ in cases), asked)


def _time_runs(pipeline: Pipeline) -> list[tuple[float, float]]:
    """Milliseconds, by the clock and of the processor, of each statement that the engine runs from now on: those that
    ask how fresh the data is as well."""
    spent: list[tuple[float, float]] = []
    run = pipeline.engine.run

    def timed_run(*args: object, **named: object) -> object:
        cpu, begun = process_time(), perf_counter()
        try:
            return run(*args, **named)  # type: ignore[arg-type]
        finally:
            spent.append(((perf_counter() - begun) * 1000, (process_time() - cpu) * 1000))

    pipeline.engine.run = timed_run  # type: ignore[assignment, method-assign]
    return spent


def _asked(pipeline: Pipeline, endpoint: Endpoint, text: str, runs: list[tuple[float, float]]) -> Asked:
    runs.clear()
    question = Question.parse(text, principal=Principal(text))  # there is a limit on one person's rows a minute
    before = endpoint.last()
    cpu, begun = process_time(), perf_counter()
    answer = pipeline.ask(question)
    wall, cpu = (perf_counter() - begun) * 1000, (process_time() - cpu) * 1000
    stages: dict[str, float] = {}
    for each in answer.stages:
        stages[each.stage] = stages.get(each.stage, 0.0) + each.ms
    database, database_cpu = (sum(each) for each in zip(*runs, strict=True)) if runs else (0.0, 0.0)
    stages["run"] = max(stages.get("run", 0.0) - database, 0.0)
    body = endpoint.last()
    asks_model = body != before
    tokens = _estimated(body) if asks_model else 0
    calls = int(asks_model) + _repairs(answer.stages)
    return Asked(wall, cpu, calls, database, stages, database_cpu, tokens)


def _repairs(stages: Sequence[object]) -> int:
    return sum(getattr(each, "stage", "") == "repair" for each in stages)


def _estimated(body: bytes) -> int:
    sent = json.loads(body)
    messages = sent.get("messages") or sent.get("input") or []
    text = "\n".join(str(message["content"]) for message in messages) + str(sent.get("instructions") or "")
    return estimate(text)


def _bare(database: Path, endpoint: Endpoint, cases: Sequence[Case]) -> Iterator[Asked]:
    """The OpenAI client as its documentation shows it, and pandas: the whole schema is the prompt."""
    import openai
    import pandas
    import sqlalchemy

    schema = create_statements(database)
    client = openai.OpenAI(api_key="none", base_url=endpoint.url)
    engine = sqlalchemy.create_engine(f"sqlite:///{database}")
    for place, case in enumerate([*cases[:WARM_UP], *cases]):
        messages = [
            {"role": "system", "content": f"Write one SQLite query as JSON. The schema:\n{schema}"},
            {"role": "user", "content": case.question},
        ]
        cpu, begun = process_time(), perf_counter()
        reply = client.chat.completions.create(model=MODEL, messages=messages)  # type: ignore[arg-type]
        called = (perf_counter() - begun) * 1000
        sql = json.loads(reply.choices[0].message.content or "{}")["sql"]
        with engine.connect() as connection:
            pandas.read_sql(sqlalchemy.text(sql.replace(":", "\\:")), connection)
        wall, cpu = (perf_counter() - begun) * 1000, (process_time() - cpu) * 1000
        if place >= WARM_UP:
            tokens = _estimated(endpoint.last())
            yield Asked(wall, cpu, 1, wall - called, {"write": called}, prompt_tokens=tokens)
    engine.dispose()


def _rows(measured: dict[str, Measured], bare: list[Asked]) -> Iterator[Row]:
    columns = list(measured.values())

    def row(what: str, ours: Callable[[Measured], str], theirs: str = "") -> Row:
        return what, *(ours(each) for each in columns), theirs

    def of(figure: Callable[[Asked], float], place: float, asked: Sequence[Asked]) -> str:
        return f"{_quantile([figure(each) for each in asked], place):.2f} ms"

    yield row("settings to a pipeline", lambda it: f"{it.start:,.0f} ms")
    yield row("first question", lambda it: f"{it.first:,.0f} ms")
    yield row("questions, model calls", lambda it: f"{len(it.asked)}, {sum(a.model_calls for a in it.asked)}")
    yield row(
        "a bare POST to the stub, p50", lambda it: f"{it.floor:.2f} ms", of(lambda a: a.stages["write"], 0.5, bare)
    )
    yield row("database, p50", lambda it: of(lambda a: a.database, 0.5, it.asked), of(lambda a: a.database, 0.5, bare))
    for name, place in (("p50", 0.5), ("p99", 0.99)):
        yield row(f"overhead, {name}", lambda it, at=place: of(lambda a: a.overhead(it.floor), at, it.asked))  # type: ignore[misc]
    yield row("overhead in processor time, p50", lambda it: of(lambda a: a.cpu - a.database_cpu, 0.5, it.asked))
    for stage in STAGES:
        yield row(f"  {stage}, p50, p99", lambda it, name=stage: _stage(it, name))  # type: ignore[misc]
    yield row("  the rest, p50", lambda it: of(_rest, 0.5, it.asked))
    cpu = statistics.median(each.cpu for each in bare)
    yield row("CPU a question, p50", lambda it: of(lambda a: a.cpu, 0.5, it.asked), f"{cpu:.2f} ms")
    mean = statistics.mean(each.cpu for each in bare)
    yield row("CPU, mean", lambda it: f"{_mean_cpu(it):.2f} ms", f"{mean:.2f} ms")
    yield row("CPU, mean, times bare", lambda it: f"{_mean_cpu(it) / mean:.2f} ×")
    tokens = statistics.median(each.prompt_tokens for each in bare)
    yield row("tokens of a prompt, p50", lambda it: _tokens(it.asked), f"{tokens:,.0f}")


def _stage(measured: Measured, name: str) -> str:
    """The stage in which the model is asked is told without its time."""
    spent = [
        each.stages[name] - (measured.floor * bool(each.model_calls) if name == "write" else 0)
        for each in measured.asked
        if name in each.stages
    ]
    return f"{_quantile(spent, 0.5):.2f}, {_quantile(spent, 0.99):.2f} ms" if spent else "–"


def _rest(asked: Asked) -> float:
    return asked.wall - asked.database - sum(asked.stages.values())


def _mean_cpu(measured: Measured) -> float:
    return statistics.mean(each.cpu for each in measured.asked)


def _tokens(asked: Sequence[Asked]) -> str:
    counts = [each.prompt_tokens for each in asked if each.prompt_tokens]
    return f"{statistics.median(counts):,.0f}, at most {max(counts):,}" if counts else "–"


def _quantile(values: Sequence[float], place: float) -> float:
    return sorted(values)[min(int(len(values) * place), len(values) - 1)]


def _timed(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return (perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
