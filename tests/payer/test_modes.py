"""Payers that speak plain FHIR, that cannot be asked, or that stand in the insurer's own Endpoint."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.payer.payers import Payer
from adapters.store import Transaction
from gateway.payers import Payers
from gateway.submission import key_of, queue_submission
from profiles.outcome import OperationOutcomeError
from tests.make_payer import TrialPayer, claim, name_of
from tests.payer.conftest import Office


@pytest.fixture
def plain(tmp_path: Path, running_payer: TrialPayer) -> Iterator[Office]:
    """An office whose payer takes ``POST /Claim``."""
    running_payer.forget()
    made = Office(tmp_path, running_payer, mode="create")
    yield made
    made.store.close()


@pytest.mark.parametrize(
    "trouble", ["", "cut", "cut-before", "500-after", "html-after", "503", "empty"]
)
def test_a_plain_create_is_made_once(plain: Office, trouble: str):
    """A Claim with what it refers to contained is created once; its answer is searched for."""
    claim_id = uuid4().hex
    plain.payer.next(submit=[trouble])
    task_id = plain.submit(claim_id)
    plain.settle()
    assert plain.payer.claims().count(name_of(claim_id)) == 1
    assert plain.state(task_id) in ("pended", "answered")
    (response,) = plain.responses(claim_id)
    assert response["outcome"] == "complete"


def test_a_payer_that_cannot_be_asked_needs_a_person(office: Office):
    """Without $inquire and search nothing is sent again by itself: a person decides, with resend."""
    claim_id = uuid4().hex
    office.payer.next(submit=["cut-before"], inquire=["404"] * 2, search=["404"] * 2)
    task_id = office.submit(claim_id)
    office.settle()
    assert office.state(task_id) == "awaiting-person"
    assert set(office.follow_ups(task_id)) == {"unclear"}
    assert name_of(claim_id) not in office.payer.claims()

    def resend(tx: Transaction) -> str:
        return queue_submission(tx, tx.require("Claim", claim_id).json(), resend=True)

    again = office.store.transact(resend)
    office.settle()
    assert office.state(again) == "answered"
    assert office.payer.claims().count(name_of(claim_id)) == 1


def test_submitting_again_without_resend_asks_first(office: Office):
    """After an end that nobody knows, another $submit asks the payer before it sends."""
    claim_id = uuid4().hex
    office.payer.next(submit=["cut"], inquire=["404"], search=["404"])
    office.submit(claim_id)
    office.settle()
    again = office.store.transact(
        lambda tx: queue_submission(tx, tx.require("Claim", claim_id).json())
    )
    office.settle()
    assert office.state(again) == "answered"
    assert office.payer.claims().count(name_of(claim_id)) == 1


def test_a_search_stands_in_for_an_inquiry(office: Office):
    """Where there is no $inquire, ClaimResponse?request.identifier is searched."""
    claim_id = uuid4().hex
    office.payer.next(submit=["cut"], inquire=["404"])
    task_id = office.submit(claim_id)
    office.settle()
    assert office.state(task_id) == "answered"
    assert office.payer.claims().count(name_of(claim_id)) == 1


def _with_endpoint(office: Office, address: str, **changed: object) -> None:
    endpoint = {
        "resourceType": "Endpoint",
        "id": "door",
        "status": "active",
        "connectionType": {
            "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
            "code": "hl7-fhir-rest",
        },
        "payloadType": [{"text": "claims"}],
        "address": address,
        **changed,
    }
    insurer = {**office.payers.read("Organization", "trial-payer")}
    insurer.pop("identifier")
    insurer["endpoint"] = [{"reference": "Endpoint/door"}]

    def work(tx: Transaction) -> None:
        tx.put(endpoint)
        tx.put(insurer)

    office.store.transact(work)


def test_an_endpoint_of_the_insurer_is_used_where_the_site_allows_it(office: Office):
    """Organization.endpoint leads to the payer when its address is below one of payer_servers."""
    _with_endpoint(office, office.payer.address)
    allowed = Payers(office.store, (), (office.payer.address.removesuffix("/fhir"),))
    assert allowed.of_claim(claim("a")).payer == Payer("Endpoint/door", office.payer.address)


@pytest.mark.parametrize(
    "address",
    [
        "https://payer.example.evil.org/fhir",
        "https://payer.example/fhirx",
        "https://payer.example/fhir/../admin",
        "https://payer.example:8443/fhir",
        "http://payer.example/fhir",
        "http://169.254.169.254/latest",
        "https://user@payer.example/fhir",
        "file:///etc/passwd",
    ],
)
def test_no_other_address_is_asked(office: Office, address: str):
    """What somebody has stored does not steer the gateway: only addresses below the site's own are asked."""
    _with_endpoint(office, address)
    payers = Payers(office.store, (), ("https://payer.example/fhir",))
    with pytest.raises(OperationOutcomeError):
        payers.of_claim(claim("a"))


def test_a_claim_without_a_payer_becomes_a_persons_task(office: Office):
    """A queued Claim whose insurer is not known any more is said, not lost."""
    claim_id = uuid4().hex
    task_id = office.submit(claim_id)
    office.store.transact(
        lambda tx: tx.put({"resourceType": "Organization", "id": "trial-payer", "name": "Other"})
    )
    office.settle()
    assert office.task(task_id)["status"] == "failed"
    assert set(office.follow_ups(task_id)) == {"not-sent"}


