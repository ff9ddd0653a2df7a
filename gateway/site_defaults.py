"""The site's learned defaults on a coder's result: what is billable on the day, out of the table in force."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from profiles.coding_records import CodingResult
from profiles.learned_defaults import with_learned_defaults
from profiles.outcome import OperationOutcomeError
from terminology.icd10cm.release import Icd10Cm
from terminology.learned_defaults import LearnedDefault, learned_defaults
from terminology.store_folder import TerminologyError
from terminology.systems import ICD_10_CM


def with_site_defaults(
    result: CodingResult,
    folder: Path,
    service_date: str,
    defaults: Iterable[LearnedDefault] | None = None,
) -> CodingResult:
    """A result with the approved defaults, or with the given ones.

    Parameters
    ----------
    folder : Path
        Of the code systems.

    Raises
    ------
    OperationOutcomeError
        ``exception`` when the table or the release cannot be read.
    """
    try:
        rows = learned_defaults(folder) if defaults is None else tuple(defaults)
        return _applied(result, rows, folder, service_date) if rows else result
    except TerminologyError as error:
        raise OperationOutcomeError("exception", str(error)) from None


def _applied(
    result: CodingResult, rows: Iterable[LearnedDefault], folder: Path, service_date: str
) -> CodingResult:
    release = _releases(folder).on(service_date)

    def display(system: str, code: str) -> str | None:
        found = release.get(code) if system == ICD_10_CM else None
        return found.display if found is not None and found.billable else None

    return with_learned_defaults(result, rows, display)


@lru_cache(maxsize=4)
def _releases(folder: Path) -> Icd10Cm:
    return Icd10Cm(folder)
