"""What a resource from outside must be before it is stored: its type, and the elements it cannot lack.

The full admission (schema, invariants, bindings) extends this door; here are the rules without which
the imaging journey could not trust what it reads. Tasks and results are written by the gateway alone.
"""

from typing import Any, Final

from profiles.outcome import OperationOutcomeError

REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "Patient": (),
    "Practitioner": (),
    "Organization": (),
    "Endpoint": ("status", "connectionType", "payloadType", "address"),
    "ImagingStudy": ("status", "subject"),
    "ServiceRequest": ("status", "intent", "subject"),
    "DocumentReference": ("status", "content"),
    "Media": ("status", "content"),
    "Binary": ("contentType",),
    "Device": (),
}
"""Types that clients may write, with their elements of cardinality 1..* (R4 definitions)."""


def admit(resource: dict[str, Any], kind: str) -> None:
    """Check a resource at the door.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` for another type than the URL names, ``not-supported`` for a type that only the
        gateway writes, ``required`` for a missing element, ``value`` for an empty one.
    """
    if resource["resourceType"] != kind:
        raise OperationOutcomeError("invalid", f"the body is no {kind}", "resourceType")
    if kind not in REQUIRED:
        raise OperationOutcomeError(
            "not-supported", f"{kind} is written by the gateway; use its operations"
        )
    for element in REQUIRED[kind]:
        if element not in resource:
            raise OperationOutcomeError(
                "required", f"{kind}.{element} is required", f"{kind}.{element}"
            )
    _require_content(resource, kind)


def _require_content(value: Any, expression: str) -> None:
    """No element is empty (R4 json.html: ``""``, ``[]`` and ``{}`` do not occur)."""
    if value in ("", [], {}):
        raise OperationOutcomeError("value", f"{expression} is empty", expression)
    if isinstance(value, dict):
        for name, part in value.items():
            _require_content(part, f"{expression}.{name}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            if part is not None:
                _require_content(part, f"{expression}[{index}]")
