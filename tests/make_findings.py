"""Imaging findings on a small synthetic label map, and the setting in which they are written."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from profiles.builders.context import ResultContext
from profiles.label_map import pack_voxels
from profiles.records import (
    FrameGeometry,
    ImagingFindings,
    InstanceHeader,
    KeyImage,
    KeySlice,
    LabelMap,
    Lesion,
    ModelRef,
    Refusal,
    SeriesOutcome,
)
from terminology.imaging import ARTIFICIAL_INTELLIGENCE, BRAIN, LESION, LUNG
from terminology.refusals import refusal_text

MR = "1.2.840.10008.5.1.4.1.1.4"
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
MOMENT = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)
MODEL = ModelRef(
    name="demo model",
    version="1.0.0",
    digest="a" * 64,
    manufacturer="Isthmus",
    description="Finds lesions in phantoms.",
    card="# Demo model",
    demonstration=True,
    family=ARTIFICIAL_INTELLIGENCE,
)
HEADER = InstanceHeader(
    sop_uid="1.2.1.1",
    sop_class=MR,
    series_uid="1.2.1",
    study_uid="1.2",
    transfer_syntax="1.2.840.10008.1.2.1",
    dataset_sha256="b" * 64,
    modality="MR",
    patient_id="P1",
    issuer_of_patient_id="HOSPITAL",
    patient_name="Example^Ada",
    patient_birth_date="19700101",
    patient_sex="F",
    accession_number="ACC1",
    study_date="20260102",
    study_time="101500",
    frame_of_reference_uid="1.2.9",
    rows=16,
    columns=16,
)


def label_array(lesions: int = 2) -> np.ndarray:
    """Labels (6, 16, 16): a block per lesion."""
    labels = np.zeros((6, 16, 16), np.uint8)
    if lesions > 0:
        labels[1:4, 2:8, 9:14] = 1
    if lesions > 1:
        labels[3:5, 10:13, 2:5] = 2
    return labels


def lesion(number: int, side: str = "left") -> Lesion:
    """A lesion whose numbers are all different."""
    return Lesion(
        segment=number,
        tracking_uid=f"1.2.77.{number}",
        tracking_id=f"Lesion {number}",
        score=0.61 + number / 100,
        volume_ml=3.25 - number,
        long_axis_mm=21.5 - number,
        short_axis_mm=14.25 - number,
        long_axis=((1.0, 2.0, 3.0), (20.0, 2.0, 3.0)),
        short_axis=((5.0, 0.0, 3.0), (5.0, 12.0, 3.0)),
        centroid=(10.0, 5.0, 3.0),
        laterality=side,
        key_slice=KeySlice("1.2.1.3", 1),
        outline=((1.0, 2.0, 3.0), (4.0, 2.0, 3.0), (4.0, 6.0, 3.0)),
    )


def label_map(lesions: int = 2, *, multi_frame: bool = False) -> LabelMap:
    """Where the labels lie: six axial slices of 3 mm."""
    frames = tuple(
        FrameGeometry(
            "1.2.1.1" if multi_frame else f"1.2.1.{n + 1}",
            MR,
            n + 1 if multi_frame else 1,
            (0.0, 0.0, 3.0 * n),
        )
        for n in range(6)
    )
    return LabelMap(
        frames=frames,
        orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        row_spacing_mm=1.5,
        column_spacing_mm=1.25,
        slice_spacing_mm=3.0,
        rows=16,
        columns=16,
        frame_of_reference_uid="1.2.9",
        voxels=pack_voxels(label_array(lesions)),
    )


def present(count: int = 2, **changes: object) -> ImagingFindings:
    """Findings with one or two lesions, the second on the right."""
    sides = ("left", "right")
    found = ImagingFindings(
        study_uid="1.2",
        study_revision=6,
        status="present",
        finding=LESION,
        body_site=BRAIN,
        model=MODEL,
        series=(SeriesOutcome("1.2.1", "analysed"),),
        series_uid="1.2.1",
        score=0.97,
        lesions=tuple(lesion(n + 1, sides[n]) for n in range(count)),
        label_map=label_map(count),
        key_images=(KeyImage(KeySlice("1.2.1.3", 1), (1,), 1, 1, PIXEL),),
        trace={"volume": 0.01},
    )
    return replace(found, **changes)


def nodule() -> ImagingFindings:
    """One finding of the lung, for rules that have a window in months."""
    return present(1, body_site=LUNG)


def absent() -> ImagingFindings:
    """Nothing was found."""
    return present(
        0, status="absent", lesions=(), label_map=label_map(0), key_images=(), score=0.12
    )


def refused(code: str = "gap") -> ImagingFindings:
    """The series was not fit for analysis."""
    refusal = Refusal(code, refusal_text(code), ("1.2.1.4",))
    return present(
        0,
        status="refused",
        lesions=(),
        label_map=None,
        key_images=(),
        score=None,
        refusal=refusal,
        series=(SeriesOutcome("1.2.1", "refused", refusal),),
    )


def context(**changes: object) -> ResultContext:
    """The setting; keyword arguments change the header."""
    return ResultContext("patient-1", "study-1", "task-1", replace(HEADER, **changes), MOMENT)
