"""An EHR on the FHIR side: it posts studies, asks for analyses, and finds patients by identifier."""

import subprocess
import sys

from adapters.store import open_store
from tests.make_dicomweb import dicomweb_server
from tests.make_gateway import ROOT, wait_until
from tests.make_study import BLOCK_ML, small_study


def _posted(uid: str, address: str, instances: int) -> dict:
    return {
        "resourceType": "ImagingStudy",
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}],
        "subject": {"reference": "Patient/of-the-ehr"},
        "numberOfInstances": instances,
        "contained": [
            {
                "resourceType": "Endpoint",
                "id": "archive",
                "status": "active",
                "connectionType": {
                    "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
                    "code": "dicom-wado-rs",
                },
                "payloadType": [{"text": "DICOM"}],
                "address": address,
            }
        ],
        "endpoint": [{"reference": "#archive"}],
    }


def test_posted_study_is_fetched_from_its_dicomweb_endpoint_and_reported(clinic, tmp_path):
    """An ImagingStudy whose Endpoint is a DICOMweb server takes the same way as a C-STORE."""
    study = small_study(tmp_path, "fetched")
    with dicomweb_server({study.uid: study.files}) as (address, asked):
        status, created, _ = clinic.request(
            "POST", "/fhir/ImagingStudy", _posted(study.uid, address, len(study.files))
        )
        assert status == 201
        report = clinic.report(study.uid)
    assert asked
    assert f"volume {BLOCK_ML:.2f} mL" in report["conclusion"]
    assert f"ImagingStudy/{created['id']}" == report["imagingStudy"][0]["reference"]


def test_an_endpoint_outside_the_allow_list_is_never_asked(clinic):
    """A posted URL does not steer the gateway: the fetch Task fails and says which setting allows it."""
    uid = "1.2.826.0.1.3680043.8.498.77"
    address = "http://203.0.113.7/dicom-web"
    _, created, _ = clinic.request("POST", "/fhir/ImagingStudy", _posted(uid, address, 5))

    def failed() -> dict | None:
        tasks = clinic.search(f"Task?focus=ImagingStudy/{created['id']}&code=fetch")
        return tasks[0] if tasks and tasks[0]["status"] == "failed" else None

    assert "dicomweb_servers" in wait_until(failed, "the fetch to fail")["statusReason"]["text"]


def test_analyze_answers_with_the_result(clinic, tmp_path):
    """ImagingStudy/[id]/$analyze without a preference waits and answers with the report's Bundle."""
    study = small_study(tmp_path, "on-demand")
    clinic.send(study.files)
    clinic.report(study.uid)
    key = clinic.imaging_study(study.uid)["id"]
    status, bundle, _ = clinic.request("POST", f"/fhir/ImagingStudy/{key}/$analyze")
    assert (status, bundle["resourceType"]) == (200, "Bundle")
    assert bundle["entry"][0]["resource"]["resourceType"] == "DiagnosticReport"


def test_analyze_answers_202_to_who_wants_to_poll(clinic, tmp_path):
    """Prefer: respond-async gives 202 and a Content-Location that ends in the result."""
    study = small_study(tmp_path, "async")
    clinic.send(study.files)
    clinic.report(study.uid)
    key = clinic.imaging_study(study.uid)["id"]
    status, outcome, headers = clinic.request(
        "POST", f"/fhir/ImagingStudy/{key}/$analyze", headers={"Prefer": "respond-async"}
    )
    assert (status, outcome["resourceType"]) == (202, "OperationOutcome")
    where = headers["content-location"].removeprefix(clinic.base)
    wait_until(lambda: clinic.request("GET", where)[0] == 200, "the job to end")


def test_analyze_of_a_study_without_images_says_what_to_do(clinic):
    """No instance stored: 422 and the way to bring them."""
    resource = {
        "resourceType": "ImagingStudy",
        "status": "registered",
        "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3.4.99"}],
        "subject": {"reference": "Patient/x"},
    }
    _, created, _ = clinic.request("POST", "/fhir/ImagingStudy", resource)
    status, outcome, _ = clinic.request("POST", f"/fhir/ImagingStudy/{created['id']}/$analyze")
    assert status == 422
    assert "C-STORE" in outcome["issue"][0]["diagnostics"]


def test_a_patient_is_matched_by_identifier_and_never_by_name(clinic, tmp_path):
    """Same identifier, one Patient; same name with another identifier, another Patient."""
    studies = [
        small_study(tmp_path / "1", "match-1", patient_id="M-1", patient_name="Doe^Jane"),
        small_study(tmp_path / "2", "match-2", patient_id="M-1", patient_name="DOE^JANE^A"),
        small_study(tmp_path / "3", "match-3", patient_id="M-2", patient_name="Doe^Jane"),
    ]
    for study in studies:
        clinic.send(study.files)
    first, second, third = (clinic.report(s.uid)["subject"]["reference"] for s in studies)
    assert first == second
    assert first != third


def test_a_worker_in_another_process_serves_the_same_store(clinic, tmp_path):
    """`isthmus worker` beside the gateway claims jobs too; each study still gets one report."""
    command = [sys.executable, "-m", "gateway.cli", "worker", "--data", str(clinic.data)]
    environment = clinic.environment
    beside = subprocess.Popen(
        [*command, "--models", "none", "--stay"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        studies = [small_study(tmp_path / str(n), f"beside-{n}") for n in range(4)]
        for study in studies:
            clinic.send(study.files)
        for study in studies:
            assert clinic.report(study.uid)["meta"]["versionId"] == "1"
    finally:
        beside.kill()
        beside.wait()
    store = open_store(clinic.data)
    assert store.status()["jobs_running"] == 0
    store.close()
