"""Whether a patient has agreed that a visit is recorded and noted by a machine (R4 consent.html).

Asked when the job begins and again in the transaction that writes: a Consent that is withdrawn in between
stops the note.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from adapters.store import Store, Transaction
from gateway.settings import Settings
from profiles.outcome import OperationOutcomeError
from profiles.search.ranges import period_range

REQUIRED: Final = "required"
OFF: Final = "off"
MOST: Final = 200


def require_consent_setting(settings: Settings) -> None:
    """Refuse a start with a value that is none (``value``)."""
    if settings.recording_consent not in (REQUIRED, OFF):
        raise OperationOutcomeError(
            "value", f"recording_consent is {REQUIRED} or {OFF}", "recording_consent"
        )


def why_not_consented(
    records: Store | Transaction, patient: str, settings: Settings, moment: datetime
) -> str:
    """Why a visit of a patient must not be noted; empty when it may be."""
    if settings.recording_consent != REQUIRED:
        return ""
    wanted = [("patient", patient), ("status", "active")]
    found = [match.json() for match in records.search("Consent", wanted, count=MOST).matches]
    in_force = [
        one
        for one in found
        if _is_of(one, settings.recording_consent_category) and _is_now(one, moment)
    ]
    said = {one.get("provision", {}).get("type") for one in in_force}
    if "deny" in said:
        return "A Consent of the patient denies it."
    if "permit" not in said:
        return "There is no active Consent of the patient that permits it."
    return ""


def _is_of(consent: Mapping[str, Any], category: str) -> bool:
    if not category:
        return True
    codings = [c for one in consent.get("category", ()) for c in one.get("coding", ())]
    system, _, code = category.rpartition("|")
    return any(
        one.get("code") == code and (not system or one.get("system") == system) for one in codings
    )


def _is_now(consent: Mapping[str, Any], moment: datetime) -> bool:
    """Whether its provision is in force; a date counts to its end (R4 datatypes.html#Period)."""
    period = consent.get("provision", {}).get("period")
    if not period:
        return True
    start, end = period_range(period)
    return start <= moment.timestamp() * 1000 < end
