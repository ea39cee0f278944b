"""Which warehouse an address means. A driver is imported when it is needed."""

from contextlib import AbstractContextManager

from auction_core.errors import Refused
from auction_core.export.target import Target

FORMS = "duckdb:FILE, parquet:DIR or bigquery:PROJECT.DATASET"


def open_target(address: str, *, full: bool, location: str | None) -> AbstractContextManager[Target]:
    """`full` allows to replace tables that no export has written. Raises Refused for an address that is none."""
    kind, _, place = address.partition(":")
    if location is not None and kind != "bigquery":
        raise Refused("--location is for BigQuery only.")
    if not place or kind not in {"duckdb", "parquet", "bigquery"}:
        raise Refused(f"'{kind}' is no place to export to: give {FORMS}.")
    if kind == "duckdb":
        from auction_core.export.duckdb_target import DuckdbTarget

        return DuckdbTarget.open(place, full=full)
    if kind == "parquet":
        from auction_core.export.parquet_target import ParquetTarget

        return ParquetTarget.open(place)
    from auction_core.export.bigquery_target import BigQueryTarget

    return BigQueryTarget.open(place, full=full, location=location)
