"""The files of a release as they are published: XML and text, alone or in the ZIP that they came in."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from terminology.icd10cm.index import INDEX, root_of
from terminology.icd10cm.tabular import TABULAR
from terminology.store_folder import TerminologyError

MOST_BYTES: Final = 200_000_000
"""What one file may come to, unpacked; the tabular list is about 10 MB."""
_WANTED: Final = re.compile(r"\.(xml|txt)$", re.IGNORECASE)
_KINDS: Final = {TABULAR: "tabular", INDEX: "index"}
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ReleaseFiles:
    """The files of one release by what they are."""

    tabular: Path | None
    indexes: tuple[Path, ...]
    codes: Path | None

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file."""
        return tuple(one for one in (self.tabular, *self.indexes, self.codes) if one is not None)


def release_files(files: Sequence[Path], folder: Path) -> ReleaseFiles:
    """Tell files apart by what is in them.

    Parameters
    ----------
    files : sequence of Path
        XML and text files, and ZIP files of them; other members of a ZIP are passed over.
    folder : Path
        Where members of a ZIP are unpacked; the caller's, and temporary.

    Raises
    ------
    TerminologyError
        When a file is of no use, or two are of a kind of which a release has one.
    """
    found: dict[str, list[Path]] = {"tabular": [], "index": [], "codes": []}
    for file, packed in _unpacked(files, folder):
        kind = _kind(file, packed)
        if kind:
            found[kind].append(file)
    names = [file.name for listed in found.values() for file in listed]
    if len(set(names)) < len(names):
        raise TerminologyError("two files have the same name")
    if len(found["tabular"]) > 1 or len(found["codes"]) > 1:
        raise TerminologyError("a release has one tabular list and one list of codes")
    if not names:
        raise TerminologyError("there is no tabular list, index or list of codes among the files")
    return ReleaseFiles(
        next(iter(found["tabular"]), None),
        tuple(found["index"]),
        next(iter(found["codes"]), None),
    )


def _unpacked(files: Sequence[Path], folder: Path) -> Iterator[tuple[Path, bool]]:
    """Each file, and whether it was a member of a ZIP."""
    for file in files:
        if not zipfile.is_zipfile(file):
            yield file, False
            continue
        try:
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    if _WANTED.search(member.filename) and not member.is_dir():
                        yield _extracted(archive, member, folder), True
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
            raise TerminologyError(
                f"{file.name} cannot be unpacked ({type(error).__name__})"
            ) from None


def _extracted(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> Path:
    """A member as a file of its own name, whatever folders the ZIP has."""
    path = folder / Path(member.filename.replace("\\", "/")).name
    if path.exists():
        raise TerminologyError("two files have the same name")
    left = MOST_BYTES
    with archive.open(member) as packed, path.open("wb") as file:
        while chunk := packed.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise TerminologyError(f"{path.name} is larger than any file that is published")
            file.write(chunk)
    return path


def _kind(file: Path, packed: bool) -> str:
    """``tabular``, ``index`` or ``codes``; empty for a member of a ZIP that is none of them."""
    if file.suffix.lower() == ".txt":
        named = re.search(r"codes|order", file.name, re.IGNORECASE)
        fits = named and not re.search(r"addenda", file.name, re.IGNORECASE)
        return "codes" if fits or not packed else ""
    try:
        kind = _KINDS.get(root_of(file), "")
    except TerminologyError:
        if packed:
            return ""
        raise
    if not kind and not packed:
        raise TerminologyError(f"{file.name} is neither a tabular list nor an index")
    return kind
