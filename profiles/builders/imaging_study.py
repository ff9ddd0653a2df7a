"""ImagingStudy from the archive's index (R4 imagingstudy.html)."""

from collections.abc import Sequence
from typing import Any, Final

from profiles.builders.accession import accession_identifier, based_on
from profiles.fhir_time import dicom_datetime
from profiles.records import SeriesRef
from terminology.systems import DCM, DICOM_SOP_CLASS, DICOM_UID

MOST_INSTANCES: Final = 2000
"""Instances that are listed one by one; above it the counts stand alone, as R4 allows (0..*)."""


def imaging_study(
    study_id: str, patient_id: str, study_uid: str, series: Sequence[SeriesRef]
) -> dict[str, Any]:
    """The study as it is stored: all series, ours among them."""
    header = series[0].instances[0].header
    count = sum(len(entry.instances) for entry in series)
    resource: dict[str, Any] = {
        "resourceType": "ImagingStudy",
        "id": study_id,
        "identifier": [{"system": DICOM_UID, "value": f"urn:oid:{study_uid}"}],
        "status": "available",
        "modality": [
            _modality(code) for code in sorted({s.modality for s in series if s.modality})
        ],
        "subject": {"reference": f"Patient/{patient_id}"},
        "numberOfSeries": len(series),
        "numberOfInstances": count,
        "series": [_series(entry, detailed=count <= MOST_INSTANCES) for entry in series],
    }
    if accession := accession_identifier(header):
        resource["identifier"].append(accession)
        resource["basedOn"] = based_on(header)
    started = dicom_datetime(header.study_date, header.study_time, header.timezone_offset)
    if started:
        resource["started"] = started
    if header.study_description:
        resource["description"] = header.study_description
    owners = {
        (i.header.patient_id, i.header.issuer_of_patient_id) for s in series for i in s.instances
    }
    if len(owners) > 1:
        resource["note"] = [{"text": "Instances of this study carry different Patient IDs."}]
    if not resource["modality"]:
        del resource["modality"]
    return resource


def _modality(code: str) -> dict[str, str]:
    return {"system": DCM, "code": code}


def _series(series: SeriesRef, *, detailed: bool) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "uid": series.series_uid,
        "modality": _modality(series.modality or "OT"),
        "numberOfInstances": len(series.instances),
    }
    if series.number.isdecimal():
        resource["number"] = int(series.number)
    if series.description:
        resource["description"] = series.description
    if detailed:
        resource["instance"] = [_instance(entry.header) for entry in series.instances]
    return resource


def _instance(header: Any) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "uid": header.sop_uid,
        "sopClass": {"system": DICOM_SOP_CLASS, "code": f"urn:oid:{header.sop_class}"},
    }
    if header.instance_number.isdecimal():
        resource["number"] = int(header.instance_number)
    return resource
