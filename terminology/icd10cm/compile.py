"""Compiles a tabular list into the SQLite file of a release.

Rows of ``code`` stand in printed order and everything below a row is one range of ids. A code that takes a
7th character is followed by its valid forms. Each file says what it was made of (SHA-256 of every source);
it is made anew only when that changes, or this layout.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import apsw

from terminology.icd10cm.code_list import CodeList
from terminology.icd10cm.codes import flat
from terminology.icd10cm.defaults import write_defaults
from terminology.icd10cm.rows import Row, rows_of
from terminology.icd10cm.tabular import CODE, Node, read_tabular
from terminology.store_folder import (
    Progress,
    TerminologyError,
    compiling,
    file_digest,
    replacing,
    silent,
)

LAYOUT: Final = 3
"""Number of this file layout; another one is compiled anew."""

SCHEMA: Final = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE code(id INTEGER PRIMARY KEY, flat TEXT NOT NULL, code TEXT NOT NULL, display TEXT NOT NULL,
  kind TEXT NOT NULL, parent INTEGER NOT NULL, last INTEGER NOT NULL, billable INTEGER NOT NULL,
  seventh TEXT NOT NULL);
CREATE TABLE note(id INTEGER PRIMARY KEY, code INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE term(id INTEGER PRIMARY KEY, code INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE entry(id INTEGER PRIMARY KEY, code INTEGER NOT NULL, term INTEGER NOT NULL,
  source TEXT NOT NULL, text TEXT NOT NULL, manifestation TEXT NOT NULL, see TEXT NOT NULL,
  see_also TEXT NOT NULL);
CREATE VIRTUAL TABLE word USING fts5(text, content='term', content_rowid='id', detail=column,
  tokenize="porter unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(word, row);
"""
INDEXES: Final = """
CREATE UNIQUE INDEX code_flat ON code(flat);
CREATE INDEX code_parent ON code(parent);
CREATE INDEX note_code ON note(code);
CREATE INDEX term_code ON term(code);
CREATE INDEX entry_code ON entry(code);
CREATE INDEX entry_source ON entry(source);
"""
_SEARCHED: Final = frozenset({"inclusion", "includes"})
_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class Release:
    """What a compiled file is about.

    Parameters
    ----------
    version : str
        Year and month from which it holds, such as ``2026-04``.
    begins, ends : str
        First and last service date (ISO 8601).
    """

    version: str
    begins: str
    ends: str


def release_path(folder: Path, version: str) -> Path:
    """Where the file of a release lies."""
    return folder / f"icd10cm-{version}.sqlite"


def compile_tabular(
    folder: Path,
    release: Release,
    tabular: Path,
    *,
    codes: CodeList | None = None,
    fiscal_year: str = "",
    progress: Progress = silent,
) -> Path:
    """Make the file of a release, unless it is there and made of the same.

    Parameters
    ----------
    codes : CodeList, optional
        List of billable codes: a code that it lacks is kept, and not billable; one that it has besides is
        an error.
    fiscal_year : str
        Year that the file has to state; empty for any.

    Raises
    ------
    TerminologyError
        When the file is no tabular list, of another fiscal year, or the list of another release.
    """
    path = release_path(folder, release.version)
    progress(0, _STEPS, "tabular list: hash")
    files = (tabular,) if codes is None else (tabular, codes.path)
    sources = {file.name: file_digest(file) for file in files}
    stated = _stated(release, sources)
    with compiling(folder):
        if meta_of(path) == stated:
            return path
        progress(1, _STEPS, "tabular list: read")
        year, nodes = read_tabular(tabular)
        if fiscal_year not in ("", year):
            raise TerminologyError(f"{tabular.name} is not of fiscal year {fiscal_year}")
        listed = None if codes is None else codes.billable
        rows = list(rows_of(nodes, listed))
        _require_same(rows, listed, progress)
        progress(2, _STEPS, "tabular list: write")
        with replacing(path) as written:
            _write(written, nodes, rows, stated, year)
        progress(_STEPS, _STEPS, "tabular list: done")
    return path


