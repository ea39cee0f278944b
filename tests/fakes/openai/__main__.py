"""`python -m tests.fakes.openai --port 8099 [--reply FILE] [--pause 0.05]` gives one reply to everything."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from threading import Event

from tests.fakes.openai.acts import Act
from tests.fakes.openai.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.openai", description="A scripted model's endpoint.")
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--reply", type=Path, help="a file with the text of every reply; without it: {}")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between pieces of a streamed reply")
    parser.add_argument("--stall", type=float, default=0.0, help="seconds before anything is sent")
    given = parser.parse_args()
    text = given.reply.read_text(encoding="utf-8") if given.reply else "{}"
    with serve([Act(text, pause=given.pause, stall=given.stall)], port=given.port) as endpoint:
        sys.stdout.write(f"{endpoint.url}\n")
        sys.stdout.flush()
        Event().wait()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
