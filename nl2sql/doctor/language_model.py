"""Who writes the SQL: the order of writers, the language model, its key, its prompt, its budgets and recordings.

No key is ever read into a text. Nobody is asked, but for `asked_once`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from nl2sql.crash import redact
from nl2sql.doctor.base import Check, State, failed
from nl2sql.errors import Nl2SqlError
from nl2sql.llm.base import LanguageModel
from nl2sql.prompt.base import Message, Prompt
from nl2sql.secret_sources import KEY, KEY_FILE, key_from_environment, read_secret_place
from nl2sql.settings import Settings

# Whoever runs the doctor waits for it; a model that needs longer for one word is no help to people either.
ASK_SECONDS = 20.0
_ASK = 'Reply with the JSON object {"ok": true} and nothing else.'
_REPLY = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}


def examine_language_model(settings: Settings, environ: Mapping[str, str]) -> Iterator[Check]:
    yield _writers(settings)
    yield _key(settings, environ)
    if settings.asks_llm:
        yield _model(settings)
    yield _prompt(settings)
    if settings.asks_llm:
        yield _budget(settings)
    if settings.llm_record or settings.replayed:
        yield _recording(settings)
    if settings.embeddings != "off" and settings.asks_llm:
        yield _embeddings(settings)


def _writers(settings: Settings) -> Check:
    sure = f" (when at least {settings.offline_confidence:g} sure)"
    order = settings.writer_order
    names = [
        name + (sure if name == "offline" and "llm" in order[place:] and settings.asks_llm else "")
        for place, name in enumerate(order)
        if name != "llm" or settings.asks_llm
    ]
    return Check("writers", "ok", f"asked in this order: {', then '.join(names)}")


def _key(settings: Settings, environ: Mapping[str, str]) -> Check:
    """Where it comes from, and never what it is: a key is easily pasted where its place should stand."""
    try:
        found = _key_source(settings, environ)
    except Nl2SqlError as error:
        return failed("key", error)
    if found and "llm" not in settings.writer_order:
        return Check("key", "ok", f"{found}, not used (writers does not name llm)")
    if found and _is_open_to_all(environ):
        return Check("key", "warn", f"{found}, which every user of this machine can read", "chmod 600 takes that away.")
    if found or "llm" not in settings.writer_order:
        return Check("key", "ok", found or "none, and none needed: writers does not name llm")
    if settings.asks_llm:
        told = "none needed" if settings.replayed else "none: the endpoint is asked without one"
        return Check("key", "ok", told)
    others = [name for name in settings.writer_order if name != "llm"]
    who = "the offline writer answers" if "offline" in others else "only verified queries are answered"
    advice = "Set OPENAI_API_KEY to let a language model write SQL, or take llm out of the setting writers."
    return Check("key", "warn", f"writers names llm, but OPENAI_API_KEY is not set: {who}", advice)


def _key_source(settings: Settings, environ: Mapping[str, str]) -> str:
    """Empty where there is none. Raises SettingsInvalid for one that is named and not there."""
    if key_from_environment(environ):
        named = "" if environ.get(KEY, "").strip() else environ[KEY_FILE].strip()
        return f"{KEY} is set" if not named else f"from the file {named} ({KEY_FILE})"
    secret = settings.openai_key_secret
    return f"from Secret Manager: {read_secret_place(secret)}" if secret.strip() else ""


def _is_open_to_all(environ: Mapping[str, str]) -> bool:
    if environ.get(KEY, "").strip() or not environ.get(KEY_FILE, "").strip():
        return False
    return bool(Path(environ[KEY_FILE].strip()).expanduser().stat().st_mode & stat.S_IROTH)


def _model(settings: Settings) -> Check:
    if replayed := settings.replayed:
        return Check("llm", "ok", f"none is asked: {settings.openai_model} as recorded in {replayed}")
    where = redact(settings.openai_base_url) or "the provider's own address"
    api = {"auto": "the API that it has", "responses": "the Responses API", "chat": "Chat Completions"}
    limits = f"{settings.llm_seconds:g} s for all of {settings.llm_retries + 1} tries"
    drafts = f"{settings.llm_candidates} to {max(settings.llm_candidates, settings.llm_candidates_unsure)} drafts"
    told = f"{settings.openai_model} at {where} by {api[settings.openai_api]}; {limits}, {drafts}, "
    return Check("llm", "ok", f"{told}{settings.llm_repairs} repairs", "“nl2sql doctor --ask-model” asks it one word.")


def _prompt(settings: Settings) -> Check:
    from nl2sql.context.tokens import estimate
    from nl2sql.prompt.template import load_template, read_version, versions_in

    folder = settings.path(settings.prompts)
    try:
        template = load_template(folder, *read_version(settings.prompt))
        size = estimate(template.path.read_text(encoding="utf-8"))
    except Nl2SqlError as error:
        state: State = "fail" if settings.asks_llm else "warn"
        advice = error.hint or "Set the setting prompts to the folder of the templates."
        return Check("prompts", state, error.user_message, advice)
    of = f"of {len(versions_in(folder))} templates in {folder}"
    most = f"a whole prompt may have {settings.prompt_tokens:,}"
    return Check("prompts", "ok", f"{template.version} is in use, {of}; its file has some {size:,} tokens, {most}")


def _budget(settings: Settings) -> Check:
    from nl2sql.language_model import price_reader

    try:
        price_on = price_reader(settings)
    except Nl2SqlError as error:
        return failed("budget", error, "Mend the price table, or leave the setting llm_prices empty.")
    found = price_on(datetime.now(UTC).date())
    known = found is not None and not found.is_partial
    told = "; ".join(_limits(settings)) or "none: nothing bounds what a day costs"
    if not known and (settings.budget_money or settings.budget_user_money):
        advice = "Set openai_price_in and openai_price_out, or a table of your own as llm_prices."
        return Check("budget", "warn", f"{told}; but the price of {settings.openai_model} is not known", advice)
    unknown = f"the price of {settings.openai_model} is not known, so the ledger holds no cost"
    price = f"the price of {settings.openai_model} is known" if known else unknown
    return Check("budget", "ok", f"{told}; {price}")


def _limits(settings: Settings) -> Iterator[str]:
    for who, tokens, money in (
        ("each person", settings.budget_user_tokens, settings.budget_user_money),
        ("all together", settings.budget_tokens, settings.budget_money),
    ):
        bounds = [f"{tokens:,} tokens"] * bool(tokens) + [f"{money:g} in money"] * bool(money)
        if bounds:
            yield f"{who} {' and '.join(bounds)} a day"


def _recording(settings: Settings) -> Check:
    if replayed := settings.replayed:
        if replayed.is_file():
            return Check("recording", "ok", f"replies are replayed from {replayed}")
        return Check("recording", "fail", f"there is no recording {replayed}", "The setting llm names it.")
    path = settings.path(settings.llm_record)
    folder = path if path.exists() else next(each for each in path.parents if each.exists())
    if path.is_dir() or not os.access(folder, os.W_OK):
        return Check("recording", "warn", f"{path} cannot be written", "Set llm_record to a file of yours, or empty.")
    return Check("recording", "ok", f"every reply is appended to {path}")


def _embeddings(settings: Settings) -> Check:
    from nl2sql.context.selection import MAX_DATASETS

    where = redact(settings.embeddings_base_url or settings.openai_base_url) or "the provider's own address"
    told = f"{settings.embeddings} at {where} is sent each question's text and what models say of their tables"
    return Check("embeddings", "ok", f"{told}; asked only where a model has more than {MAX_DATASETS} datasets")


def asked_once(settings: Settings) -> Check:
    """One tiny request to the model, by the adapter that questions go through."""
    if not settings.asks_llm or settings.replayed:
        return Check("provider", "warn", "no language model to ask: see key, writers and llm")
    fingerprint = sha256(_ASK.encode()).hexdigest()
    prompt = Prompt((Message("system", _ASK), Message("user", "Is it ok?")), _REPLY, "doctor@v1", fingerprint)
    begun = perf_counter()
    try:
        with _opened(settings) as model:
            completion = model.complete(prompt)
            refused = sorted(getattr(model, "rejected", ()))
    except Nl2SqlError as error:
        return failed("provider", error, "The settings openai_base_url and openai_model, and the key, say whom to ask.")
    seconds, usage = perf_counter() - begun, completion.usage
    took = f"does without: {', '.join(refused)}" if refused else "takes everything that is sent"
    spent = f"{usage.prompt_tokens} + {usage.completion_tokens} tokens"
    return Check("provider", "ok", f"{completion.model} answered in {seconds:.1f} s ({spent}) and {took}")


@contextmanager
def _opened(settings: Settings) -> Iterator[LanguageModel]:
    """Remembers nothing of earlier requests, so that what it is refused is found out now."""
    from nl2sql.language_model import open_endpoint

    seconds = min(settings.llm_seconds, ASK_SECONDS)
    with closing(open_endpoint(settings, timeout=seconds, max_retries=0, capabilities=None)) as model:
        yield model
