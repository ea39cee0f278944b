"""What an engine refuses by itself, should the guard have let it pass: tried through its own way of running a text."""

from __future__ import annotations

import threading

import pytest

from nl2sql.engines.base import Engine
from nl2sql.errors import EngineError, Nl2SqlError
from tests.integration.engines.conformance.house import House
from tests.integration.engines.conformance.values import SECRET


def test_a_session_can_only_read(house: House, engine: Engine) -> None:
    for sql in house.writes:
        with pytest.raises(EngineError):
            house.ask(engine, sql)
        assert house.items_count() == 300, sql
        assert house.count(engine) == 300, sql


def test_a_session_says_nothing_against_itself(engine: Engine) -> None:
    assert engine.session_faults() == ()


def test_no_error_tells_a_secret(house: House) -> None:
    for address in house.secret_addresses():
        engine = house.engine(address)
        with pytest.raises(Nl2SqlError) as caught:
            house.count(engine)
        engine.close()
        error: BaseException | None = caught.value
        told = [caught.value.hint]
        while error is not None:
            told += [str(error), repr(error)]
            error = error.__cause__ if error.__cause__ is not None else None
        for secret in (SECRET, SECRET.replace(" ", "%20"), "pa$$", "rd/42"):
            assert not [text for text in told if secret in text]


def test_threads_each_get_their_own_answer(house: House, engine: Engine) -> None:
    """32 threads over the few connections of the pool."""
    wrong: list[object] = []
    together = threading.Barrier(32)

    def ask(thread: int) -> None:
        together.wait()
        for turn in range(6):
            number = 1 + (thread * 7 + turn) % 300
            sql = f"SELECT id, title FROM {house.quoted('items')} WHERE id = {number}"
            try:
                found = house.ask(engine, sql, seconds=30.0).table.to_pylist()
            except EngineError as error:
                wrong.append(error)
                continue
            if found != [{"id": number, "title": f"Thing {number}%"}]:
                wrong.append((number, found))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []
