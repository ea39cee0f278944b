"""A Redis over TLS: its certificate is verified."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nl2sql.cache.open import open_cache
from tests.integration.cache.conftest import PrivateRedis, missing


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of localhost, signed by itself; the key is next to it."""
    binary = shutil.which("openssl")
    if binary is None:
        missing("no openssl is installed")
    made = tmp_path / "cert.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(tmp_path / "key.pem"), "-out", str(made)]
    subprocess.run([str(binary), *options.split(), *names], check=True, capture_output=True)
    return made


@pytest.fixture
def port(certificate: Path, private_redis: Callable[..., PrivateRedis]) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    files = ["--tls-cert-file", str(certificate), "--tls-key-file", str(certificate.with_name("key.pem"))]
    private_redis("--tls-port", str(number), *files, "--tls-auth-clients", "no").start()
    return number


def test_a_cache_over_tls_works_with_a_certificate_that_is_trusted(port: int, certificate: Path) -> None:
    cache = open_cache(f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}", None, 1_000_000)
    cache.set("result:1", b"1")
    assert cache.get("result:1") is not None
    assert cache.stats().trouble == ""
    cache.close()


@pytest.mark.parametrize("trusts", ["rediss://localhost:{port}/0", "rediss://127.0.0.1:{port}/0?ssl_ca_certs={file}"])
def test_a_certificate_that_is_not_trusted_or_of_another_name_is_refused(
    trusts: str, port: int, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = open_cache(trusts.format(port=port, file=certificate), None, 1_000_000)
    cache.set("result:1", b"1")
    assert cache.get("result:1") is None
    assert "certificate verify failed" in caplog.text
    cache.close()


def test_a_file_of_certificates_that_is_not_there_is_no_cache(port: int, caplog: pytest.LogCaptureFixture) -> None:
    cache = open_cache(f"rediss://localhost:{port}/0?ssl_ca_certs=/nowhere.pem", None, 1_000_000)
    assert cache.get("result:1") is None
    assert len(caplog.records) == 1
    cache.close()
