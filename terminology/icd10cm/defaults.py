"""Our default terms inside a release: searched with its own, brought up to date without compiling it anew.

They are no source of the release, so its digest is without them; the file notes which ones it has.
"""

import hashlib
import shutil
from functools import cache
from pathlib import Path
from typing import Any, Final

import apsw

from terminology.default_terms import default_terms
from terminology.icd10cm.codes import flat
from terminology.store_folder import compiling, replacing

NOTED: Final = "defaults"


@cache
def defaults_digest() -> str:
    """SHA-256 of the default terms as they are now."""
    said = "\n".join(f"{one.term}\t{one.code}" for one in default_terms())
    return hashlib.sha256(said.encode()).hexdigest()


def write_defaults(connection: Any) -> None:
    """Put the default terms whose codes it has into a release that is written."""
    codes = dict(connection.execute("SELECT flat, id FROM code WHERE kind='diag'"))
    known = [one for one in default_terms() if flat(one.code) in codes]
    connection.execute("DELETE FROM term WHERE kind='default'")
    connection.executemany(
        "INSERT INTO term(code, kind, text) VALUES(?, 'default', ?)",
        [(codes[flat(one.code)], one.term) for one in known],
    )
    connection.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (NOTED, defaults_digest()))


def refresh_defaults(path: Path) -> None:
    """Bring the default terms of a compiled release up to date; everything else in it stays."""
    with compiling(path.parent), replacing(path) as written:
        shutil.copyfile(path, written)
        connection = apsw.Connection(str(written))
        try:
            connection.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF")
            with connection:
                write_defaults(connection)
                connection.execute("INSERT INTO word(word) VALUES('rebuild')")
            connection.execute("VACUUM")
        finally:
            connection.close()
