"""Days out of FHIR dates that may be partial (R4 datatypes.html#date, #dateTime)."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Any


def first_day(value: Any) -> str:
    """First day that a date or dateTime can mean; empty where there is none."""
    text = str(value or "")[:10]
    return text + "-01-01"[len(text) - 4 :] if 4 <= len(text) < 10 else text


def last_day(value: Any) -> str:
    """Last day that a date or dateTime can mean; empty where there is none."""
    text = str(value or "")[:10]
    if len(text) == 4:
        return f"{text}-12-31"
    if len(text) == 7:
        return f"{text}-{monthrange(int(text[:4]), int(text[5:]))[1]:02d}"
    return text


def days_after(day: str, days: int) -> str:
    """The day so many days after another; the last day of the calendar where there is none."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return "9999-12-31"


def years_between(birth: str, day: str) -> int:
    """Age in completed years on a day."""
    years = int(day[:4]) - int(birth[:4])
    return years - (day[5:] < birth[5:])
