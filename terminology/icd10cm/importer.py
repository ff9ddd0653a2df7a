"""The importer's row of ICD-10-CM: official XML files of one release in, one compiled file out.

The files of one call may be the tabular list, the Index to Diseases and Injuries, the Table of Neoplasms, the
Table of Drugs and Chemicals, the External Cause Index and the list of billable codes, in any order, plain or
in the ZIP in which they are published; what each is stands in it. An index alone is added to the release that
begins on the same day.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from terminology.icd10cm.base import fiscal_end
from terminology.icd10cm.code_list import read_code_list
from terminology.icd10cm.compile import LAYOUT, compile_tabular, meta_of, release_path
from terminology.icd10cm.compile import Release as Stated
from terminology.icd10cm.files import ReleaseFiles, release_files
from terminology.icd10cm.index import IndexFile, read_index
from terminology.icd10cm.index_compile import add_index
from terminology.icd10cm.release import Icd10Cm, Release
from terminology.importers import Found, Import, Importer, Table, require_date
from terminology.store_folder import TerminologyError, file_digest

NAME: Final = "icd10cm"


def run(wanted: Import) -> Table:
    """Compile the files of a release."""
    stated = _stated(wanted)
    path = release_path(wanted.folder, stated.version)
    with TemporaryDirectory(prefix="isthmus-icd10cm-") as unpacked:
        files = release_files(wanted.files, Path(unpacked))
        digests = {file.name: file_digest(file) for file in files.all}
        if not _is_made_of(path, stated, digests):
            _compile(wanted, stated, files, digests)
    return _table(Release(path))


def _compile(wanted: Import, stated: Stated, files: ReleaseFiles, digests: dict[str, str]) -> None:
    """Everything is read before anything is written."""
    year = fiscal_end(stated.begins)[:4]
    read = {file.name: (digests[file.name], _read(file, year)) for file in files.indexes}
    if files.tabular is not None:
        compile_tabular(
            wanted.folder,
            stated,
            files.tabular,
            codes=None if files.codes is None else read_code_list(files.codes),
            fiscal_year=year,
            progress=wanted.progress,
        )
    elif files.codes is not None:
        raise TerminologyError("a list of codes is imported with its tabular list")
    if read:
        path = release_path(wanted.folder, stated.version)
        missing = add_index(path, read, progress=wanted.progress)
        if missing:
            wanted.progress(1, 1, f"index read; {missing} lines name codes that are not in it")


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
    "the tabular list (XML) of a release, its index files and list of codes; or ZIP files of them",
    run,
    tables,
    search,
)
