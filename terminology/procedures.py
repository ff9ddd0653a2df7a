"""Codes of procedures and supplies: HCPCS Level II of CMS, and the CPT numbers that a site may use.

HCPCS Level II is in the public domain: its descriptions are kept. CPT belongs to the AMA: only the numbers of
a file that the site supplies are kept, with a label where the site wrote one of its own.
"""

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from terminology.importers import Found, Import, Table
from terminology.systems import CPT, HCPCS
from terminology.tables.keys import NO_END, code_key, day_number, key_code, number_day
from terminology.tables.release import Release, Releases, write_release
from terminology.tables.source_files import SourceText

HCPCS_KIND: Final = "hcpcs"
CPT_KIND: Final = "cpt"
_WORD: Final = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class ProcedureCode:
    """One code of a release.

    Parameters
    ----------
    code : str
        Five characters, or two for a modifier.
    display : str
        Long description; of a CPT number the site's own label, or empty.
    short : str
        Short description of a HCPCS code.
    begins, ends : str
        First and last day on which it may be used (ISO); empty without one.
    properties : tuple of (str, str)
        What else its file says: ``coverage`` and ``pricing`` of HCPCS; ``bilateral``, ``pctc``, ``global``,
        ``status`` and ``time-based`` of the Medicare Physician Fee Schedule or the site's list.
    """

    code: str
    display: str
    short: str
    begins: str
    ends: str
    properties: tuple[tuple[str, str], ...]

    def property(self, name: str) -> str:
        """One property; empty where the file does not say."""
        return next((value for key, value in self.properties if key == name), "")

    def holds_on(self, day: str) -> bool:
        """Whether it may be used on a day."""
        return self.begins <= day and (not self.ends or day <= self.ends)


class ProcedureRelease(Release):
    """One release of HCPCS Level II or of a site's list of CPT numbers."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.system = HCPCS if self.file.header["kind"] == HCPCS_KIND else CPT
        self._keys = self.file.column("key")
        self._names: list[str] = self.file.header["properties"]

    def get(self, code: str) -> ProcedureCode | None:
        """A code or modifier by its characters; None when the release does not have it."""
        key = code_key(code.upper())
        row = self.file.first("key", key)
        return None if key < 0 or row >= self.rows or self._keys[row] != key else self._code(row)

    def holds(self, code: str, day: str) -> bool | None:
        """Whether a code may be used on a day; None when the release does not have it."""
        key, when = code_key(code), day_number(day)
        row = self.file.first("key", key)
        if key < 0 or row >= self.rows or self._keys[row] != key:
            return None
        begins, ends = self.file.column("begins"), self.file.column("ends")
        return bool(begins[row] <= when <= ends[row])

    def __iter__(self) -> Iterator[ProcedureCode]:
        return map(self._code, range(self.rows))

    def search(self, text: str, limit: int = 20) -> list[tuple[ProcedureCode, float]]:
        """The codes whose descriptions have most of the words of a text, or whose code it begins.

        Returns
        -------
        list of (ProcedureCode, float)
            Best first, with a score from 0 to 1.
        """
        wanted = _WORD.findall(text.lower())
        if len(wanted) == 1 and len(exact := self._beginning(wanted[0].upper(), limit)) > 0:
            return [(code, 1.0) for code in exact]
        scores: dict[int, float] = {}
        for word in set(wanted):
            rows = self._words.get(word, ())
            for row in rows:
                scores[row] = scores.get(row, 0.0) + 1.0 / (1.0 + len(rows) ** 0.5)
        best = sorted(scores, key=lambda row: (-scores[row], self._lengths[row], row))[:limit]
        most = sum(1.0 / (1.0 + len(self._words.get(w, ())) ** 0.5) for w in set(wanted)) or 1.0
        return [(self._code(row), round(scores[row] / most, 4)) for row in best]

    def _beginning(self, start: str, limit: int) -> list[ProcedureCode]:
        if not 2 <= len(start) <= 5 or code_key(start) < 0:
            return []
        row = self.file.first("key", code_key(start.ljust(5, "0")))
        matching: list[ProcedureCode] = []
        while (
            row < self.rows
            and len(matching) < limit
            and key_code(self._keys[row])[: len(start)] == start
        ):
            matching.append(self._code(row))
            row += 1
        return matching

    @cached_property
    def _words(self) -> dict[str, list[int]]:
        """Rows by word of their descriptions; made at the first search."""
        found: dict[str, list[int]] = {}
        for row in range(self.rows):
            said = f"{self.file.text('display', row)} {self.file.text('short', row)}".lower()
            for word in set(_WORD.findall(said)):
                found.setdefault(word, []).append(row)
        return found

    @cached_property
    def _lengths(self) -> list[int]:
        return [len(self.file.text("display", row)) for row in range(self.rows)]

    def _code(self, row: int) -> ProcedureCode:
        texts = (self.file.text(f"property.{name}", row) for name in self._names)
        return ProcedureCode(
            key_code(self._keys[row]),
            self.file.text("display", row),
            self.file.text("short", row),
            number_day(self.file.column("begins")[row]),
            number_day(self.file.column("ends")[row]),
            tuple((name, text) for name, text in zip(self._names, texts, strict=True) if text),
        )


def procedure_codes(folder: Path, kind: str) -> Releases[ProcedureRelease]:
    """The releases that a site has imported, of ``hcpcs`` or ``cpt``."""
    return Releases(folder, kind, ProcedureRelease)


def found(folder: Path, kind: str, text: str, when: str, limit: int) -> list[Found]:
    """What a search of one kind finds in the release of a day (empty: the newest)."""
    releases = procedure_codes(folder, kind)
    release = releases.on(when or "9999-12-31")
    if release is None:
        return []
    return [
        Found(release.system, code.code, code.display or code.short, score)
        for code, score in release.search(text, limit)
    ]


def write_procedures(
    wanted: Import, kind: str, codes: Mapping[str, ProcedureCode], sources: Sequence[SourceText]
) -> Table:
    """Compile codes into a release; the columns follow the properties that they have."""
    ordered = sorted(codes.values(), key=lambda one: code_key(one.code))
    names = sorted({name for one in ordered for name, _ in one.properties})
    return write_release(
        wanted,
        kind,
        sources=sources,
        columns={
            "key": array("Q", (code_key(one.code) for one in ordered)),
            "begins": array("I", (day_number(one.begins) for one in ordered)),
            "ends": array("I", (day_number(one.ends) or NO_END for one in ordered)),
            "display": [one.display for one in ordered],
            "short": [one.short for one in ordered],
            **{f"property.{name}": [one.property(name) for one in ordered] for name in names},
        },
        rows=len(ordered),
        properties=names,
    )
