"""Whatever bytes a payer answers with, a submission comes to rest, and what was said is kept."""

import json
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.make_payer import claim, name_of
from tests.payer.conftest import Office

_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=6,
)
_RESPONSE = st.fixed_dictionaries(
    {
        "resourceType": st.sampled_from(
            ["ClaimResponse", "Bundle", "OperationOutcome", "Parameters"]
        )
    },
    optional=dict.fromkeys(
        (
            *("outcome", "item", "error", "insurer", "patient", "insurance", "entry", "issue"),
            *("parameter", "request", "identifier", "type", "payment", "addItem", "contained"),
        ),
        _VALUE,
    ),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(_RESPONSE)
def test_any_answer_comes_to_rest(office: Office, said: dict[str, object]):
    """A 2xx of any shape ends as an answer, a refusal or an inquiry: one Claim there, one Task ended here."""
    office.payer.forget()
    claim_id = uuid4().hex
    office.payer.next(submit=[f"say:{json.dumps(said)}"])
    task_id = office.submit(claim_id)
    office.step()
    if office.state(task_id) != "pended":
        office.settle(40)
        assert office.task(task_id)["status"] in ("completed", "failed")
    assert office.payer.claims().count(name_of(claim_id)) == 1


@pytest.mark.parametrize(
    "wrong", [{"outcome": "fine"}, {"item": "none"}, {"insurer": 3}, {"created": "yesterday"}]
)
def test_an_answer_that_is_no_valid_resource_is_kept(office: Office, wrong: dict[str, object]):
    """What is wrong in an answer stays in its original; a person is told, and the Claim is not sent again."""
    claim_id = uuid4().hex
    said = {
        "resourceType": "ClaimResponse",
        "outcome": "complete",
        "request": {"identifier": {"system": "https://hospital.example/claims", "value": claim_id}},
        **wrong,
    }
    office.payer.next(submit=[f"say:{json.dumps(said)}"])
    task_id = office.submit(claim_id)
    office.settle()
    (response,) = office.responses(claim_id)
    assert response["patient"] == {"reference": "Patient/ann"}
    assert "unusable" in office.follow_ups(task_id)
    assert office.payer.claims().count(name_of(claim_id)) == 1


def test_a_payers_own_addresses_become_ours_by_identifier(office: Office):
    """Relative references into the payer's Bundle are ours where the identifiers are, else names."""
    claim_id = uuid4().hex
    base = "https://payer.example/fhir"
    practitioner = {
        "resourceType": "Practitioner",
        "id": "9",
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
    }
    clinic = {**(office.payers.read("Organization", "clinic") or {}), "id": "77"}
    response = {
        "resourceType": "ClaimResponse",
        "id": "1",
        "identifier": [{"system": "https://hospital.example/claims", "value": claim_id}],
        "status": "active",
        "type": claim(claim_id)["type"],
        "use": "claim",
        "patient": {"reference": "Patient/5"},
        "created": "2026-11-26",
        "insurer": {"reference": "Organization/1"},
        "requestor": {"reference": "Organization/77"},
        "outcome": "complete",
        "extension": [{"url": f"{base}/x", "valueReference": {"reference": "Practitioner/9"}}],
    }
    entries = [
        {"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one}
        for one in (response, clinic, practitioner)
    ]
    said = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    office.payer.next(submit=[f"say:{json.dumps(said)}"])
    office.submit(claim_id)
    office.settle()
    (stored,) = office.responses(claim_id)
    assert stored["requestor"] == {"reference": "Organization/clinic"}
    assert stored["insurer"] == {"reference": "Organization/trial-payer"}
    assert stored["patient"] == {"reference": "Patient/ann"}
    assert stored["extension"][0]["valueReference"] == {"identifier": practitioner["identifier"][0]}
