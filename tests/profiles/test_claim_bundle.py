"""The Bundle in which a Claim goes to a payer (PAS 2.2.1 PAS Request Bundle)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from conformance.payer_rules import problems, references
from profiles.admission import issues
from profiles.builders.claim_bundle import build_inquiry, build_request, names_of, self_contained
from profiles.exact_json import dumps_exact, loads_exact
from profiles.outcome import OperationOutcomeError
from terminology.ai_transparency import confidence
from terminology.payer import PAS_CLAIM, PAS_REQUEST
from terminology.systems import ISTHMUS
from tests.make_payer import claim, people

KEY = "urn:uuid:00000000-0000-4000-8000-000000000000"
MOMENT = datetime(2026, 11, 26, 2, tzinfo=UTC)
NOTE = {
    "resourceType": "DocumentReference",
    "id": "note",
    "status": "current",
    "subject": {"reference": "Patient/ann"},
    "content": [{"attachment": {"contentType": "text/plain", "url": "Binary/text"}}],
}
TEXT = {"resourceType": "Binary", "id": "text", "contentType": "text/plain", "data": "QQ=="}
ATTACHED = [
    {
        "sequence": 1,
        "category": {"text": "attachment"},
        "valueReference": {"reference": "DocumentReference/note"},
    }
]


def _built(made: dict[str, Any], *more: dict[str, Any], **options: Any) -> dict[str, Any]:
    there = {f"{one['resourceType']}/{one['id']}": one for one in (*people(), NOTE, TEXT, *more)}
    return build_request(
        made, lambda kind, key: there.get(f"{kind}/{key}"), b"secret", KEY, MOMENT, **options
    )


def _kinds(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["resourceType"] for entry in bundle["entry"]]


def test_the_claim_is_first_and_every_reference_resolves():
    """A collection with identifier and timestamp, each resource once, valid R4."""
    bundle = _built(claim("a"))
    assert _kinds(bundle) == ["Claim", "Patient", "Organization", "Organization", "Coverage"]
    assert list(problems(bundle)) == []
    assert [one for one in issues(bundle) if one[0] == "error"] == []
    assert bundle["identifier"]["value"] == KEY


def test_the_same_claim_is_the_same_bundle_and_another_site_has_other_urls():
    """Full URLs are functions of the store's secret: equal here, never equal to another site's."""
    first = dumps_exact(_built(claim("a")))
    assert first == dumps_exact(_built(claim("a")))
    there = {f"{one['resourceType']}/{one['id']}": one for one in people()}
    other = build_request(
        claim("a"), lambda kind, key: there.get(f"{kind}/{key}"), b"other", KEY, MOMENT
    )
    assert set(names_of(_built(claim("a")))).isdisjoint(names_of(other))


def _meeting() -> list[dict[str, Any]]:
    """The people of a Claim with all that US Core asks for."""
    more = {
        "Patient": {"gender": "female"},
        "Organization": {"active": True},
        "Coverage": {"relationship": {"coding": [{"code": "self"}]}},
    }
    return [{**one, **more[one["resourceType"]]} for one in people()]


def test_profiles_are_named_where_they_are_met():
    """A prior authorization with all that PAS and US Core ask for names the PAS profiles."""
    prior = _built(claim("a", use="preauthorization"), *_meeting())
    assert prior["meta"]["profile"] == [PAS_REQUEST]
    assert prior["entry"][0]["resource"]["meta"]["profile"] == [PAS_CLAIM]


@pytest.mark.parametrize("lacking", ["gender", "active", "relationship", "item", "use", "careTeam"])
def test_profiles_are_not_named_where_they_are_not_met(lacking: str):
    """A claim for payment, or one whose people lack what US Core asks for, names no profile."""
    there = _meeting()
    for one in there:
        one.pop(lacking, None)
    member = [{"sequence": 1, "provider": {"reference": "Organization/clinic"}}]
    changed: dict[str, Any] = {"use": "preauthorization"}
    changed |= {
        "item": {"item": []},
        "use": {"use": "claim"},
        "careTeam": {"careTeam": member},
    }.get(lacking, {})
    assert "meta" not in _built(claim("a", **changed), *there)


def test_what_reviewers_see_does_not_go_to_the_payer():
    """Evidence, citations and scores stay here, in elements and in what holds them alone."""
    marked = claim("a")
    evidence = {"url": f"{ISTHMUS}/StructureDefinition/code-evidence", "valueString": "his words"}
    marked["diagnosis"][0]["extension"] = [evidence, confidence(0.9)]
    bundle = _built(marked)
    assert b"his words" not in dumps_exact(bundle)
    assert "extension" not in bundle["entry"][0]["resource"]["diagnosis"][0]


@pytest.mark.parametrize(
    ("use", "documents", "goes"),
    [("claim", False, False), ("claim", True, True), ("preauthorization", False, True)],
)
def test_documents_go_along_where_they_belong(use: str, documents: bool, goes: bool):
    """A prior authorization has its attachments; a claim for payment only where the payer wants them."""
    bundle = _built(claim("a", use=use, supportingInfo=ATTACHED), documents=documents)
    assert ("DocumentReference" in _kinds(bundle), "Binary" in _kinds(bundle)) == (goes, goes)
    assert list(problems(bundle)) == []


def test_an_attachment_is_referred_to_by_its_full_url():
    """The URL of an attachment leads to its Binary inside the Bundle."""
    bundle = _built(claim("a", supportingInfo=ATTACHED), documents=True)
    note = next(e["resource"] for e in bundle["entry"] if e["resource"]["id"] == "note")
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    assert note["content"][0]["attachment"]["url"] in urls


def test_a_record_is_not_sent_through_a_condition():
    """What a Condition rests on stays here: only what the Claim itself attaches goes along."""
    condition = {
        "resourceType": "Condition",
        "id": "sick",
        "subject": {"reference": "Patient/ann"},
        "evidence": [{"detail": [{"reference": "DocumentReference/note"}]}],
    }
    diagnosis = [{"sequence": 1, "diagnosisReference": {"reference": "Condition/sick"}}]
    bundle = _built(claim("a", diagnosis=diagnosis), condition, documents=True)
    assert "Condition" in _kinds(bundle)
    assert "DocumentReference" not in _kinds(bundle)


@pytest.mark.parametrize(
    "changed",
    [
        {"provider": {"reference": "Organization/nobody"}},
        {
            "insurance": [
                {"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/theirs"}}
            ]
        },
        {"patient": {"reference": "Patient/ben"}},
    ],
)
def test_what_is_missing_or_another_patients_is_not_sent(changed: dict[str, Any]):
    """A Claim that refers to nothing, or to another patient's Coverage, is refused."""
    theirs = {**people()[3], "id": "theirs", "beneficiary": {"reference": "Patient/ben"}}
    ben = {"resourceType": "Patient", "id": "ben"}
    with pytest.raises(OperationOutcomeError):
        _built(claim("a", **changed), theirs, ben)


