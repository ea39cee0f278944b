"""Ossie YAML → SemanticModel. Every problem is reported with file, line, what is wrong and what is allowed."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from nl2sql.catalog import compiled, ossie
from nl2sql.catalog.build import ModelBuilder
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.source import Source, read_text
from nl2sql.errors import ModelInvalid


def load_model(path: Path, name: str = "", *, cache: Path | None = None) -> SemanticModel:
    """The model called `name`, or the file's first. Raises ModelInvalid.

    What was made of a large file is kept in the folder `cache` (without: one of the user's own), so that loading it
    again takes a fraction of the time. A folder that cannot be used is done without.
    """
    text = read_text(path)
    store = compiled.open_store(text, name, cache)
    kept = store.read() if store else None
    if kept is not None:
        return kept
    model = _built(Source(path, text), name)
    if store:
        store.write(model)
    return model


def _built(source: Source, name: str) -> SemanticModel:
    try:
        parsed = ossie.OssieFile.model_validate(source.value)
    except ValidationError as error:
        raise source.invalid(error) from error
    for index, model in enumerate(parsed.semantic_model):
        if not name or model.name == name:
            builder = ModelBuilder(source, ("semantic_model", index), model)
            built = builder.build()
            if builder.problems:
                raise source.problem(builder.problems[0].place, builder.problems[0].message)
            return built
    names = ", ".join(m.name for m in parsed.semantic_model)
    raise ModelInvalid(f"{source.path}: there is no semantic model called “{name}”. The file has: {names}.")
