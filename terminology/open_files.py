"""The compiled files of one kind in a folder, each opened once; what comes later is seen."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

_TICK_NS: Final = 100_000_000
"""Longer than the steps in which a file system counts time."""

T = TypeVar("T")


class OpenFiles(Generic[T]):
    """What is opened of a folder, in the order of its days.

    The folder is listed again when it has got, lost or replaced a file. Where a file cannot be opened,
    whoever asks is told so, each time, until the file is gone or right: nobody goes on without it.

    Parameters
    ----------
    folder : Path
        It need not exist.
    pattern : str
        Of the names (``Path.glob``).
    open_file : callable
    begins : callable
        What they are sorted by.
    """

    def __init__(
        self, folder: Path, pattern: str, open_file: Callable[[Path], T], begins: Callable[[T], str]
    ) -> None:
        self._folder, self._pattern = folder, pattern
        self._open_file, self._begins = open_file, begins
        self._open: dict[tuple[str, int, int], T] = {}
        self._all: tuple[T, ...] = ()
        self._seen = 0
        self._lock = threading.Lock()

    @property
    def all(self) -> tuple[T, ...]:
        """Everything, the oldest first. A file that was replaced is opened anew."""
        with self._lock:
            changed = _changed(self._folder)
            if changed == 0 or changed != self._seen:
                # A change that is too young is not told from the next one: look again the next time.
                settled = time.time_ns() - changed > _TICK_NS
                self._list()
                self._seen = changed if settled else 0
            return self._all

    def _list(self) -> None:
        self._seen = 0
        found: dict[tuple[str, int, int], T] = {}
        for path in sorted(self._folder.glob(self._pattern)):
            stat = path.stat()
            key = (path.name, stat.st_ino, stat.st_mtime_ns)
            known = self._open.get(key)
            found[key] = self._open_file(path) if known is None else known
        self._open = found
        self._all = tuple(sorted(found.values(), key=self._begins))


def _changed(folder: Path) -> int:
    """When a file of a folder was last added, removed or replaced, in nanoseconds; 0 without a folder."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
