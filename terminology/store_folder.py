"""The folder of compiled code systems: one file per release, written whole or not at all.

Two processes may compile at once: a lock lets one of them work, and the other finds the file when it is
through. Readers never see half a file, because a finished one is renamed into its place.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

Progress = Callable[[int, int, str], None]
"""Takes what is done, of how many, and of what."""

FOLDER: Final = "terminology"
"""Name of the folder, in the data folder."""
LOCK: Final = ".compiling"
_CHUNK: Final = 1 << 20


class TerminologyError(ValueError):
    """A source file or a request that cannot be used; the text is for people and quotes no content."""


def silent(done: int, total: int, what: str) -> None:
    """Progress that nobody reads."""
    del done, total, what


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    except OSError as error:
        raise TerminologyError(f"{path.name} cannot be read: {error.strerror}") from None
    return found.hexdigest()


@contextlib.contextmanager
def compiling(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the folder is made when it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends without an error.

    Under the folder's lock: what a process that was killed has left is removed.
    """
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink(missing_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield written
        with written.open("rb") as file:
            os.fsync(file.fileno())
        written.replace(path)
        _settle(path.parent)
    finally:
        written.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Make the rename itself durable."""
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)
