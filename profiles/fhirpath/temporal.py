"""Dates, times and moments of any precision (FHIRPath N1, sections 4.1 and 6.1 to 6.7).

A value is its components from the year down; what is not said is not there. Two values compare as far as both
say; where one says more, the answer is unknown.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

from profiles.outcome import OperationOutcomeError

_DATE: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_TIME: Final = re.compile(r"(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?")
_MOMENT: Final = re.compile(
    r"(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:T(?:(\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)?(Z|[+-]\d\d:\d\d)?)?)?"
)
_MONTHS: Final = {"year": 12, "years": 12, "month": 1, "months": 1, "a": 12, "mo": 1}
_SECONDS: Final[dict[str, int | Decimal]] = {
    "week": 604800,
    "weeks": 604800,
    "day": 86400,
    "days": 86400,
    "hour": 3600,
    "hours": 3600,
    "minute": 60,
    "minutes": 60,
    "second": 1,
    "seconds": 1,
    "millisecond": Decimal("0.001"),
    "milliseconds": Decimal("0.001"),
    "wk": 604800,
    "d": 86400,
    "h": 3600,
    "min": 60,
    "s": 1,
    "ms": Decimal("0.001"),
}


_DAY: Final = 86400
_STEPS: Final = {3: _DAY, 4: 3600, 5: 60}
"""Seconds of the last component, by the number of components."""


@dataclass(frozen=True, slots=True)
class Temporal:
    """A date, a moment or a time.

    Parameters
    ----------
    kind : str
        ``Date``, ``DateTime`` or ``Time``.
    parts : tuple
        Year, month, day, hour, minute, second (Decimal) as far as said; for a time from the hour on.
    zone : int, optional
        Minutes east of UTC.
    """

    kind: str
    parts: tuple[int | Decimal, ...]
    zone: int | None = None

    def __str__(self) -> str:
        if self.kind == "Time":
            return _clock(self.parts)
        date = "-".join(f"{int(p):0{4 if at == 0 else 2}d}" for at, p in enumerate(self.parts[:3]))
        if self.kind == "Date":
            return date
        clock = _clock(self.parts[3:])
        return f"{date}T{clock}{_zone_text(self.zone)}" if clock else date


def parse_date(text: str) -> Temporal:
    """A date (``invalid`` when it is not of the calendar)."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise OperationOutcomeError("invalid", "FHIRPath: not a date")
    return _checked(Temporal("Date", tuple(int(p) for p in match.groups() if p)))


def parse_time(text: str) -> Temporal:
    """A time of day."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise OperationOutcomeError("invalid", "FHIRPath: not a time")
    return _checked(Temporal("Time", _clock_parts(match)))


def parse_datetime(text: str) -> Temporal:
    """A moment, with its zone if it has one."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise OperationOutcomeError("invalid", "FHIRPath: not a dateTime")
    date = parse_date(match[1]).parts
    clock: tuple[int | Decimal, ...] = ()
    if match[2]:
        clock = _clock_parts(_TIME.fullmatch(match[2]))
    return _checked(Temporal("DateTime", (*date, *clock), _zone(match[3])))


def compare(one: Temporal, other: Temporal) -> int | None:
    """-1, 0 or 1; None when one says more than the other and they agree so far."""
    if (one.kind == "Time") != (other.kind == "Time"):
        raise OperationOutcomeError("invalid", "FHIRPath: a time does not compare with a date")
    if (one.zone is None) != (other.zone is None) and min(len(one.parts), len(other.parts)) > 3:
        return _compare_somewhere(one, other)
    left, right = _utc(one).parts, _utc(other).parts
    for mine, theirs in zip(left, right, strict=False):
        if mine != theirs:
            return -1 if mine < theirs else 1
    return 0 if len(left) == len(right) else None


_EARLIEST: Final = timedelta(hours=-14 - 1)
_LATEST: Final = timedelta(hours=12 + 1)
"""How far a moment without a zone may lie from where it would lie in UTC, and the hour it may leave open."""


def _compare_somewhere(one: Temporal, other: Temporal) -> int | None:
    """Order when one has no zone: known where it is the same in every zone of the earth."""
    try:
        gap = _moment(_full(_utc(one).parts), UTC) - _moment(_full(_utc(other).parts), UTC)
    except ValueError:
        return None
    if other.zone is None:
        found = _compare_somewhere(other, one)
        return None if found is None else -found
    if gap + _EARLIEST > timedelta(0):
        return 1
    return -1 if gap + _LATEST < timedelta(0) else None


def added(value: Temporal, amount: Decimal, unit: str) -> Temporal:
    """A value moved by a quantity of a calendar unit (section 6.7); the precision stays."""
    months = _MONTHS.get(unit)
    if months is not None and value.kind != "Time":
        if unit in ("a", "mo"):
            raise OperationOutcomeError(
                "invalid", "FHIRPath: a definite year or month is no calendar duration"
            )
        return _months_added(value, int(amount) * months)
    seconds = _SECONDS.get(unit)
    if seconds is None:
        raise OperationOutcomeError("invalid", "FHIRPath: not a unit of time")
    if value.kind == "Time" and seconds >= _DAY:
        raise OperationOutcomeError("invalid", "FHIRPath: a time moves by hours or less")
    whole = amount if seconds <= 1 else int(amount)
    moved = _whole_steps(value, Decimal(whole) * Decimal(seconds))
    return _time_added(value, moved) if value.kind == "Time" else _seconds_added(value, moved)


