"""Who sits before the screen, or why nobody gets in. Asked on each run of a page: what changed counts at once."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, cast

import streamlit as st

from nl2sql.errors import Nl2SqlError
from nl2sql.question import Principal
from nl2sql.settings import Settings
from streamlit_app.signing_in.arrival import Arrival, arrival, open_door
from streamlit_app.signing_in.iap import HeaderRefused, KeySet, claims_in, identity_in
from streamlit_app.signing_in.local import why_not_local
from streamlit_app.signing_in.oidc import AuthInvalid, providers, why_ended
from streamlit_app.signing_in.people import Identity, People, person_of, verified_email
from streamlit_app.signing_in.people_file import people_of
from streamlit_app.signing_in.person import Person, SignIn, local_person
from streamlit_app.signing_in.refusal import Refusal
from streamlit_app.words import LANGUAGE_KEY

log = logging.getLogger(__name__)

# In the session: the header that was checked, and when; and whose session this is.
_ASSERTED, _OWNER = "signed-header", "owner"


def whoever(settings: Settings) -> Person | Refusal:
    """Everything that reaches the pipeline or the store in somebody's name comes from here."""
    found = _whoever(settings, arrival())
    if isinstance(found, Refusal) and found.detail:
        _tell(found.detail, int(time.monotonic() // 60))
    if isinstance(found, Person):
        _start_anew_for(found)
    return found


def without_settings(error: Nl2SqlError) -> Person | Refusal:
    """Nobody knows what the sign-in would be. The page tells the fault to this very machine, which can mend it; from
    elsewhere it is one for the log. There is no pipeline and no store without settings, so nothing else is open."""
    if not open_door() and not why_not_local(arrival()):
        return local_person(Principal())
    _tell(error.user_message, int(time.monotonic() // 60))
    return Refusal("misconfigured")


def sign_in_names() -> tuple[str, ...]:
    """Providers to choose from. Raises AuthInvalid."""
    return providers(st.secrets["auth"] if st.secrets.load_if_toml_exists() and "auth" in st.secrets else None)


def _whoever(settings: Settings, came: Arrival) -> Person | Refusal:
    if option := open_door():
        return _misconfigured(settings, f"The server's option {option} would let others in: leave it as it comes.")
    if settings.sign_in == "local":
        detail = why_not_local(came)
        return Refusal("not_here", detail=detail) if detail else local_person(settings.asking())
    try:
        people = people_of(settings)
    except Nl2SqlError as error:
        return _misconfigured(settings, f"{error.user_message} {error.hint}".rstrip())
    return _by_header(settings, people, came) if settings.sign_in == "iap" else _by_cookie(settings, people, came)


def _by_cookie(settings: Settings, people: People, came: Arrival) -> Person | Refusal:
    try:
        sign_in_names()
    except AuthInvalid as error:
        return _misconfigured(settings, str(error))
    claims = came.claims
    if claims.get("is_logged_in") is not True:
        return Refusal("sign_in", how="oidc")
    if ended := why_ended(claims, people, time.time()):
        return Refusal("expired", how="oidc", detail=ended)
    return person_of(people, Identity("oidc", claims, verified_email(claims, people.email_trusted_from)))


@dataclass(frozen=True, slots=True)
class _Asserted:
    digest: bytes
    at: float  # seconds since 1970
    claims: Any


def _by_header(settings: Settings, people: People, came: Arrival) -> Person | Refusal:
    """A header is signed for ten minutes, and a connection lasts for hours: its header is checked once, when it is
    first seen, and counts from then on as long as a sign-in may last."""
    if not settings.iap_audience:
        return _misconfigured(settings, "The setting iap_audience is needed, because sign_in is iap.")
    if len(came.assertions) != 1:
        found = "no signed header" if not came.assertions else "more than one signed header"
        return Refusal("not_signed", how="iap", detail=f"Somebody came with {found} of the proxy.")
    digest = hashlib.sha256(came.assertions[0].encode()).digest()
    known = st.session_state.get(_ASSERTED)
    if not isinstance(known, _Asserted) or known.digest != digest:
        try:
            claims = claims_in(came.assertions[0], settings.iap_audience, _keys())
        except HeaderRefused as error:
            return Refusal("not_signed", how="iap", detail=str(error))
        known = st.session_state[_ASSERTED] = _Asserted(digest, time.time(), claims)
    if time.time() > known.at + people.hours * 3600:
        return Refusal("expired", how="iap")
    return person_of(people, identity_in(known.claims))


@cache
def _keys() -> KeySet:
    return KeySet()


def _misconfigured(settings: Settings, detail: str) -> Refusal:
    return Refusal("misconfigured", how=cast(SignIn, settings.sign_in), detail=detail)


def _start_anew_for(person: Person) -> None:
    """What a session holds was computed for one person in one role. Another finds it empty, but for the language."""
    owner = (person.user, person.role, tuple(sorted(person.attributes.items())))
    before = st.session_state.get(_OWNER)
    if before is not None and before != owner:
        kept = {key: st.session_state[key] for key in (LANGUAGE_KEY, _ASSERTED) if key in st.session_state}
        st.session_state.clear()
        st.session_state.update(kept)
    st.session_state[_OWNER] = owner


@lru_cache(maxsize=64)
def _tell(detail: str, minute: int) -> None:
    """Once a minute each, so that whoever knocks all day does not fill the log."""
    log.warning("Sign-in: %s", detail)
