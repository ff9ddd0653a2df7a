"""Adds files of the Alphabetic Index to a compiled release; a file of the same title is replaced."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import apsw

from terminology.icd10cm.compile import LAYOUT, meta_of, with_sources
from terminology.icd10cm.index import IndexEntry, IndexFile
from terminology.store_folder import Progress, TerminologyError, compiling, replacing, silent

_TITLES: Final = "titles"


def add_index(
    path: Path,
    files: Mapping[str, tuple[str, IndexFile]],
    *,
    progress: Progress = silent,
) -> int:
    """Write the lines of index files into a release.

    Parameters
    ----------
    path : Path
        Compiled file of the release.
    files : mapping
        By file name: SHA-256 and what was read.

    Returns
    -------
    int
        Lines that name a code which the release does not have; they are left out.

    Raises
    ------
    TerminologyError
        When there is no such release.
    """
    with compiling(path.parent):
        meta = meta_of(path)
        if meta.get("layout") != str(LAYOUT):
            raise TerminologyError(
                "no tabular list is compiled for this date: import it with the index, or first"
            )
        with replacing(path) as written:
            shutil.copyfile(path, written)
            connection = apsw.Connection(str(written))
            try:
                missing = _add_all(connection, meta, files, progress)
            finally:
                connection.close()
    return missing


def _add_all(
    connection: Any,
    meta: Mapping[str, str],
    files: Mapping[str, tuple[str, IndexFile]],
    progress: Progress,
) -> int:
    connection.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
    missing = 0
    with connection:
        codes = dict(connection.execute("SELECT flat, id FROM code WHERE kind='diag'"))
        for done, (name, (_, file)) in enumerate(files.items()):
            progress(done, len(files) + 1, name)
            _remove(connection, file.title)
            missing += _add(connection, codes, file)
        progress(len(files), len(files) + 1, "words")
        connection.execute("INSERT INTO word(word) VALUES('rebuild')")
        connection.execute("INSERT INTO word(word) VALUES('optimize')")
        _state(connection, meta, files)
    connection.execute("ANALYZE; VACUUM")
    return missing


def _remove(connection: Any, title: str) -> None:
    connection.execute(
        "DELETE FROM term WHERE id IN (SELECT term FROM entry WHERE source=?)", (title,)
    )
    connection.execute("DELETE FROM entry WHERE source=?", (title,))


def _add(connection: Any, codes: Mapping[str, int], file: IndexFile) -> int:
    missing = 0
    for entry in file.entries:
        code = codes.get(entry.code, 0)
        if entry.code and not code:
            missing += 1
            continue
        term = _add_term(connection, code, entry) if code else 0
        connection.execute(
            "INSERT INTO entry(code, term, source, text, manifestation, see, see_also)"
            " VALUES(?, ?, ?, ?, ?, ?, ?)",
            (
                code,
                term,
                file.title,
                entry.text,
                entry.manifestation,
                entry.see,
                entry.see_also,
            ),
        )
    return missing


def _add_term(connection: Any, code: int, entry: IndexEntry) -> int:
    connection.execute(
        "INSERT INTO term(code, kind, text) VALUES(?, 'index', ?)", (code, entry.text)
    )
    return int(connection.last_insert_rowid())


def _state(
    connection: Any, meta: Mapping[str, str], files: Mapping[str, tuple[str, IndexFile]]
) -> None:
    """Say what the release is made of now, without the files that were replaced."""
    row = connection.execute("SELECT value FROM meta WHERE name=?", (_TITLES,)).fetchone()
    titles: dict[str, str] = json.loads(row[0]) if row else {}
    sources: dict[str, str] = json.loads(meta["sources"])
    for name, (digest, file) in files.items():
        sources.pop(titles.get(file.title, ""), None)
        sources[name], titles[file.title] = digest, name
    said = {**with_sources(meta, sources), _TITLES: json.dumps(titles)}
    rows: Sequence[tuple[str, str]] = list(said.items())
    connection.executemany("INSERT OR REPLACE INTO meta VALUES(?, ?)", rows)
