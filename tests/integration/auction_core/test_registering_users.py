"""New accounts, and logging in to them."""

import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from auction_core import passwords
from auction_core.errors import EmailTaken, InvalidRequest, UsernameTaken, WriteRefused
from auction_core.events import UserRegistered
from auction_core.passwords import check_password, hash_password
from auction_core.results import RegisteredUser
from auction_core.store import Store
from auction_core.tables import User
from auction_core.writes import users
from tests.integration.auction_core.evidence import (
    assert_invariants,
    contents,
    event_types,
    events_of,
    nothing_written,
    refusal,
    row_of,
    sqlite_world,
)
from tests.integration.auction_core.world import World

PASSWORD = "correct horse é\U0001f40e"
ANNA = {
    "username": "Anna_K",
    "email": "Anna.K+auction@Example.org",
    "password": PASSWORD,
    "full_name": "Anna Käfer",
    "country": "de",
}


def test_an_account_is_registered_once_in_its_one_form(world: World) -> None:
    store = Store(world.engine)
    registered = store.register_user(**ANNA, key="register")
    row = row_of(world.engine, User, id=registered.user_id)
    assert (row.username, row.email, row.full_name, row.country, row.is_active) == (
        "anna_k",
        "anna.k+auction@example.org",
        "Anna Käfer",
        "DE",
        True,
    )
    assert row.password_hash.startswith("$argon2id$")
    assert registered.username == "anna_k"
    assert events_of(world.engine) == [
        UserRegistered(user_id=registered.user_id, username="anna_k", country="DE", created_at=registered.created_at)
    ]
    with nothing_written(world.engine):
        assert store.register_user(**ANNA, key="register") == registered
    assert_invariants(world.engine)


def test_a_name_and_an_address_are_given_out_once(world: World) -> None:
    store = Store(world.engine)
    store.register_user(**ANNA, key="register")
    refusal(
        world.engine, UsernameTaken, lambda: store.register_user(**ANNA | {"email": "other@example.org"}, key="other")
    )
    refusal(world.engine, EmailTaken, lambda: store.register_user(**ANNA | {"username": "other"}, key="other"))


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        (UsernameTaken, {"email": "uq_users_email@users.email"}),  # an address that reads like a constraint
        (EmailTaken, {"username": "uq_users_username"}),
    ],
)
def test_what_is_taken_is_told_by_the_constraint_too(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: type[WriteRefused], other: dict[str, str]
) -> None:
    store = Store(world.engine)
    store.register_user(**ANNA, key="register")
    monkeypatch.setattr(users, "_refuse_taken", lambda *_: None)  # as if the other had been a moment faster
    refusal(world.engine, kind, lambda: store.register_user(**ANNA | other, key="other"))


def test_applicants_at_the_same_moment_get_one_account(world: World) -> None:
    store = Store(world.engine)

    def register(number: int) -> RegisteredUser | UsernameTaken:
        try:
            return store.register_user(**ANNA | {"email": f"anna{number}@example.org"}, key=f"k{number}")
        except UsernameTaken as refused:
            return refused

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(register, range(6)))
    assert sum(isinstance(answer, RegisteredUser) for answer in answers) == 1
    with world.engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(User).where(User.username == "anna_k")) == 1
    assert event_types(world.engine) == ["user_registered"]


def test_one_request_sent_twice_at_the_same_moment_has_one_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_looked = threading.Barrier(2)
    looks = iter((True, True))
    look = users._refuse_taken

    def look_together(*given: Any) -> None:
        look(*given)
        if world.engine.dialect.name != "sqlite" and next(looks, False):  # whose writes come one at a time
            both_looked.wait(10)

    monkeypatch.setattr(users, "_refuse_taken", look_together)
    store = Store(world.engine)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: store.register_user(**ANNA, key="same"), range(2)))
    assert len(set(answers)) == 1
    assert event_types(world.engine) == ["user_registered"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("username", value) for value in ("ab", "a" * 41, "anna k", "änna", "anna-k", "\u212aelvin", "", None, 7)),
        *(
            ("email", value)
            for value in (
                "anna",
                "anna@localhost",
                "@example.org",
                "anna@-a.org",
                "a b@example.org",
                "ännä@example.org",
                f"{'a' * 60}@{'b' * 57}.org",
                "anna@example.org\0",
                None,
            )
        ),
        *(("country", value) for value in ("D", "DEU", "D1", "", "ÄÖ", None)),
        *(
            ("full_name", value)
            for value in ("", " ", "a" * 81, "Anna\nKäfer", "Anna\u202e", "Anna\0", "Anna \ud800", None)
        ),
        *(("password", value) for value in ("short pwd", "a" * 129, "nul in it\0here", "half \udfff a pair", None, 7)),
    ],
)
def test_an_account_needs_sane_values(field: str, value: Any, plain_world: World) -> None:
    store = Store(plain_world.engine)
    refused = refusal(plain_world.engine, InvalidRequest, lambda: store.register_user(**ANNA | {field: value}, key="k"))
    assert refused.field == field
    assert not isinstance(value, str) or len(value) < 3 or value not in str(refused)


