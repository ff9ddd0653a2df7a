"""Write voxels as a series of MR Image Storage instances, as a modality would (PS3.3 A.4)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

from profiles.uids import IMPLEMENTATION_CLASS_UID, derived_uid


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """Who and what a written series is about; dates as DICOM DA, times as TM."""

    patient_id: str = "PHANTOM-1"
    patient_name: str = "Phantom^Brain"
    issuer: str = "ISTHMUS"
    birth_date: str = "19700101"
    sex: str = "O"
    accession: str = "PH0001"
    study_uid: str = ""
    series_uid: str = ""
    frame_of_reference_uid: str = ""
    study_date: str = "20260102"
    study_time: str = "101500"
    study_description: str = "Brain phantom"
    series_number: int = 1
    series_description: str = "T2 axial phantom"


def write_mr_series(
    voxels: npt.NDArray[np.int16], affine: npt.NDArray[np.float64], folder: Path, facts: SeriesFacts
) -> tuple[Path, ...]:
    """Write one file per slice.

    Parameters
    ----------
    voxels : (slices, rows, columns) int16
        Stored values, not negative.
    affine : (4, 4) float64
        (slice, row, column, 1) to LPS millimetres; its axes must be perpendicular.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    files = []
    for index in range(len(voxels)):
        dataset = _dataset(facts, voxels[index], index)
        dataset.ImagePositionPatient = [_decimal(v) for v in affine[:3, 3] + index * affine[:3, 0]]
        row, column = affine[:3, 2] / spacing[2], affine[:3, 1] / spacing[1]
        dataset.ImageOrientationPatient = [_decimal(v) for v in (*row, *column)]
        dataset.PixelSpacing = [_decimal(spacing[1]), _decimal(spacing[2])]
        dataset.SliceThickness = _decimal(spacing[0])
        dataset.SpacingBetweenSlices = _decimal(spacing[0])
        file = folder / f"{index + 1:04d}.dcm"
        dataset.save_as(file, enforce_file_format=True)
        files.append(file)
    return tuple(files)


def _decimal(value: float) -> str:
    """A DS of at most 16 characters (PS3.5 6.2)."""
    text = f"{value + 0.0:.9f}"[:16].rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _dataset(facts: SeriesFacts, plane: npt.NDArray[np.int16], index: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = _meta(facts, index)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"]
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
    _identify(dataset, facts)
    dataset.SeriesNumber = facts.series_number
    dataset.InstanceNumber = index + 1
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "SE", "NONE", ""
    dataset.MRAcquisitionType = "2D"
    dataset.EchoTime, dataset.RepetitionTime, dataset.EchoTrainLength = "90", "4000", "1"
    dataset.PatientPosition, dataset.PositionReferenceIndicator = "HFS", ""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = plane.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    dataset.PixelData = plane.astype("<u2").tobytes()
    return dataset


def _identify(dataset: Dataset, facts: SeriesFacts) -> None:
    dataset.PatientID, dataset.PatientName = facts.patient_id, facts.patient_name
    dataset.IssuerOfPatientID = facts.issuer
    dataset.PatientBirthDate, dataset.PatientSex = facts.birth_date, facts.sex
    dataset.AccessionNumber, dataset.StudyID = facts.accession, "1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = facts.study_uid, facts.series_uid
    dataset.FrameOfReferenceUID = facts.frame_of_reference_uid
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = facts.study_date
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = facts.study_time
    dataset.StudyDescription = facts.study_description
    dataset.SeriesDescription = facts.series_description
    dataset.ReferringPhysicianName = ""
    dataset.Modality, dataset.Manufacturer = "MR", "Isthmus phantom"
    dataset.BodyPartExamined = "BRAIN"


def _meta(facts: SeriesFacts, index: int) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = UID(derived_uid("instance", facts.series_uid, str(index)))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    return meta
