"""Reads compiled releases of ICD-10-CM: codes, notes, hierarchy, search.

A file is opened read-only and never changes while it is open, so nothing is locked and little is kept in
memory. Each thread has a connection of its own.
"""

import json
import threading
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import apsw

from terminology.icd10cm.codes import flat, is_code
from terminology.icd10cm.compile import LAYOUT
from terminology.icd10cm.icd_code import ExcludesNote, IcdCode, IcdNote
from terminology.icd10cm.index import IndexEntry
from terminology.icd10cm.references import parse_references
from terminology.icd10cm.search import Hit, Search
from terminology.open_files import OpenFiles
from terminology.store_folder import TerminologyError
from terminology.systems import ICD_10_CM

_BY_ID: Final = (
    "SELECT id, code, display, kind, parent, last, billable, seventh FROM code WHERE id=?"
)
_CACHED_ROWS: Final = 4096
_CACHED_CODES: Final = 1024


class Release:
    """One release.

    Parameters
    ----------
    path : Path
        Its compiled file.

    Raises
    ------
    TerminologyError
        When the file is none of this layout.
    """

    system: Final = ICD_10_CM

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        meta = self._meta()
        if meta.get("layout") != str(LAYOUT):
            raise TerminologyError(f"{path.name} has another layout; import it again")
        self.version = meta["version"]
        self.begins = meta["begins"]
        self.ends = meta["ends"]
        self.digest = meta["digest"]
        self.sources: dict[str, str] = json.loads(meta["sources"])
        self._by_id = lru_cache(maxsize=_CACHED_ROWS)(self._row)
        self._get = lru_cache(maxsize=_CACHED_CODES)(self._found)

    def _meta(self) -> dict[str, str]:
        try:
            return dict(self._rows("SELECT name, value FROM meta"))
        except apsw.Error as error:
            reason = type(error).__name__
            raise TerminologyError(f"{self.path.name} cannot be opened ({reason})") from None

    @property
    def count(self) -> int:
        """How many codes are billable."""
        return int(self._rows("SELECT count(*) FROM code WHERE billable").fetchone()[0])

    def covers(self, service_date: str) -> bool:
        """Whether the release holds on a date of service."""
        return self.begins <= _day(service_date) <= self.ends

    @cached_property
    def _search(self) -> Search:
        return Search(lambda: self._connection)

    def get(self, code: str) -> IcdCode | None:
        """A code, with or without its dot, or a section or chapter; None when the release has none."""
        return self._get(flat(code))

    def billable(self, code: str) -> bool:
        """Whether a code may be reported."""
        row = self._rows("SELECT billable FROM code WHERE flat=?", (flat(code),)).fetchone()
        return bool(row and row[0])

    def leaves(self) -> Iterator[str]:
        """Every billable code, in printed order."""
        return (code for (code,) in self._rows("SELECT code FROM code WHERE billable ORDER BY id"))

    def codes(self) -> Iterator[str]:
        """Every code, in printed order; chapters and sections are none."""
        return (c for (c,) in self._rows("SELECT code FROM code WHERE kind='diag' ORDER BY id"))

    def children(self, code: str) -> tuple[IcdCode, ...]:
        """The codes directly below."""
        found = self._id(code)
        rows = self._rows("SELECT flat FROM code WHERE parent=? ORDER BY id", (found,))
        return self._all(rows if found else ())

    def ancestors(self, code: str) -> tuple[IcdCode, ...]:
        """What stands above, the nearest first, up to the chapter."""
        return self._all((flat(row[1]),) for row in self._line(code)[1:])

    def descendants(self, code: str) -> Iterator[str]:
        """Every code below, in printed order."""
        found = self._line(code)[:1]
        low, high = (found[0][0], found[0][5]) if found else (0, 0)
        rows = self._rows("SELECT code FROM code WHERE id>? AND id<=? ORDER BY id", (low, high))
        return (below for (below,) in rows)

    def subsumes(self, above: str, below: str) -> bool:
        """Whether a code stands above another."""
        upper, lower = self._line(above)[:1], self._id(below)
        return bool(upper) and upper[0][0] < lower <= upper[0][5]

    def search(self, text: str, limit: int = 20, *, typed: bool = False) -> list[Hit]:
        """The codes whose titles, inclusion or index terms fit a text best; the best first.

        ``typed`` says that a person is typing it: the last word may go on, and a code means itself.
        """
        if typed and is_code(text) and self._id(text):
            return list(self._code_and_below(text, limit))
        return self._search(text, limit, typed=typed)

    def _code_and_below(self, code: str, limit: int) -> Iterator[Hit]:
        rows = self._rows(
            "SELECT below.code, below.display FROM code JOIN code AS below"
            " ON below.id>=code.id AND below.id<=code.last WHERE code.flat=? ORDER BY below.id LIMIT ?",
            (flat(code), limit),
        )
        return (Hit(below, 1.0, display, "description") for below, display in rows)

    def index(self, code: str) -> tuple[IndexEntry, ...]:
        """The lines of the imported index that lead to a code itself."""
        found = self._rows(
            "SELECT text, manifestation, see, see_also FROM entry WHERE code=? ORDER BY id",
            (self._id(code),),
        )
        plain = flat(code)
        return tuple(IndexEntry(text, plain, *rest) for text, *rest in found)

    def terms(self) -> Iterator[tuple[str, str, str]]:
        """Every searchable term of the release itself, without our default terms: code, text and kind.

        A code that needs a 7th character stands for its forms, which differ in nothing but its meaning.
        """
        rows = self._rows(
            "SELECT code.code, term.text, term.kind FROM term JOIN code ON code.id=term.code"
            " WHERE term.kind<>'default' ORDER BY term.id"
        )
        return ((code, text, kind) for code, text, kind in rows)

    def excludes1(self, a: str, b: str) -> ExcludesNote | None:
        """The note that says that two codes are not reported together, if there is one.

        It may stand at either code or at anything above it (guideline I.A.12.a). A note that names the
        code itself is about its neighbours, so it does not count.
        """
        return self._excluded(a, b) or self._excluded(b, a)

    def _excluded(self, a: str, b: str) -> ExcludesNote | None:
        found = self.get(a)
        for note in found.excludes1 if found else ():
            for reference in parse_references(note.text):
                if reference.matches(b) and not reference.matches(a):
                    return ExcludesNote(note.text, note.at, b)
        return None

    @property
    def _connection(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            connection = apsw.Connection(
                f"{self.path.absolute().as_uri()}?immutable=1", flags=flags
            )
            connection.execute("PRAGMA cache_size=-1024")
            self._local.connection = connection
        return connection

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        return self._connection.execute(sql, values)

    def _row(self, id_: int) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self._rows(_BY_ID, (id_,)).fetchone()
        return found

    def _id(self, code: str) -> int:
        row = self._rows("SELECT id FROM code WHERE flat=?", (flat(code),)).fetchone()
        return row[0] if row else 0

    def _line(self, code: str) -> list[tuple[Any, ...]]:
        """Rows of a code and of all above it, the nearest first."""
        line = []
        at = self._id(code)
        while at:
            row = self._by_id(at)
            line.append(row)
            at = row[4]
        return line

    def _all(self, rows: Any) -> tuple[IcdCode, ...]:
        found = [self._get(plain) for (plain,) in list(rows)]
        return tuple(code for code in found if code is not None)

    def _found(self, plain: str) -> IcdCode | None:
        line = self._line(plain)
        if not line:
            return None
        own = line[0]
        notes: dict[str, list[IcdNote]] = {}
        for row in line:
            for kind, text in self._rows(
                "SELECT kind, text FROM note WHERE code=? ORDER BY id", (row[0],)
            ):
                if kind != "inclusion":
                    notes.setdefault(kind, []).append(IcdNote(text, row[1]))
                elif row is own:
                    notes.setdefault(kind, []).append(IcdNote(text, ""))
        inclusion = tuple(note.text for note in notes.pop("inclusion", ()))
        return IcdCode(
            own[1],
            own[2],
            own[3],
            line[1][1] if len(line) > 1 else "",
            bool(own[6]),
            json.loads(own[7]) if own[7] else {},
            inclusion,
            **{kind: tuple(listed) for kind, listed in notes.items()},
        )


def _day(service_date: str) -> str:
    """A whole date: of a year or a month its first day, of a moment its day."""
    day = service_date[:10]
    return day + "-01-01"[len(day) - 4 :] if len(day) in (4, 7) else day


class Icd10Cm:
    """The releases of a folder.

    Parameters
    ----------
    folder : str or Path
        Where the compiled files lie; one that does not exist has no releases.
    """

    def __init__(self, folder: str | Path) -> None:
        self._files = OpenFiles(
            Path(folder), "icd10cm-*.sqlite", Release, lambda release: release.begins
        )

    @property
    def releases(self) -> tuple[Release, ...]:
        """Every release, the oldest first."""
        return self._files.all

    def on(self, service_date: str) -> Release:
        """The release for a date of service; the nearest one when none ``covers`` it.

        Raises
        ------
        TerminologyError
            When the folder has no release at all.
        """
        releases = self.releases
        if not releases:
            raise TerminologyError(
                "no release of ICD-10-CM is here; `isthmus terminology import` makes one"
            )
        begun = [release for release in releases if release.begins <= _day(service_date)]
        return begun[-1] if begun else releases[0]
