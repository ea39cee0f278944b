"""A command whose packages are not installed says in one sentence how to get them."""

import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT = """
import sys
from auction_core.cli import main
for module in sys.argv[1].split(","):
    sys.modules[module] = None
sys.argv = ["auction-core", *sys.argv[2:]]
main()
"""


def _without(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, module, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("module", "extra", "arguments"),
    [
        ("limits", "backend", ["serve"]),
        ("prometheus_client", "backend", ["worker"]),
        ("alembic", "backend", ["migrate"]),
        ("pymysql", "mysql", ["worker", "--url", "mysql://root@127.0.0.1/auction"]),
        ("psycopg", "postgres", ["check", "--url", "postgresql://postgres@127.0.0.1/auction"]),
    ],
)
def test_a_missing_package_is_said_with_its_remedy(module: str, extra: str, arguments: list[str]) -> None:
    done = _without(module, *arguments)
    assert done.returncode == 3
    assert f"pip install 'nl2sql[{extra}]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A page\n")
    for command in ("check", "migrate", "serve"):
        done = _without("nothing", command, "--url", f"sqlite:///{page}")
        assert done.returncode == 3
        assert done.stderr == f"auction-core: The file {page} is not an SQLite database.\n"
    assert page.read_text() == "# A page\n"
