"""Search parameters that are served, and the values under which a resource is found.

One table drives indexing, searching and the CapabilityStatement. Paths are dotted element names from
the resource down; lists are walked through. Source: R4 searchparameter-registry.html.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from profiles.outcome import OperationOutcomeError

# type -> parameter -> (kind, paths)
_STATUS: Final = {"status": ("token", "status")}
_IDENTIFIER: Final = {"identifier": ("token", "identifier")}
_SUBJECT: Final = {"patient": ("reference", "subject"), "subject": ("reference", "subject")}
_NAMED: Final = {"name": ("string", "name"), **_IDENTIFIER}

PARAMETERS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "Patient": {
        **_IDENTIFIER,
        "family": ("string", "name.family"),
        "given": ("string", "name.given"),
        "name": ("string", "name"),
        "birthdate": ("date", "birthDate"),
        "gender": ("token", "gender"),
    },
    "Practitioner": {**_NAMED, "family": ("string", "name.family")},
    "Organization": _NAMED,
    "Endpoint": {
        **_IDENTIFIER,
        **_STATUS,
        "connection-type": ("token", "connectionType"),
        "name": ("string", "name"),
    },
    "ImagingStudy": {
        **_IDENTIFIER,
        **_STATUS,
        **_SUBJECT,
        "started": ("date", "started"),
        "modality": ("token", "modality series.modality"),
        "series": ("token", "series.uid"),
        "instance": ("token", "series.instance.uid"),
        "endpoint": ("reference", "endpoint series.endpoint"),
        "basedon": ("reference", "basedOn"),
    },
    "DiagnosticReport": {
        **_IDENTIFIER,
        **_STATUS,
        **_SUBJECT,
        "code": ("token", "code"),
        "category": ("token", "category"),
        "conclusion": ("token", "conclusionCode"),
        "issued": ("date", "issued"),
        "date": ("date", "effectiveDateTime"),
        "based-on": ("reference", "basedOn"),
        "result": ("reference", "result"),
        "imaging-study": ("reference", "imagingStudy"),
    },
    "Observation": {
        **_IDENTIFIER,
        **_STATUS,
        **_SUBJECT,
        "code": ("token", "code"),
        "category": ("token", "category"),
        "value-concept": ("token", "valueCodeableConcept"),
        "date": ("date", "effectiveDateTime"),
        "derived-from": ("reference", "derivedFrom"),
        "has-member": ("reference", "hasMember"),
        "part-of": ("reference", "partOf"),
        "device": ("reference", "device"),
    },
    "Task": {
        **_IDENTIFIER,
        **_STATUS,
        "code": ("token", "code"),
        "business-status": ("token", "businessStatus"),
        "focus": ("reference", "focus"),
        "patient": ("reference", "for"),
        "subject": ("reference", "for"),
        "based-on": ("reference", "basedOn"),
        "authored-on": ("date", "authoredOn"),
        "modified": ("date", "lastModified"),
    },
    "Device": {
        **_IDENTIFIER,
        **_STATUS,
        "device-name": ("string", "deviceName.name"),
        "type": ("token", "type"),
    },
    "Provenance": {
        "target": ("reference", "target"),
        "agent": ("reference", "agent.who"),
        "entity": ("reference", "entity.what"),
        "recorded": ("date", "recorded"),
    },
    "BodyStructure": {
        **_IDENTIFIER,
        "patient": ("reference", "patient"),
        "morphology": ("token", "morphology"),
        "location": ("token", "location"),
    },
    "ServiceRequest": {
        **_IDENTIFIER,
        **_STATUS,
        **_SUBJECT,
        "intent": ("token", "intent"),
        "code": ("token", "code"),
        "based-on": ("reference", "basedOn"),
        "authored": ("date", "authoredOn"),
    },
    "Composition": {
        **_IDENTIFIER,
        **_STATUS,
        **_SUBJECT,
        "type": ("token", "type"),
        "date": ("date", "date"),
        "entry": ("reference", "section.entry"),
    },
    "DocumentReference": {
        **_IDENTIFIER,
        **_STATUS,
        **_SUBJECT,
        "type": ("token", "type"),
        "date": ("date", "date"),
    },
    "Media": {**_IDENTIFIER, **_STATUS, **_SUBJECT, "created": ("date", "createdDateTime")},
    "Binary": {},
}
ALWAYS: Final = {"_id": "token", "_lastUpdated": "date"}


@dataclass(frozen=True, slots=True)
class IndexValue:
    """One row of an index: kind, parameter, and the value (``low``/``high`` in ms UTC for dates)."""

    kind: str
    parameter: str
    value: str = ""
    system: str = ""
    low: int = 0
    high: int = 0


def index_values(resource: Mapping[str, Any]) -> list[IndexValue]:
    """Every value under which a resource can be found, without duplicates."""
    found: dict[IndexValue, None] = {}
    for parameter, (kind, paths) in PARAMETERS.get(resource["resourceType"], {}).items():
        for path in paths.split():
            for element in _walk(resource, path.split(".")):
                for value in _EXTRACT[kind](parameter, element):
                    found[value] = None
    return list(found)


def folded(text: str) -> str:
    """Text for comparison: without accents, case and surplus space (R4 search.html#string)."""
    plain = unicodedata.normalize("NFD", text)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).casefold().split())


