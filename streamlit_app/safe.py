"""Text that stays text: questions, headlines and data values never act as HTML or Markdown."""

from __future__ import annotations

import re
from html import escape

# Joins without a gap and without a width: breaks up what Streamlit would turn into an icon, a colour or a link.
_JOINER = "\u2060"
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~$^=&\"'])")
_ACTIVE = re.compile(r"(:(?=[\w+\-/]+[:\[])|(?:https?:|ftp:|mailto:)(?=/|\S)|www(?=\.)|@)", re.IGNORECASE)
# Of an absolute path, but not of an address like http://…
_FOLDERS = re.compile(r"(?<![\w:/])/(?:[^\s/:]+/)+")


def as_html(text: object) -> str:
    return escape(str(text), quote=True)


def as_markdown(text: object) -> str:
    """For labels of buttons and expanders, which Streamlit always reads as Markdown."""
    one_line = " ".join(str(text).split())
    return _PUNCTUATION.sub(r"\\\1", _ACTIVE.sub(rf"\1{_JOINER}", one_line))


def without_folders(text: str) -> str:
    """Where a file is on the server is for those who run it; others are told its name."""
    return _FOLDERS.sub("", text)


def shorten(text: str, limit: int) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= limit else one_line[: limit - 1].rstrip() + "…"
