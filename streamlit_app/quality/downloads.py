"""The log of a run, and the report that holds all of it, as files."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import streamlit as st

from streamlit_app.quality.runs import Digest


def show_downloads(digest: Digest) -> None:
    """Nothing is read before somebody clicks."""
    path = digest.head.log.path
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Download the report",
            partial(_report, path),
            file_name=f"{path.stem}.html",
            mime="text/html",
            key="quality-report",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
            help="One page with every question of this run: filters, SQL, results. It opens without a network.",
        )
        st.download_button(
            "Download the log",
            partial(path.read_bytes),
            file_name=path.name,
            mime="application/jsonl",
            key="quality-log",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
            help="JSON lines: one for each answer.",
        )


def _report(path: Path) -> bytes:
    from evals.report.html import write_page  # with a parser of SQL, which no page waits for
    from evals.report.reading import read_report

    made = io.StringIO()
    write_page(read_report(path), path, made)
    return made.getvalue().encode("utf-8", "replace")
