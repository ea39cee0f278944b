"""What several commands take and say alike."""

from typing import Annotated

import typer

DEFAULT_URL = "sqlite:///var/auction.db"
# As shells count a program that SIGINT ended.
INTERRUPTED = 130

Url = Annotated[
    str,
    typer.Option(
        help="sqlite:///file, mysql://user@host/name or postgresql://user@host/name.", envvar="AUCTION_DATABASE_URL"
    ),
]
