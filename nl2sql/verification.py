"""Verified queries at work outside of a question: loaded, tried on the configured database, written into a file."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from nl2sql.bootstrap import build_pipeline, verified_folder
from nl2sql.catalog.load import load_model
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.errors import ModelInvalid, SettingsInvalid
from nl2sql.guard.dialects import grammar_name
from nl2sql.guard.violation import Violations
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal
from nl2sql.settings import SHIPPED, Settings, without_verified
from nl2sql.writers.verified.base import VerifiedQuery
from nl2sql.writers.verified.bind import SqlInvalid, bound_sql
from nl2sql.writers.verified.load import load_folder, load_query, require_apart
from nl2sql.writers.verified.slots import Vocabularies
from nl2sql.writers.verified.trial import trial_values

# A name for a file, of the first words of a question.
_ID_CHARS = 60


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of running one query. `problem` is a sentence, empty where it gave rows."""

    id: str
    rows: int = 0
    milliseconds: float = 0.0
    problem: str = ""
    is_refused: bool = False

    @property
    def is_ok(self) -> bool:
        return not self.problem


@dataclass(frozen=True, slots=True)
class NewQuery:
    """`sql` reads as the generic grammar, or as that of the database where `is_own_grammar`. "" for `id`: made of the
    question."""

    question: str
    sql: str
    verified_by: str
    id: str = ""
    paraphrases: tuple[str, ...] = ()
    guidance: str = ""
    onboarding: bool = False
    is_own_grammar: bool = False


def load_beside(settings: Settings) -> tuple[VerifiedQuery, ...]:
    """Those beside the model, also where the setting verified is false. Raises ModelInvalid."""
    return load_folder(verified_folder(settings), load_model(settings.path(settings.model))).queries


@contextmanager
def open_verification(settings: Settings) -> Iterator[Verification]:
    """On the configured database, without its cache and ledger. Raises Nl2SqlError."""
    pipeline = build_pipeline(replace(settings, ledger="off", cache="off", writers=without_verified(settings.writers)))
    try:
        yield Verification(pipeline, settings.asking(), verified_folder(settings))
    finally:
        pipeline.close()


