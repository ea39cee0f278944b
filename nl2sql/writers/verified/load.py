"""A folder of YAML files → verified queries. Every problem is reported with file, line, what is wrong and allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from nl2sql.catalog.model import DataType, SemanticModel
from nl2sql.catalog.source import Source
from nl2sql.errors import ModelInvalid
from nl2sql.writers.verified.base import Parameter, ParameterType, Slot, Template, VerifiedQueries, VerifiedQuery
from nl2sql.writers.verified.bind import SqlInvalid, check_placeholders, parsed
from nl2sql.writers.verified.slots import NO_WORDS, PERIOD_OPENERS, moving_words, read_whole
from nl2sql.writers.verified.words import question_words, without_openings, words_of, written

FOLDER = "verified"
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Words = str | int | float | date
Grammar = Literal["sqlite", "mysql", "postgres", "duckdb", "bigquery"]
Place = tuple[str | int, ...]

_SLOT = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
# One word with a slot would catch what nobody meant: "revenue {period}" is two with its period.
_LEAST_WORDS = 1
# Defaults are tried as of a day; whether they can be read does not depend on which, but for days yet to come.
_SOME_DAY = date(2099, 12, 31)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ParameterShape(_Strict):
    type: ParameterType
    label: str = ""
    field: str = ""
    unit: str = ""
    min: int | float | None = None
    max: int | float | None = None
    default: Words | None = None
    example: Words | None = None


class QueryShape(_Strict):
    id: Text
    question: Text
    paraphrases: list[Text] = []
    parameters: dict[str, ParameterShape] = {}
    sql: str = ""
    dialects: dict[Grammar, Text] = {}
    guidance: str = ""
    verified_by: Text
    verified_at: date
    onboarding: bool = Field(default=False)


def load_folder(folder: Path, model: SemanticModel) -> VerifiedQueries:
    """Empty for a folder that is not there. Raises ModelInvalid."""
    try:
        files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    except OSError as error:
        raise ModelInvalid(f"The folder {folder} cannot be read: {type(error).__name__}.") from error
    queries = tuple(load_query(path, model) for path in files)
    require_apart(queries)
    texts = [f"{path.name}\n{path.read_text(encoding='utf-8')}" for path in files]
    return VerifiedQueries(queries, sha256("\0".join(texts).encode()).hexdigest()[:16] if files else "")


def load_query(path: Path, model: SemanticModel) -> VerifiedQuery:
    """Raises ModelInvalid."""
    source = Source(path)
    try:
        shape = QueryShape.model_validate(source.value)
    except ValidationError as error:
        raise source.invalid(error) from error
    return _Builder(source, shape, model).build()


def require_apart(queries: Iterable[VerifiedQuery]) -> None:
    """Raises ModelInvalid where the same words would ask two of them."""
    seen: dict[tuple[object, ...], VerifiedQuery] = {}
    for query in queries:
        types = {each.name: (each.type, each.field) for each in query.parameters}
        for template in query.templates:
            shape = tuple(types[part.name] if isinstance(part, Slot) else part for part in template.parts)
            other = seen.setdefault(shape, query)
            if other is not query:
                raise ModelInvalid(f"{query.file}: “{template.text}” is also a question of {other.file}.")


class _Builder:
    def __init__(self, source: Source, shape: QueryShape, model: SemanticModel) -> None:
        self.source = source
        self.shape = shape
        self.model = model

    def build(self) -> VerifiedQuery:
        shape, path = self.shape, self.source.path
        if not _ID.fullmatch(shape.id) or shape.id != path.stem:
            raise self._problem(("id",), f"the id must be the name of the file, {path.stem}: small letters, digits, -.")
        parameters = tuple(self._parameter(name, each) for name, each in shape.parameters.items())
        templates = self._templates(parameters)
        if not (shape.sql.strip() or shape.dialects):
            raise self._problem((), "there is neither sql nor dialects, so there is nothing to run.")
        if shape.sql.strip():
            self._check_sql(("sql",), shape.sql, "", parameters)
        for grammar, sql in shape.dialects.items():
            self._check_sql(("dialects", grammar), sql, grammar, parameters)
        return VerifiedQuery(
            id=shape.id,
            templates=templates,
            parameters=parameters,
            sql=shape.sql.strip(),
            dialects={str(grammar): sql for grammar, sql in shape.dialects.items()},
            guidance=" ".join(shape.guidance.split()),
            verified_by=shape.verified_by,
            verified_at=shape.verified_at,
            onboarding=shape.onboarding,
            file=str(path),
        )

    def _problem(self, place: Place, message: str) -> ModelInvalid:
        return self.source.problem(place, message)

    # -- parameters --------------------------------------------------------------------------------------------------

    def _parameter(self, name: str, shape: ParameterShape) -> Parameter:
        place: Place = ("parameters", name)
        if not _NAME.fullmatch(name):
            raise self._problem(place, f"“{name}” is no name of a parameter: small letters, digits and _.")
        parameter = Parameter(
            name=name,
            type=shape.type,
            label=shape.label,
            field=shape.field,
            unit=shape.unit,
            minimum=_decimal(shape.min, 1 if shape.type == "integer" else None),
            maximum=_decimal(shape.max, None),
            default=_as_words(shape.default),
            example=_as_words(shape.example),
        )
        self._check_field(place, parameter)
        if not parameter.words:
            raise self._problem(place, "a parameter has a default or an example, so that the query can be tried.")
        if self.shape.onboarding and not parameter.default:
            raise self._problem(place, "in a question for newcomers every parameter has a default.")
        for key, words in (("default", parameter.default), ("example", parameter.example)):
            if words and parameter.type != "text" and read_whole(parameter, words, _SOME_DAY, NO_WORDS) is None:
                raise self._problem((*place, key), f"“{words}” is no {parameter.type} of this parameter.")
        return parameter

    def _check_field(self, place: Place, parameter: Parameter) -> None:
        if (parameter.type == "text") != bool(parameter.field):
            raise self._problem(place, "a text has a field, like users.country, and no other parameter has one.")
        if not parameter.field:
            return
        known = {f"{d.name}.{f.name}": f for d in self.model.datasets for f in d.fields if f.values or f.indexed}
        field = known.get(parameter.field)
        if field is None or field.sensitive or field.datatype is not DataType.STRING:
            allowed = ", ".join(n for n, f in known.items() if not f.sensitive and f.datatype is DataType.STRING)
            raise self._problem((*place, "field"), f"“{parameter.field}” has no words to read; allowed are {allowed}.")

    # -- questions ---------------------------------------------------------------------------------------------------

    def _templates(self, parameters: tuple[Parameter, ...]) -> tuple[Template, ...]:
        places: list[Place] = [("question",), *(("paraphrases", i) for i in range(len(self.shape.paraphrases)))]
        texts = [self.shape.question, *self.shape.paraphrases]
        made = tuple(self._template(place, text, parameters) for place, text in zip(places, texts, strict=True))
        missing = [each.name for each in parameters if each.name not in made[0].slots]
        if missing:
            raise self._problem(
                ("question",), f"the question names every parameter; {', '.join(missing)} is not in it."
            )
        for place, template in zip(places, made, strict=True):
            bare = [each.name for each in parameters if each.name not in template.slots and not each.default]
            if bare:
                raise self._problem(place, f"{', '.join(bare)} is not in it, and has no default.")
        return made

    def _template(self, place: Place, text: str, parameters: tuple[Parameter, ...]) -> Template:
        types = {each.name: each.type for each in parameters}
        pieces = _SLOT.split(text)
        own_words = "".join(pieces[::2])
        if question_words(own_words) is None or "{" in own_words or "}" in own_words:
            raise self._problem(place, "a mark in it (such as _, ! or { by itself) cannot be part of a question.")
        parts: list[str | Slot] = []
        for index, piece in enumerate(pieces):
            if index % 2:
                if piece not in types or Slot(piece) in parts:
                    raise self._problem(place, f"“{{{piece}}}” is no parameter, or stands there twice.")
                while parts and parts[-1] in _openers(types[piece]):
                    parts.pop()  # the reader of days takes it
                parts.append(Slot(piece))
                continue
            tokens = words_of(piece) if index else without_openings(words_of(piece))
            moving = moving_words(tokens)
            if moving:
                raise self._problem(place, f"“{moving}” moves with the calendar: make it a parameter, like {{period}}.")
            parts += (written(token) for token in tokens if token.norm != ",")
        template = Template(text, tuple(parts))
        if len(template.literals) < _LEAST_WORDS:
            raise self._problem(place, "a question has words of its own beside its parameters.")
        return template

    # -- SQL ---------------------------------------------------------------------------------------------------------

    def _check_sql(self, place: Place, sql: str, grammar: str, parameters: tuple[Parameter, ...]) -> None:
        try:
            check_placeholders(parsed(sql, grammar), parameters)
        except SqlInvalid as error:
            raise self._problem(place, error.message) from error


def _openers(kind: ParameterType) -> frozenset[str]:
    return PERIOD_OPENERS if kind == "period" else frozenset({"on"}) if kind == "date" else frozenset()


def _decimal(value: int | float | None, default: int | None) -> Decimal | None:
    chosen = default if value is None else value
    return None if chosen is None else Decimal(str(chosen))


def _as_words(value: Words | None) -> str:
    return "" if value is None else str(value)
