"""What a file says of itself, so that it can be believed: question, SQL, receipt, how new, written by whom."""

from __future__ import annotations

from datetime import datetime

from nl2sql.answer.base import Answer
from nl2sql.engines.base import ResultTable
from nl2sql.errors import ExportUnavailable
from nl2sql.provenance import provenance, reading, stands_in, whole_question

_WRITERS = {
    "offline": "the offline writer",
    "llm": "a language model",
    "verified": "a verified query",
    "sql": "SQL that was typed",
    "plan": "an edited reading",
}


def result_of(answer: Answer) -> ResultTable:
    """Raises ExportUnavailable for an answer without one."""
    if answer.table is None:
        raise ExportUnavailable("There is no table in this answer that a file could hold.")
    return answer.table


def written_by(answer: Answer) -> str:
    """ "a language model: gpt-4o"; empty where nobody wrote SQL."""
    origin = answer.origin
    if origin.writer == "none":
        return ""
    name = _WRITERS.get(origin.writer, origin.writer)
    return f"{name}: {origin.detail}" if origin.detail else name


def rows_words(result: ResultTable) -> str:
    count = f"{result.row_count:,} row{'' if result.row_count == 1 else 's'}"
    return f"The first {count}: there are more, which a limit cut" if result.truncated else count


def moment_words(at: datetime) -> str:
    """`at` is UTC without zone, as all moments here are."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def facts(answer: Answer, at: datetime) -> dict[str, str | list[str]]:
    """For programs: the same in JSON and in the metadata of Parquet. `at` is when the file was made."""
    return {
        "question": answer.question.text,
        "standalone": whole_question(answer),
        "interpretation": reading(answer),
        "headline": answer.headline,
        "sql": answer.sql,
        "receipt": [line.text for line in answer.receipt.lines] if answer.receipt else [],
        "assumptions": list(answer.assumptions),
        "findings": [finding.text for finding in answer.findings],
        "provenance": list(provenance(answer, at)),
        "data_as_of": answer.data_as_of.isoformat() if answer.data_as_of else "",
        "written_by": written_by(answer),
        "exported_at": at.isoformat(timespec="seconds"),
        "answer_id": answer.id,
    }


def about(answer: Answer, at: datetime) -> tuple[tuple[str, str], ...]:
    """For people: names and texts in reading order; of lines under one name only the first carries it."""
    receipt = [line.text for line in answer.receipt.lines] if answer.receipt else []
    parts = (
        ("Question", [answer.question.text]),
        ("Read as", [whole_question(answer), reading(answer)]),
        ("Answer", [answer.headline]),
        ("Rows", [rows_words(answer.table) if answer.table is not None else ""]),
        ("What was computed", receipt),
        ("Assumed", list(answer.assumptions)),
        ("To bear in mind", [*(finding.text for finding in answer.findings), stands_in(answer)]),
        ("The numbers", list(provenance(answer, at))),
        ("Written by", [written_by(answer)]),
        ("Exported", [moment_words(at)]),
        ("SQL", [answer.sql]),
    )
    told = ((name, [text for text in texts if text]) for name, texts in parts)
    return tuple((name if number == 0 else "", text) for name, texts in told for number, text in enumerate(texts))
