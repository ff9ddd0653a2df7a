"""A named person decides on an AI result; everything that hangs on it follows."""

import base64

import pytest

from tests.make_study import small_study


@pytest.fixture
def open_report(clinic, tmp_path, request):
    """A preliminary report and its review Task."""
    study = small_study(tmp_path, request.node.name)
    clinic.send(study.files)
    report = clinic.report(study.uid)
    review = clinic.search(
        f"Task?focus=DiagnosticReport/{report['id']}&code=review&status=requested"
    )
    return report, review[0]


def _parameters(decision: str, *edited: dict, performer: bool = True) -> dict:
    parameters: list[dict] = [{"name": "decision", "valueCode": decision}]
    if performer:
        parameters.append({"name": "performer", "valueReference": {"display": "Dr. Ada Example"}})
    parameters += [{"name": "resource", "resource": resource} for resource in edited]
    return {"resourceType": "Parameters", "parameter": parameters}


def _decide(clinic, review: dict, parameters: dict):
    return clinic.request("POST", f"/fhir/Task/{review['id']}/$decide", parameters)


def test_accepted_becomes_final_with_the_person_in_provenance(clinic, open_report):
    """accepted: report and Observations are final, the person verifies in a Provenance, the label stays."""
    report, review = open_report
    assert _decide(clinic, review, _parameters("accepted"))[0] == 200
    decided = clinic.get(f"DiagnosticReport/{report['id']}")
    assert decided["status"] == "final"
    assert "AIAST" in [label["code"] for label in decided["meta"]["security"]]
    root = clinic.get(decided["result"][0]["reference"])
    assert root["status"] == "final"
    people = [
        p["agent"][0]["who"].get("display")
        for p in clinic.search(f"Provenance?target=DiagnosticReport/{report['id']}")
    ]
    assert "Dr. Ada Example" in people
    assert clinic.get(f"Task/{review['id']}")["status"] == "completed"


def test_accepted_text_no_longer_says_that_nobody_looked(clinic, open_report):
    """The decided conclusion, narrative, page and sections name the person instead of `not reviewed`."""
    report, review = open_report
    bundle = _decide(clinic, review, _parameters("accepted"))[1]
    decided = clinic.get(f"DiagnosticReport/{report['id']}")
    page = base64.b64decode(decided["presentedForm"][0]["data"]).decode()
    composition = next(
        e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Composition"
    )
    for text in (decided["conclusion"], decided["text"]["div"], page, str(composition["section"])):
        assert "not reviewed" not in text
    assert "accepted by Dr. Ada Example" in page


def test_modified_becomes_amended_with_the_person_s_words(clinic, open_report):
    """modified: the edited conclusion stands in the amended report."""
    report, review = open_report
    edited = {"resourceType": "DiagnosticReport", "id": report["id"], "conclusion": "One cyst."}
    assert _decide(clinic, review, _parameters("modified", edited))[0] == 200
    decided = clinic.get(f"DiagnosticReport/{report['id']}")
    assert (decided["status"], decided["conclusion"]) == ("amended", "One cyst.")


def test_rejected_becomes_entered_in_error(clinic, open_report):
    """rejected: report, Observations and structures are taken back."""
    report, review = open_report
    assert _decide(clinic, review, _parameters("rejected"))[0] == 200
    decided = clinic.get(f"DiagnosticReport/{report['id']}")
    root = clinic.get(decided["result"][0]["reference"])
    assert {"entered-in-error"} == {decided["status"], root["status"]}


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        (_parameters("accepted", performer=False), 400),
        (_parameters("perhaps"), 422),
        (_parameters("modified"), 422),
        ({"resourceType": "Parameters"}, 400),
        ({"resourceType": "Patient"}, 400),
    ],
)
def test_a_decision_that_is_none_changes_nothing(clinic, open_report, parameters, status):
    """Without person, with an unknown word or with edits that do not fit, the report stays preliminary."""
    report, review = open_report
    answer = _decide(clinic, review, parameters)
    assert (status, "OperationOutcome") == (answer[0], answer[1]["resourceType"])
    assert clinic.get(f"DiagnosticReport/{report['id']}")["status"] == "preliminary"


def test_a_review_is_decided_once(clinic, open_report):
    """The second decision on the same Task is a conflict."""
    _, review = open_report
    assert _decide(clinic, review, _parameters("accepted"))[0] == 200
    assert _decide(clinic, review, _parameters("rejected"))[0] == 409


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("effectiveDateTime", "soon", "DiagnosticReport.effective.ofType(dateTime)"),
        ("conclusion", 5, "DiagnosticReport.conclusion"),
    ],
)
def test_an_edit_that_breaks_the_resource_is_refused(clinic, open_report, name, value, place):
    """An edited element of the wrong type is named, and the report stays preliminary."""
    report, review = open_report
    edited = {"resourceType": "DiagnosticReport", "id": report["id"], name: value}
    status, outcome, _ = _decide(clinic, review, _parameters("modified", edited))
    assert status == 422
    assert [place] in [i["expression"] for i in outcome["issue"]]
    assert clinic.get(f"DiagnosticReport/{report['id']}")["status"] == "preliminary"
