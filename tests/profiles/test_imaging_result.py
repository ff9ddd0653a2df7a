"""What a result writes: complete, linked, labelled, and the same ids every time."""

import base64
import hashlib
from dataclasses import replace

import pytest
from fhir.resources.R4B import get_fhir_model_class

from profiles.builders.imaging_result import build_imaging_result, withdrawn
from tests.make_findings import MOMENT, absent, context, nodule, present, refused

RESULTS = {
    "two lesions": present(2),
    "one lesion": present(1),
    "absent": absent(),
    "refused": refused(),
}
KNOWN = {"contrast_agent": "gadolinium"}


def _of(result, kind: str) -> list[dict]:
    return [r for r in result.resources if r["resourceType"] == kind]


@pytest.mark.parametrize("name", RESULTS)
def test_a_second_opinion_parses_every_resource(name):
    """fhir.resources (R4B) accepts whatever kind of result is written."""
    for resource in build_imaging_result(RESULTS[name], context(**KNOWN)).resources:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@pytest.mark.parametrize("name", RESULTS)
def test_every_reference_within_the_result_leads_somewhere(name):
    """Report, sections, members and provenance point to resources that are written with them."""
    result = build_imaging_result(RESULTS[name], context())
    written = {f"{r['resourceType']}/{r['id']}" for r in result.resources}
    written |= {"Patient/patient-1", "ImagingStudy/study-1"}
    assert _references(list(result.resources)) <= written


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["reference"]} if isinstance(value.get("reference"), str) else set()
        return own.union(*(_references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(part) for part in value))
    return set()


def test_ids_do_not_depend_on_the_run():
    """A superseding run writes the next version of the same resources."""
    later = replace(context(), moment=MOMENT.replace(hour=10))
    first, second = (build_imaging_result(present(2), c).resources for c in (context(), later))
    assert [(r["resourceType"], r["id"]) for r in first] == [
        (r["resourceType"], r["id"]) for r in second
    ]


@pytest.mark.parametrize("name", RESULTS)
def test_everything_an_ai_asserted_is_labelled(name):
    """Report, Composition, Observations, structures and pictures carry AIAST."""
    result = build_imaging_result(RESULTS[name], context())
    for kind in ("DiagnosticReport", "Composition", "Observation", "BodyStructure", "Media"):
        for resource in _of(result, kind):
            assert "AIAST" in [label["code"] for label in resource["meta"]["security"]], kind


def test_a_lesion_has_a_root_with_its_members():
    """Presence, volume, long and short axis are members; none stands alone."""
    result = build_imaging_result(present(2), context())
    roots = [o for o in _of(result, "Observation") if "hasMember" in o]
    members = {m["reference"] for root in roots for m in root["hasMember"]}
    assert (len(roots), len(members)) == (2, 8)
    values = {
        o["code"]["coding"][0]["display"]: (o["valueQuantity"]["value"], o["valueQuantity"]["code"])
        for o in _of(build_imaging_result(present(1), context()), "Observation")
        if "valueQuantity" in o
    }
    assert values == {"Volume": (2.25, "mL"), "Long Axis": (20.5, "mm"), "Short Axis": (13.2, "mm")}


def test_no_lesion_is_an_observation_too():
    """A pertinent negative is written with its score."""
    (observation,) = _of(build_imaging_result(absent(), context()), "Observation")
    assert observation["valueCodeableConcept"]["coding"][0]["display"] == "Absent"
    assert observation["valueCodeableConcept"]["extension"][0]["valueDecimal"] == 0.12


def test_a_refusal_is_an_observation_without_a_value():
    """Status cancelled, the coded reason in dataAbsentReason, and no report of absence."""
    result = build_imaging_result(refused(), context())
    (observation,) = _of(result, "Observation")
    assert observation["status"] == "cancelled"
    assert [code["code"] for code in observation["dataAbsentReason"]["coding"]] == [
        "not-performed",
        "gap",
    ]
    assert "No statement" in _of(result, "DiagnosticReport")[0]["conclusion"]
    assert result.objects == ()


