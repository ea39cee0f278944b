"""What can go wrong in the auction core, and the exit code each error ends a command with.

AuctionError                 1
├── Refused                  2  the request would destroy something, or makes no sense
│   ├── DatabaseNotEmpty
│   └── ForeignDatabase         the target holds things that are not the auction's
├── DatabaseUnreachable      3  the server, database, schema, file or driver is not there
└── LoadFailed               1  writing broke off; nothing of it was kept
"""


class AuctionError(Exception):
    """`user_message` is one clear sentence without secrets; it is also `str(error)`."""

    exit_code = 1

    def __init__(self, user_message: str) -> None:
        super().__init__(user_message)
        self.user_message = user_message


class Refused(AuctionError):
    exit_code = 2


class DatabaseNotEmpty(Refused):
    pass


class ForeignDatabase(Refused):
    pass


class DatabaseUnreachable(AuctionError):
    exit_code = 3


class LoadFailed(AuctionError):
    pass
