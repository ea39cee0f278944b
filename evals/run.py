"""`python -m evals.run SUITE …` is `nl2sql eval run SUITE …`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from evals.command.app import evaluation  # noqa: F401 - importing it is what gives the command its `eval`
from nl2sql.cli import run


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    return run(["eval", "run", *(sys.argv[1:] if arguments is None else arguments)])


if __name__ == "__main__":
    from nl2sql.terminal import prepare_streams

    prepare_streams()
    sys.exit(main())
