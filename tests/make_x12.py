"""A Claim with everything that an 837 needs, and pyx12 as the judge of what is written of it."""

import io
import json
from collections.abc import Iterator
from typing import Any

from tests.make_claim import diagnosis, line

NPI = "http://hl7.org/fhir/sid/us-npi"
EIN = "urn:oid:2.16.840.1.113883.4.4"
PLACE = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
ROLE = "http://terminology.hl7.org/CodeSystem/claimcareteamrole"
CATEGORY = "http://terminology.hl7.org/CodeSystem/claiminformationcategory"


def address(street: str, city: str, zip_code: str) -> dict[str, Any]:
    """An address in Vermont."""
    return {"line": [street], "city": city, "state": "VT", "postalCode": zip_code, "country": "US"}


def office(at: dict[str, Any] | None = None) -> dict[str, Any]:
    """A place of service: a doctor's office unless said."""
    return at or {"coding": [{"system": PLACE, "code": "11"}]}


def resources() -> dict[str, Any]:
    """What the Claim refers to, by reference; a test may spoil it."""
    return {
        "Patient/p1": {
            "resourceType": "Patient",
            "id": "p1",
            "identifier": [
                {"type": {"coding": [{"system": TYPE, "code": "MR"}]}, "value": "MRN-77"}
            ],
            "name": [{"use": "official", "family": "Müller", "given": ["Ana", "Maria"]}],
            "gender": "female",
            "birthDate": "1980-02-03",
            "address": [address("12 Elm St", "Barre", "05641")],
        },
        "RelatedPerson/r1": {
            "resourceType": "RelatedPerson",
            "id": "r1",
            "patient": {"reference": "Patient/p1"},
            "name": [{"family": "Miller", "given": ["Otto"]}],
        },
        "Organization/clinic": {
            "resourceType": "Organization",
            "id": "clinic",
            "identifier": [
                {"system": NPI, "value": "1234567893"},
                {"system": EIN, "value": "12-3456789"},
            ],
            "name": "Green Hill Clinic",
            "telecom": [{"system": "phone", "value": "+1 (802) 555-0100"}],
            "address": [address("1 Main St", "Montpelier", "05602-1234")],
        },
        "PractitionerRole/role1": {
            "resourceType": "PractitionerRole",
            "id": "role1",
            "practitioner": {"reference": "Practitioner/d1"},
            "organization": {"reference": "Organization/clinic"},
            "specialty": [
                {"coding": [{"system": "http://nucc.org/provider-taxonomy", "code": "207Q00000X"}]}
            ],
        },
        "Practitioner/d1": {
            "resourceType": "Practitioner",
            "id": "d1",
            "identifier": [{"system": NPI, "value": "1245319599"}],
            "name": [{"family": "O'Hara", "given": ["Joan"], "suffix": ["III"]}],
        },
        "Practitioner/d2": {
            "resourceType": "Practitioner",
            "id": "d2",
            "identifier": [{"system": NPI, "value": "1679576722"}],
            "name": [{"family": "Okafor", "given": ["Ben"]}],
        },
        "Organization/payer": {
            "resourceType": "Organization",
            "id": "payer",
            "identifier": [{"value": "66666"}],
            "name": "Example Health Plan",
        },
        "Coverage/c1": {
            "resourceType": "Coverage",
            "id": "c1",
            "status": "active",
            "type": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                        "code": "PPO",
                    }
                ]
            },
            "subscriberId": "W1234567",
            "beneficiary": {"reference": "Patient/p1"},
            "relationship": {"coding": [{"code": "self"}]},
            "payor": [{"reference": "Organization/payer"}],
            "class": [{"type": {"coding": [{"code": "group"}]}, "value": "G-100"}],
        },
        "Coverage/c2": {
            "resourceType": "Coverage",
            "id": "c2",
            "status": "active",
            "subscriberId": "Z99",
            "beneficiary": {"reference": "Patient/p1"},
            "relationship": {"coding": [{"code": "spouse"}]},
            "subscriber": {"reference": "RelatedPerson/r1"},
            "payor": [{"reference": "Organization/payer"}],
        },
        "Location/hospital": {
            "resourceType": "Location",
            "id": "hospital",
            "identifier": [{"system": NPI, "value": "1003000126"}],
            "name": "Valley Hospital",
            "type": [{"coding": [{"system": PLACE, "code": "22"}]}],
            "address": address("9 River Rd", "Barre", "056419876"),
        },
    }


