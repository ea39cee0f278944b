"""The client of one BigQuery dataset: address, credentials, jobs under ids of our own, and errors as sentences.

A message of the API may hold a value of a row, and one of the login a token: neither is passed on.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from auction_core.errors import AuctionError, DatabaseUnreachable, LoadFailed, Refused

if TYPE_CHECKING:
    from google.cloud import bigquery

_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,127}")
_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}")
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
# Of a job that BigQuery itself gave up for no fault of ours.
ATTEMPTS = 3
REQUEST_SECONDS = 60.0
# Tries again what got no answer, or 429, 500, 502, 503, for so long.
RETRY_SECONDS = 120.0
JOB_SECONDS = 3600.0
LABELS = {"made_by": "auction-core", "task": "export"}
_INSTALL = "The client for BigQuery is not installed: pip install 'nl2sql[bigquery]'."
_NO_LOGIN = (
    "There are no credentials for BigQuery here, or they do not work: run 'gcloud auth application-default login', or"
    " name a service account's key file in GOOGLE_APPLICATION_CREDENTIALS."
)


@dataclass(frozen=True, slots=True)
class Place:
    """`endpoint` is empty for the public API. Plain HTTP is for this machine alone, and goes without credentials."""

    project: str
    dataset: str
    endpoint: str = ""

    @property
    def is_local(self) -> bool:
        return self.endpoint.startswith("http://")


def parse_place(text: str) -> Place:
    """'PROJECT.DATASET', with '?endpoint=…' for a private endpoint or a stand-in. Raises Refused."""
    name, _, query = text.partition("?")
    project, _, dataset = name.rpartition(".")
    given = dict(parse_qsl(query, keep_blank_values=True))
    endpoint = given.pop("endpoint", "")
    if not _PROJECT.fullmatch(project) or not _DATASET.fullmatch(dataset) or given or not _is_safe(endpoint):
        raise Refused("A BigQuery place is PROJECT.DATASET, as in bigquery:my-project.auction.")
    return Place(project, dataset, endpoint.rstrip("/"))


def _is_safe(endpoint: str) -> bool:
    if not endpoint:
        return True
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    bare = not (parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"))
    return bare and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL))


class Warehouse:
    """Jobs in a dataset. Everything in it raises AuctionError only."""

    def __init__(self, client: "bigquery.Client", place: Place, location: str) -> None:
        self.client = client
        self.place = place
        self.location = location

    def path(self, table: str) -> str:
        return f"{self.place.project}.{self.place.dataset}.{table}"

    def run(self, job_id: str, start: Callable[[str], Any]) -> Any:
        """The result of a job that is there once under its id, however often a request for it is repeated.

        `start` inserts the job by the id it is given. A job that failed at BigQuery is started again under another id:
        all jobs here do the same when they are done twice.
        """
        from google.api_core import exceptions

        passing = (exceptions.ServerError, exceptions.TooManyRequests)
        for attempt in range(1, ATTEMPTS + 1):
            name = f"{job_id}-{attempt}"
            try:
                job = start(name)
            except exceptions.Conflict:  # the answer to the first request was lost, or it met another one's write
                job = self.client.get_job(name, location=self.location, timeout=REQUEST_SECONDS)
            try:
                return job.result(timeout=JOB_SECONDS)
            except passing:
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError  # not reached

    def query(self, job_id: str, sql: str, parameters: "list[bigquery.ScalarQueryParameter]") -> list[Any]:
        from google.cloud import bigquery
        from google.cloud.bigquery.retry import DEFAULT_RETRY

        config = bigquery.QueryJobConfig(query_parameters=parameters, labels=LABELS, use_query_cache=False)

        def start(name: str) -> Any:
            return self.client.query(
                sql,
                job_config=config,
                job_id=name,
                location=self.location,
                timeout=REQUEST_SECONDS,
                retry=DEFAULT_RETRY.with_timeout(RETRY_SECONDS),
                job_retry=None,  # a job id is used once: `run` takes another
            )

        return list(self.run(job_id, start))


@contextmanager
def open_warehouse(place: Place, location: str | None) -> Iterator[Warehouse]:
    """Raises Refused when the dataset is elsewhere, and as `sentences`."""
    try:
        from google.cloud import bigquery
    except ImportError:
        raise DatabaseUnreachable(_INSTALL) from None
    with sentences(place):
        client = _connect(place)
        try:
            dataset = client.get_dataset(
                bigquery.DatasetReference(place.project, place.dataset), timeout=REQUEST_SECONDS
            )
            found = str(dataset.location or location or "")
            if location and found.lower() != location.lower():
                raise Refused(f"The BigQuery dataset {place.dataset} is in {found}, not in {location}.")
            yield Warehouse(client, place, found)
        finally:
            client.close()  # type: ignore[no-untyped-call]


def _connect(place: Place) -> "bigquery.Client":
    import google.auth
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    if place.is_local:
        credentials: Any = AnonymousCredentials()  # type: ignore[no-untyped-call]
    else:
        credentials, _ = google.auth.default(scopes=("https://www.googleapis.com/auth/bigquery",))
    options = {"api_endpoint": place.endpoint} if place.endpoint else None
    return bigquery.Client(project=place.project, credentials=credentials, client_options=options)


@contextmanager
def sentences(place: Place) -> Iterator[None]:
    """What the client raises → AuctionError."""
    import google.auth.exceptions
    import requests
    from google.api_core import exceptions

    where = f"{place.project}.{place.dataset}"
    try:
        yield
    except AuctionError:
        raise
    except google.auth.exceptions.GoogleAuthError:
        raise DatabaseUnreachable(_NO_LOGIN) from None
    except exceptions.Unauthorized:
        raise DatabaseUnreachable(_NO_LOGIN) from None
    except exceptions.Forbidden as error:
        reason = _reason(error)
        raise DatabaseUnreachable(f"BigQuery refuses the account the export to {where} ({reason}).") from None
    except exceptions.NotFound:
        raise DatabaseUnreachable(
            f"There is no BigQuery dataset {where}, or a table went away during the export: create the dataset with"
            " 'bq mk --dataset', or run the export again."
        ) from None
    except (exceptions.ClientError, ValueError) as error:
        reason = _reason(error)
        raise LoadFailed(f"BigQuery broke off the export to {where} ({reason}); run it again.") from None
    except (exceptions.GoogleAPIError, requests.RequestException, OSError, TimeoutError):
        raise DatabaseUnreachable(f"BigQuery cannot be reached, or is busy: run the export to {where} again.") from None


def _reason(error: Exception) -> str:
    """The API's word for it, such as 'accessDenied', without its message."""
    errors = getattr(error, "errors", None) or [{}]
    first = errors[0] if isinstance(errors[0], dict) else {}
    word = str(first.get("reason", ""))
    return word if re.fullmatch(r"[A-Za-z]{1,40}", word) else type(error).__name__
