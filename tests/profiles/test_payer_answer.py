"""What a payer's answer comes to, whatever shape it has (R4 claimresponse.html, PAS 2.2.1)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.payer_rules import collection, response_of
from profiles.payer_answer import Sent, find_answer, localized, reasons, verdict
from terminology.payer import CARC, REVIEW_ACTION, REVIEW_ACTION_CODE, REVIEW_ACTIONS
from tests.make_payer import claim

OURS = claim("a")
URL = "urn:uuid:00000000-0000-4000-8000-00000000000a"
SENT = Sent(frozenset({("https://hospital.example/claims", "a")}), frozenset({URL}))


def _response(outcome: str = "complete") -> dict[str, Any]:
    return response_of(OURS, URL, outcome)


def _other() -> dict[str, Any]:
    return response_of(claim("b"), "urn:uuid:0", "complete")


def _unnamed() -> dict[str, Any]:
    response = _response()
    del response["request"]
    return response


@pytest.mark.parametrize(
    "said",
    [
        _response(),
        collection("profile-pas-response-bundle", [("urn:uuid:1", _response())]),
        collection("x", [("urn:uuid:2", _other()), ("urn:uuid:1", _response())]),
        {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": _response()}]},
        {
            "resourceType": "Bundle",
            "type": "transaction-response",
            "entry": [{}, {"resource": _response()}],
        },
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "return", "resource": collection("x", [("urn:uuid:1", _response())])}
            ],
        },
    ],
)
def test_our_answer_is_found_in_every_shape(said: dict[str, Any]):
    """ClaimResponse, PAS Bundle, searchset, transaction-response and Parameters are all read."""
    answer, unclear = find_answer(said, SENT)
    assert answer is not None
    assert not unclear
    assert answer.response["request"]["identifier"]["value"] == "a"


def test_the_answer_to_another_claim_is_none():
    """A ClaimResponse that names another Claim is not ours."""
    assert find_answer(collection("x", [("urn:uuid:1", _other())]), SENT) == (None, False)


def test_an_answer_to_nobody_is_unclear():
    """One that names no Claim may be ours, but of two nobody knows which."""
    answer, unclear = find_answer(_unnamed(), SENT)
    assert (answer is not None, unclear) == (True, True)
    two = collection("x", [("urn:uuid:1", _unnamed()), ("urn:uuid:2", _unnamed())])
    assert find_answer(two, SENT) == (None, True)


@pytest.mark.parametrize(
    ("outcome", "wanted"),
    [
        ("complete", "answered"),
        ("queued", "pended"),
        ("denied", "denied"),
        ("error", "error"),
    ],
)
def test_verdicts(outcome: str, wanted: str):
    """What an answer comes to."""
    assert verdict(_response(outcome)) == wanted


def _adjudicated(*reason: str, paid: float = 0.0) -> dict[str, Any]:
    benefit = {"category": {"coding": [{"code": "benefit"}]}, "amount": {"value": paid}}
    adjusted = [
        {
            "category": {"coding": [{"code": "eligible"}]},
            "reason": {"coding": [{"system": CARC, "code": code}]},
        }
        for code in reason
    ]
    return {"itemSequence": 1, "adjudication": [benefit, *adjusted]}


@pytest.mark.parametrize(
    ("items", "wanted"),
    [
        ([_adjudicated("1")], "answered"),
        ([_adjudicated("1", "45")], "answered"),
        ([_adjudicated("45", paid=80.0)], "answered"),
        ([_adjudicated("97")], "denied"),
        ([_adjudicated("97"), _adjudicated(paid=10.0)], "partly-denied"),
    ],
)
def test_a_deductible_is_no_denial(items: list[dict[str, Any]], wanted: str):
    """Nothing paid for the patient's share or the agreed fee is no denial; another reason is one."""
    assert verdict({"outcome": "complete", "item": items}) == wanted


@pytest.mark.parametrize(
    ("action", "wanted"),
    [("A1", "answered"), ("A3", "denied"), ("A4", "pended"), ("A6", "answered")],
)
def test_review_actions_of_a_prior_authorization(action: str, wanted: str):
    """X12 306: certified, not certified, pended, modified; the reason of the review is a reason."""
    code = {"coding": [{"system": REVIEW_ACTIONS, "code": action}]}
    review = {
        "url": REVIEW_ACTION,
        "extension": [
            {"url": REVIEW_ACTION_CODE, "valueCodeableConcept": code},
            {"url": "reasonCode", "valueCodeableConcept": {"coding": [{"code": "0V"}]}},
        ],
    }
    response = {"outcome": "complete", "item": [{"itemSequence": 1, "extension": [review]}]}
    assert verdict(response) == wanted
    assert reasons(response) == [{"coding": [{"code": "0V"}]}]


def test_references_become_ours_or_names():
    """What was sent is known again; anything else keeps its identifier and loses its address."""
    around = {"https://p.example/Organization/1": {"identifier": [{"value": "npi"}]}}
    given_back = {
        "patient": {"reference": "urn:uuid:1"},
        "insurer": {"reference": "https://p.example/Organization/1"},
        "requestor": {"reference": "Practitioner/77"},
        "communicationRequest": [{"reference": "#inside"}],
    }
    assert localized(given_back, {"urn:uuid:1": "Patient/ann"}, around) == {
        "patient": {"reference": "Patient/ann"},
        "insurer": {"identifier": {"value": "npi"}},
        "requestor": {"display": "at the payer"},
        "communicationRequest": [{"reference": "#inside"}],
    }


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceType",
                    "entry",
                    "resource",
                    "request",
                    "identifier",
                    "item",
                    "error",
                    "outcome",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["entry", "parameter", "request", "identifier"]), _JSON))
def test_no_answer_of_any_shape_is_an_exception(said: dict[str, Any]):
    """Whatever JSON a payer answers with is read without an error."""
    for kind in ("ClaimResponse", "Bundle", "Parameters", "ExplanationOfBenefit"):
        answer, _ = find_answer({**said, "resourceType": kind}, SENT)
        assert answer is None or answer.response["resourceType"] == "ClaimResponse"


@given(
    st.dictionaries(st.sampled_from(["outcome", "item", "addItem", "error", "adjudication"]), _JSON)
)
def test_no_response_of_any_shape_breaks_the_verdict(said: dict[str, Any]):
    """Whatever stands in a ClaimResponse, it has a verdict, and its reasons can be listed."""
    assert verdict(said) in {"answered", "pended", "denied", "partly-denied", "error"}
    assert isinstance(reasons(said), list)
