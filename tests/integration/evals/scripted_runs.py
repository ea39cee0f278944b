"""Runs whose language model is a scripted endpoint that knows the answers. Used by test_runner_*.py."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from evals.runner.options import Options
from evals.runner.run import Finished, run_suite
from tests.fakes.openai.acts import Act, Received, Scripted

_ASKED = re.compile(r'<data name="question">\n(.*?)\n</data>', re.DOTALL)
_NUMBER = re.compile(r"below (\d+)")


def suite_text(cases: int, name: str = "counts") -> str:
    """Each question has another number in it, and its gold has the same."""
    text = [f"name: {name}", "model: auction", 'as_of: "2026-06-30"', "cases:"]
    for number in range(1, cases + 1):
        text += [
            f"  - id: below-{number}",
            f"    question: How many users have an id below {number}?",
            "    tags: [count]",
            f"    sql: SELECT COUNT(*) AS users FROM users WHERE id < {number}",
        ]
    return "\n".join(text) + "\n"


def question_in(prompt: str) -> str:
    return _ASKED.findall(prompt)[-1]


def sql_reply(sql: str, question: str = "") -> str:
    empty: dict[str, Any] = {"tables": ["users"], "assumptions": [], "message": "", "choices": [], "code": None}
    return json.dumps({"kind": "sql", "sql": sql, "question": question, "confidence": 0.95, **empty})


def right_reply(received: Received) -> str:
    question = question_in(received.prompt)
    (number,) = _NUMBER.findall(question)
    return sql_reply(f"SELECT COUNT(*) AS users FROM users WHERE id < {number}", question)


class Knowing:
    """The script: right answers, `first` for the first acts in order. `asked` counts requests by question."""

    def __init__(self, first: list[Scripted] | None = None, *, stall: float = 0.0, usage: Any = (900, 40, 0)) -> None:
        self._first = list(first or [])
        self._stall = stall
        self._usage = usage
        self._lock = Lock()
        self.asked: dict[str, int] = {}
        self.served: list[str] = []

    def __call__(self, received: Received) -> Scripted:
        question = question_in(received.prompt)
        with self._lock:
            self.asked[question] = self.asked.get(question, 0) + 1
            if self._first:
                return self._first.pop(0)
            self.served.append(question)
        return Act(right_reply(received), stall=self._stall, usage=self._usage)


class Silent:
    """Keeps what a run wants to tell. `on_tick` is called with the work, now and then."""

    def __init__(self, on_tick: Callable[[Any], None] = lambda work: None) -> None:
        self.notes: list[str] = []
        self._on_tick = on_tick

    def note(self, text: str) -> None:
        self.notes.append(text)

    def begin(self, work: Any) -> None:
        self._on_tick(work)

    def tick(self, work: Any) -> None:
        self._on_tick(work)

    def end(self, work: Any) -> None:
        return None


def environ_of(endpoint: str, database: Path, **more: str) -> dict[str, str]:
    return {
        "NL2SQL_OPENAI_BASE_URL": endpoint,
        "NL2SQL_OPENAI_MODEL": "house-model",
        "NL2SQL_OPENAI_PRICE_IN": "1",
        "NL2SQL_OPENAI_PRICE_OUT": "2",
        "NL2SQL_DATABASE": f"sqlite:///{database}",
        **more,
    }


def run_scripted(suite: Path, environ: dict[str, str], out: Path, watcher: Any = None, **options: Any) -> Finished:
    chosen: dict[str, Any] = {"writer": "llm", "instances": 1, "concurrency": 4} | options
    return run_suite(Options(suite, out=out, **chosen), environ, watcher or Silent())
