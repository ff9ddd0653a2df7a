"""The measurements as a Comprehensive 3D SR after TID 1500, one measurement group per lesion (TID 1411)."""

from collections.abc import Sequence
from typing import Any, Final

from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from profiles.builders.context import ResultContext
from profiles.builders.dicom_object import (
    DicomObject,
    code_item,
    finish,
    instance_item,
    item,
    new_object,
    source_instances,
)
from profiles.builders.dicom_seg import SIDES, decimal
from profiles.records import ImagingFindings, Lesion, Point
from profiles.uids import derived_uid
from terminology import imaging as codes
from terminology.coding import Code
from terminology.systems import DCM, SNOMED_CT

RFC5646: Final = "urn:ietf:bcp:47"


def _dcm(code: str, meaning: str) -> Code:
    return Code(DCM, code, meaning)


_REPORT: Final = _dcm("126000", "Imaging Measurement Report")
_LANGUAGE: Final = _dcm("121049", "Language of Content Item and Descendants")
_OBSERVER_TYPE: Final = _dcm("121005", "Observer Type")
_DEVICE: Final = _dcm("121007", "Device")
_DEVICE_UID: Final = _dcm("121012", "Device Observer UID")
_DEVICE_NAME: Final = _dcm("121013", "Device Observer Name")
_DEVICE_MANUFACTURER: Final = _dcm("121014", "Device Observer Manufacturer")
_DEVICE_MODEL: Final = _dcm("121015", "Device Observer Model Name")
_PROCEDURE: Final = _dcm("121058", "Procedure reported")
_IMAGING_PROCEDURE: Final = Code(SNOMED_CT, "363679005", "Imaging procedure")
_MEASUREMENTS: Final = _dcm("126010", "Imaging Measurements")
_QUALITATIVE: Final = Code(
    "http://www.nlm.nih.gov/research/umls", "C0034375", "Qualitative Evaluations"
)
_FINDING: Final = _dcm("121071", "Finding")
_FINDING_SITE: Final = Code(SNOMED_CT, "363698007", "Finding Site")
_SEGMENT: Final = _dcm("121191", "Referenced Segment")
_SOURCE_SERIES: Final = _dcm("121232", "Source series for segmentation")
_ALGORITHM_NAME: Final = _dcm("111001", "Algorithm Name")
_ALGORITHM_VERSION: Final = _dcm("111003", "Algorithm Version")
_CENTER: Final = _dcm("111010", "Center")
_PATH: Final = _dcm("121055", "Path")

_CONTAINS: Final = "CONTAINS"
_CONTEXT: Final = "HAS OBS CONTEXT"
_MODIFIER: Final = "HAS CONCEPT MOD"


def structured_report(
    findings: ImagingFindings, context: ResultContext, seg: DicomObject | None
) -> DicomObject:
    """Unverified, preliminary report of a result; ``seg`` holds the segments that it refers to."""
    dataset = new_object(
        findings,
        context,
        sop_class=Comprehensive3DSRStorage,
        modality="SR",
        series_number=9002,
        description="AI measurements, not reviewed",
    )
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.PerformedProcedureCodeSequence = []
    dataset.CompletionFlag = "COMPLETE"
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.PreliminaryFlag = "PRELIMINARY"
    dataset.CurrentRequestedProcedureEvidenceSequence = [_evidence(findings, seg)]
    if context.predecessor is not None:
        before = context.predecessor
        dataset.PredecessorDocumentsSequence = [
            _documents(
                before.study_uid,
                before.series_uid,
                [instance_item(before.sop_class, before.sop_uid)],
            )
        ]
    root = _container(None, _REPORT, "1500", _content(findings, seg))
    for element in root:
        dataset.add(element)
    return finish(dataset, context)


def _evidence(findings: ImagingFindings, seg: DicomObject | None) -> Dataset:
    """Everything that the content refers to (PS3.3 C.17.2.3)."""
    entry = _documents(findings.study_uid, findings.series_uid, source_instances(findings))
    if seg is not None:
        header = seg.header
        entry.ReferencedSeriesSequence.append(
            item(
                SeriesInstanceUID=header.series_uid,
                ReferencedSOPSequence=[instance_item(header.sop_class, header.sop_uid)],
            )
        )
    return entry


def _documents(study_uid: str, series_uid: str, instances: list[Dataset]) -> Dataset:
    series = item(SeriesInstanceUID=series_uid, ReferencedSOPSequence=instances)
    return item(StudyInstanceUID=study_uid, ReferencedSeriesSequence=[series])


