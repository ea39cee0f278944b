"""`python -m evals.run SUITE`: asks every question of a suite through the real pipeline and scores the answers."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory

from auction_core.errors import AuctionError
from evals.cases import Case, Suite, load_suite
from evals.errors import SuiteInvalid
from evals.gold import SQLITE, GoldDatabase, open_gold
from evals.score import Ask, Scored, score_case
from evals.show import print_scores, to_json
from nl2sql.answer.base import Answer
from nl2sql.crash import redact
from nl2sql.errors import Nl2SqlError
from nl2sql.question import Question
from nl2sql.settings import Settings, load_settings
from nl2sql.terminal import is_terminal, visible

EXIT_CODES = "Exit codes: 0 nothing wrong, 1 something wrong, 2 the suite, a setting or the database cannot be used."
RIGHT, WRONG, UNUSABLE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141
# What the suites of the auction were written against.
SCALE, SEED = "small", 7
CONFIGURED = "configured"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m evals.run", description="Score the answers to a suite of questions.", epilog=EXIT_CODES
    )
    made.add_argument("suite", type=Path, metavar="SUITE", help="suite file, like evals/suites/auction/smoke.yaml")
    made.add_argument("--json", action="store_true", dest="as_json", help="print summary and cases as JSON")
    made.add_argument("--database", metavar="URL", help="like sqlite:///var/auction.db; default: the settings' one")
    made.add_argument(
        "--writer",
        choices=("offline", "llm", CONFIGURED),
        default="offline",
        help=f"who writes SQL: offline (default); llm, which costs; {CONFIGURED}: in the order of the setting writers",
    )
    made.add_argument("--only", metavar="ID", action="append", default=[], help="this case alone; may be repeated")
    return made


def run(suite: Suite, cases: Sequence[Case], settings: Settings) -> list[Scored]:
    """Raises Nl2SqlError when suite, settings or database cannot be used."""
    with open_gold(settings.database_url, suite) as gold, open_pipeline(settings) as ask:
        return [_score(index, case, suite, ask, gold, len(cases)) for index, case in enumerate(cases, 1)]


def _score(index: int, case: Case, suite: Suite, ask: Ask, gold: GoldDatabase, count: int) -> Scored:
    if is_terminal(sys.stderr):
        sys.stderr.write(f"\r\x1b[2K{index}/{count} {visible(case.id)}" if index < count else "\r\x1b[2K")
        sys.stderr.flush()
    return score_case(case, suite, ask, gold.gold)


@contextmanager
def open_pipeline(settings: Settings) -> Iterator[Ask]:
    from nl2sql.bootstrap import build_pipeline

    pipeline = build_pipeline(replace(settings, ledger="off"))  # nobody asked these questions

    def ask(question: Question) -> Answer:
        asked = replace(question, principal=settings.asking())
        try:
            return pipeline.ask(asked, fresh=True)
        except Exception as error:  # noqa: BLE001 - one defect must not cost the other answers; it is counted as failed
            reason = redact(f"{type(error).__name__}: {error}")
            return Answer(asked, "failed", f"A defect in the product: {reason}", "defect")

    try:
        yield ask
    finally:
        pipeline.close()


def choose(suite: Suite, only: Sequence[str]) -> list[Case]:
    """Raises SuiteInvalid for an id that the suite does not have."""
    ids = [case.id for case in suite.cases]
    for name in only:
        if name not in ids:
            near = get_close_matches(name, ids, n=3, cutoff=0.4)
            hint = f"Near it: {', '.join(near)}." if near else ""
            raise SuiteInvalid(f"{suite.name} has no case “{name}”.", hint=hint)
    return [case for case in suite.cases if not only or case.id in only]


@contextmanager
def _prepared(suite: Suite, database: str | None, writer: str) -> Iterator[Settings]:
    """Settings for the suite, with the answer cache off; without a database, one is seeded for the run.

    Only the settings' own database is made up for: one that was named has to be there.
    """
    environ = {**os.environ, "NL2SQL_CACHE": "off"}
    if writer != CONFIGURED:
        environ["NL2SQL_WRITERS"] = writer
    if database is not None:
        environ["NL2SQL_DATABASE"] = _absolute(database)
    settings = load_settings(environ)
    settings = replace(settings, model=f"schema/{suite.model}/model.yaml", policy=f"schema/{suite.model}/policy.yaml")
    path = Path(settings.database_url.removeprefix(SQLITE))
    if database is not None or not settings.database_url.startswith(SQLITE) or path.exists():
        yield settings
        return
    with TemporaryDirectory(prefix="nl2sql-evals-") as folder:
        url = f"{SQLITE}{folder}/{suite.model}.db"
        _seed(url, suite, path)
        yield replace(settings, database=url)


def _absolute(url: str) -> str:
    """A path on the command line is relative to the working folder, not to the settings file."""
    return SQLITE + str(Path(url.removeprefix(SQLITE)).absolute()) if url.startswith(SQLITE) else url


def _seed(url: str, suite: Suite, missing: Path) -> None:
    from auction_core.seed.run import seed_database

    _say(f"There is no database at {missing}: seeding a {SCALE} one for this run.")
    seed_database(url, SCALE, SEED, suite.as_of)


def evaluate(arguments: argparse.Namespace) -> int:
    suite = load_suite(arguments.suite)
    cases = choose(suite, arguments.only)
    with _prepared(suite, arguments.database, arguments.writer) as settings:
        scored = run(suite, cases, settings)
        model = f"{settings.openai_model}, {settings.prompt}" if settings.asks_llm else ""
    if arguments.as_json:
        sys.stdout.write(to_json(suite, scored, arguments.writer, model) + "\n")
    else:
        print_scores(suite, scored, arguments.writer, sys.stdout, model)
    return WRONG if any(each.result in ("wrong", "failed") for each in scored) else RIGHT


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = parser().parse_args(arguments)
    try:
        code = evaluate(parsed)
        sys.stdout.flush()
        return code
    except Nl2SqlError as error:
        _say(error.user_message, error.hint)
    except AuctionError as error:
        _say(error.user_message)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return UNUSABLE


def _say(message: str, hint: str = "") -> None:
    shown = "\n  ".join(visible(part) for part in [*message.split("\n"), hint] if part)
    sys.stderr.write(f"evals: {shown}\n")


if __name__ == "__main__":
    sys.exit(main())