def _require_same(rows: Sequence[Row], listed: frozenset[str] | None, progress: Progress) -> None:
    """Compare the leaves of the tabular list with the list of billable codes."""
    if listed is None:
        return
    billable = {flat(row.code) for row in rows if row.billable}
    if listed - billable:
        raise TerminologyError(
            f"the list of codes has {len(listed - billable)} that the tabular list lacks: it is of "
            "another release"
        )
    leaves = sum(row.kind == CODE and row.id == row.last for row in rows)
    progress(
        1, _STEPS, f"tabular list: {leaves - len(billable)} leaves are not in the list of codes"
    )


def meta_of(path: Path) -> dict[str, str]:
    """What a compiled file says of itself: ``release``, ``sources``, ``layout``; empty when there is none."""
    found = every_meta(path)
    return {name: found[name] for name in _STATED if name in found}


def every_meta(path: Path) -> dict[str, str]:
    """Everything that a compiled file notes of itself; empty when it is none."""
    if not path.exists():
        return {}
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return dict(connection.execute("SELECT name, value FROM meta"))
        finally:
            connection.close()
    except apsw.Error:
        return {}


_STATED: Final = ("version", "begins", "ends", "layout", "sources", "digest")


def _stated(release: Release, sources: Mapping[str, str]) -> dict[str, str]:
    stated = {
        "version": release.version,
        "begins": release.begins,
        "ends": release.ends,
        "layout": str(LAYOUT),
    }
    return with_sources(stated, sources)


def with_sources(stated: Mapping[str, str], sources: Mapping[str, str]) -> dict[str, str]:
    """What a file says of itself when it is made of some sources; its digest is over all of that."""
    kept = {name: stated[name] for name in ("version", "begins", "ends", "layout")}
    said = {**kept, "sources": json.dumps(dict(sorted(sources.items())))}
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return {**said, "digest": digest}


def _write(
    path: Path, nodes: Sequence[Node], rows: Sequence[Row], stated: Mapping[str, str], year: str
) -> None:
    connection = apsw.Connection(str(path))
    try:
        connection.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=4096")
        connection.execute(SCHEMA)
        with connection:
            places = _write_codes(connection, rows)
            _write_notes(connection, nodes, places)
            write_defaults(connection)
            meta = {**stated, "year": year}
            connection.executemany("INSERT INTO meta VALUES(?, ?)", meta.items())
            connection.execute(INDEXES)
            connection.execute("INSERT INTO word(word) VALUES('rebuild')")
            connection.execute("INSERT INTO word(word) VALUES('optimize')")
        connection.execute("ANALYZE; VACUUM")
    finally:
        connection.close()


def _write_codes(connection: Any, rows: Sequence[Row]) -> dict[int, int]:
    connection.executemany(
        "INSERT INTO code VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                row.id, flat(row.code), row.code, row.display, row.kind, row.parent, row.last,
                int(row.billable), json.dumps(dict(row.seventh)) if row.seventh else "",
            )
            for row in rows
        ),
    )  # fmt: skip
    return {row.node: row.id for row in rows if row.node}


def _write_notes(connection: Any, nodes: Sequence[Node], places: Mapping[int, int]) -> None:
    for node in nodes:
        place = places[node.id]
        for kind, text in node.notes:
            connection.execute(
                "INSERT INTO note(code, kind, text) VALUES(?, ?, ?)", (place, kind, text)
            )
        if node.kind == CODE:
            terms = [("description", node.display)]
            terms += [("inclusion", text) for kind, text in node.notes if kind in _SEARCHED]
            connection.executemany(
                "INSERT INTO term(code, kind, text) VALUES(?, ?, ?)",
                [(place, kind, text) for kind, text in terms],
            )
