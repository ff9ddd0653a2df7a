"""The site's learned defaults on a coder's result: what is billable on the day, out of the table in force."""

from collections.abc import Iterable
from pathlib import Path

from gateway.claim_scrub import tables_in
from profiles.coding_records import CodingResult
from profiles.learned_defaults import with_learned_defaults
from terminology.learned_defaults import LearnedDefault, learned_defaults
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
    """
    rows = learned_defaults(folder) if defaults is None else defaults
    release = tables_in(folder).diagnosis_codes(service_date)

    def display(system: str, code: str) -> str | None:
        found = release.get(code) if release is not None and system == ICD_10_CM else None
        return found.display if found is not None and found.billable else None

    return with_learned_defaults(result, rows, display)
