"""What was said, as coded resources where that is safe: unconfirmed, preliminary, in the words used.

No code is looked up for a problem or a drug here: a person confirms first. What was denied, what is about
somebody else and what cannot be read as a number with a known unit makes no resource.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from profiles.builders.coded_element import sayable
from profiles.builders.composition_context import NoteContext
from profiles.exact_json import Number
from profiles.fhir_time import instant
from profiles.speech_records import ClinicalFact, ScribeNote
from profiles.uids import derived_id
from terminology.ai_transparency import labelled
from terminology.coding import Code, concept
from terminology.notes import (
    ACTIVE_ALLERGY,
    ALLERGY_IN_ERROR,
    BLOOD_PRESSURE,
    CONDITION_IN_ERROR,
    DIASTOLIC,
    ENCOUNTER_DIAGNOSIS,
    SYSTOLIC,
    UNCONFIRMED_ALLERGY,
    UNCONFIRMED_CONDITION,
    VITAL_SIGNS,
    VITALS,
    Vital,
)
from terminology.systems import UCUM

_NUMBER: Final = re.compile(r"\d{1,4}(?:\.\d{1,3})?")
_PRESSURE: Final = re.compile(r"(\d{2,3})\s*(?:/|over)\s*(\d{2,3})")
_PRESENT: Final = frozenset(
    {
        *("", "active", "affirmed", "current", "present", "new", "taking", "reported"),
        *("continued", "changed"),
    }
)
_TAKEN: Final = {
    "started": "intended",
    "stopped": "stopped",
    "discontinued": "stopped",
    "held": "on-hold",
}

Made = dict[str, Any] | None


def fact_resources(note: ScribeNote, context: NoteContext) -> dict[int, dict[str, Any]]:
    """Resource by number of the fact; facts that say the same share one."""
    made: dict[int, dict[str, Any]] = {}
    seen: dict[str, dict[str, Any]] = {}
    for at, fact in enumerate(note.facts):
        build = _BUILDERS.get(fact.kind)
        resource = build(fact, context) if build is not None else None
        if resource is not None:
            made[at] = seen.setdefault(resource["id"], resource)
    return made


def taken_back(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource of a fact, after a person or a later run has dropped it."""
    changed: dict[str, dict[str, Any]] = {
        "Condition": {"verificationStatus": concept(CONDITION_IN_ERROR)},
        "AllergyIntolerance": {"verificationStatus": concept(ALLERGY_IN_ERROR)},
        "MedicationStatement": {"status": "entered-in-error"},
        "Observation": {"status": "cancelled"},
    }
    after = {**resource, **changed[resource["resourceType"]]}
    if resource["resourceType"] in ("Condition", "AllergyIntolerance"):
        after.pop("clinicalStatus", None)  # con-5, ait-2
    return after


FACT_TYPES: Final = ("Condition", "AllergyIntolerance", "MedicationStatement", "Observation")


def _condition(fact: ClinicalFact, context: NoteContext) -> Made:
    parts = dict(fact.parts)
    if not _is_theirs(parts) or parts.get("status", "") not in _PRESENT:
        return None
    return {
        **_start("Condition", _named(fact, parts), context),
        "verificationStatus": concept(UNCONFIRMED_CONDITION),
        "category": [concept(ENCOUNTER_DIAGNOSIS)],
        "code": {"text": _named(fact, parts)},
        **context.about,
        "recordedDate": instant(context.moment),
    }


def _medication(fact: ClinicalFact, context: NoteContext) -> Made:
    parts = dict(fact.parts)
    status = parts.get("status", "")
    if not _is_theirs(parts) or (status not in _PRESENT and status not in _TAKEN):
        return None
    name = _named(fact, parts)
    statement: dict[str, Any] = {
        **_start("MedicationStatement", name, context),
        "status": _TAKEN.get(status, "unknown"),
        "medicationCodeableConcept": {"text": name},
        "subject": context.about["subject"],
        "dateAsserted": instant(context.moment),
    }
    if context.encounter:
        statement["context"] = {"reference": context.encounter}
    dosage = " ".join(filter(None, (parts.get(n, "") for n in ("dose", "route", "frequency"))))
    if said := sayable(dosage).strip():
        statement["dosage"] = [{"text": said}]
    return statement


