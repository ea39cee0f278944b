"""A source in one of the known formats → an outside suite."""

from __future__ import annotations

from pathlib import Path

from evals.cases.base import Dialect
from evals.outside.base import Format, Outside


def read_outside(format_name: Format, source: Path, dialect: Dialect = "sqlite") -> Outside:
    """`dialect` is that of the golds where the format has several. Raises SourceInvalid."""
    if format_name == "defog":
        from evals.outside.defog import read_defog

        return read_defog(source, dialect)
    if format_name == "bird":
        from evals.outside.bird import read_bird

        return read_bird(source)
    from evals.outside.spider import read_spider

    return read_spider(source)
