"""Observations of a result: a root per finding, and its members (IHE RAD IDR 6.7.3.6, R4).

A pertinent negative and a refusal are Observations too: no finding is never silent.
"""

from typing import Any

from profiles.builders.context import ResultContext, device_id, result_id
from profiles.fhir_time import dicom_datetime, instant
from profiles.records import ImagingFindings, Lesion
from terminology import imaging as codes
from terminology.ai_transparency import confidence, labelled
from terminology.coding import Code, concept
from terminology.refusals import REFUSALS
from terminology.systems import DATA_ABSENT_REASON, UCUM

BODY_SITE = "http://hl7.org/fhir/StructureDefinition/bodySite"
SIDES = {"left": codes.LEFT, "right": codes.RIGHT, "midline": codes.MIDLINE}


def observations(findings: ImagingFindings, context: ResultContext) -> list[dict[str, Any]]:
    """Every Observation of a result, roots first."""
    if findings.status == "refused" and findings.refusal is not None:
        refused = _presence(findings, context, result_id(findings, "Observation", "presence"))
        refused["status"] = "cancelled"
        reason = Code(DATA_ABSENT_REASON, "not-performed", "Not Performed")
        refused["dataAbsentReason"] = concept(
            reason, REFUSALS[findings.refusal.code], text=findings.refusal.text
        )
        return [refused]
    if findings.status == "absent":
        absent = _presence(findings, context, result_id(findings, "Observation", "presence"))
        absent["valueCodeableConcept"] = concept(codes.ABSENT)
        if findings.score is not None:
            absent["valueCodeableConcept"]["extension"] = [confidence(findings.score)]
        return [absent]
    roots, members = [], []
    for lesion in findings.lesions:
        children = _members(findings, context, lesion)
        roots.append(_root(findings, context, lesion, children))
        members.extend(children)
    return [*roots, *members]


def root_ids(findings: ImagingFindings) -> list[str]:
    """Ids of the Observations that a report lists as its results."""
    if findings.status != "present":
        return [result_id(findings, "Observation", "presence")]
    return [result_id(findings, "Observation", lesion.tracking_uid) for lesion in findings.lesions]


def structure_id(findings: ImagingFindings, lesion: Lesion) -> str:
    """Id of a lesion's BodyStructure."""
    return result_id(findings, "BodyStructure", lesion.tracking_uid)


def _base(
    findings: ImagingFindings, context: ResultContext, code: Code, key: str
) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "id": key,
        "meta": labelled(),
        "status": "preliminary",
        "category": [concept(codes.IMAGING_CATEGORY)],
        "code": concept(code),
        "subject": context.subject,
        "issued": instant(context.moment),
        "partOf": [context.study],
        "device": {"reference": f"Device/{device_id(findings)}"},
        "derivedFrom": [context.study],
    }
    header = context.header
    performed = dicom_datetime(header.study_date, header.study_time, header.timezone_offset)
    if performed:
        resource["effectiveDateTime"] = performed
    return resource


def _presence(findings: ImagingFindings, context: ResultContext, key: str) -> dict[str, Any]:
    return {
        **_base(findings, context, findings.finding, key),
        "bodySite": concept(findings.body_site),
    }


def _root(
    findings: ImagingFindings,
    context: ResultContext,
    lesion: Lesion,
    children: list[dict[str, Any]],
) -> dict[str, Any]:
    key = result_id(findings, "Observation", lesion.tracking_uid)
    root = _base(findings, context, findings.finding, key)
    side = SIDES.get(lesion.laterality)
    root["bodySite"] = {
        **concept(
            findings.body_site,
            *([side] if side else []),
            text=" ".join(part for part in (lesion.laterality, findings.body_site.display) if part),
        ),
        "extension": [
            {
                "url": BODY_SITE,
                "valueReference": {"reference": f"BodyStructure/{structure_id(findings, lesion)}"},
            }
        ],
    }
    root["hasMember"] = [{"reference": f"Observation/{child['id']}"} for child in children]
    root["note"] = [{"text": note} for note in (_place(lesion), *lesion.notes)]
    return root


def _place(lesion: Lesion) -> str:
    """Where a lesion is; as coordinates it stands in the structured report (SCOORD3D)."""
    centroid = ", ".join(f"{value:.1f}" for value in lesion.centroid)
    key = lesion.key_slice
    return (
        f"Centroid {centroid} mm in DICOM patient coordinates (LPS); "
        f"key slice: instance {key.sop_uid}, frame {key.frame}."
    )


def _members(
    findings: ImagingFindings, context: ResultContext, lesion: Lesion
) -> list[dict[str, Any]]:
    def member(code: Code) -> dict[str, Any]:
        key = result_id(findings, "Observation", lesion.tracking_uid, code.code)
        return _base(findings, context, code, key)

    presence = member(codes.PRESENCE)
    # The score of a segmentation network: said as a score, because it is not calibrated.
    presence["valueCodeableConcept"] = {
        **concept(codes.PRESENT),
        "extension": [confidence(lesion.score)],
    }
    presence["note"] = [
        {"text": "The confidence is the network's mean output: a score, not calibrated."}
    ]
    measured = (
        (codes.VOLUME, round(lesion.volume_ml, 2), codes.MILLILITRE, "segmented voxels"),
        (
            codes.LONG_AXIS,
            round(lesion.long_axis_mm, 1),
            codes.MILLIMETRE,
            "longest in-plane diameter",
        ),
        (
            codes.SHORT_AXIS,
            round(lesion.short_axis_mm, 1),
            codes.MILLIMETRE,
            "longest diameter perpendicular to the long axis",
        ),
    )
    members = [presence]
    for code, value, unit, method in measured:
        child = member(code)
        child["valueQuantity"] = {
            "value": value,
            "unit": unit.code,
            "system": UCUM,
            "code": unit.code,
        }
        child["method"] = {"text": method}
        members.append(child)
    return members