def test_tracking_uid_is_the_structure_s_identifier():
    """BodyStructure carries the UID that SEG and SR carry, and the side."""
    structures = _of(build_imaging_result(present(2), context()), "BodyStructure")
    assert {"urn:oid:1.2.77.1", "urn:oid:1.2.77.2"} == {
        s["identifier"][0]["value"] for s in structures
    }
    assert [s["locationQualifier"][0]["coding"][0]["display"] for s in structures] == [
        "Left",
        "Right",
    ]


def test_follow_up_is_drafted_only_when_its_inputs_are_known():
    """Contrast known: a draft proposal with its citation; unknown: said in words, nothing drafted."""
    (drafted,) = _of(build_imaging_result(present(1), context(**KNOWN)), "ServiceRequest")
    assert (drafted["status"], drafted["intent"]) == ("draft", "proposal")
    assert "NICE NG99" in drafted["note"][0]["text"]
    unknown = build_imaging_result(present(1), context())
    assert _of(unknown, "ServiceRequest") == []
    assert "not evaluable: needs" in _of(unknown, "DiagnosticReport")[0]["conclusion"]


def test_follow_up_window_counts_from_the_study(monkeypatch):
    """A rule with months becomes an occurrencePeriod from the day of the study."""
    from profiles.builders import imaging_result
    from profiles.followup import Recommendation

    rule = Recommendation("r1", "CT.", "A guideline, 2026", months=(6, 12))
    monkeypatch.setattr(imaging_result, "recommend", lambda *_: (rule,))
    (drafted,) = _of(
        build_imaging_result(nodule(), context(study_date="20260831")), "ServiceRequest"
    )
    assert drafted["occurrencePeriod"] == {"start": "2027-02-28", "end": "2027-08-31"}


def test_presented_form_is_true_to_its_size_and_hash():
    """The HTML has the announced size and SHA-1 and holds the key image."""
    form = _of(build_imaging_result(present(1), context()), "DiagnosticReport")[0]["presentedForm"][
        0
    ]
    html = base64.b64decode(form["data"])
    digest = hashlib.sha1(html, usedforsecurity=False).digest()
    assert (len(html), base64.b64encode(digest).decode()) == (form["size"], form["hash"])
    assert b"data:image/png;base64," in html


def test_accession_number_is_the_basis():
    """The order's accession number stands in basedOn; without one there is no basedOn."""
    (report,) = _of(build_imaging_result(present(1), context()), "DiagnosticReport")
    assert report["basedOn"][0]["identifier"]["value"] == "ACC1"
    (without,) = _of(
        build_imaging_result(present(1), context(accession_number="")), "DiagnosticReport"
    )
    assert "basedOn" not in without


def test_provenance_targets_everything_that_was_made():
    """Model and study are sources; all results are targets."""
    result = build_imaging_result(present(2), context())
    (provenance,) = _of(result, "Provenance")
    targets = {t["reference"] for t in provenance["target"]}
    made = {
        f"{r['resourceType']}/{r['id']}"
        for r in result.resources
        if r["resourceType"] not in ("Device", "DocumentReference", "Provenance")
    }
    assert made == targets
    assert {"source", "derivation"} == {entity["role"] for entity in provenance["entity"]}


def test_what_is_not_said_any_more_is_withdrawn():
    """The second lesion of an earlier result is cancelled when the newer one has only the first."""
    before = build_imaging_result(present(2), context()).resources
    after = build_imaging_result(present(1), context()).resources
    taken_back = withdrawn(before, after)
    assert {"cancelled"} == {r["status"] for r in taken_back if r["resourceType"] == "Observation"}
    assert [r["active"] for r in taken_back if r["resourceType"] == "BodyStructure"] == [False]


def test_not_analysed_writes_nothing():
    """A study that is not this worker's business gets no report."""
    result = build_imaging_result(present(0, status="not-analysed", lesions=()), context())
    assert (result.resources, result.objects) == ((), ())
