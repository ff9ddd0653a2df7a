"""Dates and numbers as ranges, so that precision takes part in the comparison (R4 search.html#prefix)."""

import functools
import re
from calendar import isleap, monthrange
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from profiles.outcome import OperationOutcomeError

EARLIEST: Final = -(1 << 62)
LATEST: Final = 1 << 62
"""Milliseconds for the open ends of a Period."""

_DATE: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = 86_400_000


@functools.lru_cache(maxsize=8192)
def date_range(text: str) -> tuple[int, int]:
    """The half-open range of milliseconds UTC that a FHIR date of any precision covers.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when the text is not a date.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise OperationOutcomeError("invalid", "not a FHIR date or dateTime")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        begin = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=UTC,
        )
    except ValueError:
        raise OperationOutcomeError("invalid", "not a date of the calendar") from None
    start = milliseconds(begin) - _offset(zone)
    return start, start + _width(begin, month, day, hour, second, fraction)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 UTC, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def period_range(period: dict[str, Any]) -> tuple[int, int]:
    """Range of a Period; an end that is missing is open (R4 search.html#date)."""
    low = date_range(period["start"])[0] if "start" in period else EARLIEST
    high = date_range(period["end"])[1] if "end" in period else LATEST
    return low, high


def number(text: str) -> Decimal:
    """A number of a search parameter.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when the text is no number.
    """
    if _NUMBER.fullmatch(text) is None:
        raise OperationOutcomeError("invalid", "not a number")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise OperationOutcomeError("invalid", "not a number") from None


def written_range(text: str) -> tuple[Decimal, Decimal]:
    """What a number means with the precision in which it is written (R4 search.html#number).

    100 is 99.5 up to, but not, 100.5. One digit with an exponent is read with two: 1e2 is 95 up to 105.
    """
    value = number(text)
    parts = value.as_tuple()
    exponent = parts.exponent if isinstance(parts.exponent, int) else 0
    if len(parts.digits) == 1 and "e" in text.lower():
        exponent -= 1
    half = Decimal(5).scaleb(exponent - 1)
    return value - half, value + half


def quantity_range(quantity: dict[str, Any]) -> tuple[float, float] | None:
    """Range of a Quantity, with its comparator; None when it has no value."""
    value = quantity.get("value")
    if value is None:
        return None
    exact = float(value)
    comparator = quantity.get("comparator", "")
    low = float("-inf") if comparator.startswith("<") else exact
    high = float("inf") if comparator.startswith(">") else exact
    return low, high


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return (-minutes if zone[0] == "-" else minutes) * 60_000


def _width(
    start: datetime,
    month: str | None,
    day: str | None,
    hour: str | None,
    second: str | None,
    fraction: str | None,
) -> int:
    """Milliseconds that a date of this precision lasts; the year 9999 too has an end."""
    if month is None:
        return (366 if isleap(start.year) else 365) * _DAY
    if day is None:
        return monthrange(start.year, start.month)[1] * _DAY
    if hour is None:
        return _DAY
    if second is None:
        return 60_000
    return 1000 if fraction is None else 1
