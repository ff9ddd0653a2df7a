"""A clean professional Claim, and the resources around it, that a test may spoil."""

from typing import Any

from terminology.systems import CLAIM_TYPE, CPT, ICD_10_CM

DAY = "2026-05-04"
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1980-02-03"}
COVERAGE = {
    "resourceType": "Coverage",
    "id": "c1",
    "status": "active",
    "beneficiary": {"reference": "Patient/p1"},
    "payor": [{"reference": "Organization/o1"}],
}
INSURER = {"resourceType": "Organization", "id": "o1", "name": "Example Health Plan"}
PROVIDER = {"resourceType": "Practitioner", "id": "d1"}


def resources() -> dict[str, Any]:
    """What the Claim refers to, by reference."""
    around = (PATIENT, COVERAGE, INSURER, PROVIDER)
    return {f"{one['resourceType']}/{one['id']}": one for one in around}


def make_claim(
    diagnoses: tuple[str, ...] = ("E11.9", "I10"),
    lines: tuple[dict[str, Any], ...] = ({},),
    **members: Any,
) -> dict[str, Any]:
    """A valid Claim of a visit; ``lines`` are changes of a standard line."""
    items = [line(at + 1, **one) for at, one in enumerate(lines)]
    total = sum(item["net"]["value"] for item in items if "net" in item)
    claim: dict[str, Any] = {
        "resourceType": "Claim",
        "status": "active",
        "type": {"coding": [{"system": CLAIM_TYPE, "code": "professional"}]},
        "use": "claim",
        "patient": {"reference": "Patient/p1"},
        "billablePeriod": {"start": DAY, "end": DAY},
        "created": "2026-05-05",
        "insurer": {"reference": "Organization/o1"},
        "provider": {"reference": "Practitioner/d1"},
        "priority": {"coding": [{"code": "normal"}]},
        "diagnosis": [diagnosis(at + 1, code) for at, code in enumerate(diagnoses)],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/c1"}}],
        "item": items,
        "total": {"value": total, "currency": "USD"},
    }
    return {name: value for name, value in {**claim, **members}.items() if value is not None}


def diagnosis(sequence: int, code: str) -> dict[str, Any]:
    """One coded diagnosis."""
    coding = {"system": ICD_10_CM, "code": code}
    return {"sequence": sequence, "diagnosisCodeableConcept": {"coding": [coding]}}


def line(sequence: int, **changes: Any) -> dict[str, Any]:
    """One line; ``code``, ``system``, ``modifiers`` and ``units`` in short, other members as they are."""
    code, system = changes.pop("code", "99213"), changes.pop("system", CPT)
    units, modifiers = changes.pop("units", 1), changes.pop("modifiers", ())
    item: dict[str, Any] = {
        "sequence": sequence,
        "diagnosisSequence": [1],
        "productOrService": {"coding": [{"system": system, "code": code}]},
        "servicedDate": DAY,
        "quantity": {"value": units},
        "unitPrice": {"value": 10, "currency": "USD"},
        "net": {"value": 10 * units, "currency": "USD"},
    }
    if modifiers:
        item["modifier"] = [{"coding": [{"code": modifier}]} for modifier in modifiers]
    item |= changes
    return {name: value for name, value in item.items() if value is not None}
