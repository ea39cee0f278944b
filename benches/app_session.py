"""One browser session of the app without a browser: it speaks Streamlit's own messages over a websocket."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

# A page that takes longer is as good as lost.
WAIT_SECONDS = 60.0
_FAILED = ForwardMsg.FINISHED_WITH_COMPILE_ERROR
_DONE = ForwardMsg.FINISHED_SUCCESSFULLY


@dataclass(slots=True)
class Page:
    """What one run of the script, with the reruns that it asked for, sent. `seconds` is until its last element."""

    seconds: float = 0.0
    texts: list[str] = field(default_factory=list)
    received_bytes: int = 0
    elements: int = 0

    def shows(self, text: str) -> bool:
        return any(text in each for each in self.texts)


class AppSession:
    """Use it as a context: the connection closes with it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._box = ""
        self._page_hash = ""
        self._socket: ClientConnection

    def __enter__(self) -> AppSession:
        address = f"ws://127.0.0.1:{self._port}/_stcore/stream"
        self._socket = connect(address, subprotocols=["streamlit"], max_size=None)  # type: ignore[list-item]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def open(self, query: str = "") -> Page:
        message = BackMsg()
        message.rerun_script.query_string = query
        return self._run(message)

    def ask(self, question: str) -> Page:
        """Enter in the box at the top; returns when the whole page with the answer has come."""
        message = BackMsg()
        message.rerun_script.page_script_hash = self._page_hash
        box = message.rerun_script.widget_states.widgets.add()
        box.id = self._box
        box.chat_input_value.data = question
        return self._run(message)

    def _run(self, message: BackMsg) -> Page:
        page, begun = Page(), perf_counter()
        self._socket.send(message.SerializeToString())
        while True:
            received = self._socket.recv(timeout=WAIT_SECONDS, decode=False)
            page.received_bytes += len(received)
            forward = ForwardMsg.FromString(received)
            kind = forward.WhichOneof("type")
            if kind == "new_session":
                self._page_hash = forward.new_session.page_script_hash
                page.texts.clear()
            elif kind == "delta":
                self._note(forward.delta, page)
            elif kind == "script_finished" and forward.script_finished in (_DONE, _FAILED):
                page.seconds = perf_counter() - begun
                return page

    def _note(self, delta: Any, page: Page) -> None:
        page.elements += 1
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind == "chat_input":
            self._box = element.chat_input.id
        elif kind == "html":
            page.texts.append(element.html.body)
