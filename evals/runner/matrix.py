"""Several runs from one file: each prompt with each model and each writer, one log for each in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from evals.errors import SuiteInvalid
from evals.runner.options import Options, WriterChoice


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_as_list)]
Writers = Annotated[tuple[WriterChoice, ...], BeforeValidator(_as_list)]


class Matrix(BaseModel):
    """What is not named is as on the command line. Prompts and models concern only writers that ask a model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompts: Names = ()
    models: Names = ()
    writers: Writers = ()
    repeats: int | None = Field(None, ge=1, le=100)


def load_matrix(path: Path) -> Matrix:
    """Raises SuiteInvalid, with the key and what is allowed."""
    try:
        return Matrix.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteInvalid(f"The matrix {path} cannot be read: {type(error).__name__}.") from None
    except yaml.YAMLError as error:
        raise SuiteInvalid(f"{path}: this is not valid YAML.", hint=str(error).splitlines()[0]) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(each) for each in first["loc"]) or "the file"
        raise SuiteInvalid(
            f"{path}: {place}: {first['msg']}.", hint="Keys are prompts, models, writers and repeats."
        ) from None


def cells(matrix: Matrix, options: Options, folder: Path) -> Iterator[Options]:
    """One for each combination, with a label and a log of its own; none twice."""
    seen: set[str] = set()
    for writer in matrix.writers or (options.writer,):
        asks = writer in ("llm", "configured")
        for model in (matrix.models if asks else ()) or (options.model,):
            for prompt in (matrix.prompts if asks else ()) or (options.prompt,):
                label = "-".join(part for part in (writer, model if asks else "", prompt if asks else "") if part)
                if label in seen:
                    continue
                seen.add(label)
                name = "".join(each if each.isalnum() or each in "-_." else "-" for each in label)
                yield replace(
                    options,
                    writer=writer,
                    model=model,
                    prompt=prompt,
                    label=label,
                    repeats=matrix.repeats or options.repeats,
                    out=folder / f"{name}.jsonl",
                    resume=False,
                )
