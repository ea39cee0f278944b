"""What is left of an unexpected error: a sentence with a reference, and the traceback in a private log file."""

from __future__ import annotations

import os
import re
import secrets
import traceback
from datetime import UTC, datetime
from pathlib import Path

LOG_NAME = "nl2sql.log"
SHORTEST_KEY = 20
_hidden: set[str] = set()
_KEYS = ("OPENAI_API_KEY", "EMBEDDINGS_API_KEY", "NL2SQL_MASK_KEY")
# To the last @ of the word: a password may hold any other mark. Cutting out too much of a log is the smaller harm.
_URL_PASSWORD = re.compile(r"(://[^/\s:]*:)\S+@")
_PARAMETER = re.compile(r"([?&]\w*(?:pass|pwd)\w*=)[^&\s'\"]+", re.IGNORECASE)


def write_report(error: BaseException, folder: Path) -> str:
    """The sentence for the person who asked. Writes the log as a file only its owner can read."""
    reference = secrets.token_hex(4)
    text = redact("".join(traceback.format_exception(error)))
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / LOG_NAME
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as log:
            log.write(f"{stamp} reference {reference}\n{text}\n")
    except OSError:
        return f"Something unexpected went wrong ({type(error).__name__}), and no log could be written to {folder}."
    return f"Something unexpected went wrong ({type(error).__name__}); details are in {path}, reference {reference}."


def hide(secret: str) -> None:
    """Also what is in no variable of the environment: from now on it is cut out of whatever this process writes.
    What is shorter than a key is a stand-in that a local server wants, and may be a word of any text."""
    if len(secret) >= SHORTEST_KEY:
        _hidden.add(secret)


def known_secrets() -> set[str]:
    return _hidden | {key for name in _KEYS if (key := os.environ.get(name, "").strip())}


def redact(text: str) -> str:
    """Without the API key, the key of masks, and passwords in URLs."""
    for secret in known_secrets():
        text = text.replace(secret, "…")
    return _PARAMETER.sub(r"\1…", _URL_PASSWORD.sub(r"\1…@", text))
