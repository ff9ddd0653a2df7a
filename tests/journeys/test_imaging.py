"""The imaging journey with the shipped model: C-STORE in, a report with its evidence out."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class

from adapters.store import open_store
from ml.imaging.phantom_study import PhantomStudy, write_defective_study, write_phantom_study
from tests.make_gateway import GatewayProcess


@pytest.fixture(scope="module")
def phantom(hospital: GatewayProcess, tmp_path_factory: pytest.TempPathFactory) -> PhantomStudy:
    """A phantom study that was sent to the hospital and reported."""
    study = write_phantom_study(tmp_path_factory.mktemp("phantom"), seed=1)
    assert {0} == set(hospital.send(study.files))
    hospital.report(study.study_uid)
    return study


def _targets(gateway: GatewayProcess, report: dict) -> list[dict]:
    provenance = gateway.search(f"Provenance?target=DiagnosticReport/{report['id']}")[0]
    return [gateway.get(target["reference"]) for target in provenance["target"]]


def test_report_agrees_with_the_phantom_s_truth(hospital, phantom):
    """Volume within 10 % and long axis within 3 mm of the truth, on the right side, for every lesion."""
    report = hospital.report(phantom.study_uid)
    measured = []
    for entry in report["result"]:
        root = hospital.get(entry["reference"])
        children = [hospital.get(child["reference"]) for child in root["hasMember"]]
        values = {
            c["code"]["coding"][0]["code"]: c["valueQuantity"]["value"]
            for c in children
            if "valueQuantity" in c
        }
        measured.append((values["118565006"], values["103339001"], root["bodySite"]["text"]))
    assert len(phantom.lesions) == len(measured)
    for truth, (volume, axis, site) in zip(
        phantom.lesions, sorted(measured, reverse=True), strict=True
    ):
        assert truth.volume_ml == pytest.approx(volume, rel=0.10)
        assert truth.long_axis_mm == pytest.approx(axis, abs=3.0)
        assert site.startswith(truth.laterality)


def test_every_written_resource_is_parsed_by_a_second_opinion(hospital, phantom):
    """fhir.resources (R4B) parses every resource that the journey wrote."""
    report = hospital.report(phantom.study_uid)
    everything = [report, *_targets(hospital, report), *hospital.tasks(phantom.study_uid)]
    for kind in ("Patient", "ImagingStudy", "Device", "DocumentReference", "Provenance", "Task"):
        everything += hospital.search(kind)
    kinds = {r["resourceType"] for r in everything}
    assert {"Observation", "BodyStructure", "Composition", "Media", "Patient", "Device"} <= kinds
    for resource in everything:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_report_points_to_order_patient_study_and_pictures(hospital, phantom):
    """Accession number, Patient, ImagingStudy and a key image with true size and hash hang on the report."""
    report = hospital.report(phantom.study_uid)
    assert report["status"] == "preliminary"
    assert report["basedOn"][0]["identifier"]["value"] == "PH0001W"
    patient = hospital.get(report["subject"]["reference"])
    assert "PHANTOM-1" in [identifier["value"] for identifier in patient["identifier"]]
    form = report["presentedForm"][0]
    html = base64.b64decode(form["data"])
    assert (form["size"], form["hash"]) == (
        len(html),
        base64.b64encode(hashlib.sha1(html, usedforsecurity=False).digest()).decode(),
    )
    assert b"data:image/png;base64," in html


def test_one_tracking_uid_goes_through_seg_sr_and_fhir(hospital, phantom):
    """Every lesion's tracking UID is in its BodyStructure, in its SEG segment and in its SR group."""
    import pydicom

    report = hospital.report(phantom.study_uid)
    structures = [r for r in _targets(hospital, report) if r["resourceType"] == "BodyStructure"]
    in_fhir = {s["identifier"][0]["value"].removeprefix("urn:oid:") for s in structures}
    objects = _our_objects(hospital, phantom.study_uid)
    segments = pydicom.dcmread(objects["SEG"]).SegmentSequence
    text = str(pydicom.dcmread(objects["SR"]))
    assert in_fhir == {segment.TrackingUID for segment in segments}
    assert len(in_fhir) == len(phantom.lesions)
    assert all(uid in text for uid in in_fhir)


def test_imaging_study_lists_images_and_our_objects(hospital, phantom):
    """The ImagingStudy counts the stored images and names the SEG and SR series."""
    hospital.report(phantom.study_uid)
    study = hospital.imaging_study(phantom.study_uid)
    counts = {series["modality"]["code"]: series["numberOfInstances"] for series in study["series"]}
    assert {"MR": len(phantom.files), "SEG": 1, "SR": 1} == counts
    assert len(phantom.files) + 2 == study["numberOfInstances"]


def test_identical_resend_is_accepted_and_changes_nothing(hospital, phantom):
    """A modality that sends the same study again gets success and no second analysis."""
    before = hospital.report(phantom.study_uid)
    assert {0} == set(hospital.send(phantom.files[:5]))
    assert before["meta"]["versionId"] == hospital.report(phantom.study_uid)["meta"]["versionId"]
    assert len(hospital.tasks(phantom.study_uid)) == 1


def test_defective_study_is_refused_as_a_result(hospital, tmp_path):
    """A study with lost slices gets a coded reason in report and Task, and no measurement."""
    study = write_defective_study(tmp_path, seed=2)
    assert {0} == set(hospital.send(study.files))
    report = hospital.report(study.study_uid)
    root = hospital.get(report["result"][0]["reference"])
    assert root["status"] == "cancelled"
    assert "gap" in [code["code"] for code in root["dataAbsentReason"]["coding"]]
    task = hospital.tasks(study.study_uid)[0]
    assert (task["status"], task["businessStatus"]["coding"][0]["code"]) == ("completed", "refused")
    outputs = {output["type"]["text"]: output for output in task["output"]}
    assert outputs["refusal"]["valueCodeableConcept"]["coding"][0]["code"] == "gap"


def test_logs_hold_no_patient(hospital, phantom):
    """Neither name, patient id, accession number nor a UID of the study is in the gateway's log."""
    hospital.report(phantom.study_uid)
    log = hospital.log.read_text()
    assert "task.done" in log
    for secret in ("Phantom^Brain", "PHANTOM-1", "PH0001W", phantom.study_uid):
        assert secret not in log


def test_task_tells_the_stages_of_its_run(hospital, phantom):
    """The Task's trace has the seconds of every stage from volume to measurement."""
    task = hospital.tasks(phantom.study_uid)[0]
    trace = next(o for o in task["output"] if o["type"]["text"] == "trace")
    assert {"volume", "forward", "inverse", "measure"} <= set(json.loads(trace["valueString"]))


def _our_objects(gateway: GatewayProcess, study_uid: str) -> dict[str, Path]:
    store = open_store(gateway.data)
    try:
        series = store.study_ref(study_uid).series
    finally:
        store.close()
    return {s.modality: Path(s.instances[-1].path) for s in series if s.ours}
