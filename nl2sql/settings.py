"""Every setting has a name, a default and a sentence. Read once, frozen, handed down; no stage reads it.

Order of precedence: environment (`NL2SQL_DATABASE=…`), the file named by `NL2SQL_CONFIG` or `nl2sql.toml` in the
working folder, the default. Relative paths are relative to that file, else to the working folder.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from nl2sql.errors import SettingsInvalid
from nl2sql.question import FIRST_DAY, LAST_DAY, Principal

WRITERS = ("auto", "offline", "llm")
REDACTIONS = ("none", "values", "texts")
_CHOICES = {"writer": WRITERS, "ledger_redact": REDACTIONS, "traces": ("off", "otlp"), "log_format": ("text", "json")}
_ABOVE_ZERO = ("llm_seconds", "cache_mb", "cache_seconds", "ledger_days")
_FROM_ZERO = ("openai_price_in", "openai_price_out", "bigquery_price", "metrics_port")
CONFIG_NAME = "nl2sql.toml"
SHIPPED = Path(__file__).parent / "_data"  # what an installed product brings
# From the environment alone, so that no file holds them.
_SECRETS = {"openai_api_key": "OPENAI_API_KEY", "mask_key": "NL2SQL_MASK_KEY"}
_SWITCH = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _setting(default: Any, sentence: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"sentence": sentence, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    database: str = _setting("sqlite:///var/auction.db", "SQLAlchemy URL of the database that answers.")
    model: str = _setting("schema/auction/model.yaml", "The semantic model (Apache Ossie YAML).")
    policy: str = _setting(
        "schema/auction/policy.yaml", "Who may see what; none: only what is marked sensitive is hidden."
    )
    prompts: str = _setting("prompts", "Folder of the prompt templates.")
    as_of: str = _setting("today", "The day called “today”: a date like 2026-06-30, or the word today (UTC).")
    role: str = _setting("analyst", "The policy role of whoever asks from the command line or the local app.")
    attributes: str = _setting("", "What row filters of the policy know of whoever asks: country=DE, desk=7.")
    mask_key: str = _setting(
        "", "Read from NL2SQL_MASK_KEY: keeps hashes of masked columns the same after a restart.", secret=True
    )
    writer: str = _setting("auto", "auto: the language model when a key is set, else offline; or offline; or llm.")
    verified: bool = _setting(True, "false: do not answer from the verified queries beside the model.")
    openai_model: str = _setting("gpt-5-mini", "Model name sent to the OpenAI-compatible endpoint.")
    openai_base_url: str = _setting("", "Endpoint; empty: OPENAI_BASE_URL, else the provider's own.")
    openai_api_key: str = _setting("", "Read from OPENAI_API_KEY; never written anywhere.", secret=True)
    llm_seconds: float = _setting(30.0, "Longest wait for one completion, in seconds.")
    openai_price_in: float = _setting(0.0, "What a million prompt tokens cost, for the ledger; 0: not known.")
    openai_price_out: float = _setting(0.0, "What a million completion tokens cost, for the ledger; 0: not known.")
    bigquery_price: float = _setting(6.25, "What reading a TiB costs, in bigquery_currency; 6.25 is US on-demand.")
    bigquery_currency: str = _setting("USD", "The currency of bigquery_price.")
    bigquery_location: str = _setting("", "Where BigQuery jobs run, like EU or europe-west3; empty: the dataset's own.")
    bigquery_endpoint: str = _setting("", "Address of another BigQuery API than the public one, such as a private one.")
    cache: str = _setting("var/cache", "Folder of the answer cache, or redis://host:6379/0 for many replicas, or off.")
    cache_mb: int = _setting(256, "Size bound of the cache in megabytes.")
    cache_seconds: float = _setting(86_400.0, "An answer is kept at most this long; less where the model says so.")
    ledger: str = _setting("sqlite:///var/ledger.db", "SQLAlchemy URL of the ledger of all questions, or off.")
    ledger_days: int = _setting(90, "Rows of the ledger are deleted after so many days.")
    ledger_redact: str = _setting(
        "none", "none; values: literals in SQL and questions become ?; texts: no question and no SQL is kept."
    )
    metrics_port: int = _setting(0, "Port on 127.0.0.1 where Prometheus finds the app's metrics; 0: none.")
    traces: str = _setting("off", "off; otlp: OpenTelemetry spans go where the OTEL_… variables say.")
    log_format: str = _setting("text", "text or json: how each line of the log is written to standard error.")
    strict: bool = _setting(
        False, "true: do not start with a database account that may do more than read (`nl2sql guard doctor`)."
    )
    base: Path = field(default_factory=Path.cwd, repr=False, metadata={"sentence": "", "secret": False})

    def path(self, value: str) -> Path:
        """`value` as given when absolute, else below the folder the settings came from, else shipped data."""
        given = Path(value).expanduser()
        if given.is_absolute() or (self.base / given).exists():
            return self.base / given
        shipped = SHIPPED / given
        return shipped if shipped.exists() else self.base / given

    def asking(self, role: str = "", attributes: Iterable[str] = ()) -> Principal:
        """Whoever asks from this machine; what is given here stands above the settings. Raises SettingsInvalid."""
        known = _pairs(self.attributes.split(",")) | _pairs(attributes)
        return Principal(role=role or self.role, attributes=MappingProxyType(known))

    @property
    def today(self) -> date:
        return datetime.now(UTC).date() if self.as_of == "today" else date.fromisoformat(self.as_of)

    @property
    def database_url(self) -> str:
        """`database` with a relative path of a file made absolute."""
        return self._with_absolute_path(self.database)

    @property
    def ledger_url(self) -> str:
        """`ledger` with a relative path of a file made absolute; "off" as it is."""
        return self._with_absolute_path(self.ledger)

    def _with_absolute_path(self, url: str) -> str:
        for prefix in ("sqlite:///", "duckdb:///"):
            if url.startswith(prefix):
                return prefix + str(self.path(url.removeprefix(prefix)))
        return url


def load_settings(environ: Mapping[str, str] | None = None, *, folder: Path | None = None) -> Settings:
    """Raises SettingsInvalid, naming the setting, its value and what is allowed."""
    env = os.environ if environ is None else environ
    config = Path(env["NL2SQL_CONFIG"]) if env.get("NL2SQL_CONFIG") else (folder or Path.cwd()) / CONFIG_NAME
    values: dict[str, Any] = _read_file(config, required=bool(env.get("NL2SQL_CONFIG")))
    values |= {name: env[f"NL2SQL_{name.upper()}"] for name in _names() if env.get(f"NL2SQL_{name.upper()}")}
    values |= {name: env.get(variable, "").strip() for name, variable in _SECRETS.items()}
    values.setdefault("openai_base_url", env.get("OPENAI_BASE_URL", ""))
    base = config.parent.resolve() if config.exists() else (folder or Path.cwd())
    settings = Settings(base=base, **{name: _typed(name, value) for name, value in values.items()})
    _validate(settings)
    return settings


def _names() -> list[str]:
    return [f.name for f in fields(Settings) if f.name != "base" and f.name not in _SECRETS]


def _pairs(texts: Iterable[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if text.strip() and not (separator and name.strip() and value.strip()):
            raise SettingsInvalid(f"“{text.strip()[:80]}” is not an attribute; write name=value, like country=DE.")
        if text.strip():
            found[name.strip()] = value.strip()
    return found


def _read_file(path: Path, *, required: bool) -> dict[str, Any]:
    if not path.exists():
        if required:
            raise SettingsInvalid(f"The settings file {path} (from NL2SQL_CONFIG) does not exist.")
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid(f"The settings file {path} cannot be read: {error}.") from error
    for name in values:
        if name not in _names():
            raise SettingsInvalid(f"{path}: there is no setting “{name}”. Settings are: {', '.join(_names())}.")
    return values


def _typed(name: str, value: Any) -> Any:
    kind = type(Settings.__dataclass_fields__[name].default)
    if kind is bool:
        return _switch(name, value)
    try:
        typed = cast(Callable[[Any], Any], kind)(value)
    except (TypeError, ValueError) as error:
        raise SettingsInvalid(f"The setting {name} must be a {kind.__name__}, not “{value}”.") from error
    if isinstance(typed, float) and not math.isfinite(typed):
        raise SettingsInvalid(f"The setting {name} must be a finite number, not “{value}”.")
    return typed


def _switch(name: str, value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in _SWITCH:
        return _SWITCH[value.strip().lower()]
    if isinstance(value, bool):
        return value
    raise SettingsInvalid(f"The setting {name} must be true or false, not “{value}”.")


def _validate(settings: Settings) -> None:
    for name, allowed in _CHOICES.items():
        if getattr(settings, name) not in allowed:
            raise SettingsInvalid(f"The setting {name} is “{getattr(settings, name)}”; it can be {', '.join(allowed)}.")
    if settings.writer == "llm" and not settings.openai_api_key:
        raise SettingsInvalid("The setting writer is llm, but OPENAI_API_KEY is not set.")
    for name in _ABOVE_ZERO:
        if getattr(settings, name) <= 0:
            raise SettingsInvalid(f"The setting {name} must be above 0.")
    for name in _FROM_ZERO:
        if getattr(settings, name) < 0:
            raise SettingsInvalid(f"The setting {name} cannot be below 0.")
    if settings.metrics_port > 65_535:
        raise SettingsInvalid("The setting metrics_port must be a port, at most 65535.")
    settings.asking()
    try:
        today = settings.today
    except ValueError as error:
        message = f"The setting as_of is “{settings.as_of}”; write a date like 2026-06-30, or today."
        raise SettingsInvalid(message) from error
    if not FIRST_DAY <= today <= LAST_DAY:
        raise SettingsInvalid(f"The setting as_of is {today}; it must lie between {FIRST_DAY} and {LAST_DAY}.")