_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)


def date_range(text: str) -> tuple[int, int]:
    """The half-open range of milliseconds UTC that a FHIR date of any precision covers.

    Raises
    ------
    OperationOutcomeError
        ``value`` when the text is not a date.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise OperationOutcomeError("value", "not a FHIR date or dateTime")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    stamp = f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    try:
        start = datetime.fromisoformat(stamp + (zone or "Z").replace("Z", "+00:00"))
        start += timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0")))
        end = _after(start, month, day, hour, second, fraction)
    except (ValueError, OverflowError):
        raise OperationOutcomeError("value", "not a date of the calendar") from None
    return _milliseconds(start), _milliseconds(end)


def _after(
    start: datetime,
    month: str | None,
    day: str | None,
    hour: str | None,
    second: str | None,
    fraction: str | None,
) -> datetime:
    if month is None:
        return start.replace(year=start.year + 1)
    if day is None:
        year, following = divmod(start.month, 12)
        return start.replace(year=start.year + year, month=following + 1)
    if hour is None:
        return start + timedelta(days=1)
    if second is None:
        return start + timedelta(minutes=1)
    return start + (timedelta(seconds=1) if fraction is None else timedelta(milliseconds=1))


def _milliseconds(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def _walk(element: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(element, list):
        for entry in element:
            yield from _walk(entry, path)
    elif not path:
        yield element
    elif isinstance(element, Mapping) and path[0] in element:
        yield from _walk(element[path[0]], path[1:])


def _tokens(parameter: str, element: Any) -> Iterator[IndexValue]:
    if isinstance(element, bool):
        yield IndexValue("token", parameter, "true" if element else "false")
    elif isinstance(element, str):
        yield IndexValue("token", parameter, element)
    elif "coding" in element or "text" in element:
        for code in element.get("coding", ()):
            yield IndexValue("token", parameter, code.get("code", ""), code.get("system", ""))
    else:  # Identifier or Coding
        value = element.get("value", element.get("code"))
        if value is not None:
            yield IndexValue("token", parameter, str(value), element.get("system", ""))


def _strings(parameter: str, element: Any) -> Iterator[IndexValue]:
    parts = [element] if isinstance(element, str) else _texts(element)
    for part in parts:
        yield IndexValue("string", parameter, folded(part))


def _texts(element: Any) -> list[str]:
    parts: list[str] = []
    for key in ("text", "family", "given", "prefix", "suffix"):
        value = element.get(key, ())
        parts.extend([value] if isinstance(value, str) else value)
    return parts


def _references(parameter: str, element: Any) -> Iterator[IndexValue]:
    if isinstance(element, Mapping) and isinstance(element.get("reference"), str):
        yield IndexValue("reference", parameter, element["reference"])


def _dates(parameter: str, element: Any) -> Iterator[IndexValue]:
    if not isinstance(element, str):
        return
    try:
        low, high = date_range(element)
    except OperationOutcomeError:
        return  # the door refuses such a value; one that is stored all the same cannot be found by it
    yield IndexValue("date", parameter, low=low, high=high)


_EXTRACT: Final = {
    "token": _tokens,
    "string": _strings,
    "reference": _references,
    "date": _dates,
}
