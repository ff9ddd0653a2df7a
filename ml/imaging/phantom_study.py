"""Phantom studies as DICOM files, with their truth: for the demonstration, the tests and the benches."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pydicom

from ml.imaging.mr_series import SeriesFacts, write_mr_series
from ml.imaging.phantom import OBLIQUE, Geometry, LesionTruth, Phantom, demo_phantom
from profiles.records import InstanceHeader, InstanceRef, SeriesRef, StudyRef
from profiles.uids import derived_uid

MISSING: Final = slice(20, 25)
"""Slices that the defective study lacks."""


@dataclass(frozen=True)
class PhantomStudy:
    """A written study and its truth.

    Parameters
    ----------
    files : tuple of Path
        One per instance.
    study_uid : str
    lesions : tuple of LesionTruth
        The largest first.
    """

    files: tuple[Path, ...]
    study_uid: str
    lesions: tuple[LesionTruth, ...]


def write_phantom_study(
    folder: Path, *, seed: int, geometry: Geometry = OBLIQUE, facts: SeriesFacts | None = None
) -> PhantomStudy:
    """Write one MR series of a phantom head."""
    phantom = demo_phantom(seed, geometry)
    facts = facts or phantom_facts("whole", seed)
    return _study(folder, phantom, facts)


def write_defective_study(folder: Path, *, seed: int) -> PhantomStudy:
    """The same head, but slices were lost on the way: a volume of it would be wrong."""
    whole = _study(folder, demo_phantom(seed), phantom_facts("defective", seed))
    lost = whole.files[MISSING]
    for file in lost:
        file.unlink()
    return replace(whole, files=tuple(file for file in whole.files if file not in lost))


def phantom_facts(kind: str, seed: int) -> SeriesFacts:
    """Identifiers of a phantom: the same kind and seed give the same study."""
    names = (kind, str(seed))
    return SeriesFacts(
        patient_id=f"PHANTOM-{seed}",
        accession=f"PH{seed:04d}{kind[:1].upper()}",
        study_uid=derived_uid("phantom-study", *names),
        series_uid=derived_uid("phantom-series", *names),
        frame_of_reference_uid=derived_uid("phantom-frame", *names),
    )


def study_ref(study: PhantomStudy) -> StudyRef:
    """A written study as a worker sees it, without an archive in between."""
    instances = []
    for file in study.files:
        dataset = pydicom.dcmread(file, stop_before_pixels=True)
        header = InstanceHeader(
            sop_uid=str(dataset.SOPInstanceUID),
            sop_class=str(dataset.SOPClassUID),
            series_uid=str(dataset.SeriesInstanceUID),
            study_uid=str(dataset.StudyInstanceUID),
            transfer_syntax=str(dataset.file_meta.TransferSyntaxUID),
            dataset_sha256="",
            modality=str(dataset.Modality),
            patient_id=str(dataset.PatientID),
            body_part=str(dataset.get("BodyPartExamined", "")),
            image_type="\\".join(dataset.ImageType),
            frames=int(dataset.get("NumberOfFrames", 1)),
            rows=int(dataset.Rows),
            columns=int(dataset.Columns),
            bits_allocated=int(dataset.BitsAllocated),
        )
        instances.append(InstanceRef(header, str(file)))
    first = instances[0].header
    series = SeriesRef(first.series_uid, first.modality, "1", "", tuple(instances))
    return StudyRef(study.study_uid, 1, (series,))


def _study(folder: Path, phantom: Phantom, facts: SeriesFacts) -> PhantomStudy:
    files = write_mr_series(phantom.voxels.astype("int16"), phantom.affine, folder, facts)
    lesions = sorted(phantom.lesions, key=lambda lesion: -lesion.volume_ml)
    return PhantomStudy(files, facts.study_uid, tuple(lesions))
