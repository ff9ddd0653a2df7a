"""Media and Binary of an audio waveform object of the archive (PS3.3 A.34.6 and A.34.7; R4 media.html)."""

from typing import Any

from profiles.fhir_time import dicom_datetime
from profiles.records import InstanceHeader
from profiles.uids import derived_id
from terminology.coding import concept
from terminology.notes import AUDIO_MEDIA
from terminology.systems import DCM, DICOM_UID

DICOM_FILE = "application/dicom"


def audio_binary(header: InstanceHeader) -> dict[str, Any]:
    """The Binary of the object, without its content."""
    key = derived_id("Media", header.sop_uid)
    return {
        "resourceType": "Binary",
        "id": key,
        "contentType": DICOM_FILE,
        "securityContext": {"reference": f"Media/{key}"},
    }


def audio_media(
    header: InstanceHeader, size: int, patient_id: str, imaging_study_id: str
) -> dict[str, Any]:
    """The Media of the object: of whom it is, of which study, and where the object is.

    Parameters
    ----------
    header : InstanceHeader
    size : int
        Of the object's part 10 file.
    patient_id, imaging_study_id : str
        Of the study that the object belongs to.
    """
    key = derived_id("Media", header.sop_uid)
    media: dict[str, Any] = {
        "resourceType": "Media",
        "id": key,
        "identifier": [{"system": DICOM_UID, "value": f"urn:oid:{header.sop_uid}"}],
        "partOf": [{"reference": f"ImagingStudy/{imaging_study_id}"}],
        "status": "completed",
        "type": concept(AUDIO_MEDIA),
        "modality": {"coding": [{"system": DCM, "code": header.modality or "AU"}]},
        "subject": {"reference": f"Patient/{patient_id}"},
        "content": {"contentType": DICOM_FILE, "url": f"Binary/{key}", "size": size},
    }
    date, time = header.series_date or header.study_date, header.series_time or header.study_time
    if made := dicom_datetime(date, time, header.timezone_offset):
        media["createdDateTime"] = made
    return media
