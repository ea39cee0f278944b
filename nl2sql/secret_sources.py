"""Where the key of the language model comes from: the environment, a file, or Google Secret Manager.

No message repeats a value that somebody set: a key is easily pasted where its place should stand.
"""

from __future__ import annotations

import base64
import logging
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nl2sql.errors import SettingsInvalid

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

KEY: Final = "OPENAI_API_KEY"
KEY_FILE: Final = "OPENAI_API_KEY_FILE"
ENDPOINT: Final = "https://secretmanager.googleapis.com"
# A start of the product waits no longer for its key.
SECONDS: Final = 10.0
# Keys have some hundred characters; what is longer is another file.
_MOST_BYTES: Final = 10_000
_SECRET = re.compile(r"projects/[\w:.-]{1,100}/secrets/[\w-]{1,255}(?:/versions/(?:latest|\d{1,20}|[\w-]{1,63}))?")
_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
_INSTALL: Final = "pip install 'nl2sql[bigquery]'"

_log = logging.getLogger("nl2sql.secrets")


def openai_key(environ: Mapping[str, str], key_secret: str = "") -> str:
    """The first that there is; "" where none is named. Raises SettingsInvalid for one that is named and not there."""
    return key_from_environment(environ) or (key_from_secret_manager(key_secret) if key_secret.strip() else "")


def key_from_environment(environ: Mapping[str, str]) -> str:
    """OPENAI_API_KEY, else what the file holds that OPENAI_API_KEY_FILE names. Raises SettingsInvalid."""
    key = environ.get(KEY, "").strip()
    named = environ.get(KEY_FILE, "").strip()
    return key if key or not named else _key_in(Path(named).expanduser())


def key_from_secret_manager(
    name: str, *, endpoint: str = ENDPOINT, credentials: Credentials | None = None, seconds: float = SECONDS
) -> str:
    """What Google Secret Manager keeps under projects/…/secrets/…[/versions/…]; without a version, the latest.

    By the machine's own account (application default credentials) where none is given. Raises SettingsInvalid.
    """
    place = read_secret_place(name)
    url = f"{endpoint.rstrip('/')}/v1/{place if '/versions/' in place else f'{place}/versions/latest'}:access"
    return _single_line(_payload(_answer(url, credentials, seconds)), "The secret that openai_key_secret names")


def read_secret_place(name: str) -> str:
    """As it is named, without marks around it. Raises SettingsInvalid for what names no secret."""
    place = name.strip().strip("/")
    if not _SECRET.fullmatch(place):
        raise SettingsInvalid(
            "The setting openai_key_secret does not name a secret.",
            hint="Write projects/PROJECT/secrets/NAME/versions/latest. The key itself does not belong there.",
        )
    return place


def _key_in(path: Path) -> str:
    what = f"The file that {KEY_FILE} names"
    try:
        is_open_to_all = path.stat().st_mode & stat.S_IROTH
        with path.open("rb") as file:
            held = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise SettingsInvalid(
            f"{what} does not exist.", hint=f"{KEY_FILE} is a path, and not the key itself."
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise SettingsInvalid(f"{what} cannot be read: {why}.") from None
    if is_open_to_all:
        # Told and not refused: secrets that an orchestrator mounts have this mode, and nobody else is there to read.
        _log.warning("%s can be read by every user of this machine (chmod 600 takes that away).", what)
    return _single_line(held, what)


def _single_line(held: bytes, what: str) -> str:
    try:
        key = held.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise SettingsInvalid(f"{what} holds something that is not text.") from None
    if not key:
        raise SettingsInvalid(f"{what} is empty.")
    if len(held) > _MOST_BYTES or not key.isprintable():
        raise SettingsInvalid(f"{what} holds more than a key: one line is expected.")
    return key


def _answer(url: str, credentials: Credentials | None, seconds: float) -> Any:
    """The body of a good reply. Whatever goes wrong is a sentence; the reply's own text is in none."""
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession
        from requests import RequestException
    except ImportError:
        said = f"openai_key_secret is set, but Google's client is not installed. Install it with: {_INSTALL}"
        raise SettingsInvalid(said, hint=_INSTALL) from None
    try:
        found = credentials or google.auth.default(scopes=_SCOPES)[0]
    except (GoogleAuthError, OSError, ValueError):
        raise SettingsInvalid(
            "Google Secret Manager cannot be asked: this machine has no Google account that works.",
            hint="Run “gcloud auth application-default login”, or attach a service account.",
        ) from None
    try:
        with AuthorizedSession(found) as session:  # type: ignore[no-untyped-call]
            reply = session.get(url, timeout=seconds, allow_redirects=False)
        status, body = reply.status_code, reply.json() if reply.status_code == 200 else {}
    except (GoogleAuthError, RequestException, OSError, ValueError) as error:
        raise SettingsInvalid(f"Google Secret Manager could not be asked ({type(error).__name__}).") from None
    if status != 200:
        raise SettingsInvalid(_refusals.get(status, f"Google Secret Manager answered with status {status}."))
    return body


_refusals: Final[Mapping[int, str]] = {
    401: "Google Secret Manager did not accept this machine's account.",
    403: "This machine's account may not read the secret that openai_key_secret names (role Secret Accessor).",
    404: "Google Secret Manager has no such secret or version as openai_key_secret names.",
    429: "Google Secret Manager is busy; try again in a moment.",
}


def _payload(body: Any) -> bytes:
    try:
        return base64.b64decode(body["payload"]["data"], validate=True)
    except (LookupError, TypeError, ValueError):
        raise SettingsInvalid("What Google Secret Manager answered holds no secret.") from None
