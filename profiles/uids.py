"""DICOM unique identifiers: the check at every door, and the ones that Isthmus makes.

A UID from outside is validated before it touches a path, a query or a log (PS3.5 section 9.1):
at most 64 characters, components of digits without a leading zero, joined by full stops.
"""

import hashlib
import re

from profiles.outcome import OperationOutcomeError

_UID = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))+")
IMPLEMENTATION_CLASS_UID = "2.25.305828488182831875890203105390285383139"
IMPLEMENTATION_VERSION_NAME = "ISTHMUS_0_1"


def is_uid(value: str) -> bool:
    """Whether a value is a well-formed UID (PS3.5 9.1)."""
    return len(value) <= 64 and _UID.fullmatch(value) is not None


def require_uid(value: str, keyword: str) -> str:
    """Return the UID, or refuse it without repeating what was sent.

    Raises
    ------
    OperationOutcomeError
        ``required`` when it is empty, ``structure`` when it is not a UID.
    """
    if not value:
        raise OperationOutcomeError("required", f"{keyword} is missing or empty", keyword)
    if not is_uid(value):
        raise OperationOutcomeError(
            "structure", f"{keyword} is not a valid UID (PS3.5 9.1)", keyword
        )
    return value


def derived_uid(*parts: str) -> str:
    """UID under ``2.25`` that is a function of its parts: the same input gives the same object.

    The 128 bits come from SHA-256 of the parts, shaped as a version 8 UUID (RFC 9562, PS3.5 B.2).
    """
    digest = bytearray(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return f"2.25.{int.from_bytes(digest, 'big')}"


def derived_id(*parts: str) -> str:
    """FHIR logical id that is a function of its parts (R4 datatypes.html#id: at most 64 of [A-Za-z0-9-.])."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
