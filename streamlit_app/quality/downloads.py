"""The log of a run, and the report that holds all of it, as files."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import streamlit as st

from streamlit_app import widgets
from streamlit_app.quality.eyes import Eyes
from streamlit_app.quality.runs import Digest
from streamlit_app.safe import as_markdown
from streamlit_app.words import say


def show_downloads(digest: Digest, eyes: Eyes) -> None:
    """Nothing is read before somebody clicks. The files hold all results, so they are for whoever may see all."""
    if not eyes.see_all(digest):
        widgets.small(say("quality.download.hidden"))
        return
    path = digest.head.log.path
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            as_markdown(say("quality.download.report")),
            partial(_report, path),
            file_name=f"{path.stem}.html",
            mime="text/html",
            key="quality-report",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
            help=as_markdown(say("quality.download.report_help")),
        )
        st.download_button(
            as_markdown(say("quality.download.log")),
            partial(path.read_bytes),
            file_name=path.name,
            mime="application/jsonl",
            key="quality-log",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
            help=as_markdown(say("quality.download.log_help")),
        )


def _report(path: Path) -> bytes:
    from evals.report.html import write_page  # with a parser of SQL, which no page waits for
    from evals.report.reading import read_report

    made = io.StringIO()
    write_page(read_report(path), path, made)
    return made.getvalue().encode("utf-8", "replace")
