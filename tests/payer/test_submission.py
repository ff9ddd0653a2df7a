"""An approved Claim reaches its payer exactly once, whatever the payer does (the payer here takes a repeat
for another Claim, so that every double would be seen).
"""

from uuid import uuid4

import pytest

from tests.make_payer import name_of
from tests.payer.conftest import Office


def test_a_claim_is_answered_and_linked(any_office: Office):
    """A ClaimResponse is stored with our references, the request and the original are kept."""
    claim_id = uuid4().hex
    task_id = any_office.submit(claim_id)
    any_office.settle()
    (response,) = any_office.responses(claim_id)
    assert any_office.state(task_id) == "answered"
    assert response["request"] == {"reference": f"Claim/{claim_id}"}
    assert response["patient"] == {"reference": "Patient/ann"}
    assert response["insurer"] == {"reference": "Organization/trial-payer"}
    names = [output["type"]["text"] for output in any_office.task(task_id)["output"]]
    assert names == ["request", "attempt", "attempt-ended", "answer", "response"]
    assert any_office.payer.claims().count(name_of(claim_id)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        *("html", "500", "502", "503", "504", "429", "cut-before"),
        *(
            "html-after",
            "500-after",
            "502-after",
            "504-after",
            "empty",
            "truncated",
            "wrong",
            "cut",
        ),
        *("huge", "twice", "bare", "transaction", "duplicate", "other"),
    ],
)
def test_trouble_at_the_payer_neither_loses_nor_doubles(office: Office, trouble: str):
    """Whatever the payer does once, it has the Claim once and we have its answer."""
    claim_id = uuid4().hex
    office.payer.next(submit=[trouble])
    task_id = office.submit(claim_id)
    office.settle()
    assert office.payer.claims().count(name_of(claim_id)) == 1
    assert office.state(task_id) == "answered"
    assert len(office.responses(claim_id)) == 1


@pytest.mark.parametrize("trouble", ["html", "500", "cut", "empty", "truncated", "503", "wrong"])
def test_trouble_while_asking_is_not_an_answer(office: Office, trouble: str):
    """A Claim of which it is not known whether it arrived is not sent again before the payer has said so."""
    claim_id = uuid4().hex
    office.payer.next(submit=["cut"], inquire=[trouble, trouble])
    task_id = office.submit(claim_id)
    office.settle()
    assert office.payer.claims().count(name_of(claim_id)) == 1
    assert office.state(task_id) == "answered"


def test_many_troubles_in_a_row(any_office: Office):
    """A long bad day ends with one Claim at the payer; a person was told, and it is settled."""
    claim_id = uuid4().hex
    any_office.payer.next(
        submit=["503", "cut-before", "html", "500", "429", "cut"], inquire=["500", "html"] * 3
    )
    task_id = any_office.submit(claim_id)
    any_office.settle(60)
    assert any_office.payer.claims().count(name_of(claim_id)) == 1
    assert any_office.state(task_id) == "answered"
    assert any_office.follow_ups(task_id)["unreachable"]["status"] == "completed"


def test_the_same_bytes_and_key_at_every_attempt(office: Office):
    """Body and Idempotency-Key are the same at every attempt, so that a payer may know the repeat."""
    claim_id = uuid4().hex
    office.payer.next(submit=["503", "cut-before"])
    task_id = office.submit(claim_id)
    office.settle()
    keys = [
        c["key"] for c in office.payer.state()["claims"] if c["identifier"] == name_of(claim_id)
    ]
    inputs = {one["type"]["text"]: one for one in office.task(task_id)["input"]}
    assert [f"urn:uuid:{key}" for key in keys] == [inputs["idempotency-key"]["valueUri"]]


@pytest.mark.parametrize("trouble", ["refuse", "outcome-200", "redirect", "404"])
def test_a_refusal_ends_the_submission_and_asks_a_person(office: Office, trouble: str):
    """What the payer does not take is not sent again by itself; its reasons are codes in a person's Task."""
    claim_id = uuid4().hex
    office.payer.next(submit=[trouble])
    task_id = office.submit(claim_id)
    office.settle()
    assert office.task(task_id)["status"] == "failed"
    assert office.state(task_id) == "payer-refused"
    assert set(office.follow_ups(task_id)) == {"refused"}


@pytest.mark.parametrize(
    ("outcome", "state", "cause"),
    [
        ("denied", "denied", "denied"),
        ("partial", "denied", "partly-denied"),
        ("error", "payer-refused", "error"),
    ],
)
def test_a_denial_becomes_work_with_coded_reasons(
    office: Office, outcome: str, state: str, cause: str
):
    """A denied, partly denied or unprocessed Claim is a person's Task with the payer's reason codes."""
    claim_id = uuid4().hex
    office.payer.next(submit=[outcome])
    items = [
        {
            "sequence": number,
            "productOrService": {
                "coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}]
            },
            "net": {"value": 80, "currency": "USD"},
        }
        for number in (1, 2)
    ]
    task_id = office.submit(claim_id, item=items)
    office.settle()
    assert office.state(task_id) == state
    task = office.follow_ups(task_id)[cause]
    reasons = [
        i["valueCodeableConcept"]["coding"][0]["code"]
        for i in task["input"]
        if i["type"]["text"] == "reason"
    ]
    assert reasons == (["E1"] if outcome == "error" else ["96"])
    assert task["focus"]["reference"].startswith("ClaimResponse/")


def test_a_pended_claim_is_asked_for_until_it_is_decided(any_office: Office):
    """A queued answer makes a person's Task and inquiries; the final answer closes both."""
    claim_id = uuid4().hex
    any_office.payer.next(submit=["queued"])
    task_id = any_office.submit(claim_id)
    assert [any_office.step(), any_office.step(), any_office.step()] == [
        "submit",
        "inquire",
        "inquire",
    ]
    assert any_office.state(task_id) == "pended"
    assert any_office.follow_ups(task_id)["pended"]["status"] == "requested"
    any_office.payer.decide(name_of(claim_id), "complete")
    any_office.settle()
    assert any_office.follow_ups(task_id)["pended"]["status"] == "completed"
    (response,) = any_office.responses(claim_id)
    assert (response["outcome"], response["meta"]["versionId"]) == ("complete", "2")
