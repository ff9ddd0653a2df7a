"""Content-addressed files: written and fsynced before anything points to them.

``.part`` file → SHA-256 in the same pass → fsync → rename → fsync of the directory. A rename is durable
only after the directory is synced. What a crash leaves behind is a ``.part`` file, which ``sweep``
removes, or a whole blob that nothing points to, which the next store of the same bytes takes over. A file
that is being written is locked, so that another gateway of the folder does not sweep it away.
"""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from profiles.outcome import OperationOutcomeError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class BlobFolder:
    """A folder of files named by the SHA-256 of their content.

    Parameters
    ----------
    root : Path
        Created when it is missing.
    reserve_bytes : int
        Free space below which nothing more is taken, so that the index can still commit.
    """

    def __init__(self, root: Path, *, reserve_bytes: int = 0) -> None:
        self._root = root
        self._reserve = reserve_bytes
        root.mkdir(parents=True, exist_ok=True)

    def put(self, content: bytes | Iterable[bytes]) -> tuple[str, int]:
        """Keep a file durably; its SHA-256 and size.

        Raises
        ------
        OperationOutcomeError
            ``no-store`` when the disk is full or would fall below the reserve; nothing is kept then.
        """
        with self.incoming() as file:
            for piece in [content] if isinstance(content, bytes) else content:
                file.write(piece)
            return file.keep()

    def incoming(self) -> "Incoming":
        """A file that comes in pieces (``no-store`` when free space is below the reserve)."""
        if shutil.disk_usage(self._root).free < self._reserve:
            raise OperationOutcomeError("no-store", "free disk space is below the reserve")
        try:
            return Incoming(self._root)
        except OSError as error:
            raise _full(error) from None

    def files(self) -> list[Path]:
        """Every whole blob."""
        return sorted(path for path in self._root.glob("*/*") if path.is_file())

    def path(self, digest: str) -> Path:
        """Where the file of a digest lies, whether or not it is there."""
        return _path(self._root, digest)

    def read(self, digest: str) -> bytes:
        """The content of a file."""
        return self.path(digest).read_bytes()

    def sweep(self) -> int:
        """Remove the files that a crash left half-written; how many there were."""
        return sum(map(_swept, list(self._root.glob("*.part"))))

    def free_bytes(self) -> int:
        """Free space on the disk, without the reserve."""
        return max(0, shutil.disk_usage(self._root).free - self._reserve)


class Incoming:
    """A file on its way into a folder of blobs: kept under its digest, or gone when it is left.

    Parameters
    ----------
    root : Path
        Of the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._part = root / f"{uuid4().hex}.part"
        self._digest, self.size = hashlib.sha256(), 0
        self._file = self._part.open("xb", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __enter__(self) -> "Incoming":
        """The file, open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Remove what was not kept; a disk that takes no more is said as ``no-store``."""
        self._part.unlink(missing_ok=True)
        self._file.close()
        if isinstance(error, OSError):
            raise _full(error) from None

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._digest.update(piece)
        view = memoryview(piece)
        while view:
            view = view[self._file.write(view) :]
        self.size += len(piece)

    def keep(self) -> tuple[str, int]:
        """Make it durable under its name; its SHA-256 and size."""
        os.fsync(self._file.fileno())
        digest = self._digest.hexdigest()
        target = _path(self._root, digest)
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            _sync(self._root)
        self._part.replace(target)
        _sync(target.parent)
        return digest, self.size


def _path(root: Path, digest: str) -> Path:
    return root / digest[:2] / digest


def _full(error: OSError) -> Exception:
    """What a failed write is: the disk's being full in our words, anything else as it is."""
    if error.errno in _FULL:
        return OperationOutcomeError("no-store", "the disk is full")
    return error


def _swept(part: Path) -> bool:
    """Remove a file that nobody writes any more; whether it was one."""
    try:
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink()
    except OSError:
        return False
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