@pytest.fixture(scope="module")
def plain_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return sqlite_world(tmp_path_factory.mktemp("registering"))


def test_the_password_is_nowhere_but_in_its_hash(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    world.engine.echo = True
    store = Store(world.engine)
    applicant = users.Applicant(**ANNA).checked()
    assert PASSWORD not in repr(applicant)
    assert PASSWORD not in repr(applicant.request())
    assert applicant.request() == users.Applicant(**ANNA | {"password": "something else"}).checked().request()
    store.register_user(**ANNA, key="register")
    with pytest.raises(UsernameTaken) as refused:
        store.register_user(**ANNA, key="again")
    world.engine.echo = False
    told = "".join(traceback.format_exception(refused.value)) + caplog.text + repr(contents(world.engine))
    assert "anna_k" in told
    assert PASSWORD not in told
    assert repr(PASSWORD)[1:-1] not in told
    assert PASSWORD.encode().hex() not in told


def test_a_password_is_hashed_before_the_transaction_begins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from auction_core import store as stores

    def hash_alone(password: str) -> str:
        assert world.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        return "$argon2id$" + str(len(password))

    monkeypatch.setattr(stores, "hash_password", hash_alone)
    registered = Store(world.engine).register_user(**ANNA, key="register")
    assert row_of(world.engine, User, id=registered.user_id).password_hash == f"$argon2id${len(PASSWORD)}"


def test_the_right_password_opens_the_account(world: World) -> None:
    user_id = Store(world.engine).register_user(**ANNA, key="register").user_id
    with world.engine.connect() as connection:
        assert check_password(connection, "anna_k", PASSWORD) == user_id
        assert not connection.in_transaction()
        assert check_password(connection, " ANNA_K ", PASSWORD) == user_id
        assert check_password(connection, "Anna.K+auction@example.org", PASSWORD) == user_id
        for name, password in (
            ("anna_k", PASSWORD + " "),
            ("anna_k", ""),
            ("anna_k", "a" * 10_000_000),
            ("anna_k", "half \ud800 a pair"),
            ("nobody", PASSWORD),
            ("änna_k", PASSWORD),
            ("anna_k\0", PASSWORD),
            ("a" * 10_000_000, PASSWORD),
            ("half\ud800", PASSWORD),
            ("user2", "!"),
        ):
            assert check_password(connection, name, password) is None
    with world.engine.begin() as connection:
        connection.execute(update(User).where(User.id == user_id).values(is_active=False))
        assert check_password(connection, "anna_k", PASSWORD) is None
        assert connection.in_transaction()


def test_an_unknown_user_costs_a_hash_as_a_known_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = sqlite_world(tmp_path)
    with world.engine.begin() as connection:
        connection.execute(update(User).where(User.id == 2).values(password_hash="!seed$0123456789abcdef"))
        connection.execute(update(User).where(User.id == 3).values(password_hash=hash_password(PASSWORD)))
    compared: list[str] = []
    real = passwords._hasher()

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            compared.append(kept)
            return real.verify(kept, password)

        def check_needs_rehash(self, kept: str) -> bool:
            return False

    passwords._nobodys_hash()
    monkeypatch.setattr(passwords, "_hasher", Counting)
    with world.engine.connect() as connection:
        assert check_password(connection, "unknown", PASSWORD) is None
        assert check_password(connection, "user2", "0123456789abcdef") is None
        assert check_password(connection, "user2", "!seed$0123456789abcdef") is None
        assert check_password(connection, "user3", "a" * 129) is None
        assert check_password(connection, "user3", PASSWORD) == 3
    parameters = {kept.rsplit("$", 2)[0] for kept in compared}
    assert len(compared) == 5
    assert len(parameters) == 1


def test_a_hash_with_old_parameters_is_replaced_at_the_next_login(world: World) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with world.engine.begin() as connection:
        connection.execute(update(User).where(User.id == 2).values(password_hash=old))
    with world.engine.connect() as connection:
        assert check_password(connection, "user2", "not the password") is None
        assert row_of(world.engine, User, id=2).password_hash == old
        assert check_password(connection, "user2", PASSWORD) == 2
    fresh = row_of(world.engine, User, id=2).password_hash
    assert fresh != old
    assert not passwords._hasher().check_needs_rehash(fresh)
    with world.engine.connect() as connection:
        assert check_password(connection, "user2", PASSWORD) == 2
