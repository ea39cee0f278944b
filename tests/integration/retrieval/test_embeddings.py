"""Embeddings over the real protocol, from a scripted endpoint: vectors that are kept, failures that cost a remark."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from nl2sql.context.retrieve import Retriever
from nl2sql.errors import LanguageModelError, ModelAuthFailed, ModelReplyInvalid, ModelUnreachable, SettingsInvalid
from nl2sql.llm import base, embeddings
from nl2sql.llm.embeddings import BATCH, EmbeddingModel
from nl2sql.llm.vectors import VectorStore
from nl2sql.question import Question
from tests.fakes.openai.acts import Act
from tests.fakes.openai.server import Endpoint, hashed_words, serve
from tests.integration.retrieval.recall import AS_OF, thousand

KEY = "sk-" + "embed" + "0123456789abcdef"


_opened: list[EmbeddingModel] = []


@pytest.fixture(autouse=True)
def _requests_are_allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(base, "ALLOW_MODEL_REQUESTS", True)
    yield
    while _opened:
        _opened.pop().close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with serve(["{}"]) as running:
        yield running


def model_at(url: str, folder: Path | None = None, timeout: float = 5.0, name: str = "any-embedding") -> EmbeddingModel:
    _opened.append(EmbeddingModel(name, api_key=KEY, base_url=url, folder=folder, timeout=timeout))
    return _opened[-1]


def script(endpoint: Endpoint, act: Act) -> None:
    """What the endpoint does with embeddings, which it has no script for by itself."""
    endpoint.rejects = frozenset({"embeddings"})
    endpoint.act = lambda received: act  # type: ignore[method-assign]


def batches(endpoint: Endpoint) -> list[int]:
    return [len(received.body["input"]) for received in endpoint.requests]


def test_one_vector_a_text_in_the_order_asked(endpoint: Endpoint) -> None:
    vectors = model_at(endpoint.url).embed(["bids", "listings", "bids"])
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == 3
    assert np.array_equal(vectors[0], vectors[2])
    assert not np.array_equal(vectors[0], vectors[1])
    assert batches(endpoint) == [2]


def test_many_texts_go_in_batches(endpoint: Endpoint) -> None:
    model_at(endpoint.url).embed([f"table {n}" for n in range(BATCH * 2 + 5)])
    assert batches(endpoint) == [BATCH, BATCH, 5]


def test_what_is_kept_is_not_asked_for_again(endpoint: Endpoint, tmp_path: Path) -> None:
    first = model_at(endpoint.url, tmp_path).embed(["bids", "users"], keep=True)
    again = model_at(endpoint.url, tmp_path).embed(["users", "bids", "payments"], keep=True)
    assert np.array_equal(first[::-1], again[:2])
    assert batches(endpoint) == [2, 1]
    folders = [path for path in tmp_path.iterdir()]
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700]
    files = sorted(folders[0].iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert all(file.read_bytes() in {v.tobytes() for v in again} for file in files), "raw numbers and nothing else"


def test_a_question_is_kept_nowhere(endpoint: Endpoint, tmp_path: Path) -> None:
    model_at(endpoint.url, tmp_path).embed(["who owes us money?"])
    assert list(tmp_path.iterdir()) == []


def test_another_model_or_endpoint_has_its_own_vectors(endpoint: Endpoint, tmp_path: Path) -> None:
    model_at(endpoint.url, tmp_path).embed(["bids"], keep=True)
    model_at(endpoint.url, tmp_path, name="other").embed(["bids"], keep=True)
    assert batches(endpoint) == [1, 1]


@pytest.mark.parametrize("damage", [b"", b"abc", np.array([1, np.nan], np.float32).tobytes()])
def test_a_damaged_vector_is_asked_for_again(damage: bytes, endpoint: Endpoint, tmp_path: Path) -> None:
    whole = model_at(endpoint.url, tmp_path).embed(["bids"], keep=True)
    (file,) = tmp_path.glob("*/*.f32")
    file.write_bytes(damage)
    assert np.array_equal(model_at(endpoint.url, tmp_path).embed(["bids"], keep=True), whole)
    assert np.array_equal(np.frombuffer(file.read_bytes(), "<f4"), whole[0])


def test_a_folder_of_others_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    store = VectorStore(folder)
    store.write({"bids": np.ones(2, np.float32)})
    assert store.read(["bids"]) == {}
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_nothing(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert model_at(endpoint.url, tmp_path / "file").embed(["bids"], keep=True).shape[0] == 1


FAULTS = {
    "a wrong key": (Act(status=401, message=f"Incorrect API key provided: {KEY}"), ModelAuthFailed),
    "an unknown model": (Act(status=404, message="The model does not exist"), ModelAuthFailed),
    "a provider in trouble": (Act(status=500), LanguageModelError),
    "a page": (Act(body=b"<html>welcome</html>", content_type="text/html"), ModelReplyInvalid),
    "other JSON": (Act(body=b'{"data": {"a": 1}}'), ModelReplyInvalid),
    "too few": (Act(body=b'{"data": []}'), ModelReplyInvalid),
    "words": (Act(body=b'{"data": [{"index": 0, "embedding": ["a"]}]}'), ModelReplyInvalid),
    "no numbers": (Act(body=b'{"data": [{"index": 0, "embedding": []}]}'), ModelReplyInvalid),
    "not finite": (Act(body=b'{"data": [{"index": 0, "embedding": [1e999]}]}'), ModelReplyInvalid),
    "nested": (Act(body=b'{"data": ' + b"[" * 100_000), ModelReplyInvalid),
    "a dropped connection": (Act(drop=True), ModelUnreachable),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_a_sentence_without_the_key(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    act, error = FAULTS[fault]
    with serve(["{}"]) as endpoint, pytest.raises(error) as raised:
        script(endpoint, act)
        model_at(endpoint.url).embed(["bids"])
    said = f"{raised.value!r} {raised.value.hint} {raised.value.__cause__!r} {raised.value.__context__!r} {caplog.text}"
    assert KEY not in said
    assert KEY[3:11] not in said


def test_an_endpoint_that_drips_is_waited_for_as_long_as_was_said() -> None:
    with serve(["{}"]) as endpoint:
        script(endpoint, Act(body=b'{"data": [' + b" " * 10_000, drip=0.05))
        begun = monotonic()
        with pytest.raises(LanguageModelError):
            model_at(endpoint.url, timeout=0.5).embed(["bids"])
        assert monotonic() - begun < 5


def test_a_dead_endpoint_is_not_waited_for_with_each_question(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(endpoint, Act(status=500))
    model = model_at(endpoint.url)
    for _ in range(3):
        with pytest.raises(LanguageModelError):
            model.embed(["bids"])
    assert len(endpoint.requests) == 1
    monkeypatch.setattr(embeddings, "monotonic", lambda: monotonic() + embeddings.PAUSE_SECONDS)
    endpoint.rejects = frozenset()
    assert model.embed(["bids"]).shape[0] == 1
    monkeypatch.undo()
    monkeypatch.setattr(base, "ALLOW_MODEL_REQUESTS", True)
    assert model.embed(["users"]).shape[0] == 1, "it works again"


def test_what_came_before_a_failure_is_kept(tmp_path: Path) -> None:
    texts = [f"table {n}" for n in range(BATCH + 1)]
    dropped: list[str] = []

    def embed(text: str) -> list[float]:
        if text == texts[-1] and not dropped:
            dropped.append(text)
            raise ConnectionError
        return hashed_words(text)

    with serve(["{}"], embed=embed) as endpoint:
        with pytest.raises(LanguageModelError):
            model_at(endpoint.url, tmp_path).embed(texts, keep=True)
        model_at(endpoint.url, tmp_path).embed(texts, keep=True)
        assert batches(endpoint) == [BATCH, 1, 1]


@pytest.mark.parametrize("url", ["localhost:11434", "ftp://host/v1", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid):
        model_at(url)


def test_a_forgotten_endpoint_is_not_asked(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "ALLOW_MODEL_REQUESTS", False)
    with pytest.raises(ModelUnreachable):
        model_at(endpoint.url).embed(["bids"])
    assert endpoint.requests == []


def test_tables_are_found_by_words_and_vectors_together(endpoint: Endpoint, tmp_path: Path) -> None:
    retriever = Retriever(embedder=model_at(endpoint.url, tmp_path, timeout=60))
    for text in ("GMV by country of the buyer", "How many bids per listing?"):
        context = retriever(Question.parse(text), thousand(), "sqlite", AS_OF)
        assert "listings" in context.datasets
        assert context.remarks == ()
    assert batches(endpoint)[-2:] == [1, 1]
    assert sum(batches(endpoint)) == 1_002


def test_without_an_endpoint_tables_are_found_by_words() -> None:
    retriever = Retriever(embedder=model_at("http://127.0.0.1:9/v1"))
    context = retriever(Question.parse("GMV by country of the buyer"), thousand(), "sqlite", AS_OF)
    assert {"listings", "users"} <= set(context.datasets)
    assert context.remarks == ("no embeddings (llm_unreachable), ranked by words alone",)
