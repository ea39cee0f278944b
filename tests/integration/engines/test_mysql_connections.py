"""TLS, sockets and tokens of MySQL, against a server of the tests' own, and against one that only pretends to be."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nl2sql.engines.registry import open_engine
from nl2sql.engines.sql import SqlEngine
from nl2sql.errors import DatabaseUnreadable, EngineError, QueryTimedOut
from tests.integration.engines.private_mariadb import PrivateServer, private_mariadb

pytestmark = pytest.mark.mysql
PASSWORD = "pa$$ w:rd/42"
CIPHER = "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'"


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    with private_mariadb(tmp_path_factory.mktemp("m")) as server:
        server.execute(
            "CREATE DATABASE shop",
            f"CREATE USER plain@'%' IDENTIFIED BY '{PASSWORD}'",
            f"CREATE USER vouched@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE X509",
            f"CREATE USER encrypted@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL",
            "CREATE USER iam@'%' IDENTIFIED BY 'token-1'",
            "GRANT SELECT ON shop.* TO plain@'%', vouched@'%', encrypted@'%', iam@'%'",
            "DROP USER IF EXISTS ''@'localhost', ''@'%'",
        )
        yield server


def answer(url: str, sql: str = "SELECT 1") -> object:
    engine = open_engine(url)
    assert isinstance(engine, SqlEngine)
    try:
        return engine._read(sql, 10.0, 10, 1_000)[1][0][0]
    finally:
        engine.close()


@pytest.fixture
def ask(mariadb: PrivateServer) -> Callable[..., object]:
    """With {folder} for the certificates' folder."""

    def asked(options: str, user: str = "plain", host: str = "localhost") -> object:
        given = options.replace("{folder}", str(mariadb.folder))
        return answer(f"mysql://{user}:pa$$ w%3Ard%2F42@{host}:{mariadb.port}/shop?{given}", CIPHER)

    return asked


@pytest.mark.parametrize(
    "options",
    [
        "tls=required",
        "ssl_ca={folder}/ca.pem",
        "ssl_ca={folder}/ca.pem&ssl_verify_identity=true",
        "ssl_ca={folder}/ca.pem&tls=required&ssl_verify_identity=false",
        "ssl_cert={folder}/client.pem&ssl_key={folder}/client.key",
    ],
)
def test_a_connection_is_encrypted_as_the_address_asks(ask: Callable[..., object], options: str) -> None:
    assert str(ask(options)).startswith(("TLS_", "ECDHE"))


@pytest.mark.parametrize(
    ("options", "host"),
    [
        ("ssl_ca={folder}/other.pem", "localhost"),
        ("ssl_ca={folder}/other.pem&ssl_verify_identity=true", "localhost"),
        ("ssl_ca={folder}/ca.pem&ssl_verify_identity=true", "127.0.0.1"),
        ("ssl_verify_identity=true", "localhost"),
    ],
)
def test_a_server_that_is_not_the_one_named_gets_no_password(
    ask: Callable[..., object], options: str, host: str
) -> None:
    with pytest.raises(DatabaseUnreadable, match="would not be safe") as caught:
        ask(options, host=host)
    assert "pa$$" not in caught.value.hint


def test_without_a_name_to_compare_another_host_name_is_no_hindrance(ask: Callable[..., object]) -> None:
    assert ask("ssl_ca={folder}/ca.pem", host="127.0.0.1")


def test_an_account_that_must_show_a_certificate_shows_it(ask: Callable[..., object]) -> None:
    with pytest.raises(DatabaseUnreadable):
        ask("ssl_ca={folder}/ca.pem", user="vouched")
    assert ask("ssl_ca={folder}/ca.pem&ssl_cert={folder}/client.pem&ssl_key={folder}/client.key", user="vouched")


def test_a_statement_is_stopped_over_tls_too(mariadb: PrivateServer) -> None:
    """The second connection is encrypted as the first is: this account has no other."""
    url = f"mysql://encrypted:pa$$ w%3Ard%2F42@localhost:{mariadb.port}/shop?ssl_ca={mariadb.folder}/ca.pem"
    engine = open_engine(url)
    assert isinstance(engine, SqlEngine)
    with pytest.raises(QueryTimedOut), engine._lease(5.0) as pooled:
        stop = engine._kind.stopper(pooled.driver_connection, engine._connect)
        thread = threading.Timer(0.2, stop)
        thread.start()
        with pooled.cursor() as cursor:
            cursor.execute("SELECT SLEEP(30) FROM information_schema.columns")
    engine.close()


