"""Constraints of Bundle and Parameters (R4 bundle.html, parameters.html)."""

from typing import Final

from tests.profiles.constraints.case import Case, Members, of

PATIENT: Final = of("Patient", id="p")
URN: Final = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
ENTRY: Final = {"fullUrl": URN, "resource": PATIENT}
REQUEST: Final = {"method": "GET", "url": "Patient"}
COMPOSITION: Final = of(
    "Composition",
    status="final",
    type={"text": "x"},
    date="2020",
    author=[{"reference": URN}],
    title="x",
)
FIRST: Final = "urn:uuid:6ca6bb5b-b3bd-41e4-9b5e-0a0c5a2f9e3c"
DOCUMENT: Final = of(
    "Bundle",
    type="document",
    identifier={"system": "https://example.org/d", "value": "1"},
    timestamp="2020-01-01T10:00:00Z",
    entry=[{"fullUrl": FIRST, "resource": COMPOSITION}, ENTRY],
)
HEADER: Final = of(
    "MessageHeader",
    eventUri="https://example.org/e",
    source={"endpoint": "https://example.org"},
    focus=[{"reference": URN}],
)


def without(resource: Members, name: str) -> Members:
    """A resource that lacks one member."""
    return {key: one for key, one in resource.items() if key != name}


CASES: Final = (
    Case("bdl-1", "Bundle", of("Bundle", total=0), {"type": "collection"}, {"type": "searchset"}),
    Case(
        "bdl-2",
        "Bundle",
        of("Bundle", entry=[{**ENTRY, "search": {"mode": "match"}}]),
        {"type": "collection"},
        {"type": "searchset"},
    ),
    Case(
        "bdl-3",
        "Bundle",
        of("Bundle", type="batch"),
        {"entry": [ENTRY]},
        {"entry": [{"request": REQUEST}]},
    ),
    Case(
        "bdl-4",
        "Bundle",
        of("Bundle", type="batch-response"),
        {"entry": [ENTRY]},
        {"entry": [{"response": {"status": "200"}}]},
    ),
    Case(
        "bdl-5",
        "Bundle.entry[0]",
        of("Bundle", type="collection"),
        {"entry": [{"fullUrl": URN}]},
        {"entry": [ENTRY]},
    ),
    Case(
        "bdl-7",
        "Bundle",
        of("Bundle", type="collection"),
        {"entry": [ENTRY, ENTRY]},
        {"entry": [ENTRY, {**ENTRY, "fullUrl": FIRST}]},
    ),
    Case(
        "bdl-8",
        "Bundle.entry[0]",
        of("Bundle", type="collection"),
        {"entry": [{**ENTRY, "fullUrl": "https://example.org/Patient/p/_history/1"}]},
        {"entry": [{**ENTRY, "fullUrl": "https://example.org/Patient/p"}]},
    ),
    Case("bdl-9", "Bundle", DOCUMENT, {"identifier": {"value": "1"}}, {}),
    Case(
        "bdl-10",
        "Bundle",
        without(DOCUMENT, "timestamp"),
        {},
        {"timestamp": "2020-01-01T10:00:00Z"},
    ),
    Case("bdl-11", "Bundle", DOCUMENT, {"entry": [ENTRY]}, {}),
    Case(
        "bdl-12",
        "Bundle",
        of("Bundle", type="message"),
        {"entry": [ENTRY]},
        {"entry": [{"fullUrl": FIRST, "resource": HEADER}, ENTRY]},
    ),
    Case(
        "inv-1",
        "Parameters.parameter[0]",
        of("Parameters"),
        {"parameter": [{"name": "x", "valueString": "x", "resource": PATIENT}]},
        {"parameter": [{"name": "x", "valueString": "x"}]},
    ),
)
