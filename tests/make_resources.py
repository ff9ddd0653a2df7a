"""The smallest resource of every type that R4 allows, made from its definitions."""

from typing import Any

from profiles.definitions.r4 import ElementDefinition, definitions, member_name, value_sets

_PRIMITIVES: dict[str, Any] = {
    "boolean": True,
    "integer": 1,
    "positiveInt": 1,
    "unsignedInt": 1,
    "decimal": 1.5,
    "date": "2024-03-01",
    "dateTime": "2024-03-01",
    "instant": "2024-03-01T10:00:00Z",
    "time": "10:00:00",
    "base64Binary": "QQ==",
    "uri": "https://example.org/a",
    "url": "https://example.org/a",
    "canonical": "https://example.org/a",
    "oid": "urn:oid:1.2.3",
    "uuid": "urn:uuid:00000000-0000-4000-8000-000000000000",
    "id": "a",
    "code": "a",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>',
}
_BEYOND: dict[str, dict[str, Any]] = {
    # What a constraint asks for although no single element is required.
    "AllergyIntolerance": {
        "verificationStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
                    "code": "entered-in-error",
                }
            ]
        }
    },
    "Appointment": {
        "status": "proposed",
        "participant": [{"status": "accepted", "actor": {"reference": "Patient/a"}}],
    },
    "AppointmentResponse": {"actor": {"reference": "Patient/a"}},
    "Bundle": {"type": "collection"},
    "CapabilityStatement": {
        "kind": "requirements",
        "description": "a",
        "rest": [{"mode": "client"}],
    },
    "Consent": {"policyRule": {"text": "a"}},
    "EventDefinition": {"trigger": [{"type": "named-event", "name": "a"}]},
    "ImmunizationRecommendation": {
        "recommendation": [{"forecastStatus": {"text": "a"}, "vaccineCode": [{"text": "a"}]}]
    },
    "InsurancePlan": {"name": "a"},
    "Linkage": {
        "item": [
            {"type": "source", "resource": {"reference": "Patient/a"}},
            {"type": "alternate", "resource": {"reference": "Patient/b"}},
        ]
    },
    "Organization": {"name": "a"},
    "StructureDefinition": {
        "type": "Basic",
        "differential": {"element": [{"path": "Basic", "id": "Basic"}]},
    },
    "TerminologyCapabilities": {"kind": "requirements", "description": "a"},
}


def minimal(kind: str, resource_id: str = "") -> dict[str, Any]:
    """A resource that is admissible, with nothing that is not required."""
    made = {"resourceType": kind, **_required(kind), **_BEYOND.get(kind, {})}
    return {**made, "id": resource_id} if resource_id else made


def _required(kind: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for element in definitions().types[kind].elements:
        if element.minimum:
            inner = element.types[0]
            value = _value(element, inner)
            made[member_name(element, inner)] = [value] if element.many else value
    return made


def _value(element: ElementDefinition, kind: str) -> Any:
    if element.codes:
        return min(element.codes)
    if kind in _PRIMITIVES or kind in definitions().primitives:
        return _PRIMITIVES.get(kind, "a")
    if kind == "Reference":
        wanted = min(element.targets or {"Patient"})
        return {"reference": f"{'Patient' if wanted == 'Resource' else wanted}/a"}
    if kind in ("CodeableConcept", "Coding"):
        coding = _coding(element)
        return {"coding": [coding]} if kind == "CodeableConcept" else coding
    return minimal("Basic") if kind == "Resource" else _required(kind) or _something(kind)


def _something(kind: str) -> dict[str, Any]:
    """A value of a type that requires nothing: its first plain element."""
    element = next(e for e in definitions().types[kind].elements if e.name in _PLAIN)
    return {element.name: _value(element, element.types[0])}


_PLAIN = ("value", "start", "title", "text", "numerator", "low", "identifier", "description")


def _coding(element: ElementDefinition) -> dict[str, str]:
    if element.binding is not None and element.binding[1] in value_sets():
        system, codes = min(value_sets()[element.binding[1]].items())
        return {"system": system, "code": min(codes)}
    return {"system": "https://example.org/codes", "code": "a"}