def test_amounts_keep_their_digits():
    """12.50 stays 12.50 on its way."""
    made = loads_exact(dumps_exact(claim("a")).replace(b"120.5", b"120.50"))
    assert b'"value":120.50' in dumps_exact(_built(made))


def test_a_claim_without_a_name_gets_one():
    """A payer needs an identifier to know a Claim again."""
    made = claim("a")
    del made["identifier"]
    bundle = _built(made)
    assert bundle["entry"][0]["resource"]["identifier"][0]["value"] == bundle["entry"][0]["fullUrl"]


def test_an_inquiry_has_no_more_than_it_needs():
    """The Claim of an inquiry has no diagnoses and items, and its references resolve."""
    inquiry = build_inquiry(
        _built(claim("a", supportingInfo=ATTACHED), documents=True), KEY, MOMENT
    )
    assert {"item", "diagnosis", "supportingInfo"}.isdisjoint(inquiry["entry"][0]["resource"])
    assert "Binary" not in _kinds(inquiry)
    assert [text for text in problems(inquiry) if "item" not in text] == []


def test_a_claim_alone_contains_what_it_refers_to():
    """For a plain create every reference is to a contained resource, documents hold their content."""
    alone = self_contained(_built(claim("a", supportingInfo=ATTACHED), documents=True))
    contained = {one["resourceType"]: one for one in alone["contained"]}
    assert set(contained) == {"Patient", "Organization", "Coverage", "DocumentReference"}
    attachment = contained["DocumentReference"]["content"][0]["attachment"]
    assert attachment == {"contentType": "text/plain", "data": "QQ=="}
    assert [one for one in issues(alone) if one[0] == "error"] == []
    names = {f"#{one['id']}" for one in alone["contained"]}
    assert set(references(alone)) == names


def test_an_earlier_claim_is_named_by_what_the_payer_knows():
    """A correction names the Claim that it replaces by its identifier, which stays outside the Bundle."""
    earlier = {**claim("b")}
    related = [{"claim": {"reference": "Claim/b"}, "relationship": {"text": "prior"}}]
    bundle = _built(claim("a", related=related), earlier)
    said = bundle["entry"][0]["resource"]["related"][0]["claim"]
    assert said == {"type": "Claim", "identifier": earlier["identifier"][0]}
    assert _kinds(bundle).count("Claim") == 1
