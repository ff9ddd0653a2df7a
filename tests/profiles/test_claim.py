"""A coding result becomes a draft Claim that may be stored, and says whence it comes."""

import base64

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.admission import issues
from profiles.builders.claim import build_claim
from profiles.coding_records import CodingResult
from profiles.exact_json import dumps_exact
from profiles.outcome import OperationOutcomeError
from profiles.records import from_json
from terminology.ai_transparency import CONFIDENCE
from terminology.claims import CODE_EVIDENCE, RULE_CITATION
from terminology.coding import Code
from terminology.fees import Fee
from terminology.systems import ICD_10_CM
from terminology.x12 import PLACE_OF_SERVICE
from tests.make_coding import (
    COVERAGE,
    MOMENT,
    TEXT,
    claim_context,
    coding_result,
    coding_results,
    diagnosis,
    line,
)


def _errors(resources):
    return [
        (resource["resourceType"], issue)
        for resource in resources
        for issue in issues(resource, warnings=False)
    ]


def _of(draft, kind):
    return [r for r in draft.resources if r["resourceType"] == kind]


@settings(max_examples=60, deadline=None)
@given(
    result=coding_results(),
    kind=st.sampled_from(("professional", "institutional")),
    known=st.booleans(),
)
def test_what_is_made_may_be_stored(result, kind, known):
    """Whatever a coder says, every resource of the draft is valid R4."""
    sparse = {"coverages": (), "provider": None, "request": None, "encounter": "", "task_id": ""}
    context = claim_context(kind=kind, **({} if known else sparse))
    assert _errors(build_claim(result, context).resources) == []


def test_a_draft_is_an_ai_s_until_a_person_decides():
    """Claim and result carry AIAST, the Claim is a draft, its review Task awaits a person."""
    draft = build_claim(coding_result(), claim_context())
    assert draft.claim["status"] == "draft"
    for resource in (draft.claim, _of(draft, "Binary")[0]):
        assert [label["code"] for label in resource["meta"]["security"]] == ["AIAST"]
    assert draft.task["focus"]["reference"] == f"Claim/{draft.claim['id']}"
    assert (draft.task["status"], draft.task["for"]["reference"]) == ("requested", "Patient/p")