def _allergy(fact: ClinicalFact, context: NoteContext) -> Made:
    parts = dict(fact.parts)
    if not _is_theirs(parts) or parts.get("status", "") not in _PRESENT:
        return None
    allergy: dict[str, Any] = {
        **_start("AllergyIntolerance", _named(fact, parts), context),
        "clinicalStatus": concept(ACTIVE_ALLERGY),
        "verificationStatus": concept(UNCONFIRMED_ALLERGY),
        "code": {"text": _named(fact, parts)},
        "patient": context.about["subject"],
        "recordedDate": instant(context.moment),
    }
    if context.encounter:
        allergy["encounter"] = {"reference": context.encounter}
    if reaction := sayable(parts.get("reaction", "")).strip():
        allergy["reaction"] = [{"manifestation": [{"text": reaction}]}]
    return allergy


def _vital(fact: ClinicalFact, context: NoteContext) -> Made:
    parts = dict(fact.parts)
    name = parts.get("name", "").strip().lower()
    value = parts.get("value", "").strip()
    pressure = _PRESSURE.fullmatch(value)
    if not _is_theirs(parts) or parts.get("status", "") not in _PRESENT:
        return None
    if name == "blood pressure" and pressure is not None:
        components = [
            {"code": concept(vital.code), "valueQuantity": _quantity(vital, number, "")}
            for vital, number in zip((SYSTOLIC, DIASTOLIC), pressure.groups(), strict=True)
        ]
        return {**_observation(BLOOD_PRESSURE, value, context), "component": components}
    vital = VITALS.get(name)
    quantity = _quantity(vital, value, parts.get("unit", "")) if vital is not None else None
    if vital is None or quantity is None:
        return None
    return {**_observation(vital.code, value, context), "valueQuantity": quantity}


def _observation(code: Code, value: str, context: NoteContext) -> dict[str, Any]:
    start = context.period[0] or instant(context.moment)
    return {
        **_start("Observation", f"{code.code}\x1f{value}", context),
        "status": "preliminary",
        "category": [concept(VITAL_SIGNS)],
        "code": concept(code),
        **context.about,
        "effectiveDateTime": start,
    }


def _quantity(vital: Vital, value: str, unit: str) -> dict[str, Any] | None:
    """A Quantity in UCUM; None for what is no plain number or has a unit that is not known."""
    ucum = dict(vital.units).get(unit.strip().lower())
    if ucum is None or _NUMBER.fullmatch(value) is None:
        return None
    number = Number(value) if "." in value else int(value)
    return {"value": number, "unit": ucum, "system": UCUM, "code": ucum}


def _start(kind: str, what: str, context: NoteContext) -> dict[str, Any]:
    key = derived_id(kind, context.composition_id, " ".join(what.lower().split()))
    return {"resourceType": kind, "id": key, "meta": labelled()}


def _named(fact: ClinicalFact, parts: Mapping[str, str]) -> str:
    return sayable(parts.get("name") or parts.get("substance") or fact.text).strip() or "not said"


def _is_theirs(parts: Mapping[str, str]) -> bool:
    """Whether it is about the patient and asserted."""
    subject = parts.get("subject", parts.get("experiencer", ""))
    return subject in ("", "patient") and parts.get("negated", "") in ("", "false", "no")


_BUILDERS: Final[Mapping[str, Callable[[ClinicalFact, NoteContext], Made]]] = {
    "problem": _condition,
    "medication": _medication,
    "allergy": _allergy,
    "vital": _vital,
}
