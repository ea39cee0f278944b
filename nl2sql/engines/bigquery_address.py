"""`bigquery://project/dataset?…` → where a BigQuery engine asks, and on what terms. Imports no driver."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

from nl2sql.errors import SettingsInvalid

EXAMPLE = "bigquery://my-project/my_dataset"
_PARAMETERS = ("credentials", "endpoint", "location", "storage")
_STORAGE = "https://bigquerystorage.googleapis.com"
# The longest names Google allows: 30 letters of a project after its domain, 1,024 of a dataset.
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,127}")
_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}")
_LOCATION = re.compile(r"[A-Za-z0-9-]{0,64}")


@dataclass(frozen=True, slots=True)
class BigQueryOptions:
    """What the settings say. `price` is for a TiB that is read; `maximum_bytes` stops a statement that would be billed
    for more, and None leaves that to the project's own quota."""

    price: Decimal = Decimal("6.25")
    currency: str = "USD"
    location: str = ""
    endpoint: str = ""
    maximum_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class BigQueryAddress:
    """`endpoint` and `location` are empty for Google's own: the public API, and wherever the dataset is.

    `credentials` is the path of a service account's key file; empty: application default credentials.
    `storage` is where the Storage Read API answers; empty: nowhere, and all rows come by REST.
    """

    project: str
    dataset: str
    location: str = ""
    endpoint: str = ""
    credentials: str = ""
    storage: str = ""

    @property
    def is_local(self) -> bool:
        """Plain HTTP is spoken with this machine alone, and never with credentials."""
        return _is_plain(self.endpoint)

    @property
    def storage_host(self) -> str:
        """With the port, as gRPC wants it; empty where there is none."""
        parts = urlsplit(self.storage)
        return parts.netloc if parts.port or not parts.netloc else f"{parts.netloc}:443"


def parse_bigquery(url: str, options: BigQueryOptions) -> BigQueryAddress:
    """What the address says stands above the options. Raises SettingsInvalid, which repeats no part of the address."""
    try:
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _invalid("The BigQuery address cannot be read.") from None
    dataset = parts.path.removeprefix("/")
    if not _PROJECT.fullmatch(parts.netloc) or not _DATASET.fullmatch(dataset) or parts.fragment:
        raise _invalid("The BigQuery address does not name a project and a dataset.")
    if not given.keys() <= set(_PARAMETERS):
        raise _invalid(f"The BigQuery address has an unknown parameter; it can have {', '.join(_PARAMETERS)}.")
    location = given.get("location") or options.location
    if not _LOCATION.fullmatch(location):
        raise _invalid("The BigQuery location is not the name of one, like EU or europe-west3.")
    endpoint = _endpoint(given.get("endpoint") or options.endpoint)
    storage = _storage(given.get("storage", ""), endpoint)
    return BigQueryAddress(parts.netloc, dataset, location, endpoint, given.get("credentials", ""), storage)


def _storage(text: str, endpoint: str) -> str:
    """Who names an endpoint of their own, such as a private one, wants no rows to come another way."""
    if text == "off" or (endpoint and not text):
        return ""
    storage = _endpoint(text) or _STORAGE
    if _is_plain(storage) != _is_plain(endpoint):
        raise _invalid("The BigQuery endpoint and its storage must both be on this machine by http://, or neither.")
    return storage


def _is_plain(endpoint: str) -> bool:
    return endpoint.startswith("http://")


def _endpoint(text: str) -> str:
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
        plain = bool(parts.hostname) and _has_nothing_else(parts)
        _ = parts.port
    except ValueError:
        safe = plain = False
    if not (safe and plain):
        raise _invalid("The BigQuery endpoint must be https://host, or http:// on this machine, and nothing more.")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _has_nothing_else(parts: SplitResult) -> bool:
    return not (parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"))


def _invalid(message: str) -> SettingsInvalid:
    return SettingsInvalid(message, hint=f"Write {EXAMPLE}, with ?location=EU where it is needed.")
