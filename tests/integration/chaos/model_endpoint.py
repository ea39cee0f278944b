"""A language model's endpoint as a process of its own, so that it can be killed: `python model_endpoint.py PORT`.

It knows two kinds of questions and writes the SQL that answers them; whatever else it is asked, it declines.
"""

from __future__ import annotations

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ABOVE = re.compile(r"How many bids are above (\d+) EUR\?")
_USERS = "How many users do we have?"


def reply_to(text: str) -> dict[str, Any]:
    """The last of the questions in the prompt: the examples stand before it."""
    asked = [
        (match.start(), f"SELECT COUNT(*) AS n FROM bids WHERE amount > {match[1]}") for match in _ABOVE.finditer(text)
    ]
    asked.append((text.rfind(_USERS), "SELECT COUNT(*) AS n FROM users"))
    place, sql = max(asked)
    if place < 0:
        return {"kind": "cannot_answer", "reason": "Not known here.", "code": "unanswerable"}
    return {"kind": "sql", "sql": sql, "interpretation": "counted", "assumptions": []}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = str(body["messages"][-1]["content"])
        reply = {"kind": "", "interpretation": "", "assumptions": [], "sql": None, "message": None, "choices": []}
        message = {"role": "assistant", "content": json.dumps(reply | {"reason": None, "code": None} | reply_to(text))}
        sent = json.dumps(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 0,
                "model": "scripted",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 1_000, "completion_tokens": 20, "total_tokens": 1_020},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args: Any) -> None:
        """Quiet: a thousand questions are asked."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
