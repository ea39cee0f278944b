"""The small parts every page is made of. Whatever they show is escaped: see `streamlit_app.safe`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from nl2sql.answer.base import Answer, Finding, Receipt, StageTime
from nl2sql.answer.grammar import opening
from nl2sql.trace import StageEvent
from nl2sql.writers.base import Origin
from streamlit_app.safe import as_html, as_markdown
from streamlit_app.words import messages, say

HERE = Path(__file__).parent
_WRITER = "answer.writer."
# In English, by their names in an evaluation's run.
WRITERS = {key.removeprefix(_WRITER): texts["en"] for key, texts in messages().items() if key.startswith(_WRITER)}


def stylesheet() -> None:
    """Each room's own file; `base.css` with the colours first."""
    sheets = sorted((HERE / "style").glob("*.css"), key=lambda path: (path.stem != "base", path.stem))
    st.html("<style>" + "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets) + "</style>")


def heading(title: str, lead: str) -> None:
    st.title(as_markdown(title), anchor=False)
    st.html(f'<p class="ask-lead">{as_html(lead)}</p>')


def small(text: str, width: Literal["stretch", "content"] = "stretch") -> None:
    st.html(f'<p class="ask-small">{as_html(text)}</p>', width=width)


def notice(text: str, *, more: str = "", warning: bool = False) -> None:
    role, kind = ("alert", " warning") if warning else ("status", "")
    second = f"<p>{as_html(more)}</p>" if more else ""
    st.html(f'<div class="ask-notice{kind}" role="{role}"><p>{as_html(text)}</p>{second}</div>')


def problem(text: str) -> None:
    notice(text, warning=True)


def asked(text: str) -> None:
    st.html(f'<p class="ask-asked">{as_html(text)}</p>')


def headline(
    question: str,
    text: str,
    *,
    whole: str = "",
    interpretation: str = "",
    instead: str = "",
    assumptions: Iterable[str] = (),
    calm: bool = False,
) -> None:
    """The question, small, and as the `whole` one that it was read as; the answer in one sentence, large; how it was
    read; and why another writer than usual stood in."""
    parts = [f'<p class="ask-asked">{as_html(question)}</p>']
    if whole:
        parts.append(f'<p class="ask-whole">{as_html(say("answer.read_as", text=whole))}</p>')
    parts.append(f'<h2 class="ask-headline{" ask-calm" if calm else ""}">{as_html(text)}</h2>')
    if interpretation:
        said = say("answer.computed_as" if whole else "answer.read_as", text=interpretation)
        parts.append(f'<p class="ask-read">{as_html(said)}</p>')
    if instead:
        parts.append(f'<p class="ask-instead">{as_html(instead)}</p>')
    chips = "".join(f"<li>{as_html(each)}</li>" for each in assumptions)
    if chips:
        parts.append(f'<ul class="ask-chips" aria-label="{as_html(say("answer.assumptions"))}">{chips}</ul>')
    st.html("".join(parts))


def findings(items: Iterable[Finding]) -> None:
    for each in items:
        notice(each.text, warning=each.severity == "warning")


def receipt(value: Receipt) -> None:
    """Lines of one kind stand under one word."""
    rows: list[str] = []
    previous = ""
    for line in value.lines:
        if line.kind != previous:
            rows.append(f"<dt>{as_html(say_or(f'answer.receipt.{line.kind}', line.kind.capitalize()))}</dt>")
        tip = f' title="{as_html(line.sql)}"' if line.sql else ""
        rows.append(f"<dd{tip}>{as_html(line.text)}</dd>")
        previous = line.kind
    title = as_html(say("answer.computed"))
    st.html(f'<section class="ask-receipt"><h3>{title}</h3><dl>{"".join(rows)}</dl></section>')


def meta(answer: Answer, seconds: float) -> None:
    """Who answered, and how long it took."""
    parts = [who(answer.origin), duration(seconds * 1000)]
    st.html(f'<p class="ask-meta">{as_html(" · ".join(part for part in parts if part))}</p>')


def provenance(parts: Iterable[str]) -> None:
    """Phrases in a row; each stays in one piece where a line breaks."""
    shown = "".join(f"<span>{as_html(each)}</span>" for each in parts)
    st.html(f'<p class="ask-provenance"><span>{shown}</span></p>', width="content")


def who(origin: Origin) -> str:
    if origin.writer == "none":
        return ""
    known = writer_name(origin.writer)
    return f"{known}: {origin.detail}" if origin.detail else known


def writer_name(writer: str) -> str:
    return say_or(f"answer.writer.{writer}", writer)


def say_or(key: str, otherwise: str) -> str:
    """For words of another room, which may know one that has no text yet."""
    return say(key) if key in messages() else otherwise


def stages(times: Sequence[StageTime]) -> None:
    """Each with what happened on the way below it."""
    for each in times:
        st.html(_stage_line(each.stage, each.ms, each.note) + "".join(_remark(said, " below") for said in each.remarks))


def stage_now(place: DeltaGenerator, stage: str, more: str = "") -> None:
    """The one line that moves: what is being done, how far it is and since when."""
    told = f" <span>{as_html(more)}</span>" if more else ""
    said = as_html(say_or(f"answer.working.{stage}", stage))
    place.html(f'<p class="ask-stage ask-now" role="status">{said}{told}</p>')


def steps(lines: Iterable[str]) -> None:
    """Numbered, in order."""
    items = "".join(f"<li>{as_html(each)}</li>" for each in lines)
    st.html(f'<ol class="ask-steps">{items}</ol>')


def stage_remark(event: StageEvent) -> None:
    st.html(_remark(event.note))


def _remark(text: str, place: str = "") -> str:
    return f'<p class="ask-remark{place}">{as_html(opening(text))}</p>'


def stage_done(event: StageEvent) -> None:
    st.html(_stage_line(event.stage, event.ms, event.note))


def _stage_line(stage: str, ms: float, note: str) -> str:
    who, separator, rest = note.partition(" · ")
    told = " · ".join(part for part in (writer_name(who) + separator + rest, duration(ms)) if part)
    said = say_or(f"answer.stage.{stage}", stage.capitalize())
    return f'<p class="ask-stage">{as_html(said)} <span>{as_html(told)}</span></p>'


def spoken_day(day: date) -> str:
    """ "30 June 2026", "30. Juni 2026"."""
    return say("trust.date", day=day.day, month=say(f"trust.month.{day.month}"), year=day.year)


def duration(ms: float) -> str:
    if ms < 1:
        return say("common.under_a_millisecond")
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def label(text: str) -> None:
    st.html(f'<p class="ask-label">{as_html(text)}</p>')


def rule() -> None:
    st.html('<hr class="ask-rule">')


def not_ready(sentence: str, remedy: str) -> None:
    """The whole page while there is nothing to ask."""
    st.title(as_markdown(say("common.not_ready")), anchor=False)
    notice(sentence, more=remedy, warning=True)
    small(say("common.not_ready_more"))
    st.button(as_markdown(say("common.try_again")), key="try-again", type="primary")
