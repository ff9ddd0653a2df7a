"""The importer's row of ICD-10-CM: official XML files of one release in, one compiled file out."""

from pathlib import Path
from typing import Final

from terminology.icd10cm.base import fiscal_end
from terminology.icd10cm.compile import Release as Stated
from terminology.icd10cm.compile import compile_tabular
from terminology.icd10cm.release import Icd10Cm, Release
from terminology.importers import Found, Import, Importer, Table, require_date
from terminology.store_folder import TerminologyError

NAME: Final = "icd10cm"


def run(wanted: Import) -> Table:
    """Compile the files of a release."""
    begins = require_date(wanted.begins, "--begins")
    ends = require_date(wanted.ends, "--ends") if wanted.ends else fiscal_end(begins)
    if ends < begins:
        raise TerminologyError("the release ends before it begins")
    if len(wanted.files) != 1:
        raise TerminologyError("one tabular list is needed")
    stated = Stated(begins[:7], begins, ends)
    path = compile_tabular(wanted.folder, stated, wanted.files[0], progress=wanted.progress)
    return _table(Release(path))


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
    for hit in release.search(text, limit):
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
