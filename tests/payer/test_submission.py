"""An approved Claim reaches its payer exactly once, whatever the payer does."""

from uuid import uuid4

from tests.make_payer import name_of
from tests.payer.conftest import Office


def test_a_claim_is_answered_and_linked(office: Office):
    """A ClaimResponse is stored with our references, the request and the original are kept."""
    claim_id = uuid4().hex
    task_id = office.submit(claim_id)
    office.settle()
    (response,) = office.responses(claim_id)
    assert office.state(task_id) == "answered"
    assert response["request"] == {"reference": f"Claim/{claim_id}"}
    assert response["patient"] == {"reference": "Patient/ann"}
    assert response["insurer"] == {"reference": "Organization/trial-payer"}
    names = [output["type"]["text"] for output in office.task(task_id)["output"]]
    assert names == ["request", "attempt", "attempt-ended", "answer", "response"]
    assert office.payer.claims().count(name_of(claim_id)) == 1
