"""What the API and the worker count, as Prometheus sees it: names, labels and buckets, in a registry each.

Labels have few values: a route is its template (`/listings/{listing_id}`), never a path; no label holds an id or a text
that a user gave. A registry counts for one process.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
# From a read of one row to the client's patience.
_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# A pass of the worker that finds nothing takes a millisecond; one after an outage, minutes.
_PASS_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0)
# The closer runs each second, so most listings close within two of their end.
_LAG_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0)


def page(registry: CollectorRegistry) -> bytes:
    """What `/metrics` answers, of the type CONTENT_TYPE."""
    return generate_latest(registry)


class ApiMetrics:
    """`outcome` of a write is "done", or the `code` of its refusal or failure."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry or CollectorRegistry()
        self.requests = Counter(
            "auction_http_requests",
            "Requests answered, by method, route and status.",
            ("method", "route", "status"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "auction_http_request_seconds",
            "Time to the answer, by method and route.",
            ("method", "route"),
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self.writes = Counter(
            "auction_writes",
            "Writes, by operation and what became of them.",
            ("operation", "outcome"),
            registry=registry,
        )
        self.rate_limited = Counter(
            "auction_rate_limited", "Requests that came too fast, by limit.", ("limit",), registry=registry
        )
        self.streams = Gauge("auction_live_streams", "Streams of live bids that are open.", registry=registry)


class WorkerMetrics:
    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = registry or CollectorRegistry()
        self.listings_closed = Counter(
            "auction_listings_closed", "Listings that this worker closed, by status.", ("status",), registry=registry
        )
        self.close_lag_seconds = Histogram(
            "auction_close_lag_seconds",
            "From the end of a listing to its closing.",
            buckets=_LAG_SECONDS,
            registry=registry,
        )
        self.events_published = Counter(
            "auction_events_published",
            "Events that this worker published, by type.",
            ("event_type",),
            registry=registry,
        )
        self.publish_failures = Counter(
            "auction_publish_failures", "Batches that the publisher did not take in full.", registry=registry
        )
        self.leases_lost = Counter(
            "auction_outbox_leases_lost", "Lanes that another relay took over before time.", registry=registry
        )
        self.outbox_backlog = Gauge(
            "auction_outbox_backlog", "Events not yet published; 100000 stands for that and more.", registry=registry
        )
        self.outbox_oldest_seconds = Gauge(
            "auction_outbox_oldest_seconds", "Age of the oldest event not yet published, 0 if none.", registry=registry
        )
        self.rows_purged = Counter(
            "auction_rows_purged", "Rows deleted because they were old, by table.", ("table",), registry=registry
        )
        self.loop_errors = Counter(
            "auction_loop_errors", "Passes of the worker that failed, by loop.", ("loop",), registry=registry
        )
        self.loop_seconds = Histogram(
            "auction_loop_seconds",
            "Time that a pass took, by loop.",
            ("loop",),
            buckets=_PASS_SECONDS,
            registry=registry,
        )
