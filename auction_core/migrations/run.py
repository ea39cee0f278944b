"""Takes a database from the revision it is at to another one, or writes the SQL that would."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from auction_core.database import describe, open_existing, parse_url
from auction_core.errors import DatabaseNotEmpty, ForeignDatabase, MigrationFailed, Refused
from auction_core.migrations.lock import locked
from auction_core.migrations.losses import losses
from auction_core.migrations.recognise import recognise
from auction_core.migrations.stamp import HEAD, REVISIONS, drop_stamp, read_stamp

BASE = "base"
# A revision, and whether it was applied (True) or undone.
Progress = Callable[[str, bool], None]


@dataclass(frozen=True, slots=True)
class Standing:
    """`revision` is None for a database without the auction's tables. `stamped` is False for one that says nothing."""

    revision: str | None
    stamped: bool

    @property
    def pending(self) -> tuple[str, ...]:
        return REVISIONS[_position(self.revision) :]


def migrate(
    url: str,
    to: str = "head",
    *,
    force: bool = False,
    only_up: bool = False,
    progress: Progress = lambda revision, applied: None,
) -> Standing:
    """To a revision, "head" or "base". Running it again after it broke off carries on where it was.

    Raises Refused, DatabaseNotEmpty (going back would destroy data and `force` is not given), ForeignDatabase,
    DatabaseUnreachable or MigrationFailed.
    """
    parsed = parse_url(url)
    target = _target(to)
    try:
        with locked(parsed) as connection:
            now = _standing(connection)
            # A database that says nothing starts from nothing: what is there already is not made again.
            start = _position(now.revision if now.stamped else None)
            if target < _position(now.revision):
                if only_up:
                    raise Refused(f"The {describe(parsed)} is at revision {now.revision} already, which is later.")
                _refuse_loss(connection, parsed, REVISIONS[target : _position(now.revision)], force)
            _apply(connection, start, target, _position(now.revision), progress)
            return Standing(_name(target), stamped=target > 0)
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise MigrationFailed(
            f"Migrating the {describe(parsed)} broke off ({kind}: {_told(error)}). Run it again when that is mended."
        ) from error


def standing(url: str) -> Standing:
    """Where a database is. Changes nothing. Raises DatabaseUnreachable, ForeignDatabase or Refused."""
    engine = open_existing(parse_url(url))
    try:
        with engine.connect() as connection:
            return _standing(connection)
    finally:
        engine.dispose()


def sql(url: str, to: str = "head") -> str:
    """The statements that `migrate` would run, for the database's own client. Changes nothing."""
    parsed = parse_url(url)
    is_new_file = parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file()
    start = 0 if is_new_file else _position(standing(url).revision)
    target = _target(to)
    if start == target:
        return ""
    text = io.StringIO()
    config = _config(text)
    config.attributes["dialect_name"] = parsed.get_backend_name()
    steps = f"{_name(start) or BASE}:{_name(target) or BASE}"
    (command.upgrade if target > start else command.downgrade)(config, steps, sql=True)
    return text.getvalue()


def title(revision: str) -> str:
    """The first line of what a revision says of itself."""
    script = ScriptDirectory.from_config(_config()).get_revision(revision)
    return str(script.doc) if script is not None else revision


def _config(output: Any = None) -> Config:
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _target(to: str) -> int:
    if to in ("head", BASE):
        return len(REVISIONS) if to == "head" else 0
    if to not in REVISIONS:
        raise Refused(f"There is no revision '{to}': choose head, base or one of {', '.join(REVISIONS)}.")
    return _position(to)


def _position(revision: str | None) -> int:
    """How many revisions have been applied."""
    return 0 if revision is None else REVISIONS.index(revision) + 1


def _name(position: int) -> str | None:
    return REVISIONS[position - 1] if position else None


def _standing(connection: Connection) -> Standing:
    stamp = read_stamp(connection)
    if stamp is None:
        return Standing(recognise(connection), stamped=False)
    if stamp not in REVISIONS:
        where = describe(connection.engine.url)
        raise ForeignDatabase(
            f"The {where} is at revision '{stamp}', which this program does not know (its newest is {HEAD}): "
            "it was migrated by a newer version or by another program."
        )
    return Standing(stamp, stamped=True)


def _refuse_loss(connection: Connection, url: URL, undone: tuple[str, ...], force: bool) -> None:
    lost = [] if force else list(losses(connection, undone))
    if lost:
        shown = ", ".join(lost[:3]) + (" and more" if len(lost) > 3 else "")
        raise DatabaseNotEmpty(
            f"Going back would destroy data in the {describe(url)} ({shown}): give --force to do it."
        )


def _apply(connection: Connection, start: int, target: int, known: int, progress: Progress) -> None:
    def tell(*, step: Any, **ignored: Any) -> None:
        progress(step.up_revision_id, step.is_upgrade)

    config = _config()
    config.attributes.update(connection=connection, on_version_apply=tell)
    if start < known and target < known:  # it says nothing, and is to go back
        command.stamp(config, _name(known) or BASE)
        start = known
    if target > start:
        command.upgrade(config, _name(target) or BASE)
    elif target < start:
        command.downgrade(config, _name(target) or BASE)
    if target == 0:
        drop_stamp(connection)


def _told(error: DBAPIError) -> str:
    """The server's own words on one line; they name tables, never the password of the connection."""
    words = " ".join(str(part) for part in error.orig.args) if error.orig is not None else ""
    return " ".join(words.split())[:200]
