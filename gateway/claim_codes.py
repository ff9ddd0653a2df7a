"""The codes that a person chooses: known, billable on the date of service, and as their release has them."""

import re
from typing import Any, Final

from profiles.claim_decisions import DIAGNOSIS, ReleasedCode
from profiles.outcome import OperationOutcomeError
from profiles.scrub.context import EditTables
from terminology.procedures import ProcedureRelease
from terminology.systems import CPT, HCPCS, ICD_10_CM

_SHAPES: Final = {CPT: re.compile(r"\d{4}[0-9A-Z]"), HCPCS: re.compile(r"[A-V]\d{4}")}
"""Form of a number, for a site that has supplied no list (45 CFR 162.1002)."""


def chosen_code(
    coding: dict[str, Any], element: str, service_date: str, tables: EditTables
) -> ReleasedCode:
    """The code that a person has chosen.

    Raises
    ------
    OperationOutcomeError
        ``code-invalid`` for a code that is not known, not of the element's system, or not billable on the
        date of service; ``not-supported`` where no release is here.
    """
    if element == DIAGNOSIS:
        return _diagnosis(coding, service_date, tables)
    system, code = coding.get("system") or _system(coding), str(coding.get("code", "")).upper()
    if system not in _SHAPES or not _SHAPES[system].fullmatch(code):
        raise _refused("a line has a code of CPT or HCPCS Level II, of five characters")
    release = _procedures(tables, system, service_date)
    if release is None:
        return ReleasedCode(system, code)
    found = release.get(code)
    if found is None or not found.holds_on(service_date):
        raise _refused("this procedure code is not in force on the date of service")
    # The words of CPT belong to the AMA and stay in the site's own list.
    return ReleasedCode(system, code, release.version, found.display if system == HCPCS else "")


def _procedures(tables: EditTables, system: str, service_date: str) -> ProcedureRelease | None:
    """The site's list in force on a day; None where it has none, and only the form is known."""
    lists = tables.hcpcs if system == HCPCS else tables.cpt
    return None if lists is None else lists.on(service_date)


def _system(coding: dict[str, Any]) -> str:
    """System of a code that was given alone: HCPCS Level II begins with a letter."""
    return HCPCS if str(coding.get("code", ""))[:1].isalpha() else CPT


def _diagnosis(coding: dict[str, Any], service_date: str, tables: EditTables) -> ReleasedCode:
    if coding.get("system", ICD_10_CM) != ICD_10_CM:
        raise _refused("a diagnosis has a code of ICD-10-CM")
    release = tables.diagnosis_codes(service_date)
    if release is None:
        raise OperationOutcomeError(
            "not-supported",
            "no release of ICD-10-CM is here; `isthmus terminology import` makes one",
            "code",
        )
    found = release.get(str(coding.get("code", "")))
    if found is None or found.kind != "diag":
        raise _refused("the release of the date of service has no such code of ICD-10-CM")
    if not found.billable:
        raise _refused("this code is not at its full length: it is billed by one below it")
    return ReleasedCode(ICD_10_CM, found.code, release.version, found.display)


def _refused(text: str) -> OperationOutcomeError:
    return OperationOutcomeError("code-invalid", text, "code.coding")
