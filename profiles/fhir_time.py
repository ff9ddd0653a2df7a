"""FHIR dates and times from clocks and DICOM attributes (R4 datatypes.html#instant, PS3.5 6.2)."""

import functools
import re
from datetime import UTC, date, datetime


def instant(moment: datetime) -> str:
    """FHIR ``instant`` in UTC with milliseconds; a naive moment is a programming error."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset from UTC")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@functools.lru_cache(maxsize=256)
def instant_of(milliseconds: int) -> str:
    """FHIR ``instant`` of milliseconds since 1970 UTC; all that one commit writes has the same."""
    return instant(datetime.fromtimestamp(milliseconds / 1000, UTC))


def dicom_date(value: str) -> str | None:
    """FHIR ``date`` of a DICOM DA value (``YYYYMMDD``); ``None`` when it is empty or not a date."""
    match = re.fullmatch(r"(\d{4})\.?(\d{2})\.?(\d{2})", value.strip())
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        return None


def dicom_datetime(day_value: str, time: str, offset: str = "") -> str | None:
    """FHIR ``dateTime`` of DICOM DA, TM and (0008,0201) Timezone Offset From UTC.

    A FHIR time needs an offset (R4 datatypes.html#dateTime). Without (0008,0201) the offset is
    unknown, so the day alone is returned: nothing is invented.
    """
    day = dicom_date(day_value)
    clock = re.fullmatch(r"(\d{2})(\d{2})(\d{2})(?:\.\d{1,6})?", time.strip())
    zone = re.fullmatch(r"([+-]\d{2})(\d{2})", offset.strip())
    if day is None or clock is None or zone is None:
        return day
    hour, minute, second = clock.groups()
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        return day
    return f"{day}T{hour}:{minute}:{min(int(second), 59):02d}{zone[1]}:{zone[2]}"
