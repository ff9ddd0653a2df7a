"""The lesions as a DICOM Segmentation (PS3.3 A.51): one segment per lesion, only frames that hold some of it.

Written directly instead of through a general library: half a second per result of a stock writer goes into
choices that are fixed here (see docs/decisions/0010).
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.uid import SegmentationStorage

from profiles.builders.context import ResultContext
from profiles.builders.dicom_object import (
    DicomObject,
    code_item,
    finish,
    item,
    new_object,
    source_instances,
)
from profiles.label_map import unpack_voxels
from profiles.records import FrameGeometry, ImagingFindings, LabelMap, Lesion
from profiles.uids import derived_uid
from terminology import imaging as codes
from terminology.coding import Code
from terminology.systems import DCM

SIDES: Final = {"left": codes.LEFT, "right": codes.RIGHT, "midline": codes.MIDLINE}
_DERIVATION: Final = Code(DCM, "113076", "Segmentation")
_PURPOSE: Final = Code(DCM, "121322", "Source image for image processing operation")


def segmentation(findings: ImagingFindings, context: ResultContext) -> DicomObject:
    """Segmentation of a result that has lesions."""
    label_map = findings.label_map
    if label_map is None or not findings.lesions:
        raise ValueError("a segmentation needs lesions")
    labels = unpack_voxels(label_map)
    dataset = new_object(
        findings,
        context,
        sop_class=SegmentationStorage,
        modality="SEG",
        series_number=9001,
        description="AI segmentation, not reviewed",
    )
    _image_modules(dataset, findings, label_map)
    dataset.SegmentSequence = [_segment(findings, lesion) for lesion in findings.lesions]
    places = [
        (lesion.segment, int(index))
        for lesion in findings.lesions
        for index in np.flatnonzero((labels == lesion.segment).any(axis=(1, 2)))
    ]
    organization = derived_uid("dimensions", dataset.SOPInstanceUID)
    _dimensions(dataset, organization)
    dataset.SharedFunctionalGroupsSequence = [_shared(label_map)]
    multi_frame = any(frame.frame > 1 for frame in label_map.frames)
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame(label_map.frames[index], segment, index, multi_frame=multi_frame)
        for segment, index in places
    ]
    dataset.NumberOfFrames = str(len(places))
    dataset.PixelData = _packed(labels, places)
    dataset["PixelData"].VR = "OB"
    return finish(dataset, context)


def _image_modules(dataset: Dataset, findings: ImagingFindings, label_map: LabelMap) -> None:
    """Frame of reference, Image Pixel and Segmentation Image (PS3.3 C.7.4.1, C.7.6.3, C.8.20.2)."""
    dataset.FrameOfReferenceUID = label_map.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = label_map.rows, label_map.columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 1, 1, 0
    dataset.PixelRepresentation = 0
    dataset.LossyImageCompression = "00"
    dataset.SegmentationType = "BINARY"
    dataset.SegmentsOverlap = "NO"
    dataset.ContentLabel = "AI_FINDINGS"
    dataset.ContentDescription = "Findings of an AI, not reviewed"
    dataset.ContentCreatorName = ""
    dataset.ReferencedSeriesSequence = [
        item(
            SeriesInstanceUID=findings.series_uid,
            ReferencedInstanceSequence=source_instances(findings),
        )
    ]


def _segment(findings: ImagingFindings, lesion: Lesion) -> Dataset:
    """Segment description with the tracking UID that SR and FHIR share (PS3.3 C.8.20.4)."""
    region = code_item(findings.body_site)
    if side := SIDES.get(lesion.laterality):
        region.AnatomicRegionModifierSequence = [code_item(side)]
    model = findings.model
    return item(
        SegmentNumber=lesion.segment,
        SegmentLabel=lesion.tracking_id[:64],
        SegmentAlgorithmType="AUTOMATIC",
        SegmentAlgorithmName=model.name[:64],
        SegmentationAlgorithmIdentificationSequence=[
            item(
                AlgorithmFamilyCodeSequence=[code_item(model.family)],
                AlgorithmName=model.name[:64],
                AlgorithmVersion=model.version[:64],
            )
        ],
        SegmentedPropertyCategoryCodeSequence=[code_item(codes.MORPHOLOGICALLY_ABNORMAL)],
        SegmentedPropertyTypeCodeSequence=[code_item(findings.finding)],
        AnatomicRegionSequence=[region],
        TrackingID=lesion.tracking_id[:64],
        TrackingUID=lesion.tracking_uid,
    )


def _dimensions(dataset: Dataset, organization: str) -> None:
    """Frames are ordered by segment, then by position (PS3.3 C.7.6.17)."""
    dataset.DimensionOrganizationSequence = [item(DimensionOrganizationUID=organization)]
    dataset.DimensionIndexSequence = [
        item(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=pointer,
            FunctionalGroupPointer=group,
            DimensionDescriptionLabel=label,
        )
        for pointer, group, label in (
            (0x0062000B, 0x0062000A, "Segment"),
            (0x00200032, 0x00209113, "Position"),
        )
    ]


def _shared(label_map: LabelMap) -> Dataset:
    measures = item(
        PixelSpacing=[decimal(label_map.row_spacing_mm), decimal(label_map.column_spacing_mm)],
        SliceThickness=decimal(label_map.slice_spacing_mm),
        SpacingBetweenSlices=decimal(label_map.slice_spacing_mm),
    )
    orientation = item(ImageOrientationPatient=[decimal(value) for value in label_map.orientation])
    return item(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[orientation])


def _frame(source: FrameGeometry, segment: int, index: int, *, multi_frame: bool) -> Dataset:
    # A frame number is allowed only where the instance has several frames (PS3.3 table 10-3).
    image = item(
        ReferencedSOPClassUID=source.sop_class,
        ReferencedSOPInstanceUID=source.sop_uid,
        PurposeOfReferenceCodeSequence=[code_item(_PURPOSE)],
        SpatialLocationsPreserved="YES",
    )
    if multi_frame:
        image.ReferencedFrameNumber = source.frame
    derivation = item(DerivationCodeSequence=[code_item(_DERIVATION)], SourceImageSequence=[image])
    return item(
        FrameContentSequence=[item(DimensionIndexValues=[segment, index + 1])],
        PlanePositionSequence=[
            item(ImagePositionPatient=[decimal(value) for value in source.position])
        ],
        SegmentIdentificationSequence=[item(ReferencedSegmentNumber=segment)],
        DerivationImageSequence=[derivation],
    )


def _packed(labels: npt.NDArray[np.uint8], places: list[tuple[int, int]]) -> bytes:
    """One bit per pixel, frames back to back, first pixel in the lowest bit (PS3.5 8.1.1, 8.2)."""
    planes = np.stack([labels[index] == segment for segment, index in places])
    packed = np.packbits(planes.ravel(), bitorder="little").tobytes()
    return packed + bytes(len(packed) % 2)


def decimal(value: float) -> str:
    """A DS of at most 16 characters (PS3.5 6.2)."""
    text = f"{value:.10f}"[:16].rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
