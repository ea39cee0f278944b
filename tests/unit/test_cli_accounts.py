from __future__ import annotations

import pytest

from nl2sql.accounts import rights_of_grants, writing_rights
from nl2sql.errors import DatabaseUnreachable


@pytest.mark.parametrize(
    ("grants", "rights"),
    [
        (["GRANT USAGE ON *.* TO `r`@`%` IDENTIFIED BY PASSWORD 'x'", "GRANT SELECT ON `shop`.* TO `r`@`%`"], []),
        (["GRANT SELECT (id, name), SHOW VIEW ON `shop`.`users` TO `r`@`%`"], []),
        (["GRANT SELECT, INSERT, UPDATE (name) ON `shop`.* TO `w`@`%`"], ["INSERT", "UPDATE"]),
        (["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"], ["ALL PRIVILEGES"]),
        (["GRANT SELECT, FILE ON *.* TO `r`@`%`"], ["FILE"]),
        (["GRANT `writers` TO `r`@`%`"], ["use a granted role"]),
    ],
)
def test_rights_beyond_reading_are_named(grants: list[str], rights: list[str]) -> None:
    assert rights_of_grants(grants) == rights


@pytest.mark.parametrize("url", ["mysql://reader:secret@127.0.0.1:1/shop", "no address at all", "oracle://x/y"])
def test_a_server_that_does_not_answer_is_said_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnreachable) as raised:
        writing_rights(url)
    assert "secret" not in str(raised.value)
