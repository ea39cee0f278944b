"""Log lines as JSON objects on standard error: time, level, logger, message, and what the caller adds by `extra`."""

import json
import logging
import sys
from datetime import UTC, datetime

from auction_core.results import utc_text

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Of an exception only the kind is written: its text may hold a password or somebody's data."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": utc_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        line |= {key: value for key, value in vars(record).items() if key not in _USUAL}
        return json.dumps(line, ensure_ascii=False, default=str)


def log_to_stderr() -> None:
    """For the whole process: this package from INFO, others from WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("auction_core").setLevel(logging.INFO)