def _content(findings: ImagingFindings, seg: DicomObject | None) -> list[Dataset]:
    model = findings.model
    english = Code(RFC5646, "en", "English")
    device_uid = derived_uid("device", model.name, model.digest)
    content = [
        _code(_MODIFIER, _LANGUAGE, english, designator="RFC5646"),
        _code(_CONTEXT, _OBSERVER_TYPE, _DEVICE),
        _uid(_CONTEXT, _DEVICE_UID, device_uid),
        _text(_CONTEXT, _DEVICE_NAME, model.name),
        _text(_CONTEXT, _DEVICE_MANUFACTURER, model.manufacturer),
        _text(_CONTEXT, _DEVICE_MODEL, f"{model.name} {model.version}"),
        _code(_MODIFIER, _PROCEDURE, _IMAGING_PROCEDURE),
    ]
    if seg is None:
        absent = _code(_CONTAINS, findings.finding, codes.ABSENT)
        content.append(_container(_CONTAINS, _QUALITATIVE, None, [absent], designator="UMLS"))
    else:
        groups = [_group(findings, lesion, seg) for lesion in findings.lesions]
        content.append(_container(_CONTAINS, _MEASUREMENTS, None, groups))
    return content


def _group(findings: ImagingFindings, lesion: Lesion, seg: DicomObject) -> Dataset:
    """TID 1411: volumetric ROI measurements and qualitative evaluations."""
    site = _code(_MODIFIER, _FINDING_SITE, findings.body_site)
    if side := SIDES.get(lesion.laterality):
        site.ContentSequence = [_code(_MODIFIER, codes.LATERALITY, side)]
    frame = findings.label_map.frame_of_reference_uid if findings.label_map else ""
    segment = instance_item(seg.header.sop_class, seg.header.sop_uid)
    segment.ReferencedSegmentNumber = lesion.segment
    image = _named(_CONTAINS, "IMAGE", _SEGMENT)
    image.ReferencedSOPSequence = [segment]
    content = [
        _text(_CONTEXT, codes.TRACKING_ID, lesion.tracking_id),
        _uid(_CONTEXT, codes.TRACKING_UID, lesion.tracking_uid),
        _code(_CONTAINS, _FINDING, findings.finding),
        image,
        _uid(_CONTAINS, _SOURCE_SERIES, findings.series_uid),
        site,
        _text(_MODIFIER, _ALGORITHM_NAME, findings.model.name),
        _text(_MODIFIER, _ALGORITHM_VERSION, findings.model.version),
        _number(codes.VOLUME, lesion.volume_ml * 1000, codes.CUBIC_MILLIMETRE),
        _axis(codes.LONG_AXIS, lesion.long_axis_mm, lesion.long_axis, frame),
        _axis(codes.SHORT_AXIS, lesion.short_axis_mm, lesion.short_axis, frame),
        _code(_CONTAINS, codes.PRESENCE, codes.PRESENT),
        _points(_CONTAINS, _CENTER, "POINT", (lesion.centroid,), frame),
    ]
    return _container(_CONTAINS, codes.IMAGING_MEASUREMENTS, "1411", content)


def _axis(code: Code, length_mm: float, ends: tuple[Point, Point], frame: str) -> Dataset:
    number = _number(code, length_mm, codes.MILLIMETRE)
    number.ContentSequence = [_points("INFERRED FROM", _PATH, "POLYLINE", ends, frame)]
    return number


def _named(
    relationship: str | None, kind: str, name: Code, designator: str | None = None
) -> Dataset:
    entry = Dataset()
    if relationship is not None:
        entry.RelationshipType = relationship
    entry.ValueType = kind
    entry.ConceptNameCodeSequence = [code_item(name)]
    if designator is not None:
        entry.ConceptNameCodeSequence[0].CodingSchemeDesignator = designator
    return entry


def _container(
    relationship: str | None,
    name: Code,
    template: str | None,
    content: Sequence[Dataset],
    designator: str | None = None,
) -> Dataset:
    entry = _named(relationship, "CONTAINER", name, designator)
    entry.ContinuityOfContent = "SEPARATE"
    if template is not None:
        entry.ContentTemplateSequence = [item(MappingResource="DCMR", TemplateIdentifier=template)]
    entry.ContentSequence = list(content)
    return entry


def _code(relationship: str, name: Code, value: Code, designator: str | None = None) -> Dataset:
    entry = _named(relationship, "CODE", name)
    entry.ConceptCodeSequence = [code_item(value)]
    if designator is not None:
        entry.ConceptCodeSequence[0].CodingSchemeDesignator = designator
    return entry


def _text(relationship: str, name: Code, value: str) -> Dataset:
    entry = _named(relationship, "TEXT", name)
    entry.TextValue = value
    return entry


def _uid(relationship: str, name: Code, value: str) -> Dataset:
    entry = _named(relationship, "UIDREF", name)
    entry.UID = value
    return entry


def _number(name: Code, value: float, unit: Code) -> Dataset:
    entry = _named(_CONTAINS, "NUM", name)
    entry.MeasuredValueSequence = [
        item(NumericValue=decimal(round(value, 4)), MeasurementUnitsCodeSequence=[code_item(unit)])
    ]
    return entry


def _points(
    relationship: str, name: Code, shape: str, points: Sequence[Point], frame: str
) -> Dataset:
    """SCOORD3D in the frame of reference of the source (PS3.3 C.18.9)."""
    entry: Any = _named(relationship, "SCOORD3D", name)
    entry.GraphicType = shape
    entry.GraphicData = [float(value) for point in points for value in point]
    entry.ReferencedFrameOfReferenceUID = frame
    dataset: Dataset = entry
    return dataset
