"""Content-addressed files: written and fsynced before anything points to them.

``.part`` file → SHA-256 in the same pass → fsync → rename → fsync of the directory. A rename is durable
only after the directory is synced. What a crash leaves behind is a ``.part`` file, which ``sweep``
removes, or a whole blob that nothing points to, which the next store of the same bytes takes over.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
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
        if shutil.disk_usage(self._root).free < self._reserve:
            raise OperationOutcomeError("no-store", "free disk space is below the reserve")
        part = self._root / f"{uuid4().hex}.part"
        try:
            digest, size = self._write(part, [content] if isinstance(content, bytes) else content)
            target = self.path(digest)
            if not target.parent.is_dir():
                target.parent.mkdir(exist_ok=True)
                _sync(self._root)
            part.replace(target)
            _sync(target.parent)
        except OSError as error:
            part.unlink(missing_ok=True)
            if error.errno in _FULL:
                raise OperationOutcomeError("no-store", "the disk is full") from None
            raise
        return digest, size

    def files(self) -> list[Path]:
        """Every whole blob."""
        return sorted(path for path in self._root.glob("*/*") if path.is_file())

    def path(self, digest: str) -> Path:
        """Where the file of a digest lies, whether or not it is there."""
        return self._root / digest[:2] / digest

    def read(self, digest: str) -> bytes:
        """The content of a file."""
        return self.path(digest).read_bytes()

    def sweep(self) -> int:
        """Remove the files that a crash left half-written; how many there were."""
        parts = list(self._root.glob("*.part"))
        for part in parts:
            part.unlink(missing_ok=True)
        return len(parts)

    def free_bytes(self) -> int:
        """Free space on the disk, without the reserve."""
        return max(0, shutil.disk_usage(self._root).free - self._reserve)

    @staticmethod
    def _write(part: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        with part.open("xb", buffering=0) as file:
            for chunk in chunks:
                digest.update(chunk)
                view = memoryview(chunk)
                while view:
                    view = view[file.write(view) :]
                size += len(chunk)
            os.fsync(file.fileno())
        return digest.hexdigest(), size


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
