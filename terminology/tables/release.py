"""Releases of a table: which were imported, from what, and which is in force on a day."""

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from terminology.tables.column_file import SUFFIX, ColumnFile, write_columns
from terminology.tables.source_files import SourceText


class _Release(Protocol):
    @property
    def begins(self) -> str: ...


T = TypeVar("T", bound=_Release)
_UNSET: Final = "0001-01-01"


class Table:
    """What every release of a table says of itself.

    Parameters
    ----------
    path : Path
        Its compiled file.
    """

    def __init__(self, path: Path) -> None:
        self.file = ColumnFile(path)
        self.version: str = self.file.header["version"]
        self.begins: str = self.file.header["begins"]
        self.digest: str = self.file.header["digest"]
        self.rows: int = self.file.header["rows"]


class Releases(Generic[T]):
    """The releases of one kind that a site has imported.

    Parameters
    ----------
    folder : Path
        Of the site's terminology; a folder of this kind in it holds one file per release.
    kind : str
    open_release : type
        Opens a file.
    """

    def __init__(self, folder: Path, kind: str, open_release: type[T]) -> None:
        opener: Any = open_release
        files = sorted((folder / kind).glob(f"*{SUFFIX}"))
        self.releases: tuple[T, ...] = tuple(
            sorted((opener(file) for file in files), key=lambda one: one.begins)
        )

    def on(self, day: str) -> T | None:
        """The release in force on a day: the latest that had begun; None where none had."""
        found = None
        for release in self.releases:
            if release.begins <= day:
                found = release
        return found

    @property
    def latest(self) -> T | None:
        """The release that begins last."""
        return self.releases[-1] if self.releases else None


def write_release(
    folder: Path,
    kind: str,
    *,
    version: str,
    begins: str,
    sources: Sequence[SourceText],
    columns: Mapping[str, array[int] | Sequence[str]],
    rows: int,
    **facts: Any,
) -> Path:
    """Write the compiled file of a release; one of the same version is replaced."""
    named = [{"name": one.name, "sha256": one.digest} for one in sources]
    whole = hashlib.sha256("".join(sorted(one.digest for one in sources)).encode()).hexdigest()
    header = {
        "kind": kind,
        "version": version,
        "begins": begins or _UNSET,
        "sources": named,
        "digest": whole,
        "rows": rows,
        **facts,
    }
    path = folder / kind / f"{version}{SUFFIX}"
    write_columns(path, header, columns)
    return path
