"""Findings about an account as text and as JSON. Holds neither the address nor anything of its secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from nl2sql.accounts.base import Finding, counted

_STYLES = {"danger": "bold red", "warn": "yellow", "note": "cyan", "ok": "green"}
_INDENT = " " * 19


def report_lines(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """Each line with its style: what the account can do, and below it the SQL that takes that away."""
    for finding in findings:
        yield f"{finding.severity:<7} {finding.about:<10} {finding.text}", _STYLES[finding.severity]
        for statement in finding.remedy.splitlines():
            yield f"{_INDENT}{statement}", ""
    dangers = sum(finding.severity == "danger" for finding in findings)
    warnings = sum(finding.severity == "warn" for finding in findings)
    yield "", ""
    yield f"{counted(dangers, 'danger')}, {counted(warnings, 'warning')}.", "bold"


def findings_to_json(findings: Sequence[Finding]) -> str:
    dangers = sum(finding.severity == "danger" for finding in findings)
    return json.dumps(
        {"safe": not dangers, "findings": [asdict(finding) for finding in findings]}, ensure_ascii=False, indent=2
    )
