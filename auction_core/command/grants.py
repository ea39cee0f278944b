"""`auction-core grants`: the SQL that makes the accounts of a database."""

from typing import Annotated

import typer

EXIT_CODES = """
\b
Exit codes:
  0  the SQL was printed
  2  refused: a name or a password that cannot be
"""


def register(app: typer.Typer) -> None:
    app.command(epilog=EXIT_CODES)(grants)


def grants(
    engine: Annotated[str, typer.Option(help="mysql (MariaDB too) or postgresql.")],
    database: Annotated[str, typer.Option(help="Where the auction's tables are.")] = "auction",
    writer: Annotated[str, typer.Option(help="The backend's account.")] = "auction_writer",
    analyst: Annotated[str, typer.Option(help="The account that questions are asked through.")] = "auction_analyst",
    without_passwords: Annotated[
        bool, typer.Option("--without-passwords", help="Print none; new accounts then cannot log in yet.")
    ] = False,
) -> None:
    """Print the SQL that makes two accounts: one that writes, one that reads what is not sensitive.

    An administrator runs it in the server's own client, and again after each migration. Passwords are those of
    AUCTION_WRITER_PASSWORD and AUCTION_ANALYST_PASSWORD, or new ones.

    \b
    Examples:
      auction-core grants --engine postgresql | psql -d auction
      auction-core grants --engine mysql --without-passwords
    """
    import os

    from auction_core import grants as accounts

    def account(name: str, variable: str) -> accounts.Account:
        password = None if without_passwords else accounts.password_from(os.environ, variable)
        return accounts.Account(name, password)

    made = (account(writer, accounts.WRITER_VARIABLE), account(analyst, accounts.ANALYST_VARIABLE))
    typer.echo(accounts.grants(engine, database, *made), nl=False)
    if not without_passwords:
        typer.echo(
            "auction-core: the SQL holds the passwords of both accounts; keep it where nobody reads it.", err=True
        )
