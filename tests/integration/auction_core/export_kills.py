"""A process that exports when it is told to, in children that can be killed.

It reads lines 'url to' and forks for each; it answers the child's id, and, when the child is gone, how it ended. So a
kill costs no start of an interpreter. Run as a program.
"""

import os
import signal
import sys
import time

# Imported once, before any thread is started.
from auction_core.export import duckdb_target, parquet_target
from auction_core.export.run import export_database

assert duckdb_target
assert parquet_target


def main() -> None:
    import duckdb  # noqa: F401 - what a child would import

    for line in sys.stdin:
        url, to = line.split()
        started = time.monotonic()
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            export_database(url, to)
            os._exit(0)
        print(child, flush=True)  # noqa: T201
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), time.monotonic() - started, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
