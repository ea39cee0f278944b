"""What an operator may set, read from AUCTION_* variables of the environment."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Self

from limits import parse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator

from auction_core.bidding import SnipeGuard
from auction_core.errors import Refused
from auction_core.writes.transaction import Rules

PREFIX = "AUCTION_"
# RFC 7518: an HS256 key is at least as long as the hash, 32 bytes.
SHORTEST_SECRET = 32


def _parsed_rate(written: object) -> object:
    if isinstance(written, str):
        parse(written)
    return written


def _split(written: object) -> object:
    return tuple(filter(None, map(str.strip, written.split(",")))) if isinstance(written, str) else written


# "10/minute", "100/hour", as the limits library writes them.
Rate = Annotated[str, BeforeValidator(_parsed_rate)]
Addresses = Annotated[tuple[str, ...], BeforeValidator(_split)]


class ApiSettings(BaseModel):
    """Each field is AUCTION_ and its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: str = Field("sqlite:///var/auction.db", repr=False, description="The auction's database.")
    token_secret: SecretStr | None = Field(
        None,
        description="Signs the bearer tokens and the pages' cookies; 32 characters or more, the same everywhere. "
        "Without one it is made up at start, and tokens end with the process.",
    )
    token_minutes: int = Field(720, ge=1, le=43_200, description="How long a bearer token is good for.")
    secure_cookies: bool = Field(True, description="Cookies go over HTTPS only; 0 to try the pages over plain HTTP.")
    trusted_proxies: Addresses = Field(
        (), description="Addresses or networks, with commas, whose X-Forwarded-For and X-Forwarded-Proto are believed."
    )
    sniping_window_seconds: int = Field(
        0, ge=0, le=3600, description="A bid in the last seconds moves the end; 0 switches it off."
    )
    sniping_extension_seconds: int = Field(120, ge=1, le=3600, description="How far after such a bid the new end is.")
    rate_reads: Rate = Field("600/minute", description="Reads of one user, or of one address without a token.")
    rate_writes: Rate = Field("120/minute", description="Writes of one user, or of one address without a token.")
    rate_address: Rate = Field("1800/minute", description="Requests of one address, whoever the users behind it are.")
    rate_logins: Rate = Field(
        "10/minute", description="Logins and registrations of one address, and logins as one user."
    )
    rate_storage: str = Field(
        "memory://", repr=False, description="memory:// counts in each process; redis://host:6379 for all of them."
    )
    threads: int = Field(16, ge=1, le=256, description="Requests worked on at once, and connections to the database.")
    event_listeners: int = Field(1000, ge=1, le=100_000, description="Streams of live bids open at once.")
    event_listeners_of_address: int = Field(50, ge=1, le=100_000, description="Of these, from one address.")

    @model_validator(mode="after")
    def _check_secret(self) -> Self:
        if self.token_secret is not None and len(self.token_secret.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"token_secret has fewer than {SHORTEST_SECRET} characters")
        return self

    def rules(self) -> Rules:
        if not self.sniping_window_seconds:
            return Rules()
        window = timedelta(seconds=self.sniping_window_seconds)
        return Rules(sniping=SnipeGuard(window, timedelta(seconds=self.sniping_extension_seconds)))


def variable(field: str) -> str:
    return PREFIX + field.upper()


def read_settings(environment: Mapping[str, str]) -> ApiSettings:
    """Other AUCTION_* variables are somebody else's. Raises Refused, naming the variable and never its value."""
    written = {
        field: environment[variable(field)] for field in ApiSettings.model_fields if environment.get(variable(field))
    }
    try:
        return ApiSettings.model_validate(written)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        named = variable(str(first["loc"][0])) if first["loc"] else variable("token_secret")
        raise Refused(f"The variable {named} is not usable: {first['msg']}.") from None
