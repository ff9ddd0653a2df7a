"""What every DICOM object that Isthmus writes has in common: patient, study, equipment, encoding.

Values of the patient and study modules are taken over as the sender wrote them, even where they break
their value representation: an object that names the patient differently from its study is the worse fault.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Final

from pydicom import Dataset, config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID, ExplicitVRLittleEndian

from profiles.builders.context import ResultContext
from profiles.records import ImagingFindings, InstanceHeader
from profiles.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, derived_uid
from terminology.coding import Code
from terminology.systems import DCM, LOINC, SNOMED_CT, UCUM

DESIGNATORS: Final = {SNOMED_CT: "SCT", DCM: "DCM", UCUM: "UCUM", LOINC: "LN"}
"""Coding Scheme Designator by canonical URI (PS3.16 table 8-1)."""

_TAKEN_OVER: Final = {
    "PatientName": "patient_name",
    "PatientID": "patient_id",
    "PatientBirthDate": "patient_birth_date",
    "PatientSex": "patient_sex",
    "StudyInstanceUID": "study_uid",
    "StudyDate": "study_date",
    "StudyTime": "study_time",
    "StudyID": "study_id",
    "AccessionNumber": "accession_number",
    "ReferringPhysicianName": "referring_physician",
}
"""Type 1 and 2 attributes of PS3.3 C.7.1.1 and C.7.2.1: present, empty where nothing is known."""

_TAKEN_OVER_IF_KNOWN: Final = {
    "IssuerOfPatientID": "issuer_of_patient_id",
    "StudyDescription": "study_description",
    "TimezoneOffsetFromUTC": "timezone_offset",
}


@dataclass(frozen=True, slots=True)
class DicomObject:
    """One finished object: its index row and its part 10 file."""

    header: InstanceHeader
    part10: bytes


def new_object(
    findings: ImagingFindings,
    context: ResultContext,
    *,
    sop_class: str,
    modality: str,
    series_number: int,
    description: str,
) -> Dataset:
    """Data set with the modules that say whose it is, what made it and when.

    A model version has one series per study and modality; every run adds an instance to it.
    """
    dataset = Dataset()
    _set(dataset, "SpecificCharacterSet", "ISO_IR 192")
    _set(dataset, "SOPClassUID", sop_class)
    _set(dataset, "SOPInstanceUID", _run_uid(findings, context, modality))
    for keyword, name in _TAKEN_OVER.items():
        _set(dataset, keyword, getattr(context.header, name))
    for keyword, name in _TAKEN_OVER_IF_KNOWN.items():
        if value := getattr(context.header, name):
            _set(dataset, keyword, value)
    model = findings.model
    _set(dataset, "Modality", modality)
    _set(dataset, "SeriesInstanceUID", series_uid(findings, modality))
    _set(dataset, "SeriesNumber", str(series_number))
    _set(dataset, "SeriesDescription", description)
    _set(dataset, "InstanceNumber", str(findings.study_revision))
    _set(dataset, "Manufacturer", model.manufacturer[:64])
    _set(dataset, "ManufacturerModelName", model.name[:64])
    _set(dataset, "DeviceSerialNumber", model.digest[:16])
    _set(dataset, "SoftwareVersions", model.version[:64])
    for keyword in ("ContentDate", "InstanceCreationDate"):
        _set(dataset, keyword, f"{context.moment:%Y%m%d}")
    for keyword in ("ContentTime", "InstanceCreationTime"):
        _set(dataset, keyword, f"{context.moment:%H%M%S}.{context.moment.microsecond:06d}")
    return dataset


def series_uid(findings: ImagingFindings, modality: str) -> str:
    """Series into which a model version writes its objects of one modality."""
    return derived_uid(
        "series", modality, findings.study_uid, findings.model.name, findings.model.digest
    )


def finish(dataset: Dataset, context: ResultContext) -> DicomObject:
    """Encode a data set in Explicit VR Little Endian (PS3.10 7.1) and make its index row."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    front, body = BytesIO(), BytesIO()
    front.write(bytes(128) + b"DICM")
    write_file_meta_info(DicomIO(front), meta)
    dataset.save_as(body, implicit_vr=False, little_endian=True)
    content = body.getvalue()
    header = replace(
        context.header,
        sop_uid=str(dataset.SOPInstanceUID),
        sop_class=str(dataset.SOPClassUID),
        series_uid=str(dataset.SeriesInstanceUID),
        transfer_syntax=str(ExplicitVRLittleEndian),
        dataset_sha256=hashlib.sha256(content).hexdigest(),
        modality=str(dataset.Modality),
        series_number=str(dataset.SeriesNumber),
        series_description=str(dataset.SeriesDescription),
        body_part="",
        laterality="",
        frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID", "")),
        contrast_agent="",
        series_date="",
        series_time="",
        instance_number=str(dataset.InstanceNumber),
        image_type="DERIVED\\PRIMARY" if "Rows" in dataset else "",
        images_in_acquisition="",
        frames=int(dataset.get("NumberOfFrames", 1)),
        rows=int(dataset.get("Rows", 0)),
        columns=int(dataset.get("Columns", 0)),
        bits_allocated=int(dataset.get("BitsAllocated", 0)),
        samples_per_pixel=1,
        warnings=(),
    )
    return DicomObject(header, front.getvalue() + content)


def item(**attributes: Any) -> Dataset:
    """Sequence item with these attributes."""
    entry = Dataset()
    for keyword, value in attributes.items():
        setattr(entry, keyword, value)
    return entry


def code_item(code: Code) -> Dataset:
    """Item of a code sequence (PS3.3 8.8); Code Meaning has at most 64 characters."""
    return item(
        CodeValue=code.code,
        CodingSchemeDesignator=DESIGNATORS.get(code.system, "99ISTHMUS"),
        CodeMeaning=code.display[:64],
    )


def instance_item(sop_class: str, sop_uid: str) -> Dataset:
    """Reference to one SOP instance (PS3.3 10.8)."""
    return item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=sop_uid)


def source_instances(findings: ImagingFindings) -> list[Dataset]:
    """References to the instances of the analysed series, each once."""
    frames: Iterable[Any] = findings.label_map.frames if findings.label_map else ()
    return [instance_item(k, u) for k, u in dict.fromkeys((f.sop_class, f.sop_uid) for f in frames)]


def _run_uid(findings: ImagingFindings, context: ResultContext, modality: str) -> str:
    """Another run makes another object, though it may say the same."""
    run = (context.task_id, str(findings.study_revision), context.moment.isoformat())
    return derived_uid("object", modality, findings.study_uid, *run)


def _set(dataset: Dataset, keyword: str, value: str) -> None:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    element = DataElement(tag, dictionary_VR(tag), value, validation_mode=config.IGNORE)
    dataset.add(element)
