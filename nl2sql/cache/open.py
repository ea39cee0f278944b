"""The setting `cache` → a cache."""

from __future__ import annotations

from pathlib import Path

from nl2sql.cache.base import Cache, NoCache
from nl2sql.errors import SettingsInvalid


def open_cache(setting: str, folder: Path | None, size_limit: int) -> Cache:
    """`setting` is off, an address like redis://host:6379/0, or a folder; `folder` is that folder with its full path.
    `size_limit` is in bytes. Raises SettingsInvalid; a store that does not answer is no error."""
    if setting == "off":
        return NoCache()
    if "://" in setting:
        return _opened_redis(setting, size_limit)
    from nl2sql.cache.disk import DiskCache

    return DiskCache(folder or Path(setting), size_limit=size_limit)


def _opened_redis(address: str, size_limit: int) -> Cache:
    try:
        from nl2sql.cache.redis import RedisCache
    except ImportError as error:
        raise SettingsInvalid(
            "A cache in Redis needs a package that is missing: pip install 'nl2sql[redis]'."
        ) from error
    try:
        return RedisCache(address, size_limit=size_limit)
    except ValueError as error:
        raise SettingsInvalid(f"The setting cache is not an address of Redis: {error}.") from error
