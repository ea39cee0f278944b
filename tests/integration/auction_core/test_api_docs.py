"""What docs/auction-api.md says is so: its commands run, its tables are complete."""

import re
import subprocess
from pathlib import Path

import pytest

from auction_core.api.documentation import BY_CODE
from auction_core.api.settings import ApiSettings, variable
from tests.integration.auction_core.test_api_serving import PATIENCE, _served

PAGE = Path(__file__).parents[3] / "docs" / "auction-api.md"
TEXT = PAGE.read_text()


def test_the_commands_of_the_page_do_what_it_says(tiny_copy: Path, tmp_path: Path) -> None:
    start, *rest = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    assert [line.split()[:2] for line in start.splitlines()] == [["auction-core", "seed"], ["auction-core", "serve"]]
    with _served(f"sqlite:///{tiny_copy}", tmp_path / "log") as (address, _):
        script = "set -eu\n" + "\necho\n".join(rest).replace("http://127.0.0.1:8000", address)
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=PATIENCE)
    said = done.stdout
    assert done.returncode == 0, done.stderr
    assert said.count('"user_id":') == 2
    assert '"title":"Old camera"' in said
    assert '"code":"bid_too_low","minimum":"10.50"' in said
    placed = re.findall(r'\{"bid_id":.*?\}', said)
    assert len(placed) == 2
    assert placed[0] == placed[1]
    assert "event: listing" in said


def test_the_page_names_every_code_variable_and_standard() -> None:
    table = TEXT[TEXT.index("## Refusals") :]
    for code, problem in BY_CODE.items():
        row = next(line for line in table.splitlines() if line.startswith(f"| {problem.status} "))
        assert re.search(rf"\b{code}\b", row), code
    for name, field in ApiSettings.model_fields.items():
        standard = {None: "", (): "", True: "`1`"}.get(field.default, f"`{field.default}`")
        assert f"| {variable(name)} | {standard} | {field.description} |" in TEXT, name


@pytest.mark.parametrize("word", ["/healthz", "/readyz", "/metrics"])
def test_the_page_tells_operators_what_to_ask(word: str) -> None:
    assert word in TEXT
