"""The header of an instance at the door: read once, validated, never decoded and encoded again.

The bytes stay as the sender sent them; what deviates from the standard becomes a warning on the
instance (keyword and kind, never the value).
"""

import hashlib
import zlib
from io import BytesIO
from typing import Any, Final

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from profiles.outcome import OperationOutcomeError
from profiles.records import InstanceHeader
from profiles.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    require_uid,
)

LARGEST_INFLATED: Final = 1 << 30
PREAMBLE: Final = b"\0" * 128 + b"DICM"

_TEXTS: Final = {
    "modality": "Modality",
    "patient_id": "PatientID",
    "issuer_of_patient_id": "IssuerOfPatientID",
    "patient_name": "PatientName",
    "patient_birth_date": "PatientBirthDate",
    "patient_sex": "PatientSex",
    "accession_number": "AccessionNumber",
    "study_id": "StudyID",
    "study_date": "StudyDate",
    "study_time": "StudyTime",
    "timezone_offset": "TimezoneOffsetFromUTC",
    "study_description": "StudyDescription",
    "referring_physician": "ReferringPhysicianName",
    "series_number": "SeriesNumber",
    "series_description": "SeriesDescription",
    "series_date": "SeriesDate",
    "series_time": "SeriesTime",
    "body_part": "BodyPartExamined",
    "laterality": "Laterality",
    "frame_of_reference_uid": "FrameOfReferenceUID",
    "instance_number": "InstanceNumber",
    "image_type": "ImageType",
    "contrast_agent": "ContrastBolusAgent",
    "images_in_acquisition": "ImagesInAcquisition",
}
_NUMBERS: Final = {
    "frames": ("NumberOfFrames", 1),
    "rows": ("Rows", 0),
    "columns": ("Columns", 0),
    "bits_allocated": ("BitsAllocated", 0),
    "samples_per_pixel": ("SamplesPerPixel", 1),
}


def part10(dataset: bytes, sop_class: str, sop_uid: str, transfer_syntax: str) -> bytes:
    """A DICOM file around a data set as it came over the wire (PS3.10 section 7.1).

    Deterministic: no source AE title and a preamble of zeros, so the same data set is the same file.
    """
    meta = pydicom.dataset.FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(sop_uid)
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    buffer = DicomBytesIO()
    write_file_meta_info(buffer, meta, enforce_standard=True)
    return PREAMBLE + buffer.getvalue() + dataset


def read_header(file: bytes) -> InstanceHeader:
    """Header of a part 10 file.

    Raises
    ------
    OperationOutcomeError
        ``invalid`` when the file cannot be read, ``required`` or ``structure`` when one of its UIDs
        is missing or malformed, ``too-costly`` when a deflated data set inflates beyond the limit.
    """
    dataset, start = _parse(file)
    try:
        return _header(dataset, file, start)
    except OperationOutcomeError:
        raise
    except Exception:  # noqa: BLE001 - lazily decoded values raise whatever their bytes provoke
        raise OperationOutcomeError(
            "invalid", "an attribute of the data set is unreadable"
        ) from None


def same_object(first: bytes, second: bytes) -> bool:
    """Whether two files of one SOP Instance UID are the same object in other clothes.

    Another transfer syntax, padding or length form is not other content: elements are compared as
    parsed, pixels as decoded.
    """
    try:
        left, right = (pydicom.dcmread(BytesIO(file), force=True) for file in (first, second))
        if not _equal_elements(left, right):
            return False
        if "PixelData" not in left and "PixelData" not in right:
            return True
        if left.get("PixelData") == right.get("PixelData"):
            return True
        return bool(np.array_equal(left.pixel_array, right.pixel_array))
    except Exception:  # noqa: BLE001 - what cannot be read cannot be shown to be the same
        return False


def _equal_elements(left: Dataset, right: Dataset) -> bool:
    skipped = {0x7FE00010, 0x7FE00001, 0x7FE00002, 0xFFFCFFFC}
    tags = {int(tag) for tag in (*left.keys(), *right.keys())} - skipped
    return all(left.get(tag) == right.get(tag) for tag in tags if tag & 0xFFFF)


