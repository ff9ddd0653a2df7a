"""The release that comes with the installed package ``simple-icd-10-cm``: its files are read as data.

The package itself is never imported: that alone costs seconds and some 190 MB.
"""

import fcntl
import importlib.util
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

from terminology.icd10cm.code_list import read_whole_list
from terminology.icd10cm.compile import (
    LAYOUT,
    Release,
    compile_tabular,
    every_meta,
    release_path,
)
from terminology.icd10cm.defaults import NOTED, defaults_digest, refresh_defaults
from terminology.store_folder import Progress, TerminologyError, file_digest, silent

PACKAGE: Final = "simple_icd_10_cm"
_TABULAR: Final = re.compile(
    r"icd10c-tabular-(?P<month>[A-Z][a-z]+)-(?P<day>\d+)-(?P<year>\d{4})\.xml"
)
_MONTHS: Final = ("January", "April", "July", "October")


def base_files() -> tuple[Path, Path | None] | None:
    """The package's tabular list and its list of codes; None when it is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "data"
    tabular = next((file for file in folder.glob("*.xml") if _TABULAR.fullmatch(file.name)), None)
    if tabular is None:
        return None
    return tabular, next(folder.glob("code-list-*.txt"), None)


def compile_base(folder: str | Path, progress: Progress = silent) -> Path:
    """Make the package's release in a folder, once; where its file lies.

    Raises
    ------
    TerminologyError
        When the package is not installed.
    """
    found = base_files()
    if found is None:
        raise TerminologyError(
            "the package simple-icd-10-cm is not installed; import the files of CDC or CMS instead"
        )
    tabular, codes = found
    place, release = Path(folder), base_release(tabular.name)
    path = release_path(place, release.version)
    with _alone(place):
        if not _is_made_of(path, tabular):
            listed = None if codes is None else read_whole_list(codes)
            compile_tabular(place, release, tabular, codes=listed, progress=progress)
        for old in _without_defaults(place):
            refresh_defaults(old)
    return path


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes out: the gateway and a lane that start together make one release."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".base.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def base_is_current(folder: Path) -> bool:
    """Whether there is nothing to make: the release is there, of the files that are installed, if any are."""
    found = base_files()
    if found is None:
        return True
    path = release_path(folder, base_release(found[0].name).version)
    return _is_made_of(path, found[0]) and not _without_defaults(folder)


def _is_made_of(path: Path, tabular: Path) -> bool:
    meta = every_meta(path)
    made_of = json.loads(meta.get("sources", "{}")).get(tabular.name)
    return meta.get("layout") == str(LAYOUT) and made_of == file_digest(tabular)


def _without_defaults(folder: Path) -> list[Path]:
    """Releases of this layout whose default terms are others than ours are now."""
    stated = {path: every_meta(path) for path in folder.glob("icd10cm-*.sqlite")}
    return [
        path
        for path, meta in stated.items()
        if meta.get("layout") == str(LAYOUT) and meta.get(NOTED) != defaults_digest()
    ]


def base_release(name: str) -> Release:
    """The release of which a file of the package is, by its name."""
    match = _TABULAR.fullmatch(name)
    if match is None or match["month"] not in _MONTHS:
        raise TerminologyError("the package's file name does not say from when it holds")
    month = 1 + 3 * _MONTHS.index(match["month"])
    begins = date(int(match["year"]), month, int(match["day"])).isoformat()
    return Release(begins[:7], begins, fiscal_end(begins))


def fiscal_end(begins: str) -> str:
    """The last day of the fiscal year in which a date lies; it begins on 1 October."""
    year = int(begins[:4]) + (begins[5:7] >= "10")
    return f"{year}-09-30"