def make_claim(**members: Any) -> dict[str, Any]:
    """An approved professional claim of two lines; members replace its own, None removes them."""
    claim: dict[str, Any] = {
        "resourceType": "Claim",
        "id": "claim1",
        "identifier": [{"system": "https://clinic.example/claims", "value": "CL-2026-0001"}],
        "status": "active",
        "type": {"coding": [{"code": "professional"}]},
        "use": "claim",
        "patient": {"reference": "Patient/p1"},
        "billablePeriod": {"start": "2026-05-04", "end": "2026-05-04"},
        "created": "2026-05-05",
        "insurer": {"reference": "Organization/payer"},
        "provider": {"reference": "Organization/clinic"},
        "priority": {"coding": [{"code": "normal"}]},
        "careTeam": [
            {
                "sequence": 1,
                "provider": {"reference": "PractitionerRole/role1"},
                "role": {"coding": [{"system": ROLE, "code": "primary"}]},
            }
        ],
        "diagnosis": [diagnosis(1, "E11.22"), diagnosis(2, "N18.31"), diagnosis(3, "I12.9")],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/c1"}}],
        "item": [
            line(
                1,
                code="99214",
                modifiers=("25",),
                diagnosisSequence=[1, 3],
                locationCodeableConcept=office(),
                net={"value": 151.5, "currency": "USD"},
            ),
            line(
                2,
                code="G0108",
                system="http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
                units=2,
                diagnosisSequence=[1],
                locationCodeableConcept=office(),
                net={"value": 48.50, "currency": "USD"},
            ),
        ],
        "total": {"value": 200, "currency": "USD"},
    }
    return {name: value for name, value in {**claim, **members}.items() if value is not None}


def stay(**members: Any) -> dict[str, Any]:
    """An approved institutional claim of an inpatient stay."""
    carin = "http://hl7.org/fhir/us/carin-bb/CodeSystem"

    def said(category: str, **value: Any) -> dict[str, Any]:
        system = f"{carin}/C4BBSupportingInfoType"
        return {"category": {"coding": [{"system": system, "code": category}]}, **value}

    def coded(category: str, code: str) -> dict[str, Any]:
        return said(category, code={"coding": [{"code": code}]})

    info = [
        coded("typeofbill", "0111"),
        coded("admtype", "1"),
        coded("pointoforigin", "1"),
        coded("discharge-status", "01"),
        coded("drg", "193"),
        said(
            "admissionperiod",
            timingPeriod={
                "start": "2026-05-01T09:30:00-04:00",
                "end": "2026-05-04T14:05:00-04:00",
            },
        ),
    ]
    principal = {"coding": [{"code": "principal"}]}
    admitting = {"coding": [{"code": "admitting"}]}
    item = line(
        1,
        revenue={
            "coding": [{"system": "https://www.nubc.org/CodeSystem/RevenueCodes", "code": "0120"}]
        },
        productOrService={"text": "room and board"},
        units=3,
        net={"value": 3600, "currency": "USD"},
        diagnosisSequence=None,
        servicedDate=None,
    )
    claim = make_claim(
        type={"coding": [{"code": "institutional"}]},
        billablePeriod={"start": "2026-05-01", "end": "2026-05-04"},
        supportingInfo=[{"sequence": at, **one} for at, one in enumerate(info, 1)],
        diagnosis=[
            {
                **diagnosis(1, "J18.9"),
                "type": [principal],
                "onAdmission": {"coding": [{"code": "y"}]},
            },
            {**diagnosis(2, "R05.9"), "type": [admitting]},
            {**diagnosis(3, "I10"), "onAdmission": {"coding": [{"code": "y"}]}},
            diagnosis(4, "E11.9"),
        ],
        procedure=[
            {
                "sequence": 1,
                "date": "2026-05-02",
                "procedureCodeableConcept": {
                    "coding": [
                        {"system": "http://www.cms.gov/Medicare/Coding/ICD10", "code": "0BJ08ZZ"}
                    ]
                },
            }
        ],
        item=[item],
        total={"value": 3600, "currency": "USD"},
    )
    return {name: value for name, value in {**claim, **members}.items() if value is not None}


def judged(text: str) -> list[str]:
    """What pyx12 finds wrong in an interchange."""
    import pyx12.params
    import pyx12.x12n_document

    said, acknowledged = io.StringIO(), io.StringIO()
    valid = pyx12.x12n_document.x12n_document(
        pyx12.params.params(), io.StringIO(text), acknowledged, None, None, said
    )
    found = list(_errors(json.loads(said.getvalue())))
    return found if found or valid else ["not valid"]


def _errors(said: Any) -> Iterator[str]:
    inner = said if isinstance(said, list) else said.values() if isinstance(said, dict) else ()
    if isinstance(said, dict):
        yield from (json.dumps(error) for error in said.get("errors", ()))
    for one in inner:
        yield from _errors(one)