def test_a_socket_is_a_way_to_the_server(mariadb: PrivateServer) -> None:
    assert answer(f"mysql://plain:pa$$ w%3Ard%2F42@/shop?unix_socket={mariadb.socket}") == 1


class Credentials:
    """Google's, for a server that knows the tokens as passwords."""

    def __init__(self) -> None:
        self.number = 0
        self.valid = False

    def refresh(self, _request: object) -> None:
        self.number += 1
        self.valid = True

    @property
    def token(self) -> str:
        return f"token-{self.number}"


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Credentials:
    made = Credentials()
    monkeypatch.setattr("google.auth.default", lambda **_options: (made, None))
    return made


def test_a_token_opens_each_connection_and_is_renewed_when_it_expires(
    mariadb: PrivateServer, credentials: Credentials
) -> None:
    options = f"iam=google&ssl_ca={mariadb.folder}/ca.pem"
    engine = open_engine(f"mysql://iam@localhost:{mariadb.port}/shop?{options}")
    assert isinstance(engine, SqlEngine)

    def ask() -> object:
        engine._engine.dispose()  # so that the next statement needs a connection of its own
        return engine._read("SELECT CURRENT_USER()", 5.0, 1, 1_000)[1][0][0]

    try:
        assert [ask(), ask()] == ["iam@%", "iam@%"]
        assert credentials.number == 1
        mariadb.execute("ALTER USER iam@'%' IDENTIFIED BY 'token-2'")
        with pytest.raises(DatabaseUnreadable) as caught:
            ask()
        assert "token" not in caught.value.hint
        credentials.valid = False
        assert ask() == "iam@%"
    finally:
        mariadb.execute("ALTER USER iam@'%' IDENTIFIED BY 'token-1'")
        engine.close()


def packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


# Protocol 10, without the bit of TLS: what the server can, a salt of 20 bytes, and the login it would like.
GREETING = (
    b"\x0a8.0.40\0" + struct.pack("<I", 7) + b"12345678\0" + struct.pack("<HBHH", 0x8200, 45, 2, 0x0008)
    + bytes([21]) + bytes(10) + b"123456789012\0" + b"mysql_native_password\0"
)  # fmt: skip


class Pretender(threading.Thread):
    """Speaks MySQL's protocol as far as the login, where it asks for the password itself, and keeps what it is told."""

    def __init__(self, listening: socket.socket, plugin: bytes = b"mysql_clear_password") -> None:
        super().__init__(daemon=True)
        self.listening, self.plugin = listening, plugin
        self.told = b""
        self.start()

    def run(self) -> None:
        connection, _ = self.listening.accept()
        connection.settimeout(10)
        with connection, contextlib.suppress(OSError):
            connection.sendall(packet(0, GREETING))
            self.told += connection.recv(4_096)
            connection.sendall(packet(2, b"\xfe" + self.plugin + b"\0" + b"Password: "))
            self.told += connection.recv(4_096)
            connection.sendall(packet(4, b"\xff" + struct.pack("<H", 1045) + b"#28000no"))


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_a_server_without_tls_is_refused_when_tls_is_required(listening: socket.socket) -> None:
    pretender = Pretender(listening)
    with pytest.raises(DatabaseUnreadable, match="would not be safe"):
        answer(f"mysql://reader:{'x' * 8}@127.0.0.1:{listening.getsockname()[1]}/shop?tls=required")
    pretender.join(10)
    assert pretender.told == b""


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"dialog"])
def test_a_server_that_asks_for_the_password_itself_over_an_open_line_is_told_nothing(
    listening: socket.socket, plugin: bytes
) -> None:
    pretender = Pretender(listening, plugin)
    with pytest.raises(DatabaseUnreadable, match="would not be safe"):
        answer(f"mysql://reader:a-password@127.0.0.1:{listening.getsockname()[1]}/shop")
    pretender.join(10)
    assert b"reader" in pretender.told
    assert b"a-password" not in pretender.told


def test_a_token_is_told_over_a_socket_to_the_connector(tmp_path: Path, credentials: Credentials) -> None:
    """As Cloud SQL's connector asks for it: by the plugin for passwords in clear text."""
    path = tmp_path / "project:region:instance"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
        made.listen()
        pretender = Pretender(made)
        with pytest.raises(EngineError):
            answer(f"mysql://reader@/shop?iam=google&unix_socket={path}")
        pretender.join(10)
    assert b"token-1\0" in pretender.told
