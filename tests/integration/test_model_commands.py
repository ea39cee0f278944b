"""`nl2sql model` on real databases: what it drafts loads and has no errors; it reads, and says no secret."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy

from nl2sql.catalog.lint.run import lint_file
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import DataType, SemanticModel
from nl2sql.cli import run
from tests.integration.conftest import Server, execute, server_address

# Read when the module is imported: an autouse fixture clears the product's settings from every test.
FOLDER = os.environ.get("NL2SQL_OSSIE_EXAMPLES", "")
SCHEMA = Path(FOLDER) / "osi-schema.json" if FOLDER else None

TABLES = (
    "CREATE TABLE clients(id INTEGER PRIMARY KEY, full_name VARCHAR(40), email VARCHAR(40), city VARCHAR(20),"
    " status VARCHAR(20), since DATE, UNIQUE (email))",
    "CREATE TABLE depots(depot INTEGER, shelf INTEGER, label VARCHAR(20), PRIMARY KEY (depot, shelf))",
    "CREATE TABLE invoices(id INTEGER PRIMARY KEY, seller_id INTEGER REFERENCES clients(id), client_id INTEGER,"
    " depot INTEGER, shelf INTEGER, net_amount DECIMAL(10,2), vat_rate DECIMAL(4,3), issued_at TIMESTAMP NULL,"
    " corrects_id INTEGER, FOREIGN KEY (depot, shelf) REFERENCES depots(depot, shelf),"
    " FOREIGN KEY (seller_id) REFERENCES clients(id), FOREIGN KEY (corrects_id) REFERENCES invoices(id))",
    "CREATE VIEW open_invoices AS SELECT id, net_amount FROM invoices",
)
STATES = ("new", "active", "closed_down")
SECRET = "topsecret"


def rows() -> list[str]:
    clients = ", ".join(
        f"({n}, '{SECRET} {n}', '{SECRET}{n}@example.org', 'City {n}', '{STATES[n % 3]}', '2026-01-01')"
        for n in range(1, 31)
    )
    invoices = ", ".join(
        f"({n}, {n % 30 + 1}, {n % 29 + 1}, 1, {n % 2 + 1}, {n}.50, 0.190, '2026-01-01 10:00:00', NULL)"
        for n in range(1, 91)
    )
    return [
        f"INSERT INTO clients VALUES {clients}",
        "INSERT INTO depots VALUES (1, 1, 'left'), (1, 2, 'right')",
        f"INSERT INTO invoices VALUES {invoices}",
    ]


@pytest.fixture
def nl2sql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., tuple[int, str, str]]:
    """Exit code, standard output, standard error; in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        capfdbinary.readouterr()
        code = run(list(arguments))
        out, err = capfdbinary.readouterr()
        return code, out.decode(), err.decode()

    return command


Command = Callable[..., tuple[int, str, str]]


def assert_describes_the_invoices(path: Path) -> SemanticModel:
    model = load_model(path)
    assert [f.message for f in lint_file(path) if f.level == "error"] == []
    links = {(r.source, r.source_columns, r.target, r.target_columns, r.role) for r in model.relationships}
    assert links == {
        ("invoices", ("seller_id",), "clients", ("id",), "seller"),
        ("invoices", ("client_id",), "clients", ("id",), "invoice client"),
        ("invoices", ("depot", "shelf"), "depots", ("depot", "shelf"), ""),
        ("invoices", ("corrects_id",), "invoices", ("id",), "corrects"),
    }
    clients, invoices = model.dataset("clients"), model.dataset("invoices")
    assert clients.unique_keys == (("email",),) and clients.field("email").sensitive
    assert clients.field("full_name").sensitive and not clients.field("city").sensitive
    assert [v.value for v in clients.field("status").values] == sorted(STATES)
    assert clients.field("city").indexed and clients.time_field == "since"
    assert invoices.time_field == "issued_at" and invoices.field("issued_at").datatype is DataType.DATETIME
    assert invoices.field("vat_rate").aggregation == "avg"
    assert "SUM(invoices.net_amount)" in [m.expression for m in model.metrics]
    assert model.dataset("open_invoices").primary_key == ()
    return model


