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

from nl2sql.crash import hide
from nl2sql.errors import SettingsInvalid
from nl2sql.question import FIRST_DAY, LAST_DAY, Principal
from nl2sql.secret_sources import key_from_environment

WRITERS = ("verified", "offline", "llm")
REDACTIONS = ("none", "values", "texts")
_CHOICES = {
    "values_to_llm": ("none", "enums", "linked"),
    "openai_api": ("auto", "responses", "chat"),
    "openai_reasoning_effort": ("", "none", "minimal", "low", "medium", "high"),
    "ledger_redact": REDACTIONS,
    "sign_in": ("local", "oidc", "iap"),
    "traces": ("off", "otlp"),
    "log_format": ("text", "json"),
}
_ABOVE_ZERO = ("llm_seconds", "llm_candidates", "prompt_tokens", "cache_mb", "cache_seconds", "ledger_days", "app_days")
_FROM_ZERO = (
    *("openai_price_in", "openai_price_out", "bigquery_price", "metrics_port", "llm_retries", "llm_repairs"),
    *("llm_candidates_unsure", "budget_user_tokens", "budget_tokens", "budget_user_money", "budget_money"),
)
_SHARES = ("offline_confidence", "llm_unsure_below")
CONFIG_NAME = "nl2sql.toml"
SHIPPED = Path(__file__).parent / "_data"  # what an installed product brings
# From the environment alone, so that no file holds them.
_SECRETS = {
    "openai_api_key": "OPENAI_API_KEY",
    "embeddings_api_key": "EMBEDDINGS_API_KEY",
    "mask_key": "NL2SQL_MASK_KEY",
}
# Passed over in silence, an order not to ask a language model would be lost.
_FORMER = {
    "writer": "write writers, an order like verified, offline, llm",
    "verified": "write writers, and leave verified out of it",
}
_KINDS = {int: "a whole number", float: "a number", str: "a text"}
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
    writers: str = _setting(
        "verified, offline, llm",
        "Who writes the SQL, in this order: verified queries; the offline writer, when it is sure; the language model, "
        "when it has a key; and the offline writer once more where the model fails. What is not named is not asked.",
    )
    offline_confidence: float = _setting(
        0.8, "From here on (0 to 1) a reading of the offline writer is not left to the language model."
    )
    prompt: str = _setting("sql_writer@v2", "The prompt template in use, as <id>@<version>.")
    prompt_tokens: int = _setting(4_000, "What a prompt may hold at most, in tokens as they are estimated.")
    values_to_llm: str = _setting(
        "enums",
        "Values in prompts: none; enums: those that the semantic model lists; linked: also stored ones that the "
        "question names.",
    )
    embeddings: str = _setting(
        "off",
        "off; or the name of an embedding model, which helps to find tables: it is sent each question's text.",
    )
    embeddings_base_url: str = _setting("", "Endpoint of the embedding model; empty: that of the language model.")
    embeddings_api_key: str = _setting(
        "", "Read from EMBEDDINGS_API_KEY: the key for an endpoint of its own.", secret=True
    )
    llm: str = _setting("openai", "openai; or recorded:FILE, which replays a recording and calls nobody.")
    llm_record: str = _setting("", "A file to which every completion is appended, to be replayed; empty: none.")
    llm_seconds: float = _setting(30.0, "Longest wait for one completion with all its tries, in seconds.")
    llm_retries: int = _setting(2, "How often a busy or failing endpoint is tried again.")
    llm_repairs: int = _setting(2, "How often SQL that was refused or failed goes back to the language model.")
    llm_candidates: int = _setting(1, "How many drafts the language model writes for a question; they then vote.")
    llm_candidates_unsure: int = _setting(3, "How many in all where the first one is unsure of itself.")
    llm_unsure_below: float = _setting(0.6, "Below this confidence (0 to 1) a draft of the language model is unsure.")
    openai_model: str = _setting("gpt-5-mini", "Model name sent to the OpenAI-compatible endpoint.")
    openai_base_url: str = _setting("", "Endpoint; empty: OPENAI_BASE_URL, else the provider's own.")
    openai_api: str = _setting("auto", "responses, chat (Chat Completions), or auto: what the endpoint has.")
    openai_temperature: str = _setting("0", "Temperature of the first draft; empty: the endpoint's own.")
    openai_seed: str = _setting("", "A number that makes replies as repeatable as the endpoint can; empty: none.")
    openai_reasoning_effort: str = _setting(
        "", "none, minimal, low, medium or high, for models that reason; empty: the endpoint's own."
    )
    openai_api_key: str = _setting(
        "",
        "Read from OPENAI_API_KEY, else from the file that OPENAI_API_KEY_FILE names, else from Secret Manager.",
        secret=True,
    )
    openai_key_secret: str = _setting(
        "", "Where Google Secret Manager keeps the key: projects/PROJECT/secrets/NAME/versions/latest."
    )
    budget_user_tokens: int = _setting(0, "Tokens that one person may spend a day (UTC); 0: no limit.")
    budget_tokens: int = _setting(0, "Tokens that all may spend a day (UTC); 0: no limit.")
    budget_user_money: float = _setting(0.0, "Money that one person may spend on tokens a day (UTC); 0: no limit.")
    budget_money: float = _setting(0.0, "Money that all may spend on tokens a day (UTC); 0: no limit.")
    llm_prices: str = _setting("", "A dated price table of your own (YAML); empty: the one that is shipped.")
    openai_price_in: float = _setting(
        0.0, "What a million prompt tokens cost, in place of the price table; 0: as there."
    )
    openai_price_out: float = _setting(
        0.0, "What a million completion tokens cost, in place of the price table; 0: as there."
    )
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
    evals: str = _setting("var/evals", "Folder in which evaluation runs are kept, for reports and the app.")
    app_database: str = _setting(
        "sqlite:///var/app.db",
        "SQLAlchemy URL of what the app's users keep (conversations, boards), or off.",
    )
    app_days: int = _setting(180, "Conversations that nobody added to for so many days are deleted.")
    sign_in: str = _setting(
        "local",
        "local: whoever uses this machine; oidc: OpenID Connect; iap: the signed header of an identity-aware proxy.",
    )
    people: str = _setting("", "A file that says who may do what in the app (YAML); needed for oidc and iap.")
    iap_audience: str = _setting("", "The audience that the identity-aware proxy signs for; needed for iap.")
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

    @property
    def writer_order(self) -> tuple[str, ...]:
        return _names_in(self.writers)

    @property
    def replayed(self) -> Path | None:
        """The recording that is asked instead of an endpoint."""
        kind, separator, name = self.llm.partition(":")
        return self.path(name.strip()) if separator and kind == "recorded" else None

    @property
    def asks_llm(self) -> bool:
        """Whether there is a language model to ask: it is named, and there is a key, an own endpoint or a recording."""
        reachable = self.openai_api_key or self.openai_key_secret or self.openai_base_url or self.replayed
        return "llm" in self.writer_order and bool(reachable)

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

    @property
    def app_database_url(self) -> str:
        """`app_database` with a relative path of a file made absolute; "off" as it is."""
        return self._with_absolute_path(self.app_database)

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
    for name, instead in _FORMER.items():
        if env.get(f"NL2SQL_{name.upper()}"):
            raise SettingsInvalid(f"NL2SQL_{name.upper()} is no longer a setting; {instead} (NL2SQL_WRITERS).")
    values |= {name: env[f"NL2SQL_{name.upper()}"] for name in _names() if env.get(f"NL2SQL_{name.upper()}")}
    values |= {name: env.get(variable, "").strip() for name, variable in _SECRETS.items()}
    values["openai_api_key"] = key_from_environment(env)
    hide(values["openai_api_key"])
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
        if name in _FORMER:
            raise SettingsInvalid(f"{path}: “{name}” is no longer a setting; {_FORMER[name]}.")
        if name not in _names():
            raise SettingsInvalid(f"{path}: there is no setting “{name}”. Settings are: {', '.join(_names())}.")
    return values


