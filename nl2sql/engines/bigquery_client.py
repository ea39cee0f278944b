"""The client of one BigQuery project: credentials, and a time limit on the wire that each thread sets for itself.

The client waits at least 120 seconds for an answer to a question about results, whatever it is told: the limit is
therefore kept where requests are sent.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import google.auth.credentials
import google.auth.transport.requests
import requests
from google.api_core.client_info import ClientInfo
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY
from google.oauth2 import service_account

from nl2sql.engines.bigquery_address import BigQueryAddress
from nl2sql.engines.bigquery_errors import not_logged_in

_SCOPES = ("https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform.read-only")
_CONNECTIONS = 16  # at once; more wait
_SHORTEST = 0.05  # seconds: a limit of nothing would be no limit at all

_limit = threading.local()


@contextlib.contextmanager
def answered_within(seconds: float) -> Iterator[None]:
    """No request that this thread sends in the block waits longer for bytes than until then."""
    before = getattr(_limit, "deadline", None)
    deadline = time.monotonic() + seconds
    _limit.deadline = deadline if before is None else min(deadline, before)
    try:
        yield
    finally:
        _limit.deadline = before


def time_left() -> float:
    """Seconds, of the innermost block."""
    return max(float(getattr(_limit, "deadline", 0.0)) - time.monotonic(), _SHORTEST)


def retry_in_time() -> Retry:
    """Tries again what may be sent twice (reads, and jobs under an id of our own) while there is time."""
    return DEFAULT_RETRY.with_delay(initial=0.1, maximum=2.0).with_timeout(time_left())


class _BoundedAdapter(requests.adapters.HTTPAdapter):
    def send(self, request: Any, *arguments: Any, **options: Any) -> requests.Response:
        given = options.get("timeout")
        waits = time_left()
        options["timeout"] = min(given, waits) if isinstance(given, int | float) else waits
        return super().send(request, *arguments, **options)


def connect(address: BigQueryAddress, credentials: Credentials) -> bigquery.Client:
    """Nothing is asked of BigQuery yet."""
    session = google.auth.transport.requests.AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    adapter = _BoundedAdapter(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    if address.is_local:
        session.mount("http://", adapter)
        session.trust_env = False  # a proxy would be another machine
    return bigquery.Client(
        project=address.project,
        credentials=credentials,
        _http=session,
        location=address.location or None,
        client_info=ClientInfo(user_agent="nl2sql"),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": address.endpoint} if address.endpoint else None,
    )


def credentials_for(address: BigQueryAddress) -> Credentials:
    """Raises DatabaseUnreadable when there are none."""
    if address.is_local:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]
    try:
        if address.credentials:
            path = os.path.expanduser(address.credentials)
            found: Credentials = service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]
                path, scopes=_SCOPES
            )
        else:
            found, _ = google.auth.default(scopes=_SCOPES)
    except (google.auth.exceptions.GoogleAuthError, OSError, ValueError, KeyError) as error:
        raise not_logged_in(error) from None
    return found
