"""One dataset of BigQuery: its client, made at the first question, where it is, and its tables by name."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from google.api_core.exceptions import NotFound
from google.auth.credentials import Credentials
from google.cloud import bigquery

from nl2sql.engines.bigquery_address import BigQueryAddress
from nl2sql.engines.bigquery_client import connect, credentials_for, retry_in_time, time_left


class DatasetClient:
    """Safe for many threads. Its requests wait for as long as `answered_within` lets them, and raise what the client
    raises."""

    def __init__(self, address: BigQueryAddress) -> None:
        self._address = address
        self._reference = bigquery.DatasetReference(address.project, address.dataset)
        self._lock = threading.Lock()
        self._made: tuple[Credentials, bigquery.Client] | None = None
        self._location = address.location

    @property
    def client(self) -> bigquery.Client:
        return self._connected()[1]

    def credentials(self) -> Credentials:
        return self._connected()[0]

    def location(self) -> str | None:
        """A job that is given no location runs where its tables are, but it can only be found again by its location."""
        if not self._location:
            told = self.client.get_dataset(self._reference, retry=retry_in_time(), timeout=time_left())
            self._location = str(told.location or "")
        return self._location or None

    def job_config(self) -> bigquery.QueryJobConfig:
        return bigquery.QueryJobConfig(default_dataset=self._reference, use_legacy_sql=False)

    def table(self, name: str) -> Any:
        """By its name in any case: the guard writes names in lower case, and BigQuery tells them apart."""
        *places, own = name.split(".")
        project, dataset = [self._address.project, self._address.dataset][: 2 - len(places)] + places[-2:]
        reference = bigquery.DatasetReference(project, dataset).table(own)
        try:
            return self.client.get_table(reference, retry=retry_in_time(), timeout=time_left())
        except NotFound:
            spelled = next((each for each in self.table_names() if each.lower() == own and each != own), None)
            if places or spelled is None:
                raise
            return self.table(spelled)

    def table_names(self) -> Sequence[str]:
        listed = self.client.list_tables(self._reference, retry=retry_in_time(), timeout=time_left())
        return [each.table_id for each in listed]

    def close(self) -> None:
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made[1].close()  # type: ignore[no-untyped-call]

    def _connected(self) -> tuple[Credentials, bigquery.Client]:
        """Raises DatabaseUnreadable when there are no credentials."""
        with self._lock:
            if self._made is None:
                credentials = credentials_for(self._address)
                self._made = credentials, connect(self._address, credentials)
            return self._made
