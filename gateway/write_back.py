"""The result of a worker becomes the record: one transaction for everything that must be true together.

Blobs first (SEG, SR), then one commit with the FHIR resources, the index rows of the new objects, the
ImagingStudy, the review Task and the end of the analysis Task.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from adapters.store import Job, Store, Transaction
from gateway.identity import publish_imaging_study
from profiles.builders.imaging_result import (
    DicomObject,
    ImagingResult,
    ResultContext,
    build_imaging_result,
    withdrawn,
)
from profiles.records import ImagingFindings, InstanceHeader, Refusal, StudyRef
from profiles.task import REVIEW, STATES, input_of, item, moved, new_task
from terminology.coding import concept
from terminology.refusals import REFUSALS

DECIDED = frozenset({"final", "amended", "corrected", "appended"})


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one analysis."""

    state: str
    report: str | None


def write_findings(store: Store, job: Job, study: StudyRef, findings: ImagingFindings) -> Written:
    """Write an imaging result back and end its Task.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` when the lease was lost meanwhile: nothing was written then.
    """
    result = build_imaging_result(findings, _context(store, job, study, findings))
    kept = [(entry, *store.blobs.put(entry.part10)) for entry in result.objects]
    return store.transact(lambda tx: _commit(tx, job, findings, result, kept))


def _context(store: Store, job: Job, study: StudyRef, findings: ImagingFindings) -> ResultContext:
    row = store.study(study.study_uid)
    if row is None:
        raise ValueError("the study of a claimed job is not in the index")
    return ResultContext(
        patient_id=row.patient_id,
        imaging_study_id=row.imaging_study_id,
        task_id=job.task_id,
        header=_header(study, findings),
        moment=datetime.now(UTC),
        predecessor=_latest_report(study),
    )


def _latest_report(study: StudyRef) -> InstanceHeader | None:
    """Header of the structured report that the result before this one wrote."""
    ours = [i.header for s in study.series if s.ours and s.modality == "SR" for i in s.instances]
    return ours[-1] if ours else None


def _header(study: StudyRef, findings: ImagingFindings) -> InstanceHeader:
    """Header of the analysed series, or of any instance when none was."""
    series = next((s for s in study.series if s.series_uid == findings.series_uid), study.series[0])
    return series.instances[0].header


def _commit(
    tx: Transaction,
    job: Job,
    findings: ImagingFindings,
    result: ImagingResult,
    kept: list[tuple[DicomObject, str, int]],
) -> Written:
    report = next((r for r in result.resources if r["resourceType"] == "DiagnosticReport"), None)
    if report is None:
        return _end(tx, job, "not-analysed", None, _reasons(findings))
    reference = f"DiagnosticReport/{report['id']}"
    study = tx.study(findings.study_uid)
    if study is None:
        raise ValueError("the study of a claimed job is not in the index")
    if findings.study_revision < study.published:
        # Another lane has meanwhile written the result of more instances than this one saw.
        return _end(tx, job, "superseded", reference, None)
    earlier = tx.read("DiagnosticReport", report["id"])
    if earlier is not None and earlier.json()["status"] in DECIDED and not _on_demand(job):
        # A person has signed this report: late images are shown to that person, not written over it.
        _review(tx, reference, job, "images arrived after the report was decided")
        return _end(tx, job, "held", reference, None)
    previous = _previous(tx, reference)
    for resource in withdrawn(previous, result.resources):
        tx.put(resource)
    for resource in result.resources:
        tx.put(resource if earlier is None else _revising(resource, reference, earlier.version))
    for entry, digest, size in kept:
        tx.put_instance(entry.header, digest, size, ours=True)
    tx.update_study(study.study_uid, published=findings.study_revision)
    publish_imaging_study(tx, study.study_uid, study.imaging_study_id, study.patient_id)
    _review(tx, reference, job, "an AI result awaits a person")
    state = "refused" if findings.status == "refused" else "done"
    return _end(tx, job, state, reference, None, trace=findings.trace, refusal=findings.refusal)


def _revising(resource: dict[str, Any], reference: str, version: int) -> dict[str, Any]:
    """A Provenance also names the version of the report that its result takes the place of."""
    if resource["resourceType"] != "Provenance":
        return resource
    what = {"reference": f"{reference}/_history/{version}"}
    return {**resource, "entity": [*resource["entity"], {"role": "revision", "what": what}]}


def _previous(tx: Transaction, report: str) -> list[dict[str, Any]]:
    """What the latest AI run wrote for this report: the targets of its Provenance."""
    latest: dict[str, Any] | None = None
    for provenance_id in tx.find("Provenance", "target", report):
        stored = tx.read("Provenance", provenance_id)
        if stored is not None and (
            latest is None or stored.json()["recorded"] > latest["recorded"]
        ):
            latest = stored.json()
    if latest is None:
        return []
    references = (target["reference"].split("/") for target in latest["target"])
    found = (tx.read(kind, resource_id) for kind, resource_id in references)
    return [entry.json() for entry in found if entry is not None]


def _review(tx: Transaction, report: str, job: Job, reason: str) -> None:
    """One open review Task per report: the earlier one gives way to the new version."""
    for task_id in tx.find("Task", "focus", report):
        stored = tx.read("Task", task_id)
        if stored is not None and stored.json()["status"] == "requested":
            tx.put(moved(stored.json(), "cancelled", "superseded", tx.moment))
    review = new_task(
        str(uuid4()),
        REVIEW,
        report,
        tx.moment,
        state="awaiting-review",
        reason=reason,
        patient=job.task.get("for", {}).get("reference"),
    )
    tx.put({**review, "basedOn": [{"reference": f"Task/{job.task_id}"}]})


def _end(
    tx: Transaction,
    job: Job,
    state: str,
    report: str | None,
    reason: str | None,
    *,
    trace: Mapping[str, float] | None = None,
    refusal: Refusal | None = None,
) -> Written:
    outputs = () if report is None else (item("report", valueReference={"reference": report}),)
    if trace:
        stages = json.dumps({stage: round(seconds, 4) for stage, seconds in trace.items()})
        outputs = (*outputs, item("trace", valueString=stages))
    if refusal is not None:
        coded = concept(REFUSALS[refusal.code], text=refusal.text)
        outputs = (*outputs, item("refusal", valueCodeableConcept=coded))
    if reason is not None:
        outputs = (*outputs, item("reason", valueString=reason))
    ended = moved(job.task, "completed", state, tx.moment, outputs=outputs)
    tx.finish(job, {**ended, "businessStatus": concept(STATES[state])})
    return Written(state, report)


def _reasons(findings: ImagingFindings) -> str:
    texts = {o.refusal.text for o in findings.series if o.refusal is not None}
    return " ".join(sorted(texts)) or "No series of this study is this worker's business."


def _on_demand(job: Job) -> bool:
    return bool(input_of(job.task, "on-demand"))
