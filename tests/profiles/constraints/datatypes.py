"""Constraints of data types (R4 datatypes.html, metadatatypes.html)."""

from typing import Any, Final

from tests.profiles.constraints.case import Case, Members, of

UCUM: Final = "http://unitsofmeasure.org"
PATIENT: Final = of("Patient")


def value(key: str, kind: str, broken: Any, twin: Any, inside: str = "") -> Case:
    """A constraint of a type, shown in the value of an extension."""
    name = f"value{kind}"
    at = f"Patient.extension[0].value.ofType({kind}){inside}"
    url = "https://example.org/x"
    first, second = ({"extension": [{"url": url, name: one}]} for one in (broken, twin))
    return Case(key, at, PATIENT, first, second)


def measured(number: float, unit: str, system: str = UCUM) -> Members:
    """A quantity with a code."""
    return {"value": number, "system": system, "code": unit}


def repeat(key: str, broken: Members, twin: Members) -> Case:
    """A constraint of the repeat of a timing."""
    return value(key, "Timing", {"repeat": broken}, {"repeat": twin}, ".repeat")


def filtered(key: str, name: str, broken: Members, twin: Members) -> Case:
    """A constraint of a filter of a data requirement."""
    first, second = ({"type": "Patient", name: [one]} for one in (broken, twin))
    return value(key, "DataRequirement", first, second, f".{name}[0]")


YEARS: Final = measured(3, "a")
HOURS: Final = {"duration": 1, "durationUnit": "h"}
DAILY: Final = {"period": 1, "periodUnit": "d"}
DATA: Final = [{"type": "Patient"}]

CASES: Final = (
    value("age-1", "Age", measured(-3, "a"), YEARS),
    value("att-1", "Attachment", {"data": "eA=="}, {"data": "eA==", "contentType": "text/plain"}),
    value("cnt-3", "Count", measured(1.5, "1"), measured(1, "1")),
    value("cpt-2", "ContactPoint", {"value": "1"}, {"value": "1", "system": "phone"}),
    value("dis-1", "Distance", {"value": 1}, measured(1, "m")),
    filtered("drq-1", "codeFilter", {"path": "a", "searchParam": "b"}, {"path": "a"}),
    filtered("drq-2", "dateFilter", {"path": "a", "searchParam": "b"}, {"searchParam": "b"}),
    value("drt-1", "Duration", measured(1, "h", "https://example.org/u"), measured(1, "h")),
    value(
        "exp-1",
        "Expression",
        {"language": "text/fhirpath", "description": "x"},
        {"language": "text/fhirpath", "expression": "true"},
    ),
    value("per-1", "Period", {"start": "2021", "end": "2020"}, {"start": "2020", "end": "2020"}),
    value("qty-3", "Quantity", {"value": 1, "code": "g"}, measured(1, "g")),
    value("rat-1", "Ratio", {"numerator": YEARS}, {"numerator": YEARS, "denominator": YEARS}),
    value(
        "rng-2",
        "Range",
        {"low": measured(2, "g"), "high": measured(1, "g")},
        {"low": measured(1, "g"), "high": measured(1, "g")},
    ),
    value(
        "sqty-1",
        "Range",
        {"low": {**measured(2, "g"), "comparator": "<"}},
        {"low": measured(2, "g")},
        ".low",
    ),
    repeat("tim-1", {"duration": 1}, HOURS),
    repeat("tim-2", {"period": 1}, DAILY),
    repeat("tim-4", {**HOURS, "duration": -1}, HOURS),
    repeat("tim-5", {**DAILY, "period": -1}, DAILY),
    repeat("tim-6", {"periodMax": 2, "periodUnit": "d"}, {**DAILY, "periodMax": 2}),
    repeat("tim-7", {"durationMax": 2, "durationUnit": "h"}, {**HOURS, "durationMax": 2}),
    repeat("tim-8", {"countMax": 2}, {"count": 1, "countMax": 2}),
    repeat("tim-9", {"when": ["C"], "offset": 5}, {"when": ["AC"], "offset": 5}),
    repeat(
        "tim-9",
        {"when": ["AC", "CD"], "offset": 5},
        {"when": ["AC", "PCV"], "offset": 5},
    ),
    repeat("tim-10", {"when": ["AC"], "timeOfDay": ["10:00:00"]}, {"timeOfDay": ["10:00:00"]}),
    value(
        "trd-1",
        "TriggerDefinition",
        {"type": "data-added", "data": DATA, "timingDate": "2020"},
        {"type": "data-added", "data": DATA},
    ),
    value(
        "trd-2",
        "TriggerDefinition",
        {
            "type": "periodic",
            "timingDate": "2020",
            "condition": {"language": "text/fhirpath", "expression": "true"},
        },
        {
            "type": "data-added",
            "data": DATA,
            "condition": {"language": "text/fhirpath", "expression": "true"},
        },
    ),
    value(
        "trd-3",
        "TriggerDefinition",
        {"type": "named-event"},
        {"type": "named-event", "name": "x"},
    ),
)
