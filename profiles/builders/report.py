"""DiagnosticReport, Composition, Media, BodyStructure, ServiceRequest and Provenance of a result."""

import calendar
from datetime import date
from html import escape
from typing import Any, Final

from profiles.builders.accession import accession_identifier, based_on
from profiles.builders.context import ResultContext, card_id, device_id, result_id
from profiles.builders.observation import SIDES, root_ids, structure_id
from profiles.fhir_time import dicom_date, dicom_datetime, instant
from profiles.followup import Recommendation
from profiles.narrative import html_attachment, narrative, page, paragraphs
from profiles.records import ImagingFindings
from profiles.report_text import ReportText
from terminology import imaging as codes
from terminology.ai_transparency import (
    artificial_intelligence,
    asserted_reason,
    inline_label,
    labelled,
)
from terminology.coding import Code, concept
from terminology.systems import DCM, DICOM_UID, LOINC, PROVENANCE_PARTICIPANT

SECTIONS: Final[tuple[tuple[Any, ...], ...]] = (
    ("procedure", Code(LOINC, "55111-9", "Current imaging procedure descriptions Document")),
    (
        "findings",
        Code(LOINC, "59776-5", "Procedure findings Narrative"),
        Code(LOINC, "18782-3", "Radiology Study observation (narrative)"),
    ),
    ("impression", Code(LOINC, "19005-8", "Radiology Imaging study [Impression] (narrative)")),
    ("recommendation", Code(LOINC, "18783-1", "Radiology Study recommendation (narrative)")),
)


def diagnostic_report(
    findings: ImagingFindings, context: ResultContext, text: ReportText
) -> dict[str, Any]:
    """The preliminary report (R4 diagnosticreport.html)."""
    report: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "id": result_id(findings, "DiagnosticReport"),
        "meta": labelled(inline=True),
        "text": narrative(text.conclusion),
        "status": "preliminary",
        "category": [concept(codes.RADIOLOGY), concept(codes.RADIOLOGY_SERVICE)],
        "code": concept(codes.IMAGING_STUDY_REPORT),
        "subject": context.subject,
        "issued": instant(context.moment),
        "imagingStudy": [context.study],
        "result": [{"reference": f"Observation/{key}"} for key in root_ids(findings)],
        "conclusion": text.conclusion,
        "_conclusion": {"extension": [inline_label()]},
        "presentedForm": [html_attachment(report_page(findings, text), "Preliminary AI report")],
    }
    header = context.header
    performed = dicom_datetime(header.study_date, header.study_time, header.timezone_offset)
    if performed:
        report["effectiveDateTime"] = performed
    if accession_identifier(header):
        report["basedOn"] = based_on(header)
    if findings.status == "present":
        report["conclusionCode"] = [concept(findings.finding)]
    if findings.key_images:
        report["media"] = [
            {"comment": "key image", "link": {"reference": f"Media/{_media_id(findings, i)}"}}
            for i in range(len(findings.key_images))
        ]
    return report


def report_page(findings: ImagingFindings, text: ReportText) -> str:
    """The report as one HTML document, key images inside."""
    pictures = "".join(
        f'<figure><img alt="key image with outlined findings" width="{image.columns}" '
        f'height="{image.rows}" src="data:image/png;base64,{image.png}"/></figure>'
        for image in findings.key_images
    )
    parts = [f'<h1>Imaging report</h1><div class="warn">{paragraphs(_first(text))}</div>']
    for name, *_ in SECTIONS:
        content = getattr(text, name)
        if content:
            parts.append(f"<h2>{escape(name.title())}</h2>{paragraphs(content)}")
            if name == "findings":
                parts.append(pictures)
    return page("Imaging report", "".join(parts))


def media(findings: ImagingFindings, context: ResultContext) -> list[dict[str, Any]]:
    """Key images (R4 media.html)."""
    return [
        {
            "resourceType": "Media",
            "id": _media_id(findings, index),
            "meta": labelled(),
            "status": "completed",
            "subject": context.subject,
            "createdDateTime": instant(context.moment),
            "partOf": [context.study],
            "device": {"reference": f"Device/{device_id(findings)}"},
            "height": image.rows,
            "width": image.columns,
            "content": {"contentType": "image/png", "data": image.png, "title": "Key image"},
            "note": [{"text": "AI result, not reviewed: findings are outlined."}],
        }
        for index, image in enumerate(findings.key_images)
    ]


