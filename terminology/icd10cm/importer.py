"""The importer's row of ICD-10-CM: official XML files of one release in, one compiled file out.

The files of one call may be the tabular list, the Index to Diseases and Injuries, the Table of Neoplasms, the
Table of Drugs and Chemicals and the External Cause Index, in any order; what each is stands in it. An index
alone is added to the release that begins on the same day.
"""

from pathlib import Path
from typing import Final

from terminology.icd10cm.base import fiscal_end
from terminology.icd10cm.compile import LAYOUT, compile_tabular, meta_of, release_path
from terminology.icd10cm.compile import Release as Stated
from terminology.icd10cm.index import INDEX, IndexFile, read_index, root_of
from terminology.icd10cm.index_compile import add_index
from terminology.icd10cm.release import Icd10Cm, Release
from terminology.icd10cm.tabular import TABULAR
from terminology.importers import Found, Import, Importer, Table, require_date
from terminology.store_folder import TerminologyError, file_digest

NAME: Final = "icd10cm"


def run(wanted: Import) -> Table:
    """Compile the files of a release."""
    stated = _stated(wanted)
    path = release_path(wanted.folder, stated.version)
    digests = {file.name: file_digest(file) for file in wanted.files}
    if len(digests) < len(wanted.files):
        raise TerminologyError("two files have the same name")
    if _is_made_of(path, stated, digests):
        return _table(Release(path))
    tabular, indexes = _sorted_files(wanted.files)
    year = fiscal_end(stated.begins)[:4]
    read = {file.name: (digests[file.name], _read(file, year)) for file in indexes}
    if tabular is not None:
        compile_tabular(wanted.folder, stated, tabular, fiscal_year=year, progress=wanted.progress)
    if read:
        missing = add_index(path, read, progress=wanted.progress)
        if missing:
            wanted.progress(1, 1, f"index read; {missing} lines name codes that are not in it")
    return _table(Release(path))


def _stated(wanted: Import) -> Stated:
    begins = require_date(wanted.begins, "--begins")
    ends = require_date(wanted.ends, "--ends") if wanted.ends else fiscal_end(begins)
    if ends < begins:
        raise TerminologyError("the release ends before it begins")
    return Stated(begins[:7], begins, ends)


def _is_made_of(path: Path, stated: Stated, digests: dict[str, str]) -> bool:
    """Whether the release is there, for these dates, and has every file already."""
    meta = meta_of(path)
    if (meta.get("layout"), meta.get("begins"), meta.get("ends")) != (
        str(LAYOUT),
        stated.begins,
        stated.ends,
    ):
        return False
    return digests.items() <= Release(path).sources.items()


def _sorted_files(files: tuple[Path, ...]) -> tuple[Path | None, list[Path]]:
    """The tabular list, if it is among the files, and the files of the index."""
    roots = {file: root_of(file) for file in files}
    tabular = [file for file, root in roots.items() if root == TABULAR]
    for file, root in roots.items():
        if root not in (TABULAR, INDEX):
            raise TerminologyError(f"{file.name} is neither a tabular list nor an index")
    if len(tabular) > 1:
        raise TerminologyError("a release has one tabular list")
    return next(iter(tabular), None), [file for file in files if file not in tabular]


def _read(file: Path, year: str) -> IndexFile:
    """An index of the fiscal year of the release."""
    found = read_index(file)
    if found.year != year:
        raise TerminologyError(f"{file.name} is not of fiscal year {year}")
    return found


def tables(folder: Path) -> list[Table]:
    """The releases of a folder."""
    return [_table(release) for release in Icd10Cm(folder).releases]


def search(folder: Path, text: str, service_date: str, limit: int) -> list[Found]:
    """The codes of the release for a date that fit a text."""
    systems = Icd10Cm(folder)
    if not systems.releases:
        return []
    release = systems.on(service_date) if service_date else systems.releases[-1]
    found = []
    for hit in release.search(text, limit, typed=True):
        code = release.get(hit.code)
        display = code.display if code else hit.term
        found.append(Found(release.system, hit.code, display, hit.score, hit.term))
    return found


def _table(release: Release) -> Table:
    return Table(
        NAME,
        release.version,
        release.begins,
        release.ends,
        release.count,
        release.digest,
        release.sources,
        str(release.path),
    )


IMPORTER: Final = Importer(
    NAME,
    "the tabular list (XML) of a fiscal year, with its index files",
    run,
    tables,
    search,
)
