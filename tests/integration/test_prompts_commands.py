"""`nl2sql prompts` as a shell would run it: no model is asked, no database opened, and mistakes end in a sentence."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from nl2sql.cli import run
from nl2sql.prompt.template import load_template

Command = Callable[..., "Done"]
DOCS = Path(__file__).parents[2] / "docs"
EXAMPLE = re.compile(r"^\$ (nl2sql prompts .*)$", re.MULTILINE)
EXAMPLES = [each for page in ("prompts.md", "cli.md") for each in EXAMPLE.findall((DOCS / page).read_text("utf-8"))]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def environ(repository: Path, folder: Path) -> dict[str, str]:
    """With templates of its own, and no database anywhere."""
    shutil.copytree(repository / "prompts", folder / "prompts")
    return {
        "NL2SQL_CONFIG": str(repository / "nl2sql.toml"),
        "NL2SQL_PROMPTS": str(folder / "prompts"),
        "NL2SQL_PROMPT": "sql_writer@v2",
        "NL2SQL_DATABASE": f"sqlite:///{folder}/nowhere.db",
        "NL2SQL_LEDGER": f"sqlite:///{folder}/ledger.db",
    }


@pytest.fixture
def prompts(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """In this process: starting one for each of the fifty commands takes a minute."""
    monkeypatch.chdir(tmp_path)
    for name, value in environ(repository, tmp_path).items():
        monkeypatch.setenv(name, value)

    def called(*arguments: str, **more: str) -> Done:
        with monkeypatch.context() as patched:
            for name, value in more.items():
                patched.setenv(name, value)
            code = run(["prompts", *arguments])
        return Done(int(code), *capsys.readouterr())

    return called


def assert_one_sentence(done: Done, *parts: str) -> None:
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("nl2sql: ") and len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr


def test_templates_are_listed_with_their_sizes_and_which_is_in_use(prompts: Command, tmp_path: Path) -> None:
    listed = {each["prompt"]: each for each in json.loads(prompts("list", "--json").stdout)}
    assert {"sql_writer@v1", "sql_writer@v2", "plan_writer@v1"} <= set(listed)
    assert [name for name, each in listed.items() if each["in_use"]] == ["sql_writer@v2"]
    assert listed["sql_writer@v2"]["tokens"] < listed["sql_writer@v1"]["tokens"] < 4000
    assert listed["plan_writer@v1"]["replies"] == ["plan", "clarification", "cannot_answer"]
    plain = prompts("list").stdout.splitlines()
    assert plain[0].split() == ["prompt", "tokens", "in", "use", "purpose"]
    assert [line.split()[2] for line in plain if line.startswith("sql_writer@v2")] == ["yes"]
    assert not (tmp_path / "nowhere.db").exists() and not (tmp_path / "ledger.db").exists()


def test_a_template_that_cannot_be_used_is_listed_with_what_is_wrong(prompts: Command, tmp_path: Path) -> None:
    (tmp_path / "prompts" / "sql_writer" / "v3.md").write_text("# system\n")
    done = prompts("list", "--json")
    broken = {each["prompt"]: each for each in json.loads(done.stdout)}["sql_writer@v3"]
    assert done.returncode == 2
    assert not broken["usable"] and broken["tokens"] is None
    assert "v3.md:1: a template begins with a front matter" in broken["purpose"]
    assert_one_sentence(prompts("show", "sql_writer"), "v3.md:1: a template begins with a front matter")


def test_a_template_is_shown_with_what_it_says_of_itself(prompts: Command) -> None:
    done = prompts("show", "sql_writer")
    heading, _, text = done.stdout.partition("\n\n# system\n")
    assert heading.startswith("sql_writer@v2  (")
    assert "Replies: sql, clarification, cannot_answer." in heading
    assert "Changed in v2: " in heading
    assert "{% for d in model.datasets %}" in text and "\n# user\n" in text
    assert prompts("show", "sql_writer@v1").stdout.startswith("sql_writer@v1  (")


def test_what_would_be_sent_goes_to_standard_output_and_its_size_beside_it(prompts: Command) -> None:
    done = prompts("render", "--question", "Turnover </data> by country?", "--dialect", "postgres")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# system\nYou write SQL")
    assert "SQL for postgres" in done.stdout
    assert done.stdout.endswith('<data name="question">\n"Turnover \\u003c/data> by country?"\n</data>\n')
    assert re.fullmatch(r"sql_writer@v2: about [12],\d{3} tokens of at most 4,000\.\n", done.stderr)


def test_a_rendered_prompt_as_json_is_all_that_would_be_sent(prompts: Command) -> None:
    shape = json.loads(prompts("render", "--prompt", "plan_writer", "--role", "auction_support", "--json").stdout)
    assert shape["prompt"] == "plan_writer@v1"
    assert (shape["role"], shape["dialect"], shape["left_out"]) == ("auction_support", "sqlite", [])
    assert [each["role"] for each in shape["messages"]] == ["system", "user"]
    assert "plan" in shape["reply_schema"]["properties"] and "sql" not in shape["reply_schema"]["properties"]
    assert 1000 < shape["tokens"] < shape["at_most"] == 4000


def test_what_is_left_out_is_said(prompts: Command) -> None:
    done = prompts("render", "--question", "How many comments?", NL2SQL_PROMPT_TOKENS="1700")
    size, *left_out = done.stderr.splitlines()
    assert int(size.split("about ")[1].split()[0].replace(",", "")) <= 1700
    assert left_out and all(line.endswith(" left out") for line in left_out)
    assert "Not all of the database is shown." in done.stdout


def test_a_role_s_prompt_shows_what_the_role_sees(prompts: Command) -> None:
    asked = "Emails of users"
    analyst = prompts("render", "--question", asked)
    assert '"Emails": withheld' in analyst.stdout
    assert not re.search(r"^email\b", analyst.stdout, re.MULTILINE)


def test_two_versions_are_compared_as_files_and_as_what_they_send(prompts: Command) -> None:
    files = prompts("diff", "sql_writer@v1", "sql_writer@v2").stdout.splitlines()
    assert files[:2] == ["--- sql_writer@v1", "+++ sql_writer@v2"]
    assert "-version: v1" in files and "+version: v2" in files
    sent = prompts("diff", "sql_writer@v1", "sql_writer@v2", "--rendered", "--question", "How many zebras?").stdout
    assert "+metric gmv: SUM({final_price}) @closed_at EUR" in sent
    assert ' "How many zebras?"' in sent.splitlines()
    assert prompts("diff", "sql_writer", "sql_writer").stdout == ""


def test_a_new_version_is_a_copy_to_go_on_from(prompts: Command, tmp_path: Path) -> None:
    done = prompts("new", "sql_writer")
    path = tmp_path / "prompts" / "sql_writer" / "v3.md"
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Wrote {path}. Next:\n")
    begun = load_template(tmp_path / "prompts", "sql_writer", "v3")
    assert begun.changelog[0] == "v3: What changed, and why."
    assert begun.changelog[1].startswith("v2: ")
    before = path.with_name("v2.md").read_text(encoding="utf-8").partition("\n# system\n")[2]
    assert path.read_text(encoding="utf-8").partition("\n# system\n")[2] == before
    assert prompts("render", "--prompt", "sql_writer@v3").returncode == 0


def test_a_new_id_begins_as_a_copy_of_another(prompts: Command, tmp_path: Path) -> None:
    assert_one_sentence(prompts("new", "mine"), "There is no prompt template mine yet; say with --from")
    assert prompts("new", "mine", "--from", "sql_writer@v1").returncode == 0
    assert load_template(tmp_path / "prompts", "mine", "v1").version == "mine@v1"


def test_nothing_is_overwritten(prompts: Command, tmp_path: Path) -> None:
    path = tmp_path / "prompts" / "sql_writer" / "v1.md"
    before = path.read_bytes()
    assert_one_sentence(prompts("new", "sql_writer@v1"), f"{path} is there already")
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_told(prompts: Command, tmp_path: Path) -> None:
    (tmp_path / "prompts" / "mine").write_text("a file where a folder belongs")
    done = prompts("new", "mine", "--from", "sql_writer")
    assert_one_sentence(done, "v1.md cannot be written: File exists")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "nothing"], "There is no prompt template nothing in"),
        (["show", "sql_writer@v99"], "There is no prompt template sql_writer@v99 in"),
        (["show", "../../etc/passwd"], "is not a prompt template"),
        (["show", "x\x1b[31m"], "is not a prompt template"),
        (["render", "--prompt", "@"], "is not a prompt template"),
        (["render", "--question", "???"], "Please type a question"),
        (["render", "--question", "a" * 2001], "2,001 characters long"),
        (["render", "--dialect", "cobol"], "“cobol” is not one of"),
        (["render", "--role", "nobody"], "there is no role “nobody”"),
        (["diff", "sql_writer"], "Missing argument"),
        (["diff", "sql_writer@v1", "v2"], "There is no prompt template v2"),
        (["new", "A B"], "is not a prompt template"),
        (["new", "sql_writer@v3", "--from", "nothing"], "There is no prompt template nothing in"),
    ],
)
def test_a_mistake_ends_in_a_sentence(prompts: Command, arguments: list[str], said: str) -> None:
    assert_one_sentence(prompts(*arguments), said)


def test_a_folder_without_templates_is_told(prompts: Command, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place in ("empty", "nowhere"):
        done = prompts("list", NL2SQL_PROMPTS=str(tmp_path / place))
        assert_one_sentence(done, "There are no prompt templates in", place)


def test_a_shell_gets_the_same(repository: Path, tmp_path: Path, prompts: Command) -> None:
    asked = ["render", "--question", "How many “bids”?"]
    done = subprocess.run(
        [sys.executable, "-m", "nl2sql.cli", "prompts", *asked],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=dict(os.environ),
        check=False,
        encoding="utf-8",
    )
    assert Done(done.returncode, done.stdout, done.stderr) == prompts(*asked)


def test_the_docs_show_every_command() -> None:
    assert {shlex.split(each)[2] for each in EXAMPLES} == {"list", "show", "render", "diff", "new"}


@pytest.mark.parametrize("line", EXAMPLES)
def test_an_example_of_the_docs_runs(prompts: Command, line: str) -> None:
    arguments = shlex.split(line)[2:]
    redirected = [each for each in arguments if each in ("|", ">")]
    done = prompts(*arguments[: arguments.index(redirected[0])] if redirected else arguments)
    assert done.returncode == 0, done.stderr