def test_a_claim_of_one_patient_never_carries_another(office: Office):
    """A Claim whose Coverage is another patient's is not sent; a person is told."""
    claim_id = uuid4().hex
    coverage = {**office.payers.read("Coverage", "cover"), "id": "theirs"}
    coverage["beneficiary"] = {"reference": "Patient/ben"}
    office.store.transact(lambda tx: tx.put(coverage))
    insurance = [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/theirs"}}]
    task_id = office.submit(claim_id, insurance=insurance)
    office.settle()
    assert set(office.follow_ups(task_id)) == {"not-sent"}
    assert name_of(claim_id) not in office.payer.claims()


def test_a_payer_that_fails_is_left_alone_and_said(office: Office):
    """After failures in a row the circuit opens: Claims wait without being tried, the doctor sees it."""
    office.payer.next(submit=["503"] * 5)
    tasks = [office.submit(uuid4().hex) for _ in range(6)]
    seen = len(office.payer.state()["seen"])
    for _ in tasks:
        office.step()
    assert len(office.payer.state()["seen"]) == seen + 5
    assert office.state(tasks[5]) == "retrying"
    office.store.transact(lambda tx: None)
    assert office.store.note("circuit:trial") == '{"state": "open"}'
    office.settle(40)
    assert {office.state(task) for task in tasks} == {"answered"}
    office.store.transact(lambda tx: None)
    assert office.store.note("circuit:trial") == '{"state": "closed"}'


def test_a_new_gateway_begins_with_closed_circuits(office: Office):
    """What a gateway that has ended has left open is not shown as the state of the next."""
    office.store.transact(lambda tx: tx.set_note("circuit:trial", '{"state": "open"}'))
    Payers(office.store, [office.payers.of_claim(claim("a")).payer], ())
    assert office.store.note("circuit:trial") is None


def test_what_cannot_stand_alone_is_known_before_an_attempt(plain: Office):
    """A Claim that a plain create cannot hold is a person's Task, and no attempt was made."""
    claim_id = uuid4().hex
    clinic = {**(plain.payers.read("Organization", "clinic") or {})}
    clinic["contained"] = [{"resourceType": "Organization", "id": "in", "name": "Group"}]
    clinic["partOf"] = {"reference": "#in"}
    plain.store.transact(lambda tx: tx.put(clinic))
    task_id = plain.submit(claim_id)
    plain.settle()
    assert set(plain.follow_ups(task_id)) == {"not-sent"}
    assert "output" not in plain.task(task_id)


def test_a_later_success_settles_what_a_person_was_told(office: Office):
    """When a Claim is taken after all, the Tasks of the ways in vain before it are closed."""
    claim_id = uuid4().hex
    office.payer.next(submit=["refuse"])
    first = office.submit(claim_id)
    office.settle()
    office.store.transact(lambda tx: queue_submission(tx, tx.require("Claim", claim_id).json()))
    office.settle()
    assert office.follow_ups(first)["refused"]["status"] == "completed"


def test_a_pended_claim_whose_payer_is_gone_is_said_and_kept(office: Office):
    """The inquiry goes on when the payer is known again; meanwhile a person is told."""
    claim_id = uuid4().hex
    office.payer.next(submit=["queued"])
    task_id = office.submit(claim_id)
    office.step()
    insurer = office.payers.read("Organization", "trial-payer") or {}
    office.store.transact(
        lambda tx: tx.put({"resourceType": "Organization", "id": "trial-payer", "name": "Other"})
    )
    office.step()
    assert office.follow_ups(task_id)["silent"]["status"] == "requested"
    office.store.transact(lambda tx: tx.put(insurer))
    office.payer.decide(name_of(claim_id), "complete")
    office.settle()
    assert office.follow_ups(task_id)["silent"]["status"] == "completed"


def test_not_known_is_believed_only_after_the_payer_had_time(
    tmp_path: Path, running_payer: TrialPayer
):
    """A payer may still be busy with what it got: until it has settled nothing is sent again."""
    running_payer.forget()
    office = Office(tmp_path, running_payer, settle_s=3 * 3600)
    try:
        claim_id = uuid4().hex
        running_payer.next(submit=["cut-before"])
        task_id = office.submit(claim_id)
        assert [office.step(), office.step()] == ["submit", "submit"]
        assert (office.state(task_id), running_payer.claims().count(name_of(claim_id))) == (
            "ambiguous",
            0,
        )
        office.settle()
        assert office.state(task_id) == "answered"
        assert running_payer.claims().count(name_of(claim_id)) == 1
    finally:
        office.store.close()


def test_a_payer_that_is_slow_is_asked_and_not_sent_to_again(
    tmp_path: Path, running_payer: TrialPayer
):
    """An answer beyond the time limit is fetched by asking."""
    running_payer.forget()
    office = Office(tmp_path, running_payer, timeout_s=0.5)
    try:
        claim_id = uuid4().hex
        running_payer.next(submit=["slow"])
        task_id = office.submit(claim_id)
        office.settle()
        running_payer.release()
        assert office.state(task_id) == "answered"
        assert running_payer.claims().count(name_of(claim_id)) == 1
    finally:
        office.store.close()


def test_a_payer_that_asks_to_wait_is_left_in_peace(office: Office):
    """The next attempt is not due before what Retry-After says."""
    office.payer.next(submit=["429"])
    task_id = office.submit(uuid4().hex)
    office.step()
    key = f"submit:{key_of(office.task(task_id))}"
    moment, (_, due) = office.store.transact(lambda tx: (tx.moment, tx.pending(key)))
    assert (due - moment).total_seconds() > 590