def _whole_steps(value: Temporal, seconds: Decimal) -> Decimal:
    """What is added to a partial value, in whole units of its precision (section 6.7)."""
    step = _STEPS.get(len(value.parts) + (3 if value.kind == "Time" else 0))
    return seconds if step is None else Decimal(int(seconds / step) * step)


def _months_added(value: Temporal, months: int) -> Temporal:
    year, month = int(value.parts[0]), int(value.parts[1]) if len(value.parts) > 1 else 1
    if len(value.parts) == 1:
        return _checked(Temporal(value.kind, (year + int(months / 12),), value.zone))
    index = year * 12 + month - 1 + months
    year, month = index // 12, index % 12 + 1
    parts: list[int | Decimal] = [year, month, *value.parts[2:]]
    if not 1 <= year <= 9999:
        raise OperationOutcomeError("invalid", "FHIRPath: the date leaves the calendar")
    if len(parts) > 2:
        parts[2] = min(int(parts[2]), calendar.monthrange(year, month)[1])
    return Temporal(value.kind, tuple(parts), value.zone)


def _seconds_added(value: Temporal, seconds: Decimal) -> Temporal:
    count = len(value.parts)
    if count < 3:
        # Days and less are rounded down to the precision that the value has.
        days = int(seconds / 86400)
        return _months_added(value, int(days / 365) * 12 if count == 1 else int(days / 30))
    full = _full(value.parts)
    second = Decimal(full[5])
    start = _moment(full, UTC).replace(second=0)
    total = second + seconds
    try:
        moved = start + timedelta(seconds=int(total // 1))
    except OverflowError:
        raise OperationOutcomeError("invalid", "FHIRPath: the date leaves the calendar") from None
    rest = total - total // 1
    parts: tuple[int | Decimal, ...] = (
        moved.year,
        moved.month,
        moved.day,
        moved.hour,
        moved.minute,
        Decimal(moved.second) + rest,
    )
    return Temporal(value.kind, parts[:count], value.zone)


def _time_added(value: Temporal, seconds: Decimal) -> Temporal:
    hour, minute, second = (Decimal(part) for part in (*value.parts, 0, 0)[:3])
    total = (hour * 3600 + minute * 60 + second + seconds) % 86400
    whole = int(total // 60)
    parts: tuple[int | Decimal, ...] = (whole // 60, whole % 60, total - whole * 60)
    return Temporal("Time", parts[: len(value.parts)])


def _full(parts: tuple[int | Decimal, ...]) -> tuple[int | Decimal, ...]:
    rest: tuple[int | Decimal, ...] = (1, 1, 1, 0, 0, Decimal(0))
    return (*parts, *rest[len(parts) :])


def _moment(parts: tuple[int | Decimal, ...], zone: timezone) -> datetime:
    """A moment from six parts, to the second."""
    year, month, day, hour, minute, second = (int(part) for part in parts[:6])
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)


def _utc(value: Temporal) -> Temporal:
    if value.zone is None or len(value.parts) < 5:
        return value
    full = _full(value.parts)
    try:
        moved = _moment(full, timezone(timedelta(minutes=value.zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return value
    parts = (moved.year, moved.month, moved.day, moved.hour, moved.minute, full[5])
    return Temporal(value.kind, parts[: len(value.parts)], 0)


def _checked(value: Temporal) -> Temporal:
    full = _full(value.parts) if value.kind != "Time" else (2000, 1, 1, *value.parts, 0, 0, 0)[:6]
    try:
        _moment(full, UTC)
    except ValueError:
        raise OperationOutcomeError("invalid", "FHIRPath: not of the calendar") from None
    return value


def _clock_parts(match: re.Match[str] | None) -> tuple[int | Decimal, ...]:
    if match is None:
        return ()
    hour, minute, second = match.groups()
    parts: list[int | Decimal] = [int(hour)]
    if minute:
        parts.append(int(minute))
    if second:
        parts.append(Decimal(second))
    return tuple(parts)


def _clock(parts: tuple[int | Decimal, ...]) -> str:
    texts = [f"{int(part):02d}" for part in parts[:2]]
    if len(parts) > 2:
        text = str(parts[2])
        whole, dot, rest = text.partition(".")
        texts.append(f"{whole.rjust(2, '0')}{dot}{rest}")
    return ":".join(texts)


def _zone(text: str | None) -> int | None:
    if not text:
        return None
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return -minutes if text[0] == "-" else minutes


def _zone_text(zone: int | None) -> str:
    if zone is None:
        return ""
    if zone == 0:
        return "Z"
    return f"{'-' if zone < 0 else '+'}{abs(zone) // 60:02d}:{abs(zone) % 60:02d}"
