"""A study has no end on the wire: what comes later makes a new version of the one report."""

from tests.make_gateway import GatewayProcess, wait_until
from tests.make_study import BLOCK_ML, small_study


def _newer_report(gateway: GatewayProcess, study_uid: str, than: dict) -> dict:
    def newer() -> dict | None:
        report = gateway.report(study_uid)
        return report if report["meta"]["versionId"] != than["meta"]["versionId"] else None

    return wait_until(newer, "a newer version of the report")


def test_late_slices_supersede_the_report_with_a_new_version(clinic, tmp_path):
    """Half a block first, the rest later: one report, second version, full volume, one open review."""
    study = small_study(tmp_path, "late")
    clinic.send(study.files[:5])
    first = clinic.report(study.uid)
    assert f"volume {BLOCK_ML / 2:.2f} mL" in first["conclusion"]
    clinic.send(study.files[5:])
    second = _newer_report(clinic, study.uid, first)
    assert first["id"] == second["id"]
    assert f"volume {BLOCK_ML:.2f} mL" in second["conclusion"]
    reviews = clinic.search(
        f"Task?focus=DiagnosticReport/{first['id']}&code=review&status=requested"
    )
    assert len(reviews) == 1
    provenance = clinic.search(f"Provenance?target=DiagnosticReport/{first['id']}")[0]
    revised = provenance["entity"][-1]
    assert revised["role"] == "revision"
    assert revised["what"]["reference"] == f"DiagnosticReport/{first['id']}/_history/1"


def test_three_series_on_three_associations_give_one_report(clinic, tmp_path):
    """Series that arrive one after the other on associations of their own end in one report of the study."""
    uid = ""
    for number in (1, 2, 3):
        study = small_study(tmp_path / str(number), "three", series=number)
        clinic.send(study.files)
        uid = study.uid
        clinic.report(uid)
    report = clinic.report(uid)
    study_resource = clinic.imaging_study(uid)
    assert sum(series["modality"]["code"] == "MR" for series in study_resource["series"]) == 3
    found = clinic.search(f"DiagnosticReport?imaging-study=ImagingStudy/{study_resource['id']}")
    assert [report["id"]] == [entry["id"] for entry in found]


def test_what_the_later_result_no_longer_says_is_withdrawn(clinic, tmp_path):
    """Observations that the newer version does not repeat are cancelled, not left standing."""
    study = small_study(tmp_path, "withdrawn")
    clinic.send(study.files[:5])
    first = clinic.report(study.uid)
    before = {entry["reference"] for entry in first["result"]}
    clinic.send(study.files[5:])
    second = _newer_report(clinic, study.uid, first)
    gone = before - {entry["reference"] for entry in second["result"]}
    assert {"cancelled"} >= {clinic.get(reference)["status"] for reference in gone}


def test_late_images_of_a_decided_report_are_held_for_a_person(clinic, tmp_path):
    """What a person has signed is not written over: the late images become a review Task."""
    study = small_study(tmp_path, "held")
    clinic.send(study.files[:6])
    report = clinic.report(study.uid)
    review = clinic.search(f"Task?focus=DiagnosticReport/{report['id']}&status=requested")[0]
    decide = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "decision", "valueCode": "accepted"},
            {"name": "performer", "valueReference": {"display": "Dr. Example"}},
        ],
    }
    assert clinic.request("POST", f"/fhir/Task/{review['id']}/$decide", decide)[0] == 200
    clinic.send(study.files[6:])
    wait_until(
        lambda: (
            "held" in [t["businessStatus"]["coding"][0]["code"] for t in clinic.tasks(study.uid)]
        ),
        "the Task to be held",
    )
    assert clinic.report(study.uid)["status"] == "final"