class Verification:
    def __init__(self, pipeline: Pipeline, principal: Principal, folder: Path) -> None:
        self._pipeline = pipeline
        self._principal = principal
        self._folder = folder

    def run(self, query_id: str = "") -> list[Trial]:
        """All, or one. Raises ModelInvalid for a broken file, SettingsInvalid for an ID that is not there."""
        queries = load_folder(self._folder, self._pipeline.model).queries
        chosen = [query for query in queries if query_id in ("", query.id)]
        if query_id and not chosen:
            raise SettingsInvalid(f"There is no verified query “{query_id}”.", hint="See “nl2sql verify list”.")
        return [self._tried(query) for query in chosen]

    def add(self, wanted: NewQuery) -> tuple[Path | None, Trial]:
        """The file that was written; None where the query could not be run, which the trial tells. Raises
        ModelInvalid for what cannot be a verified query, SettingsInvalid where its file is there or cannot be."""
        if SHIPPED in self._folder.parents:
            raise SettingsInvalid(
                "The model that comes with the product takes no more queries: an update would remove them.",
                hint="Copy its folder beside your nl2sql.toml, and name it by the setting model.",
            )
        name = wanted.id or _id_of(wanted.question)
        path = self._folder / f"{name}.yaml"
        if path.exists():
            raise SettingsInvalid(f"{path} is there already.", hint="Choose another --id, or edit the file.")
        text = self._text_of(wanted, name)
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder) / path.name
            draft.write_text(text, encoding="utf-8")
            query = _loaded(draft, path, self._pipeline)
        require_apart((*load_folder(self._folder, self._pipeline.model).queries, query))
        trial = self._tried(query)
        if not trial.is_ok:
            return None, trial
        _write_new(path, text)
        return path, trial

    def _tried(self, query: VerifiedQuery) -> Trial:
        pipeline = self._pipeline
        fields = [each.field for each in query.parameters if each.field]
        vocabularies = Vocabularies(fields, ValueIndex(pipeline.model, pipeline.engine))
        seen = pipeline.model_for(self._principal.role)
        values = trial_values(query, vocabularies, seen, pipeline.today)
        if isinstance(values, str):
            return Trial(query.id, problem=f"Its parameter {values} has no value here: “{_words(query, values)}”.")
        try:
            sql = bound_sql(query, values, grammar_name(pipeline.engine.dialect))
        except SqlInvalid as error:
            return Trial(query.id, problem=f"Its SQL cannot be used: {error.message}")
        answer = pipeline.run_sql(sql, self._principal, fresh=True)
        spent = sum(stage.ms for stage in answer.stages)
        if answer.outcome == "answered" and answer.table is not None:
            return Trial(query.id, answer.table.row_count, spent)
        problem = " ".join(part for part in (answer.headline, answer.hint) if part)
        return Trial(query.id, 0, spent, problem, answer.outcome == "refused")

    def _without_guards_limit(self, sql: str) -> str:
        """A statement that ran may end with the limit that the guard gave it: one row more than the role may have."""
        checked = self._pipeline.check(sql, self._principal)
        if isinstance(checked, Violations):
            return sql
        return re.sub(rf"\s+LIMIT {checked.row_limit + 1}$", "", sql)

    def _text_of(self, wanted: NewQuery, name: str) -> str:
        sql = wanted.sql.strip().rstrip(";").rstrip()
        sql = (self._without_guards_limit(sql) if wanted.is_own_grammar else sql) + "\n"
        shape: dict[str, Any] = {"id": name, "question": " ".join(wanted.question.split())}
        if wanted.paraphrases:
            shape["paraphrases"] = [" ".join(each.split()) for each in wanted.paraphrases]
        if wanted.is_own_grammar:
            shape["dialects"] = {grammar_name(self._pipeline.engine.dialect): _Block(sql)}
        else:
            shape["sql"] = _Block(sql)
        if wanted.guidance:
            shape["guidance"] = wanted.guidance
        shape |= {"verified_by": wanted.verified_by.strip(), "verified_at": datetime.now(UTC).date()}
        if wanted.onboarding:
            shape["onboarding"] = True
        return yaml.dump(shape, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def as_shape(query: VerifiedQuery) -> dict[str, Any]:
    """For JSON."""
    return {
        "id": query.id,
        "question": query.question.text,
        "paraphrases": [each.text for each in query.templates[1:]],
        "parameters": {
            each.name: {"type": each.type, "field": each.field, "default": each.default, "example": each.example}
            for each in query.parameters
        },
        "sql": query.sql,
        "dialects": dict(query.dialects),
        "guidance": query.guidance,
        "verified_by": query.verified_by,
        "verified_at": query.verified_at.isoformat(),
        "onboarding": query.onboarding,
        "file": query.file,
    }


def trial_shape(trial: Trial) -> dict[str, Any]:
    """For JSON."""
    shown = {"id": trial.id, "ok": trial.is_ok, "rows": trial.rows if trial.is_ok else None}
    return shown | {"ms": round(trial.milliseconds, 1), "problem": trial.problem}


class _Block(str):
    """Text that YAML shows line by line."""


class _Dumper(yaml.SafeDumper):
    """Knows _Block."""


def _block(dumper: yaml.SafeDumper, text: _Block) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")


_Dumper.add_representer(_Block, _block)


def _id_of(question: str) -> str:
    words = re.findall(r"[a-z0-9]+", question.lower())
    return "-".join(words)[:_ID_CHARS].strip("-") or "query"


def _words(query: VerifiedQuery, name: str) -> str:
    return next(each.words for each in query.parameters if each.name == name)


def _loaded(draft: Path, path: Path, pipeline: Pipeline) -> VerifiedQuery:
    """A problem is told of the file that would have been written."""
    try:
        return replace(load_query(draft, pipeline.model), file=str(path))
    except ModelInvalid as error:
        raise ModelInvalid(error.user_message.replace(str(draft), path.name), hint=error.hint) from error


def _write_new(path: Path, text: str) -> None:
    """Never over a file that is there, not even one that came a moment ago."""
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise SettingsInvalid(f"{path} is there already.", hint="Choose another --id, or edit the file.") from error
    except OSError as error:
        raise SettingsInvalid(f"{path} cannot be written: {error.strerror}.") from error
