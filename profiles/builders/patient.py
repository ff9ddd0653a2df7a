"""Patient from the header of an instance (R4 patient.html, PS3.3 C.7.1.1)."""

import re
from typing import Any, Final

from profiles.fhir_time import dicom_date
from profiles.records import InstanceHeader
from terminology.systems import PATIENT_ID

_SEX: Final = {"M": "male", "F": "female", "O": "other"}
_OID: Final = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
_PARTS: Final = ("family", "given", "middle", "prefix", "suffix")


def patient_identifier(header: InstanceHeader) -> dict[str, str]:
    """Identifier of the patient: an ID says who somebody is only together with its issuer."""
    issuer = header.issuer_of_patient_id
    if _OID.fullmatch(issuer):
        system = f"urn:oid:{issuer}"
    elif issuer:
        system = f"{PATIENT_ID}/{re.sub(r'[^A-Za-z0-9._-]+', '-', issuer)}"
    else:
        system = PATIENT_ID
    return {"system": system, "value": header.patient_id}


def patient(header: InstanceHeader, patient_id: str) -> dict[str, Any]:
    """A Patient with what the header says, and nothing else."""
    resource: dict[str, Any] = {"resourceType": "Patient", "id": patient_id}
    if header.patient_id:
        resource["identifier"] = [patient_identifier(header)]
    if name := human_name(header.patient_name):
        resource["name"] = [name]
    if header.patient_sex.upper() in _SEX:
        resource["gender"] = _SEX[header.patient_sex.upper()]
    if birth_date := dicom_date(header.patient_birth_date):
        resource["birthDate"] = birth_date
    return resource


def human_name(person_name: str) -> dict[str, Any]:
    """HumanName of the alphabetic group of a DICOM PN (PS3.5 6.2.1.1)."""
    group = person_name.partition("=")[0]
    parts = dict(zip(_PARTS, [part.strip() for part in group.split("^")], strict=False))
    name: dict[str, Any] = {}
    if parts.get("family"):
        name["family"] = parts["family"]
    given = [w for key in ("given", "middle") for w in parts.get(key, "").split()]
    if given:
        name["given"] = given
    for key in ("prefix", "suffix"):
        if parts.get(key):
            name[key] = [parts[key]]
    return name
