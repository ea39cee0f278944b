"""The files of a run while it is under way: written line by line, each in one piece, by one run alone.

A run that ends has its log written anew in the order of the suite, and put in place of the old one at once.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from evals.errors import LogInUse, LogInvalid, LogUnwritable
from evals.log.prompts import PromptKeys, Sent, prompts_of
from evals.log.records import CaseRecord, RunEnd, RunHeader, decode, encode, lines

Key = tuple[str, int]
# How the first lines of the two files begin. What begins otherwise is somebody's, and nothing is cut off from it.
_LOG, _PROMPTS = b'{"type": "run"', b'{"type": "'


def recording_of(log: Path) -> Path:
    return log.with_name(f"{log.name.removesuffix('.jsonl')}.recording.jsonl")


class RunLog:
    """For many threads. `header` is the one that the file has, None for a new file: `begin` gives it one. `done` are
    the cases that stand in it, `seconds` what earlier sittings took as far as they could say so, and `ended` how the
    last one ended, if it could say that. `right` counts those that are."""

    def __init__(self, path: Path) -> None:
        """Raises LogInUse, LogUnwritable, and LogInvalid for a file that is something else."""
        self.path = path
        self.header: RunHeader | None = None
        self.done: set[Key] = set()
        self.right = 0
        self.seconds = 0.0
        self.ended: RunEnd | None = None
        self._lock = Lock()
        self._prompts = PromptKeys()
        self._opened: list[int] = []
        self._is_closed = False
        with _writable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._open(path, is_locked=True)
        try:
            self._take_up()
        except BaseException:
            self.close()
            raise

    def begin(self, header: RunHeader) -> None:
        self._append(self._file, self.path, encode(header))
        self.header = header

    def add(self, record: CaseRecord) -> None:
        line = encode(record)
        with self._lock:
            if not self._is_closed:
                self._append(self._file, self.path, line)
                self._count(record)

    def keep_prompt(self, prompt: Sent) -> None:
        with self._lock:
            if self._is_closed:
                return
            file = self._prompt_file()
            new = self._prompts.new_lines(prompt)
            if new:
                self._append(file, prompts_of(self.path), new)

    def stop(self, end: RunEnd) -> None:
        """The run did not go through all its cases, and may go on."""
        with self._lock:
            self._append(self._file, self.path, encode(end))

    def finish(self, end: RunEnd, place: Callable[[Key], int]) -> None:
        """Puts the lines into the order that `place` gives their keys; a case that is there twice has its last."""
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        with self._lock, _writable(self.path):
            try:
                with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    file.writelines(self._sorted(place))
                    file.write(encode(end))
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(self.path)
            finally:
                with suppress(OSError):
                    beside.unlink(missing_ok=True)

    def close(self) -> None:
        """What is added afterwards, by a thread that was given up, is lost."""
        with self._lock:
            self._is_closed = True
            for each in self._opened:
                with suppress(OSError):
                    os.close(each)
            self._opened.clear()

    def _sorted(self, place: Callable[[Key], int]) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            yield file.readline()
            places: dict[Key, int] = {}
            position = file.tell()
            for raw in file:
                line = decode(raw)
                if isinstance(line, CaseRecord):
                    places[line.key] = position
                position += len(raw)
            for key in sorted(places, key=place):
                file.seek(places[key])
                yield file.readline()

    def _open(self, path: Path, *, is_locked: bool = False) -> int:
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._opened.append(file)
            if not is_locked:
                return file
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LogInUse(
                    f"Another run writes {path} just now.", hint="Wait for it, or name another file with --out."
                ) from None
            # A run that has just ended has put another file into its place.
            if path.exists() and os.fstat(file).st_ino == path.stat().st_ino:
                return file
            os.close(self._opened.pop())

    def _take_up(self) -> None:
        """Cuts off what a killed run left of its last line, and reads what is there."""
        _cut_half_line(self._file, self.path, _LOG)
        if not os.fstat(self._file).st_size:
            return
        for line in lines(self.path):
            self.ended = line if isinstance(line, RunEnd) else None
            if isinstance(line, RunHeader):
                self.header = line
            elif isinstance(line, CaseRecord):
                self._count(line)
            else:
                self.seconds = line.seconds
        if self.header is None:
            raise LogInvalid(f"{self.path} is not the log of a run.")

    def _count(self, record: CaseRecord) -> None:
        self.done.add(record.key)
        self.right += record.is_right

    def _prompt_file(self) -> int:
        if len(self._opened) == 1:
            path = prompts_of(self.path)
            with _writable(path):
                file = self._open(path)
                _cut_half_line(file, path, _PROMPTS)
                with path.open("rb") as there:
                    for line in there:
                        self._prompts.note(line)
        return self._opened[1]

    def _append(self, file: int, path: Path, line: bytes) -> None:
        with _writable(path):
            before = os.fstat(file).st_size
            # One call of write on a file opened to append: whoever reads meanwhile sees a whole line or none.
            written = os.write(file, line)
            if written < len(line):
                os.ftruncate(file, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _cut_half_line(file: int, path: Path, beginning: bytes) -> None:
    """What a killed run left of its last line, which is looked for from the end. Raises LogInvalid for a file that
    has such a line and begins otherwise."""
    size = os.fstat(file).st_size
    end = size
    while end:
        start = max(0, end - 65_536)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end == size:
        return
    if not beginning.startswith(os.pread(file, len(beginning), 0)):
        raise LogInvalid(
            f"There is a file {path} already, and it is not of a run.", hint="Name another file with --out."
        )
    os.ftruncate(file, end)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise LogUnwritable(
            f"The log {path} cannot be written: {why}.",
            hint="What is in it counts: the same command goes on from there once it can be written.",
        ) from None
