"""What a resource from outside must be before it is stored: of a type that clients write, and well formed.

The structure of every R4 type is checked here; invariants, profiles and terminology extend this door.
Tasks and results are written by the gateway alone.
"""

from typing import Any, Final

from profiles.outcome import OperationOutcomeError
from profiles.structure import require_structure

WRITABLE: Final = frozenset(
    {
        "Binary",
        "Device",
        "DocumentReference",
        "Endpoint",
        "ImagingStudy",
        "Media",
        "Organization",
        "Patient",
        "Practitioner",
        "ServiceRequest",
    }
)
"""Types that clients may write."""


def admit(resource: dict[str, Any], kind: str) -> None:
    """Check a resource at the door.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for another type than the URL names, ``not-supported`` for a type that only the
        gateway writes, and every structural problem as an issue of its own.
    """
    if resource["resourceType"] != kind:
        raise OperationOutcomeError("invalid", f"the body is no {kind}", "resourceType")
    if kind not in WRITABLE:
        raise OperationOutcomeError(
            "not-supported", f"{kind} is written by the gateway; use its operations"
        )
    require_structure(resource)
