"""Releases of a table: which were imported, from what, and which is in force on a day."""

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from terminology import importers
from terminology.open_files import OpenFiles
from terminology.store_folder import compiling
from terminology.tables.column_file import SUFFIX, ColumnFile, write_columns
from terminology.tables.source_files import SourceText


class Release:
    """What every release of a table says of itself.

    Parameters
    ----------
    path : Path
        Its compiled file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = ColumnFile(path)
        header = self.file.header
        self.kind: str = header["kind"]
        self.version: str = header["version"]
        self.begins: str = header["begins"]
        self.ends: str = header["ends"]
        self.digest: str = header["digest"]
        self.rows: int = header["rows"]

    def described(self) -> importers.Table:
        """The release as ``isthmus terminology list`` shows it."""
        sources = {one["name"]: one["sha256"] for one in self.file.header["sources"]}
        return importers.Table(
            self.kind,
            self.version,
            self.begins,
            self.ends,
            self.rows,
            self.digest,
            sources,
            str(self.path),
        )


T = TypeVar("T", bound=Release)


class Releases(Generic[T]):
    """The releases of one kind that a site has imported; one that is imported later is seen.

    Parameters
    ----------
    folder : Path
        Of the compiled code systems (``<data>/terminology``).
    kind : str
    open_release : type
        Opens a file.
    """

    def __init__(self, folder: Path, kind: str, open_release: type[T]) -> None:
        pattern = f"{kind}-[0-9]*{SUFFIX}"
        self._files = OpenFiles(folder, pattern, open_release, lambda one: one.begins)

    @property
    def all(self) -> tuple[T, ...]:
        """Every release, the oldest first."""
        return self._files.all

    def on(self, day: str) -> T | None:
        """The release in force on a day: the latest that had begun; None where none had."""
        begun = [one for one in self.all if one.begins <= day and (not one.ends or day <= one.ends)]
        return begun[-1] if begun else None


def write_release(
    wanted: importers.Import,
    kind: str,
    *,
    sources: Sequence[SourceText],
    columns: Mapping[str, "array[int] | Sequence[str]"],
    rows: int,
    version: str = "",
    **facts: Any,
) -> importers.Table:
    """Write the compiled file of a release; one that begins on the same day is replaced.

    Parameters
    ----------
    wanted : Import
        Says folder and days.
    kind : str
    sources : sequence of SourceText
        What it was made of.
    columns : mapping
        See ``write_columns``.
    rows : int
    version : str
        The first day, unless the files name another.
    **facts
        Further members of the header.
    """
    begins = importers.require_date(wanted.begins, "--begins")
    ends = importers.require_date(wanted.ends, "--ends") if wanted.ends else ""
    whole = hashlib.sha256("".join(sorted(one.digest for one in sources)).encode()).hexdigest()
    header = {
        "kind": kind,
        "version": version or begins,
        "begins": begins,
        "ends": ends,
        "sources": [{"name": one.name, "sha256": one.digest} for one in sources],
        "digest": whole,
        "rows": rows,
        **facts,
    }
    path = wanted.folder / f"{kind}-{begins}{SUFFIX}"
    with compiling(wanted.folder):
        write_columns(path, header, columns)
    return Release(path).described()
