"""Database addresses that are mistyped: one clear sentence, and nothing of the password in it."""

import pytest

from auction_core.database import open_server, parse_url
from auction_core.errors import AuctionError, Refused


@pytest.mark.parametrize(
    "address",
    [
        "mysql://root:hunter2@127.0.0.1:port/auction",
        "postgresql://root:hunter2@[::1/auction",
        "mysql://root:not@hunter2@127.0.0.1/auction",
        "postgresql://root:not@hunter2:5432@127.0.0.1/auction",
        "hunter2:auction",
        "oracle://root:hunter2@127.0.0.1/auction",
    ],
)
def test_a_mistyped_address_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(Refused) as raised:
        parse_url(address)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_written_out_at_sign_is_part_of_the_password() -> None:
    url = parse_url("mysql://root:not%40hunter2@127.0.0.1/auction")
    assert (url.password, url.host) == ("not@hunter2", "127.0.0.1")
    assert "hunter2" not in repr(url)


@pytest.mark.parametrize(
    "address",
    [
        "mysql://root:hunter2@127.0.0.1:1/auction?unheard_of=1",
        "postgresql://root:hunter2@127.0.0.1:1/auction?unheard_of=1",
    ],
)
def test_an_option_that_no_driver_knows_is_told_in_a_sentence(address: str) -> None:
    with pytest.raises(AuctionError) as raised:
        open_server(parse_url(address))
    assert "hunter2" not in str(raised.value)