def _parse(file: bytes) -> tuple[Dataset, int]:
    start = _data_set_start(file)
    try:
        # Group 0002 is always Explicit VR Little Endian (PS3.10 section 7.1).
        meta = pydicom.filereader.read_dataset(BytesIO(file[132:start]), False, True)
        if meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
            _bound_inflation(file[start:])
        return pydicom.dcmread(BytesIO(file)), start
    except OperationOutcomeError:
        raise
    except RecursionError:
        raise OperationOutcomeError("too-costly", "sequences are nested too deeply") from None
    except Exception:  # noqa: BLE001 - a parser may raise anything on hostile bytes; the answer is one
        raise OperationOutcomeError("invalid", "the data set cannot be parsed") from None


def _data_set_start(file: bytes) -> int:
    """Offset of the first byte after group 0002, by its group length (PS3.10 table 7.1-1)."""
    if file[128:132] != b"DICM" or file[132:136] != b"\x02\0\0\0":
        raise OperationOutcomeError("structure", "this is not a DICOM file")
    return 144 + int.from_bytes(file[140:144], "little")


def _bound_inflation(deflated: bytes) -> None:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size, rest = 0, deflated
    while rest and not inflater.eof:
        size += len(inflater.decompress(rest, 1 << 20))
        rest = inflater.unconsumed_tail
        if size > LARGEST_INFLATED:
            raise OperationOutcomeError("too-costly", "the data set inflates beyond the limit")


def _header(dataset: Dataset, file: bytes, start: int) -> InstanceHeader:
    warnings: list[str] = []
    fields: dict[str, Any] = {
        field: require_uid(_text(dataset, keyword, warnings), keyword)
        for field, keyword in (
            ("sop_class", "SOPClassUID"),
            ("sop_uid", "SOPInstanceUID"),
            ("study_uid", "StudyInstanceUID"),
            ("series_uid", "SeriesInstanceUID"),
        )
    }
    meta = dataset.file_meta
    if str(meta.get("MediaStorageSOPInstanceUID", fields["sop_uid"])) != fields["sop_uid"]:
        raise OperationOutcomeError(
            "value", "the file's SOP Instance UID differs from the data set's", "SOPInstanceUID"
        )
    _require_whole_pixels(dataset)
    for field, keyword in _TEXTS.items():
        fields[field] = _text(dataset, keyword, warnings)
    for field, (keyword, default) in _NUMBERS.items():
        fields[field] = _number(dataset, keyword, default, warnings)
    return InstanceHeader(
        **fields,
        transfer_syntax=str(meta.TransferSyntaxUID),
        dataset_sha256=hashlib.sha256(memoryview(file)[start:]).hexdigest(),
        issuer_of_accession=_issuer_of_accession(dataset),
        warnings=tuple(warnings),
    )


def _require_whole_pixels(dataset: Dataset) -> None:
    """Native pixel data cut off on the way is refused: half an image must not be acknowledged."""
    raw: Any = dataset._dict.get(pydicom.tag.Tag(0x7FE00010))
    length = getattr(raw, "length", None)
    value = getattr(raw, "value", None)
    if length not in (None, 0xFFFFFFFF) and value is not None and len(value) < length:
        raise OperationOutcomeError("invalid", "the pixel data is truncated", "PixelData")


def _issuer_of_accession(dataset: Dataset) -> str:
    items = dataset.get("IssuerOfAccessionNumberSequence") or []
    first: Any = items[0] if len(items) else {}
    return str(first.get("UniversalEntityID") or first.get("LocalNamespaceEntityID") or "")


def _text(dataset: Dataset, keyword: str, warnings: list[str]) -> str:
    try:
        value = dataset.get(keyword)
        if value is None:
            return ""
        if isinstance(value, (list, pydicom.multival.MultiValue)):
            return "\\".join(str(part) for part in value)
        return str(value).strip(" \0")
    except Exception:  # noqa: BLE001 - one unreadable attribute leaves the others readable
        warnings.append(f"{keyword}: unreadable")
        return ""


def _number(dataset: Dataset, keyword: str, default: int, warnings: list[str]) -> int:
    text = _text(dataset, keyword, warnings)
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        warnings.append(f"{keyword}: not a number")
        return default
