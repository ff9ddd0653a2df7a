"""JSON Schema of the primitive types, never laxer than ``profiles.primitives`` (R4 json.html#primitive).

Classes of characters are spelled out, because engines differ in what they call white space.
"""

from typing import Any, Final

from profiles.primitives import LONGEST_TEXT

Schema = dict[str, Any]

_UNICODE_SPACE: Final = r"\x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
MARK: Final = rf"[^\t-\r\x1C-\x20{_UNICODE_SPACE}]"
"""One character that is no white space."""
SIGN: Final = r"[^\x00-\x08\x0B\x0C\x0E-\x1F]"
"""One character of a string: any but the control characters."""
ID: Final = r"[A-Za-z0-9.\-]{1,64}"

_YEAR: Final = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_LEAP_YEAR: Final = r"([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_FULL_DAY: Final = (
    rf"({_YEAR}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    rf"|02-(0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_PART_DAY: Final = rf"{_YEAR}(-(0[1-9]|1[0-2]))?"
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE: Final = r"(Z|[+\-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_BASE64: Final = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)"

_PATTERNS: Final = {
    "canonical": rf"{MARK}+",
    "code": rf"{MARK}+( {MARK}+)*",
    "date": rf"{_FULL_DAY}|{_PART_DAY}",
    "dateTime": rf"{_FULL_DAY}(T{_CLOCK}{_ZONE})?|{_PART_DAY}",
    "id": ID,
    "instant": rf"{_FULL_DAY}T{_CLOCK}{_ZONE}",
    "markdown": rf"{SIGN}+",
    "oid": r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+",
    "string": rf"{SIGN}+",
    "time": _CLOCK,
    "uri": rf"{MARK}+",
    "url": rf"{MARK}+",
    "uuid": r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
}


def text(pattern: str) -> Schema:
    """Schema of a text that matches a pattern as a whole."""
    return {**_binary(pattern), "maxLength": LONGEST_TEXT}


def _binary(pattern: str) -> Schema:
    """Schema of a text of any length."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def _whole(low: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": 2**31 - 1}


NARRATIVE: Final = "narrative"
"""Name of the format that a ``div`` has."""
PRIMITIVES: Final[dict[str, Schema]] = {
    **{kind: text(pattern) for kind, pattern in _PATTERNS.items()},
    "base64Binary": _binary(_BASE64),
    "boolean": {"type": "boolean"},
    "decimal": {"type": "number"},
    "integer": _whole(-(2**31)),
    "positiveInt": _whole(1),
    "unsignedInt": _whole(0),
    "xhtml": {"type": "string", "format": NARRATIVE},
}
