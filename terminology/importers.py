"""Which code systems and tables can be imported: one row each, added by the module that reads its files.

An importer turns the official files of one release into a compiled table in the folder of code systems and
lists what is there. ``isthmus terminology`` has a subcommand for each row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from terminology.store_folder import Progress, TerminologyError, silent

ROWS: Final = (
    "terminology.icd10cm.importer",
    "terminology.hcpcs_import",
    "terminology.cpt_import",
    "terminology.ncci_import",
    "terminology.mue_import",
    "terminology.add_on",
    "terminology.hcc_import",
)
"""Modules with an ``IMPORTER``."""


@dataclass(frozen=True, slots=True)
class Import:
    """What is to be imported.

    Parameters
    ----------
    folder : Path
        Folder of the compiled code systems (``<data>/terminology``).
    files : tuple of Path
        The official files of one release.
    begins, ends : str
        First and last service date (ISO 8601); ``ends`` is empty for the importer's own rule.
    options : mapping
        Values of the importer's own options.
    """

    folder: Path
    files: tuple[Path, ...]
    begins: str
    ends: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = silent


@dataclass(frozen=True, slots=True)
class Table:
    """A compiled release of a code system or of a table of edits.

    ``sources`` is SHA-256 by file name, ``rows`` counts its codes or edits.
    """

    name: str
    version: str
    begins: str
    ends: str
    rows: int
    digest: str
    sources: Mapping[str, str]
    path: str


@dataclass(frozen=True, slots=True)
class Found:
    """One answer of a search; ``term`` is what fitted, where it is not the display."""

    system: str
    code: str
    display: str
    score: float
    term: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """An option of one importer; empty ``choices`` take any text."""

    name: str
    text: str
    choices: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True, slots=True)
class Importer:
    """One row.

    Parameters
    ----------
    name, text : str
        Subcommand, and what it takes.
    run : callable
        Imports; raises ``TerminologyError`` for what cannot be used and leaves what was there.
    tables : callable
        The releases in a folder, the oldest first.
    search : callable, optional
        Takes folder, text, date of service (empty: the newest) and limit.
    """

    name: str
    text: str
    run: Callable[[Import], Table]
    tables: Callable[[Path], list[Table]]
    search: Callable[[Path, str, str, int], list[Found]] | None = None
    options: tuple[Option, ...] = ()


def importers() -> dict[str, Importer]:
    """Every importer, by name."""
    found: list[Any] = [import_module(row).IMPORTER for row in ROWS]
    return {importer.name: importer for importer in found}


def require_date(text: str, name: str) -> str:
    """A whole ISO date.

    Raises
    ------
    TerminologyError
        When it is none.
    """
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise TerminologyError(f"{name} is a date such as 2026-10-01") from None
