"""An export from end to end: the one entry for the command line and tests."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from auction_core.export.places import open_target
from auction_core.export.plan import OVERLAP, Exported, Since, plan_tables
from auction_core.export.source import Snapshot, open_snapshot
from auction_core.export.state import TableState, since
from auction_core.export.target import Target

# Table, rows written so far, rows in all; called after every page, and at the end with both alike.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """No names: all tables. `overlap` is what is read again before the watermark of the export before."""

    tables: Sequence[str] = ()
    with_sensitive: bool = False
    full: bool = False
    location: str | None = None
    overlap: timedelta = OVERLAP


@dataclass(frozen=True, slots=True)
class Read:
    """What was, or would be, read of a table. `cutoff` is naive UTC; None: all rows."""

    table: str
    rows: int
    cutoff: datetime | None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Job:
    exported: Exported
    since: Since | None
    state: TableState = field(repr=False)


def export_database(
    url: str,
    to: str,
    options: Options = Options(),
    progress: Progress = lambda table, done, total: None,
) -> list[Read]:
    """Raises AuctionError (see `auction_core.errors`); the warehouse is then as it was before, or as after."""
    plan = plan_tables(options.tables, with_sensitive=options.with_sensitive)
    with open_target(to, full=options.full, location=options.location) as target, open_snapshot(url) as snapshot:
        jobs = list(_jobs(plan, target, snapshot, options))
        done = [_write(job, target, snapshot, progress) for job in jobs]
        target.commit({job.exported.name: job.state for job in jobs})
    return done


def preview(url: str, to: str, options: Options = Options()) -> list[Read]:
    """What `export_database` would read; nothing is written."""
    plan = plan_tables(options.tables, with_sensitive=options.with_sensitive)
    with open_target(to, full=options.full, location=options.location) as target, open_snapshot(url) as snapshot:
        return [
            Read(job.exported.name, snapshot.count(job.exported, job.since), job.since.cutoff if job.since else None)
            for job in _jobs(plan, target, snapshot, options)
        ]


def _jobs(plan: Sequence[Exported], target: Target, snapshot: Snapshot, options: Options) -> Iterator[_Job]:
    known = target.states()
    for exported in plan:
        state = None if options.full else known.get(exported.name)
        after = TableState(snapshot.taken_at, snapshot.highest_id(exported), exported.column_names)
        yield _Job(exported, since(state, exported, snapshot.taken_at, options.overlap), after)


def _write(job: _Job, target: Target, snapshot: Snapshot, progress: Progress) -> Read:
    started = time.monotonic()
    name, first = job.exported.name, job.since
    everything = snapshot.count(job.exported)
    total = snapshot.count(job.exported, first) if first else everything
    held = target.write(job.exported, snapshot, first, lambda done: progress(name, min(done, total - 1), total))
    if first and held != everything:
        # Rows were deleted, came in with old ids and times, or the source is another: only all of them will do.
        first, total = None, everything
        target.write(job.exported, snapshot, None, lambda done: progress(name, min(done, total - 1), total))
    progress(name, total, total)
    return Read(name, total, first.cutoff if first else None, time.monotonic() - started)
