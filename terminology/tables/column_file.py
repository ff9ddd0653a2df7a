"""One compiled table in one file: a header in JSON and columns of numbers and texts, mapped into memory.

Opening reads the header alone. What is looked up is read by the system, page by page, and shared by all
processes; a table of two million rows costs a process next to nothing.
"""

import json
import mmap
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from terminology.store_folder import TerminologyError, replacing

MAGIC: Final = b"ISTHMUS\x01"
SUFFIX: Final = ".table"
_ALIGNED: Final = 8


class ColumnFile:
    """A compiled table, open for reading.

    Parameters
    ----------
    path : Path

    Raises
    ------
    TerminologyError
        When the file is none of ours or is cut short.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise TerminologyError(f"{path.name} is no compiled table")
            size = int.from_bytes(file.read(8), "little")
            self.header: dict[str, Any] = json.loads(file.read(size))
            self._mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        whole, first = memoryview(self._mapped), _aligned(len(MAGIC) + 8 + size)
        self._columns: dict[str, memoryview] = {}
        for name, kind, offset, length in self.header["columns"]:
            part = whole[first + offset : first + offset + length]
            if len(part) != length:
                raise TerminologyError(f"{path.name} is cut short")
            self._columns[name] = part.cast(kind) if kind != "s" else part

    def column(self, name: str) -> memoryview:
        """The numbers of a column, or the bytes of its texts."""
        return self._columns[name]

    def text(self, name: str, row: int) -> str:
        """The text of a row."""
        ends = self._columns[f"{name}.ends"]
        begin = ends[row - 1] if row else 0
        return str(self._columns[name][begin : ends[row]], "utf-8")

    def first(self, name: str, key: int) -> int:
        """First row whose value in a sorted column is not below the key."""
        return bisect_left(self._columns[name], key)


def write_columns(
    path: Path, header: Mapping[str, Any], columns: Mapping[str, "array[int] | Sequence[str]"]
) -> None:
    """Write a table so that it is there whole or not at all.

    Parameters
    ----------
    path : Path
    header : mapping
        Facts about the table.
    columns : mapping of str to array or sequence of str
        Columns of one length each; texts are kept as UTF-8.
    """
    parts: list[tuple[str, str, bytes]] = []
    for name, values in columns.items():
        if isinstance(values, array):
            parts.append((name, values.typecode, values.tobytes()))
            continue
        encoded = [value.encode() for value in values]
        parts.append((f"{name}.ends", "I", _ends(encoded).tobytes()))
        parts.append((name, "s", b"".join(encoded)))
    places, offset = [], 0
    for name, kind, content in parts:
        places.append((name, kind, offset, len(content)))
        offset += _aligned(len(content))
    said = json.dumps({**header, "columns": places}).encode()
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        file.write(MAGIC + len(said).to_bytes(8, "little") + said)
        for _, _, content in parts:
            file.write(bytes(-file.tell() % _ALIGNED) + content)
        file.write(bytes(-file.tell() % _ALIGNED))


def _ends(encoded: Iterable[bytes]) -> "array[int]":
    ends, at = array("I"), 0
    for one in encoded:
        at += len(one)
        ends.append(at)
    return ends


def _aligned(size: int) -> int:
    return size + -size % _ALIGNED
