"""`auction-core export` as it is typed."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auction_core import cli
from tests.integration.auction_core.export_changes import dice, fill
from tests.integration.auction_core.world import make_world

PAGE = (Path(__file__).parents[3] / "docs" / "auction-export.md").read_text()


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = make_world(f"sqlite:///{tmp_path}/auction.db")
    fill(made.engine, dice(1), bids=30)
    made.engine.dispose()
    return made.url


def test_a_line_for_each_table_on_stdout_and_progress_on_stderr(url: str, tmp_path: Path) -> None:
    arguments = ["export", "--url", url, "--to", f"parquet:{tmp_path}/w", "--tables", "bids, users"]
    would = CliRunner().invoke(cli.app, [*arguments, "--dry-run"])
    assert would.stdout.splitlines() == ["would read users: all 41 rows", "would read bids: all 30 rows"]
    assert not (tmp_path / "w").exists()
    first = CliRunner().invoke(cli.app, arguments)
    assert re.sub(r"\d+\.\d", "0.0", first.stdout) == "users: all 41 rows, 0.0 s\nbids: all 30 rows, 0.0 s\n"
    assert "bids: 30 rows read" in first.stderr
    second = CliRunner().invoke(cli.app, arguments)
    assert re.search(r"^bids: \d+ rows new or changed since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, ", second.stdout, re.M)


@pytest.mark.parametrize(
    ("to", "code", "said"),
    [("csv:x", 2, "duckdb:FILE"), ("duckdb:x --tables nothing", 2, "not a table"), ("duckdb:x", 3, "no database file")],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], to: str, code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["auction-core", "export", "--url", "sqlite:///none.db", "--to", *to.split()])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


def test_the_page_names_every_option_and_shows_commands_that_work(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = re.findall(r"--[a-z-]+", CliRunner().invoke(cli.app, ["export", "--help"]).stdout)
    assert [name for name in set(options) - {"--help", "--to"} if f"`{name}" not in PAGE] == []
    monkeypatch.chdir(tmp_path)
    for line in re.findall(r"^    auction-core (.*)$", PAGE, re.M):
        if "bigquery" not in line:
            done = CliRunner().invoke(cli.app, [*line.split(), "--url", url])
            assert done.exit_code == 0, line