def test_codes_stand_in_sequence_and_lines_point_to_them():
    """Diagnoses keep the coder's order, lines point to their sequences, low scores stay out."""
    claim = build_claim(coding_result(), claim_context()).claim
    codes = [d["diagnosisCodeableConcept"]["coding"][0] for d in claim["diagnosis"]]
    assert [c["code"] for c in codes] == ["E11.21", "I10"]
    assert codes[0] == {
        "system": ICD_10_CM,
        "version": "2026",
        "code": "E11.21",
        "display": "Type 2 diabetes mellitus with diabetic nephropathy",
    }
    (item,) = claim["item"]
    assert item["diagnosisSequence"] == [1, 2]
    assert item["productOrService"]["coding"] == [
        {"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}
    ]


def test_every_code_carries_score_evidence_and_rules():
    """The evidence names document and offsets, at which the text is found again."""
    claim = build_claim(coding_result(), claim_context()).claim
    for coded in (*claim["diagnosis"], *claim["item"]):
        by_url = {extension["url"]: extension for extension in coded["extension"]}
        parts = {p["url"]: p for p in by_url[CODE_EVIDENCE]["extension"]}
        start, end = parts["start"]["valueUnsignedInt"], parts["end"]["valueUnsignedInt"]
        assert TEXT[start:end] == parts["text"]["valueString"]
        assert 0 <= by_url[CONFIDENCE]["valueDecimal"] <= 1
    assert RULE_CITATION in {e["url"] for e in claim["diagnosis"][0]["extension"]}


def test_no_amount_without_a_fee_table():
    """Amounts and total come from the site's fees or are not there."""
    plain = build_claim(coding_result(), claim_context()).claim
    assert "total" not in plain
    assert {"unitPrice", "net"}.isdisjoint(plain["item"][0])
    fees = {"99213": Fee("92.10", "USD", "0510")}
    result = coding_result(line("99213", units=3), line("99213"))
    priced = build_claim(result, claim_context(fees=fees)).claim
    assert dumps_exact(priced["total"]) == b'{"value":368.40,"currency":"USD"}'
    assert dumps_exact(priced["item"][0]["net"]["value"]) == b"276.30"
    partly = coding_result(line("99213"), line("36415"))
    assert "total" not in build_claim(partly, claim_context(fees=fees)).claim


def test_institutional_diagnoses_have_their_types():
    """Principal first, the admitting one marked, others and external causes told apart."""
    result = coding_result(
        diagnosis("S52.501A", "Fracture", "type"),
        diagnosis("I10", "Hypertension", "Essential"),
        diagnosis("W19.XXXA", "Fall", "Seen"),
    )
    context = claim_context(
        kind="institutional",
        admitting=Code(ICD_10_CM, "M25.531", "Pain in right wrist"),
        type_of_bill="111",
    )
    claim = build_claim(result, context).claim
    types = [[t["coding"][0]["code"] for t in d["type"]] for d in claim["diagnosis"]]
    assert types == [["principal"], ["other"], ["externalcauseofinjury"], ["admitting"]]
    assert claim["supportingInfo"][-1]["code"]["coding"][0]["code"] == "111"
    same = claim_context(kind="institutional", admitting=Code(ICD_10_CM, "I10", ""))
    types = [d["type"] for d in build_claim(result, same).claim["diagnosis"]]
    assert [t["coding"][0]["code"] for t in types[1]] == ["other", "admitting"]


def test_coverages_are_billed_in_their_order():
    """The primary coverage is focal and its payor the insurer; one that has ended is not billed."""
    second = {**COVERAGE, "id": "second", "order": 2}
    first = {**COVERAGE, "id": "first", "order": 1, "payor": [{"reference": "Organization/a"}]}
    ended = {**COVERAGE, "id": "ended", "status": "cancelled"}
    claim = build_claim(coding_result(), claim_context(coverages=(second, ended, first))).claim
    told = [(i["sequence"], i["focal"], i["coverage"]["reference"]) for i in claim["insurance"]]
    assert told == [(1, True, "Coverage/first"), (2, False, "Coverage/second")]
    assert claim["insurer"] == {"reference": "Organization/a"}


def test_an_unknown_coverage_is_said_and_not_invented():
    """Without Coverage the required element says that it is unknown, and there is no insurer."""
    claim = build_claim(coding_result(), claim_context(coverages=())).claim
    (insurance,) = claim["insurance"]
    assert insurance["coverage"]["extension"][0]["valueCode"] == "unknown"
    assert "reference" not in insurance["coverage"]
    assert "insurer" not in claim


def test_a_second_coding_writes_versions_and_no_twins():
    """Ids depend on encounter, use and kind; only Provenance and Task are of one run."""
    first = build_claim(coding_result(), claim_context())
    again = build_claim(coding_result(), claim_context())
    other = build_claim(coding_result(line("99214")), claim_context(task_id="another"))
    assert [r["id"] for r in first.resources] == [r["id"] for r in again.resources]
    assert first.claim["id"] == other.claim["id"]
    assert first.task["id"] != other.task["id"]
    preauthorization = build_claim(coding_result(), claim_context(use="preauthorization"))
    assert preauthorization.claim["id"] != first.claim["id"]


def test_the_whole_result_is_kept():
    """The Binary that the review Task names gives the same CodingResult back."""
    result = coding_result()
    draft = build_claim(result, claim_context())
    named = {i["type"]["text"]: i for i in draft.task["input"]}
    key = named["coding-result"]["valueReference"]["reference"].removeprefix("Binary/")
    (binary,) = [b for b in _of(draft, "Binary") if b["id"] == key]
    assert from_json(CodingResult, orjson.loads(base64.b64decode(binary["data"]))) == result
    assert binary["securityContext"]["reference"] == "Patient/p"


def test_what_a_person_must_know_is_in_task_and_narrative():
    """Omissions and queries are inputs of the review and lines of the narrative, escaped there."""
    draft = build_claim(coding_result(), claim_context())
    said = {i["type"]["text"]: i.get("valueString") for i in draft.task["input"]}
    assert said["omission"] == "Long-term insulin use is not stated. (Z79.4)"
    div = draft.claim["text"]["div"]
    assert "Which stage has the &lt;kidney&gt; disease?" in div
    assert "&lt;b&gt;" not in div  # the evidence alone is quoted, not the note around it
    assert "R53.83" not in div


def test_provenance_names_sources_and_coder():
    """AIAST as reason; the coder's Device as agent; notes, result and model card as entities."""
    draft = build_claim(coding_result(), claim_context())
    (provenance,) = _of(draft, "Provenance")
    (device,) = _of(draft, "Device")
    assert provenance["agent"][0]["who"]["reference"] == f"Device/{device['id']}"
    assert provenance["reason"][0]["coding"][0]["code"] == "AIAST"
    kinds = [e["what"]["reference"].partition("/")[0] for e in provenance["entity"]]
    assert kinds == ["DocumentReference", "Binary", "DocumentReference"]
    assert f"Claim/{draft.claim['id']}" in [t["reference"] for t in provenance["target"]]


@pytest.mark.parametrize(
    "wrong",
    [{"patient": ""}, {"encounter": "", "documents": ()}, {"use": "x"}, {"kind": "oral"}],
)
def test_what_no_claim_can_be_made_of_is_refused(wrong):
    """Without patient or anything that was coded, or of another kind, there is no Claim."""
    with pytest.raises(OperationOutcomeError):
        claim_context(moment=MOMENT, **wrong)


def test_professional_lines_say_where_the_visit_was():
    """Each line of a professional claim has the place of service; a facility's has none."""
    (line,) = build_claim(coding_result(), claim_context(place="23")).claim["item"]
    (coding,) = line["locationCodeableConcept"]["coding"]
    assert (coding["system"], coding["code"]) == (PLACE_OF_SERVICE, "23")
    facility = claim_context(place="23", kind="institutional")
    assert "locationCodeableConcept" not in build_claim(coding_result(), facility).claim["item"][0]
