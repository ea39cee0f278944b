"""A report as lines that editors can jump to, or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evals.lint.run import Report
from nl2sql.answer.grammar import counted

LEVELS = ("error", "warning")


def lines_of(report: Report) -> Iterator[str]:
    """`file:line: level: case: sentence`, in the order of the file."""
    for each in report.findings:
        case = f"{each.case}: " if each.case else ""
        yield f"{report.suite.path}:{each.line}: {each.problem.level}: {case}{each.problem.message}"


def summary_of(report: Report) -> str:
    found = ", ".join(counted(report.count(level), level) for level in LEVELS)
    where = f" on {', '.join(report.instances)}" if report.instances else ""
    return f"{report.suite.name}: {counted(len(report.suite.cases), 'case')}{where}: {found}"


def shape_of(report: Report) -> dict[str, Any]:
    """Values that JSON can hold."""
    return {
        "suite": report.suite.name,
        "file": str(report.suite.path),
        "cases": len(report.suite.cases),
        "instances": list(report.instances),
        "errors": report.count("error"),
        "warnings": report.count("warning"),
        "findings": [
            {
                "level": each.problem.level,
                "code": each.problem.code,
                "case": each.case,
                "line": each.line,
                "key": each.problem.key,
                "message": each.problem.message,
            }
            for each in report.findings
        ],
    }
