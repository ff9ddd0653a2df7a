"""Whose study is it: Patient by identifier and issuer, ImagingStudy by Study Instance UID.

A name never identifies anybody. Without a Patient ID, or where two Patients carry the same identifier,
the study gets a Patient of its own for a human to merge: nothing is guessed.
"""

from typing import Any

from adapters.store import Transaction
from profiles.builders.imaging_study import imaging_study
from profiles.builders.patient import patient, patient_identifier
from profiles.records import InstanceHeader
from profiles.uids import derived_id
from terminology.systems import DICOM_UID


def patient_of(tx: Transaction, header: InstanceHeader) -> str:
    """Id of the Patient of an instance, created when nobody carries its identifier yet."""
    found: list[str] = []
    if header.patient_id:
        identifier = patient_identifier(header)
        tx.exclusive("condition:Patient")
        found = tx.find("Patient", "identifier", f"{identifier['system']}|{identifier['value']}")
        if len(found) == 1:
            return found[0]
    if header.patient_id and not found:
        identifier = patient_identifier(header)
        patient_id = derived_id("Patient", identifier["system"], identifier["value"])
    else:
        patient_id = derived_id("Patient", "of-study", header.study_uid)
    if tx.read("Patient", patient_id) is None:
        tx.put(patient(header, patient_id))
    return patient_id


def imaging_study_of(
    tx: Transaction, header: InstanceHeader, patient_id: str
) -> tuple[str, int | None]:
    """Id of the study's ImagingStudy, and the instance count that its sender announced.

    An EHR may have posted the resource before the first instance came; then it is kept, and its
    ``numberOfInstances`` is the count to wait for.
    """
    tx.exclusive("condition:ImagingStudy")
    found = tx.find("ImagingStudy", "identifier", f"{DICOM_UID}|urn:oid:{header.study_uid}")
    if found:
        posted = tx.read("ImagingStudy", found[0])
        announced = posted.json().get("numberOfInstances") if posted is not None else None
        return found[0], announced if isinstance(announced, int) and announced > 0 else None
    study_id = derived_id("ImagingStudy", header.study_uid)
    publish_imaging_study(tx, header.study_uid, study_id, patient_id)
    return study_id, None


def publish_imaging_study(
    tx: Transaction, study_uid: str, study_id: str, patient_id: str
) -> dict[str, Any]:
    """Write the ImagingStudy as the index has it now, keeping what an EHR put into it."""
    series = tx.series(study_uid)
    built = imaging_study(study_id, patient_id, study_uid, series)
    stored = tx.read("ImagingStudy", study_id)
    merged = {**(stored.json() if stored is not None else {}), **built}
    if stored is not None:
        posted = stored.json()
        merged["identifier"] = _united(posted.get("identifier", []), built["identifier"])
        merged["subject"] = posted.get("subject", built["subject"])
    tx.put(merged)
    return merged


def _united(first: list[Any], second: list[Any]) -> list[Any]:
    return [*first, *(entry for entry in second if entry not in first)]
