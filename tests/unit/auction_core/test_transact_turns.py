import threading
import time
from pathlib import Path

import pytest

from auction_core.database import open_for_writing, parse_url
from auction_core.errors import TooBusy
from auction_core.writes.turns import Turns, turn


def test_a_turn_is_had_in_the_order_of_asking() -> None:
    turns, order = Turns(), []

    def ask(number: int) -> None:
        with turns:
            order.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    with turns:
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            while len(turns._waiting) < waiting:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_whoever_waits_too_long_leaves_the_queue_to_the_others() -> None:
    turns = Turns(patience=0.01)
    with turns:
        refused = []

        def ask() -> None:
            try:
                with turns:
                    pass
            except TooBusy as error:
                refused.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert len(refused) == 1
    with turns:
        pass


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns(patience=0.01)
    with pytest.raises(KeyError), turns:
        raise KeyError
    with turns:
        pass


def test_writers_of_one_file_share_their_turns_by_whatever_name(tmp_path: Path) -> None:
    def turns_of(url: str) -> object:
        return turn(open_for_writing(parse_url(url)))

    (tmp_path / "here").mkdir()
    assert turns_of(f"sqlite:///{tmp_path}/a.db") is turns_of(f"sqlite:///{tmp_path}/here/../a.db")
    assert turns_of(f"sqlite:///{tmp_path}/a.db") is not turns_of(f"sqlite:///{tmp_path}/b.db")
    assert turns_of("mysql://auction@db/auction") is not turns_of("mysql://auction@db/auction")