def composition(
    findings: ImagingFindings, context: ResultContext, text: ReportText
) -> dict[str, Any]:
    """The report's sections (R4 composition.html)."""
    sections = []
    for name, *section_codes in SECTIONS:
        content = getattr(text, name)
        if not content:  # cmp-1: a section says something or is not there
            continue
        section: dict[str, Any] = {
            "title": name.title(),
            "code": concept(*section_codes),
            "text": narrative(content),
        }
        if name == "findings":
            section["entry"] = [{"reference": f"Observation/{k}"} for k in root_ids(findings)]
        sections.append(section)
    return {
        "resourceType": "Composition",
        "id": result_id(findings, "Composition"),
        "meta": labelled(),
        "status": "preliminary",
        "type": concept(codes.IMAGING_STUDY_REPORT),
        "subject": context.subject,
        "date": instant(context.moment),
        "author": [{"reference": f"Device/{device_id(findings)}"}],
        "title": "Preliminary AI imaging report",
        "section": sections,
    }


def body_structures(findings: ImagingFindings, context: ResultContext) -> list[dict[str, Any]]:
    """One structure per lesion, carrying the tracking UID of SEG segment and SR group."""
    resources = []
    for lesion in findings.lesions:
        structure: dict[str, Any] = {
            "resourceType": "BodyStructure",
            "id": structure_id(findings, lesion),
            "meta": labelled(),
            "identifier": [
                {
                    "type": {"coding": [{"system": DCM, "code": "112040"}]},
                    "system": DICOM_UID,
                    "value": f"urn:oid:{lesion.tracking_uid}",
                }
            ],
            "active": True,
            "morphology": concept(findings.finding),
            "location": concept(findings.body_site),
            "patient": context.subject,
        }
        side = SIDES.get(lesion.laterality)
        if side:
            structure["locationQualifier"] = [concept(side)]
        resources.append(structure)
    return resources


def service_requests(
    findings: ImagingFindings, context: ResultContext, recommended: tuple[Recommendation, ...]
) -> list[dict[str, Any]]:
    """Drafts of what a guideline recommends; rule-based, so without the AI label of its own."""
    return [
        {
            "resourceType": "ServiceRequest",
            "id": result_id(findings, "ServiceRequest", entry.rule),
            "status": "draft",
            "intent": "proposal",
            "code": {"text": entry.text},
            "subject": context.subject,
            "authoredOn": instant(context.moment),
            "reasonReference": [{"reference": f"Observation/{k}"} for k in root_ids(findings)],
            "note": [{"text": f"Rule {entry.rule}. {entry.citation}."}],
            **_occurrence(entry, context),
        }
        for entry in recommended
        if not entry.needs
    ]


def _occurrence(entry: Recommendation, context: ResultContext) -> dict[str, Any]:
    """The window of a recommendation, counted in months from the study."""
    performed = dicom_date(context.header.study_date)
    if entry.months is None or performed is None:
        return {}
    start, end = (_months_later(date.fromisoformat(performed), count) for count in entry.months)
    return {"occurrencePeriod": {"start": start.isoformat(), "end": end.isoformat()}}


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def provenance(
    findings: ImagingFindings, context: ResultContext, targets: list[dict[str, Any]]
) -> dict[str, Any]:
    """Who made what of what (HL7 AI Transparency: AI-Provenance)."""
    author = Code(PROVENANCE_PARTICIPANT, "author", "Author")
    return {
        "resourceType": "Provenance",
        "id": result_id(findings, "Provenance", context.task_id),
        "target": [{"reference": f"{r['resourceType']}/{r['id']}"} for r in targets],
        "recorded": instant(context.moment),
        "reason": [asserted_reason()],
        "agent": [
            {
                "type": concept(author),
                "role": [artificial_intelligence()],
                "who": {"reference": f"Device/{device_id(findings)}"},
            }
        ],
        "entity": [
            {"role": "source", "what": context.study},
            {
                "role": "derivation",
                "what": {"reference": f"DocumentReference/{card_id(findings)}"},
            },
        ],
    }


def _media_id(findings: ImagingFindings, index: int) -> str:
    return result_id(findings, "Media", str(index))


def _first(text: ReportText) -> str:
    return "\n".join(
        line for line in text.impression.splitlines() if line.startswith(("Preliminary", "Demon"))
    )
