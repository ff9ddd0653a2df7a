"""A worker's findings become the resources and objects that are written back together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from profiles.builders.context import ResultContext
from profiles.builders.device import device, model_card
from profiles.builders.dicom_object import DicomObject
from profiles.builders.dicom_seg import segmentation
from profiles.builders.dicom_sr import structured_report
from profiles.builders.observation import observations
from profiles.builders.report import (
    body_structures,
    composition,
    diagnostic_report,
    media,
    provenance,
    service_requests,
)
from profiles.fhir_time import dicom_date
from profiles.followup import Recommendation, mean_diameter_mm, recommend
from profiles.records import ImagingFindings
from profiles.report_text import write_report
from terminology.imaging import BRAIN

__all__ = ["DicomObject", "ImagingResult", "ResultContext", "build_imaging_result", "withdrawn"]

_WITHDRAWN: Final[dict[str, dict[str, Any]]] = {
    "Observation": {"status": "cancelled"},
    "ServiceRequest": {"status": "revoked"},
    "BodyStructure": {"active": False},
    "Media": {"status": "entered-in-error"},
}


@dataclass(frozen=True, slots=True)
class ImagingResult:
    """FHIR resources and DICOM objects of one result, linked by tracking UIDs."""

    resources: tuple[dict[str, Any], ...]
    objects: tuple[DicomObject, ...]


def build_imaging_result(findings: ImagingFindings, context: ResultContext) -> ImagingResult:
    """Everything that a result writes; nothing when no series was this worker's business."""
    if findings.status == "not-analysed":
        return ImagingResult((), ())
    recommended = _recommendations(findings, context)
    text = write_report(findings, recommended)
    made = [
        diagnostic_report(findings, context, text),
        composition(findings, context, text),
        *observations(findings, context),
        *body_structures(findings, context),
        *media(findings, context),
        *service_requests(findings, context, recommended),
    ]
    about = [device(findings), model_card(findings, context)]
    resources = (*about, *made, provenance(findings, context, made))
    return ImagingResult(resources, _objects(findings, context))


def withdrawn(
    previous: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What the earlier result wrote and the new one does not say any more, taken back.

    Preliminary content only: R4 keeps ``entered-in-error`` for what had been final, and Media knows no
    other way out.
    """
    kept = {(r["resourceType"], r["id"]) for r in new}
    return [
        {**resource, **_WITHDRAWN[resource["resourceType"]]}
        for resource in previous
        if resource["resourceType"] in _WITHDRAWN
        and (resource["resourceType"], resource["id"]) not in kept
    ]


def _objects(findings: ImagingFindings, context: ResultContext) -> tuple[DicomObject, ...]:
    if findings.status not in ("present", "absent") or findings.label_map is None:
        return ()
    seg = segmentation(findings, context) if findings.lesions else None
    report = structured_report(findings, context, seg)
    return tuple(entry for entry in (seg, report) if entry is not None)


def _recommendations(
    findings: ImagingFindings, context: ResultContext
) -> tuple[Recommendation, ...]:
    if findings.status != "present":
        return ()
    largest = findings.lesions[0]
    facts = {
        "age": age_years(context),
        "contrast": True if context.header.contrast_agent else None,
        "count": len(findings.lesions),
        "mean_diameter_mm": mean_diameter_mm(largest.long_axis_mm, largest.short_axis_mm),
    }
    kind = "brain-lesion" if findings.body_site == BRAIN else "pulmonary-nodule"
    return recommend(kind, facts)


def age_years(context: ResultContext) -> int | None:
    """Age on the day of the study; unknown when either date is."""
    born, performed = (
        dicom_date(value)
        for value in (context.header.patient_birth_date, context.header.study_date)
    )
    if born is None or performed is None:
        return None
    birth, day = date.fromisoformat(born), date.fromisoformat(performed)
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