def assert_follows_the_schema(path: Path) -> None:
    if SCHEMA is None or not SCHEMA.exists():
        return
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(SCHEMA.read_text()))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        for statement in (*TABLES, *rows()):
            connection.execute(statement)
    connection.close()
    return f"sqlite:///{path}"


def test_a_sqlite_file_is_drafted(nl2sql: Command, sqlite_url: str, tmp_path: Path) -> None:
    before = (tmp_path / "shop.db").read_bytes()
    code, out, err = nl2sql("model", "init", "--url", sqlite_url, "--out", "draft.yaml")
    assert (code, out) == (0, "")
    model = assert_describes_the_invoices(tmp_path / "draft.yaml")
    assert_follows_the_schema(tmp_path / "draft.yaml")
    assert model.name == "shop"
    assert SECRET not in err and SECRET not in (tmp_path / "draft.yaml").read_text()
    assert "clients.email is marked sensitive: by its name it holds an e-mail address." in err
    assert "invoices.client_id → clients.id is guessed" in err
    assert (tmp_path / "shop.db").read_bytes() == before
    assert nl2sql("model", "lint", "draft.yaml", "--url", sqlite_url)[0] == 0


def test_a_duckdb_file_is_drafted(nl2sql: Command, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect(str(tmp_path / "shop.duckdb"))
    for statement in (*TABLES, *rows()):
        # One REFERENCES is enough: DuckDB takes the other for a second key.
        connection.execute(statement.replace(" REFERENCES clients(id), client_id", ", client_id"))
    connection.close()
    url = f"duckdb:///{tmp_path / 'shop.duckdb'}"
    assert nl2sql("model", "init", "--url", url, "--out", "draft.yaml")[0] == 0
    assert_describes_the_invoices(tmp_path / "draft.yaml")
    code, out, _ = nl2sql("model", "lint", "draft.yaml", "--url", url)
    assert code == 0 and "error" not in out


def test_a_server_is_drafted_by_an_account_that_only_reads(
    nl2sql: Command, admin: sqlalchemy.Engine, server: Server, make_account: Callable[..., object], tmp_path: Path
) -> None:
    execute(admin, *TABLES, *rows(), "DROP TABLE items")
    try:
        right = {
            "mysql": ["GRANT SELECT ON {database}.* TO {account}"],
            "postgres": ["GRANT SELECT ON ALL TABLES IN SCHEMA public TO {account}"],
        }
        account = make_account(*right[server.dialect])
        code, _, err = nl2sql("model", "init", "--url", account.url, "--out", "draft.yaml")  # type: ignore[attr-defined]
        assert code == 0, err
        assert_describes_the_invoices(tmp_path / "draft.yaml")
        assert_follows_the_schema(tmp_path / "draft.yaml")
        assert SECRET not in (tmp_path / "draft.yaml").read_text() + err
        code, out, err = nl2sql("model", "lint", "draft.yaml", "--url", server_address(admin))
        assert code == 0 and "error" not in out, out
    finally:
        execute(admin, "DROP VIEW open_invoices", *(f"DROP TABLE {t}" for t in ("invoices", "depots", "clients")))


def test_without_a_file_the_model_goes_to_standard_output(nl2sql: Command, sqlite_url: str, tmp_path: Path) -> None:
    code, out, err = nl2sql("--database", sqlite_url, "model", "init")
    assert code == 0 and "4 datasets, 4 relationships" in err
    (tmp_path / "piped.yaml").write_text(out)
    assert_describes_the_invoices(tmp_path / "piped.yaml")


def test_a_file_that_is_there_is_replaced_only_when_told(nl2sql: Command, sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "draft.yaml").write_text("mine")
    code, _, err = nl2sql("model", "init", "--url", sqlite_url, "--out", "draft.yaml")
    assert code == 2 and "is there already" in err and (tmp_path / "draft.yaml").read_text() == "mine"
    assert nl2sql("model", "init", "--url", sqlite_url, "--out", "draft.yaml", "--force")[0] == 0
    assert stat.S_IMODE((tmp_path / "draft.yaml").stat().st_mode) == 0o644
    assert [p.name for p in tmp_path.glob(".draft*")] == []


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("nonsense", 2, "no scheme"),
        ("oracle://user:hunter2@host/x", 2, "not supported"),
        ("sqlite:///nothing.db", 5, "There is no database"),
        ("sqlite:///words.txt", 5, "cannot be read"),
        ("duckdb:///words.txt", 5, "cannot be read"),
        ("mysql://user:hunter2@127.0.0.1:1/x", 5, "cannot be reached"),
        ("mysql://user:hunter2@host:port/x", 2, "cannot be read"),
        ("postgresql://user:hunter2@127.0.0.1:1/x", 5, "cannot be reached"),
        ("sqlite:///empty.db", 2, "no table"),
    ],
)
def test_an_address_that_does_not_work_is_told_in_a_sentence(
    url: str, code: int, words: str, nl2sql: Command, tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("these are words and no database " * 100)
    sqlite3.connect(tmp_path / "empty.db").execute("VACUUM").connection.close()
    found, out, err = nl2sql("model", "init", "--url", url)
    assert (found, out) == (code, "") and words in err
    assert "Traceback" not in err and "hunter2" not in err


def test_lint_prints_file_line_level_and_message(nl2sql: Command, repository: Path) -> None:
    path = str(repository / "schema" / "auction" / "model.yaml")
    code, out, err = nl2sql("model", "lint", path)
    assert code == 0 and err.startswith("0 errors, ")
    (line,) = [each for each in out.splitlines() if "“price” may mean" in each]
    assert re.fullmatch(re.escape(path) + r":\d+: warning: “price” may mean .*", line)
    assert nl2sql("model", "lint", path, "--strict")[0] == 1


def test_lint_compares_with_the_database_of_the_settings(
    nl2sql: Command, repository: Path, auction_database: Path, sqlite_url: str
) -> None:
    path = str(repository / "schema" / "auction" / "model.yaml")
    code, out, _ = nl2sql("--database", f"sqlite:///{auction_database}", "model", "lint", path, "--live")
    assert code == 0 and "error" not in out and "in the database" not in out
    code, out, err = nl2sql("--model", path, "model", "lint", "--url", sqlite_url, "--json")
    shape = json.loads(out)
    assert code == 1 and err == ""
    assert shape["file"] == path and shape["errors"] == sum(f["level"] == "error" for f in shape["findings"])
    assert {f["code"] for f in shape["findings"] if f["level"] == "error"} == {"no_table"}


def test_a_broken_file_ends_with_one_and_no_file_with_two(nl2sql: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text('version: "0.2.0.dev0"\nsemantic_model:\n- {name: x}\n')
    code, out, err = nl2sql("model", "lint", "broken.yaml")
    assert (code, out, err) == (1, "broken.yaml:3: error: the key “datasets” is missing.\n", "1 error, 0 warnings.\n")
    code, out, err = nl2sql("model", "lint", "nothing.yaml")
    assert (code, out) == (2, "") and "no model file" in err


def test_show_tells_a_model_a_dataset_and_a_metric(nl2sql: Command, repository: Path) -> None:
    path = str(repository / "schema" / "auction" / "model.yaml")
    code, out, _ = nl2sql("--model", path, "model", "show")
    assert code == 0 and "payments → listings" in out and "one to one" in out and "seller" in out
    code, out, _ = nl2sql("--model", path, "model", "show", "users")
    assert code == 0 and "username" in out and "sensitive" in out
    code, out, _ = nl2sql("--model", path, "model", "show", "gmv")
    assert code == 0 and "adds up over: all" in out
    code, out, err = nl2sql("--model", path, "model", "show", "nothing")
    assert (code, out) == (2, "") and "no dataset or metric called “nothing”" in err
