"""The codes that a person chooses: known, billable on the date of service, and as their release has them."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from profiles.claim_decisions import DIAGNOSIS, ReleasedCode
from profiles.outcome import OperationOutcomeError
from terminology.icd10cm.release import Icd10Cm
from terminology.store_folder import TerminologyError
from terminology.systems import CPT, HCPCS, ICD_10_CM

_SHAPES: Final = {CPT: re.compile(r"\d{4}[0-9A-Z]"), HCPCS: re.compile(r"[A-V]\d{4}")}
"""Form of a number, for a site that has supplied no list (45 CFR 162.1002)."""


@lru_cache(maxsize=4)
def icd10cm(folder: Path) -> Icd10Cm:
    """The releases of a folder; opened once per process."""
    return Icd10Cm(folder)


def chosen_code(
    coding: dict[str, Any], element: str, service_date: str, folder: Path
) -> ReleasedCode:
    """The code that a person has chosen.

    Raises
    ------
    OperationOutcomeError
        ``code-invalid`` for a code that is not known, not of the element's system, or not billable on the
        date of service; ``not-supported`` where no release is here.
    """
    if element == DIAGNOSIS:
        return _diagnosis(coding, service_date, folder)
    system, code = coding.get("system") or _system(coding), str(coding.get("code", "")).upper()
    if system not in _SHAPES or not _SHAPES[system].fullmatch(code):
        raise _refused("a line has a code of CPT or HCPCS Level II, of five characters")
    return ReleasedCode(system, code, str(coding.get("version", "")))


def _system(coding: dict[str, Any]) -> str:
    """System of a code that was given alone: HCPCS Level II begins with a letter."""
    return HCPCS if str(coding.get("code", ""))[:1].isalpha() else CPT


def _diagnosis(coding: dict[str, Any], service_date: str, folder: Path) -> ReleasedCode:
    if coding.get("system", ICD_10_CM) != ICD_10_CM:
        raise _refused("a diagnosis has a code of ICD-10-CM")
    try:
        release = icd10cm(folder).on(service_date)
    except TerminologyError as error:
        raise OperationOutcomeError("not-supported", str(error), "code") from None
    found = release.get(str(coding.get("code", "")))
    if found is None or found.kind != "diag":
        raise _refused("the release of the date of service has no such code of ICD-10-CM")
    if not found.billable:
        raise _refused("this code is not at its full length: it is billed by one below it")
    return ReleasedCode(ICD_10_CM, found.code, release.version, found.display)


def _refused(text: str) -> OperationOutcomeError:
    return OperationOutcomeError("code-invalid", text, "code.coding")
