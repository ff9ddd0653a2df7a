"""Primitive types of R4: which JSON they are and which texts they allow (R4 datatypes.html#primitive)."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

_YEAR: Final = r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_DAY: Final = rf"{_YEAR}(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1]))?)?"
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE: Final = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_SIGN: Final = r"[^\x00-\x08\x0b\x0c\x0e-\x1f]"
"""R4 datatypes.html#string: no characters below 32 but tab and line ends; a no-break space is a character."""

LANGUAGE: Final = (
    "([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    "(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*"
    "(-[Xx](-[A-Za-z0-9]{1,8})+)?|[XxIi](-[A-Za-z0-9]{1,8})+)"
)
"""A well-formed language tag (RFC 5646 2.1); which subtags are registered changes every month."""

_TEXTS: Final = {
    "canonical": r"\S*",
    "code": r"\S+( \S+)*",
    "date": _DAY,
    "dateTime": rf"{_YEAR}(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])(T{_CLOCK}{_ZONE})?)?)?",
    "id": r"[A-Za-z0-9\-.]{1,64}",
    "instant": rf"{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])T{_CLOCK}{_ZONE}",
    "markdown": rf"{_SIGN}+",
    "oid": r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+",
    "string": rf"{_SIGN}+",
    "time": _CLOCK,
    "uri": r"\S*",
    "url": r"\S*",
    "uuid": r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
}
_WELL_FORMED: Final = re.compile(LANGUAGE)
_PATTERNS: Final = {name: re.compile(pattern) for name, pattern in _TEXTS.items()}
_RANGES: Final = {
    "integer": (-(2**31), 2**31 - 1),
    "unsignedInt": (0, 2**31 - 1),
    "positiveInt": (1, 2**31 - 1),
}
LONGEST_TEXT: Final = 1 << 20
"""Characters of a string (R4 datatypes.html#string: at most 1 MB)."""


def is_valid(kind: str, value: Any) -> bool:
    """Whether a JSON value is one of a primitive type."""
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in _RANGES:
        low, high = _RANGES[kind]
        return type(value) is int and low <= value <= high
    if kind == "decimal":
        return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not isinstance(value, str) or not value:
        return False
    return _CHECKS.get(kind, _matches)(kind, value)


def is_language(value: str) -> bool:
    """Whether a code is a well-formed language tag (R4 valueset-all-languages.html)."""
    return _WELL_FORMED.fullmatch(value) is not None


def _matches(kind: str, value: str) -> bool:
    pattern = _PATTERNS.get(kind)
    return pattern is None or (len(value) <= LONGEST_TEXT and pattern.fullmatch(value) is not None)


def _calendar(kind: str, value: str) -> bool:
    """A date of the calendar: the pattern alone allows the 31st of February."""
    if not _matches(kind, value):
        return False
    if len(value) >= 10:
        try:
            date.fromisoformat(value[:10])
        except ValueError:
            return False
    return True


def _base64(_: str, value: str) -> bool:
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


_CHECKS: Final[dict[str, Callable[[str, str], bool]]] = {
    "base64Binary": _base64,
    "date": _calendar,
    "dateTime": _calendar,
    "instant": _calendar,
}
