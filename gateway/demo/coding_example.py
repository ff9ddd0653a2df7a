"""The note of the demonstration: an invented patient, written for this purpose, and what it documents."""

import base64
from typing import Any, Final

from terminology.systems import LOINC

INSURER: Final = "https://payer.example/ids|trial"
NOTE: Final = """\
CHIEF COMPLAINT
Follow-up of diabetes and blood pressure, and a sore right knee.

HISTORY OF PRESENT ILLNESS
Ms. Sample is a 61-year-old woman who comes for her regular visit. Her home glucose has been between
110 and 140 mg/dL on metformin. Blood pressure at home is about 128/76 on lisinopril. For three months
her right knee has hurt on stairs. She denies chest pain, shortness of breath and fever.

FAMILY HISTORY
Mother had breast cancer.

PHYSICAL EXAMINATION
Right knee: crepitus, no effusion. Lungs clear. No edema.

RESULTS
Hemoglobin A1c 6.8 %. X-ray of the right knee shows medial joint space narrowing.

ASSESSMENT AND PLAN
1. Type 2 diabetes mellitus. Well controlled. Continue metformin 1000 mg twice a day.
2. Hypertension. At goal. Continue lisinopril 20 mg a day.
3. Primary osteoarthritis of the right knee. Physical therapy and acetaminophen as needed.
4. Hyperlipidemia. Continue atorvastatin 20 mg a day.
"""
SITE_LIST: Final = "99212\n99213\n99214\n99215\n73562\n"
"""What a site would load: the CPT numbers that it may bill, without descriptions."""
DOCUMENTED: Final = {"E11.9", "I10", "M17.11", "E78.5"}
"""The codes of the four problems (ICD-10-CM FY 2026)."""


def _entry(name: str, resource: dict[str, Any]) -> dict[str, Any]:
    kind = resource["resourceType"]
    return {
        "fullUrl": f"urn:uuid:{name}",
        "resource": resource,
        "request": {"method": "POST", "url": kind},
    }


_PATIENT: Final = "5f0a3c1e-0000-4000-8000-000000000001"
_PAYER: Final = "5f0a3c1e-0000-4000-8000-000000000002"
_CLINIC: Final = "5f0a3c1e-0000-4000-8000-000000000003"
_DOCTOR: Final = "5f0a3c1e-0000-4000-8000-000000000004"
_VISIT: Final = "5f0a3c1e-0000-4000-8000-000000000005"
_COVER: Final = "5f0a3c1e-0000-4000-8000-000000000006"
_PAPER: Final = "5f0a3c1e-0000-4000-8000-000000000007"
_DAY: Final = "2026-05-12"


def _to(name: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{name}"}


def _npi(value: str) -> list[dict[str, str]]:
    return [{"system": "http://hl7.org/fhir/sid/us-npi", "value": value}]


BUNDLE: Final[dict[str, Any]] = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        _entry(
            _PATIENT,
            {
                "resourceType": "Patient",
                "identifier": [{"system": "https://hospital.example/mrn", "value": "demo-1"}],
                "name": [{"family": "Sample", "given": ["Ada"]}],
                "gender": "female",
                "birthDate": "1964-09-02",
            },
        ),
        _entry(
            _PAYER,
            {
                "resourceType": "Organization",
                "name": "Trial Payer",
                "identifier": [
                    dict(zip(("system", "value"), INSURER.split("|"), strict=True)),
                ],
            },
        ),
        _entry(
            _CLINIC,
            {"resourceType": "Organization", "name": "Clinic", "identifier": _npi("1234567893")},
        ),
        _entry(
            _DOCTOR,
            {
                "resourceType": "Practitioner",
                "name": [{"family": "Example", "given": ["Eve"]}],
                "identifier": _npi("1245319599"),
            },
        ),
        _entry(
            _COVER,
            {
                "resourceType": "Coverage",
                "status": "active",
                "subscriberId": "S-1",
                "beneficiary": _to(_PATIENT),
                "payor": [_to(_PAYER)],
            },
        ),
        _entry(
            _VISIT,
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    "code": "AMB",
                },
                "subject": _to(_PATIENT),
                "participant": [{"individual": _to(_DOCTOR)}],
                "period": {"start": f"{_DAY}T09:00:00Z", "end": f"{_DAY}T09:25:00Z"},
                "serviceProvider": _to(_CLINIC),
            },
        ),
        _entry(
            _PAPER,
            {
                "resourceType": "DocumentReference",
                "status": "current",
                "docStatus": "final",
                "type": {"coding": [{"system": LOINC, "code": "11506-3"}]},
                "subject": _to(_PATIENT),
                "date": f"{_DAY}T09:30:00Z",
                "author": [_to(_DOCTOR)],
                "content": [
                    {
                        "attachment": {
                            "contentType": "text/plain; charset=utf-8",
                            "data": base64.b64encode(NOTE.encode()).decode(),
                        }
                    }
                ],
                "context": {"encounter": [_to(_VISIT)]},
            },
        ),
    ],
}
