"""What the private log keeps of addresses."""

from __future__ import annotations

import pytest

from nl2sql.crash import redact


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mysql://reader:hunter2@host/shop", "mysql://reader:…@host/shop"),
        ("mysql://reader:hun/ter2@host/shop", "mysql://reader:…@host/shop"),
        ("mysql://reader:hun@ter2@host/shop", "mysql://reader:…@host/shop"),
        ("mysql://reader:@hunter2/@host/shop", "mysql://reader:…@host/shop"),
        ("mysql://reader@corp:hunter2@host/shop", "mysql://reader@corp:…@host/shop"),
        ("mysql://:hunter2@host/shop", "mysql://:…@host/shop"),
        ("postgresql://host/shop?user=r&password=hunter2&x=1", "postgresql://host/shop?user=r&password=…&x=1"),
    ],
)
def test_a_password_in_an_address_is_cut_out_whatever_it_is_made_of(address: str, shown: str) -> None:
    assert redact(f"cannot open {address}, sorry") == f"cannot open {shown}, sorry"


def test_an_address_without_a_password_stays() -> None:
    text = "http://127.0.0.1:1234/v1 and mysql://reader@host:3306/shop, not a:b"
    assert redact(text) == text
