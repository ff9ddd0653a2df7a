"""What R4 says in words: codes that are missing, systems that are not said, sizes, currencies."""

import pytest

from profiles.admission import issues
from profiles.fast_schema import passes

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"


def _found(resource: dict) -> list[tuple[str, str]]:
    return [(code, at) for _, code, _, at in issues(resource, warnings=False)]


def _beside(url: str) -> dict:
    return {"extension": [{"url": url, "valueCode": "unknown"}]}


@pytest.mark.parametrize(("url", "allowed"), [(ABSENT, True), ("https://example.org/x", False)])
def test_a_required_code_is_missing_only_for_a_reason(url, allowed):
    """R4 terminologies.html#required: what stands in place of a code says that there is none."""
    patient = {"resourceType": "Patient", "_gender": _beside(url)}
    assert not passes(patient)
    assert _found(patient) == ([] if allowed else [("code-invalid", "Patient.gender")])
    assert _found({**patient, "gender": "other"}) == []


def test_each_code_of_a_list_is_there_or_has_a_reason():
    """The place names the member of the list."""
    repeat = {
        "when": ["AC", None, None],
        "_when": [None, _beside(ABSENT), _beside("https://example.org/x")],
        "frequency": 1,
    }
    extension = {"url": "https://example.org/x", "valueTiming": {"repeat": repeat}}
    place = "Patient.extension[0].value.ofType(Timing).repeat.when[2]"
    assert _found({"resourceType": "Patient", "extension": [extension]}) == [
        ("code-invalid", place)
    ]


@pytest.mark.parametrize(("system", "allowed"), [({"system": CLINICAL}, True), ({}, False)])
def test_a_coding_without_a_system_is_of_no_required_value_set(system, allowed):
    """R4 datatypes.html#Coding: a code means something in its system only."""
    allergy = {
        "resourceType": "AllergyIntolerance",
        "patient": {"display": "x"},
        "clinicalStatus": {"coding": [{**system, "code": "active"}]},
    }
    expected = [] if allowed else [("code-invalid", "AllergyIntolerance.clinicalStatus")]
    assert _found(allergy) == expected


@pytest.mark.parametrize(
    ("currency", "allowed"), [("EUR", True), ("VES", True), ("XQQ", False), ("eur", False)]
)
def test_a_currency_is_one_of_iso_4217(currency, allowed):
    """R4 valueset-currencies.html is bound with strength required."""
    invoice = {
        "resourceType": "Invoice",
        "status": "draft",
        "totalNet": {"value": 1, "currency": currency},
    }
    assert passes(invoice) is allowed
    assert _found(invoice) == ([] if allowed else [("code-invalid", "Invoice.totalNet.currency")])


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ({"size": 5}, True),
        ({"size": 6}, False),
        ({"hash": "qvTGHdzF6KLavt4PO0gs2a6pQ00="}, True),
        ({"hash": "AAAA"}, False),
    ],
)
def test_size_and_hash_are_those_of_the_data(said, allowed):
    """R4 datatypes.html#Attachment: bytes before they were encoded, and their SHA-1."""
    photo = {"contentType": "text/plain", "data": "aGVsbG8=", **said}
    found = _found({"resourceType": "Patient", "photo": [photo]})
    assert found == ([] if allowed else [("invariant", "Patient.photo[0]")])


def test_data_that_is_elsewhere_is_not_measured():
    """Size and hash of what a URL leads to are taken as they are."""
    photo = {"url": "https://example.org/x.png", "size": 5, "hash": "AAAA"}
    assert _found({"resourceType": "Patient", "photo": [photo]}) == []
