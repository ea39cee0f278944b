"""Accounts of new users."""

import re
from dataclasses import dataclass, field

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from auction_core.clock import aware
from auction_core.errors import EmailTaken, InvalidRequest, UsernameTaken
from auction_core.events import UserRegistered
from auction_core.passwords import password_problem
from auction_core.results import RegisteredUser
from auction_core.tables import User
from auction_core.writes.rows import insert_row
from auction_core.writes.transaction import Transaction
from auction_core.writes.validation import line

_USERNAME = re.compile(r"[a-z0-9_]{3,40}")
# What a browser's e-mail field takes, with a dot in the domain. ASCII only: databases disagree on what else is equal.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})+")
_COUNTRY = re.compile(r"[A-Z]{2}")
LONGEST_EMAIL = 120
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Applicant:
    """`checked` is the way to make one that can be registered. The password is in no repr and no request."""

    username: str
    email: str
    password: str = field(repr=False)
    full_name: str
    country: str

    def checked(self) -> "Applicant":
        """With names and address in their one form. Raises InvalidRequest."""
        username = _lowered(self.username, "username")
        if not _USERNAME.fullmatch(username):
            raise InvalidRequest("username", "must be 3 to 40 letters a to z, digits or underscores")
        email = _lowered(self.email, "email")
        if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
            raise InvalidRequest("email", f"must be an e-mail address of at most {LONGEST_EMAIL} characters")
        country = self.country.upper() if isinstance(self.country, str) else ""
        if not _COUNTRY.fullmatch(country):
            raise InvalidRequest("country", "must be a country's two letters, as in ISO 3166")
        problem = password_problem(self.password)
        if problem is not None:
            raise InvalidRequest("password", problem)
        return Applicant(username, email, self.password, line(self.full_name, "full_name", LONGEST_NAME), country)

    def request(self) -> dict[str, object]:
        """Without the password: a fast hash of it must not be kept beside the slow one."""
        return {
            "do": "register_user",
            "username": self.username,
            "email": self.email,
            "full_name": self.full_name,
            "country": self.country,
        }


def register_user(tx: Transaction, applicant: Applicant, password_hash: str) -> RegisteredUser:
    """`applicant` is checked; hashing takes long and is done before. Raises UsernameTaken, EmailTaken."""
    _refuse_taken(tx.connection, applicant)
    now = tx.now()
    row = {
        "username": applicant.username,
        "email": applicant.email,
        "password_hash": password_hash,
        "full_name": applicant.full_name,
        "country": applicant.country,
        "created_at": now,
        "last_seen_at": now,
        "is_active": True,
        "updated_at": now,
    }
    try:
        user_id = insert_row(tx.connection, User, row)
    except IntegrityError as error:  # another applicant was faster
        raise _taken(error) from None
    event = UserRegistered(
        user_id=user_id, username=applicant.username, country=applicant.country, created_at=aware(now)
    )
    tx.append(event, now)
    return RegisteredUser(user_id=user_id, username=applicant.username, created_at=aware(now))


def _lowered(value: object, field: str) -> str:
    # Kelvin's sign and others become ASCII letters when lowered: nobody types them by chance.
    if not isinstance(value, str) or not value.isascii():
        raise InvalidRequest(field, "must be plain ASCII text")
    return value.strip().lower()


def _refuse_taken(connection: Connection, applicant: Applicant) -> None:
    for column, value, refusal in (
        (User.username, applicant.username, UsernameTaken),
        (User.email, applicant.email, EmailTaken),
    ):
        if connection.execute(select(User.id).where(column == value)).one_or_none() is not None:
            raise refusal


def _taken(error: IntegrityError) -> UsernameTaken | EmailTaken:
    """By the name of the constraint or column, which ends the message of SQLite and MySQL; values stand before it."""
    diagnosis = getattr(error.orig, "diag", None)  # psycopg's
    name = str(error.orig) if diagnosis is None else str(diagnosis.constraint_name)
    return EmailTaken() if name.rstrip("\"')").endswith("email") else UsernameTaken()
