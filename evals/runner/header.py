"""What makes a run this run: the first line of its log, and in what two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType

from evals.cases.base import Suite
from evals.cases.resolve import Target
from evals.log.records import RunHeader
from evals.runner.options import Options, settings_of
from nl2sql.settings import Settings

# Settings that decide what is answered, beside those that the header names itself.
_SETTINGS = (
    "writers", "role", "attributes", "offline_confidence", "prompt_tokens", "values_to_llm", "embeddings", "llm",
    "llm_repairs", "llm_candidates", "llm_candidates_unsure", "llm_unsure_below", "openai_base_url", "openai_api",
    "openai_temperature", "openai_seed", "openai_reasoning_effort",
)  # fmt: skip
# The same run under another name, at another time, by another version.
_NO_DIFFERENCE = frozenset({"label", "started_at", "product_version", "format", "suite_path", "settings"})
_IN_WORDS = MappingProxyType(
    {
        "suite_fingerprint": "the suite's file",
        "model_fingerprint": "the semantic model or its policy",
        "case_count": "which cases are asked",
        "prompt": "the prompt",
        "model": "the language model",
        "as_of": "the as-of day",
        "semantic_model": "the semantic model's file",
    }
)


def header_of(
    options: Options,
    suite: Suite,
    settings: Settings,
    *,
    targets: Iterable[Target],
    case_count: int,
    instances: tuple[str, ...],
    database: str = "",
) -> RunHeader:
    """`database` is how the base database is called where its address says nothing."""
    asks_llm = settings.asks_llm and options.writer != "gold"
    first = settings_of(next(iter(targets)), settings)
    return RunHeader(
        label=options.label or label_of(options, settings),
        suite=suite.name,
        suite_path=str(suite.path.absolute()),
        suite_fingerprint=suite.fingerprint,
        writer=options.writer,
        model=settings.openai_model if asks_llm else "",
        prompt=settings.prompt if asks_llm else "",
        as_of=settings.as_of,
        database=database or without_password(first.database_url),
        repeats=options.repeats,
        case_count=case_count,
        instances=instances,
        semantic_model=str(first.path(first.model)),
        model_fingerprint=_files_of(targets, settings),
        product_version=_version(),
        settings=_deciding(options, settings, asks_llm=asks_llm),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def label_of(options: Options, settings: Settings) -> str:
    if options.writer in ("llm", "configured") and settings.asks_llm:
        return f"{settings.openai_model}-{settings.prompt}".replace("@", "-")
    return options.writer


def differences(old: RunHeader, new: RunHeader) -> list[str]:
    """In words; empty where the one run can go on with what the other began."""
    found = [
        _IN_WORDS.get(each.name, each.name)
        for each in fields(RunHeader)
        if each.name not in _NO_DIFFERENCE and getattr(old, each.name) != getattr(new, each.name)
    ]
    names = sorted({*old.settings, *new.settings})
    return found + [f"the setting {name}" for name in names if old.settings.get(name) != new.settings.get(name)]


def without_password(url: str) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return url.partition("://")[0]


def _without_login(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def _deciding(options: Options, settings: Settings, *, asks_llm: bool) -> Mapping[str, str]:
    found = {name: str(getattr(settings, name)) for name in _SETTINGS}
    found["openai_base_url"] = _without_login(settings.openai_base_url)
    found |= {"only": ",".join(options.only), "tag": ",".join(options.tags), "kind": ",".join(options.kinds)}
    if asks_llm:
        from nl2sql.prompt.template import load_template, read_version

        found["prompt_digest"] = load_template(settings.path(settings.prompts), *read_version(settings.prompt)).digest
    return MappingProxyType({name: value for name, value in found.items() if value})


def _files_of(targets: Iterable[Target], settings: Settings) -> str:
    """Of the files that say what the databases mean and who sees what; a missing one is told of when it is opened."""
    digest = sha256()
    for target in targets:
        one = settings_of(target, settings)
        for name in (one.model, one.policy):
            path = one.path(name)
            digest.update(path.read_bytes() if path.is_file() else b"\0")
    return digest.hexdigest()[:16]


def _version() -> str:
    try:
        return version("nl2sql")
    except PackageNotFoundError:
        return ""


def default_path(folder: Path, label: str) -> Path:
    """A new file: by the time, and by a number where another run began in the same second."""
    name = "".join(each if each.isalnum() or each in "-_." else "-" for each in label).strip("-.") or "run"
    stem = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{name[:80]}"
    tries = (folder / f"{stem}{f'-{number}' if number else ''}.jsonl" for number in range(1_000))
    return next(each for each in tries if not each.exists())
