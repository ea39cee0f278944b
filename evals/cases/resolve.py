"""What a case has where it does not say so itself: day, model, database, role; and which cases are meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from evals.cases.base import Case, Dialect, GoldQuery, Kind, Suite
from evals.errors import SuiteInvalid

FILE_SCHEMES = ("sqlite", "duckdb")
DUCKDB_ENDINGS = (".duckdb", ".ddb")


@dataclass(frozen=True, slots=True)
class Target:
    """What a case is asked of; None: as the settings say.

    `model` is a Path where there is such a file beside the suite, else a text that `Settings.path` finds, like
    “schema/auction/model.yaml”. `policy` is what stands beside the model, which need not be there. `database` is a URL;
    a path in it is absolute where there is such a file beside the suite.
    """

    model: Path | str | None = None
    policy: Path | str | None = None
    database: str | None = None


def as_of_of(case: Case, suite: Suite, default: date) -> date:
    return case.as_of or suite.as_of or default


def role_of(case: Case, suite: Suite, default: str) -> str:
    return case.role or suite.role or default


def attributes_of(case: Case, suite: Suite) -> Mapping[str, str]:
    """The case's stand above the suite's, each by its name."""
    return MappingProxyType({**suite.attributes, **case.attributes})


def required_of(gold: GoldQuery, case: Case) -> tuple[str, ...]:
    """() for all the columns that the gold has."""
    return gold.required_columns or case.required_columns


def dialect_of(gold: GoldQuery, suite: Suite) -> Dialect:
    return gold.dialect or suite.dialect


def target_of(case: Case, suite: Suite) -> Target:
    name, database = case.model or suite.model, case.database or suite.database
    folder = suite.path.absolute().parent
    model = _model(name, folder) if name else None
    beside = Path(model).with_name("policy.yaml") if model else None
    policy = beside if beside is None or isinstance(model, Path) else beside.as_posix()
    return Target(model, policy, _url(database, folder) if database else None)


def _model(name: str, folder: Path) -> Path | str:
    """A bare name is a folder under schema/; whatever has a slash or an ending is a file."""
    if "/" not in name and "\\" not in name and not name.endswith((".yaml", ".yml")):
        return f"schema/{name}/model.yaml"
    file = (folder / Path(name).expanduser()).resolve()
    return file if file.is_file() else name


def _url(database: str, folder: Path) -> str:
    """A file is one of SQLite, or by its ending of DuckDB; a URL stays, but for the path of a file in it."""
    scheme, separator, rest = database.partition(":///")
    if not separator and "://" not in database:
        scheme, rest = "duckdb" if database.endswith(DUCKDB_ENDINGS) else "sqlite", database
    if scheme not in FILE_SCHEMES or rest in ("", ":memory:"):
        return database
    file = (folder / Path(rest).expanduser()).resolve()
    return f"{scheme}:///{file if file.is_file() else rest}"


def select(
    suite: Suite,
    only: Iterable[str] = (),
    tags: Iterable[str] = (),
    kinds: Iterable[str] = (),
    families: Iterable[str] = (),
) -> tuple[Case, ...]:
    """The cases that fit all that is asked, in the order of the suite; nothing asked: all.

    Raises SuiteInvalid for an id, tag, kind or family that no case has, and when no case is left.
    """
    ids, tags, wanted, groups = set(only), set(tags), set(kinds), set(families)
    _require(suite, "case", ids, {case.id for case in suite.cases})
    _require(suite, "tag", tags, {tag for case in suite.cases for tag in case.tags})
    _require(suite, "kind", wanted, {case.kind for case in suite.cases})
    _require(suite, "family", groups, {case.family for case in suite.cases if case.family})
    chosen = tuple(
        case
        for case in suite.cases
        if (not ids or case.id in ids)
        and (not tags or not tags.isdisjoint(case.tags))
        and (not wanted or case.kind in wanted)
        and (not groups or case.family in groups)
    )
    if not chosen:
        raise SuiteInvalid(f"No case of {suite.name} fits all that is asked for.", hint="Ask for less at once.")
    return chosen


def _require(suite: Suite, what: str, asked: set[str], there: set[str] | set[Kind]) -> None:
    for name in sorted(asked - there):
        near = get_close_matches(name, sorted(there), n=3, cutoff=0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else _listed(what, there)
        raise SuiteInvalid(f"{suite.name} has no {what} “{name}”.", hint=hint)


def _listed(what: str, there: Iterable[str]) -> str:
    names = sorted(there)
    if not names:
        return f"No case of it has a {what}."
    return f"There are: {', '.join(names[:10])}{' and others' if len(names) > 10 else ''}."