def _typed(name: str, value: Any) -> Any:
    kind: type = type(Settings.__dataclass_fields__[name].default)
    if kind is bool:
        return _switch(name, value)
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value)
    try:
        typed = cast(Callable[[Any], Any], kind)(value)
    except (TypeError, ValueError) as error:
        raise SettingsInvalid(f"The setting {name} must be {_KINDS[kind]}, not “{value}”.") from error
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
            told = ", ".join(each or "empty" for each in allowed)
            raise SettingsInvalid(f"The setting {name} is “{getattr(settings, name)}”; it can be {told}.")
    _validate_writers(settings)
    for name in _ABOVE_ZERO:
        if getattr(settings, name) <= 0:
            raise SettingsInvalid(f"The setting {name} must be above 0.")
    for name in _FROM_ZERO:
        if getattr(settings, name) < 0:
            raise SettingsInvalid(f"The setting {name} cannot be below 0.")
    for name in _SHARES:
        if not 0 <= getattr(settings, name) <= 1:
            raise SettingsInvalid(f"The setting {name} must lie between 0 and 1.")
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


def without_verified(writers: str) -> str:
    """The same order of writers; the offline one, where no other is left."""
    return ", ".join(name for name in _names_in(writers) if name != "verified") or "offline"


def _names_in(writers: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in writers.split(",") if name.strip())


def _validate_writers(settings: Settings) -> None:
    order = settings.writer_order
    if unknown := [name for name in order if name not in WRITERS]:
        raise SettingsInvalid(f"The setting writers names “{unknown[0]}”; writers are {', '.join(WRITERS)}.")
    if not order or len(set(order)) < len(order):
        raise SettingsInvalid("The setting writers must name at least one writer, and none twice.")
    if order == ("llm",) and not settings.asks_llm:
        message = "The setting writers names the language model alone, but OPENAI_API_KEY is not set."
        raise SettingsInvalid(message, hint="A server of your own, named by openai_base_url, needs none.")
    if settings.llm != "openai" and not settings.llm.removeprefix("recorded:").strip():
        raise SettingsInvalid("The setting llm is recorded: without a file.")
    if settings.llm != "openai" and not settings.llm.startswith("recorded:"):
        raise SettingsInvalid(f"The setting llm is “{settings.llm}”; it can be openai or recorded:FILE.")
    for name, kind in (("openai_temperature", float), ("openai_seed", int)):
        try:
            kind(getattr(settings, name) or 0)
        except ValueError:
            what = "a whole number" if kind is int else "a number like 0.7"
            raise SettingsInvalid(f"The setting {name} must be {what}, or empty.") from None
