"""A topic of Pub/Sub on this machine: a gRPC server that takes Publish calls, keeps them, and fails when it is told."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.pubsub_v1.types import PublishRequest, PublishResponse, PubsubMessage

NAME = "projects/auction-test/topics/auction-events"


class Topic:
    """`trouble` is asked before each call: a status code refuses it, "lost" takes the messages but loses the answer."""

    def __init__(self, trouble: Callable[[PublishRequest], grpc.StatusCode | str | None] = lambda _: None) -> None:
        self.trouble = trouble
        self.messages: list[PubsubMessage] = []
        self.requests: list[PublishRequest] = []
        self._lock = threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(8))
        method = grpc.unary_unary_rpc_method_handler(
            self._publish, PublishRequest.deserialize, PublishResponse.serialize
        )
        service = grpc.method_handlers_generic_handler("google.pubsub.v1.Publisher", {"Publish": method})
        self._server.add_generic_rpc_handlers((service,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        self._server.stop(None).wait()

    def ids(self, key: str) -> list[int]:
        """The event ids of one ordering key, as they came."""
        return [int(each.attributes["event_id"]) for each in self.messages if each.ordering_key == key]

    def _publish(self, request: PublishRequest, context: Any) -> PublishResponse:
        trouble = self.trouble(request)
        with self._lock:
            self.requests.append(request)
            if isinstance(trouble, grpc.StatusCode):
                context.abort(trouble, "a secret of the server's")
            start = len(self.messages)
            self.messages.extend(request.messages)
        if trouble == "lost":
            time.sleep(0.05)
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "late")
        return PublishResponse(message_ids=[str(start + number) for number in range(len(request.messages))])
