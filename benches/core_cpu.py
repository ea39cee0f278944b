"""The processor time of a database server on this machine, for benches.core."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

TICKS = os.sysconf("SC_CLK_TCK")


class ServerTime:
    """Found by the server's own word on where it keeps its process id; NaN for one that cannot be looked at."""

    def __init__(self, url: str) -> None:
        self._stat: Path | None = None
        if make_url(url).get_backend_name() not in {"mysql", "mariadb"}:
            return
        engine = create_engine(url)
        with engine.connect() as connection:
            file = connection.execute(text("SELECT @@pid_file")).scalar_one()
        engine.dispose()
        try:
            stat = Path("/proc") / Path(file).read_text().strip() / "stat"
            name = stat.read_text().split("(", 1)[1].split(")")[0]
        except OSError:
            return
        if name.startswith(("mariadbd", "mysqld")):  # not another that got the number on this machine
            self._stat = stat

    def seconds(self) -> float:
        """In user and system mode since it started, over all its clients."""
        if self._stat is None:
            return float("nan")
        user, system = self._stat.read_text().rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / TICKS
