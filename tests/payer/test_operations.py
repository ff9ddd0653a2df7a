"""``Claim/[id]/$submit``, ``Claim/$submit`` and ``Claim/$inquire`` over HTTP."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from gateway.fetch import fetch_on_arrival
from gateway.http import Services, build_app
from gateway.settings import load_settings
from profiles.builders.claim_bundle import build_inquiry, build_request
from profiles.fhir_time import instant_of
from profiles.task import REVIEW, new_task
from terminology.ai_transparency import labelled
from terminology.payer import PAS_RESPONSE
from tests.make_payer import INSURER, claim, name_of
from tests.payer.conftest import Office

FHIR = {"Content-Type": "application/fhir+json"}


@pytest.fixture
def client(office: Office) -> Iterator[TestClient]:
    """A client of the endpoint of an office."""
    services = Services(
        request_analysis=lambda *_: "", on_created=fetch_on_arrival, payers=office.payers
    )
    app = build_app(office.store, load_settings({}), services)
    with TestClient(app, raise_server_exceptions=False) as connected:
        yield connected


def _request(office: Office, made: dict[str, Any]) -> dict[str, Any]:
    """What another provider would send: its Claim and all that it refers to."""
    moment = office.store.read("Patient", "ann").last_updated
    return build_request(made, office.payers.read, b"elsewhere", f"urn:uuid:{uuid4()}", moment)


def test_submit_is_a_job_whose_result_is_the_answer(office: Office, client: TestClient):
    """202 with the job's address; the job ends with the ClaimResponse; asking again is the same job."""
    claim_id = uuid4().hex
    office.store.transact(lambda tx: tx.put(claim(claim_id)))
    first = client.post(f"/fhir/Claim/{claim_id}/$submit")
    again = client.post(f"/fhir/Claim/{claim_id}/$submit")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.headers["Content-Location"] == again.headers["Content-Location"]
    office.settle()
    result = client.get(first.headers["Content-Location"])
    assert result.json()["resourceType"] == "ClaimResponse"
    assert office.payer.claims().count(name_of(claim_id)) == 1


def _draft(office: Office, claim_id: str) -> None:
    office.store.transact(lambda tx: tx.put(claim(claim_id, status="draft")))


def _undecided(office: Office, claim_id: str) -> None:
    def work(tx: Any) -> None:
        tx.put(claim(claim_id))
        tx.put(new_task(uuid4().hex, REVIEW, f"Claim/{claim_id}", tx.moment))

    office.store.transact(work)


def _unverified(office: Office, claim_id: str) -> None:
    office.store.transact(lambda tx: tx.put(claim(claim_id, meta=labelled())))


def _strange_insurer(office: Office, claim_id: str) -> None:
    insurer = {"identifier": {"system": INSURER, "value": "nobody"}}
    office.store.transact(lambda tx: tx.put(claim(claim_id, insurer=insurer)))


@pytest.mark.parametrize(
    ("prepare", "expression"),
    [
        (_draft, "Claim.status"),
        (_undecided, "Claim.status"),
        (_unverified, "Claim.meta.security"),
        (_strange_insurer, "Claim.insurer"),
    ],
)
def test_what_nobody_has_approved_does_not_go_out(
    office: Office,
    client: TestClient,
    prepare: Callable[[Office, str], None],
    expression: str,
):
    """A draft, an undecided, an unverified AI Claim and one without a payer are 422 and leave no Task."""
    claim_id = uuid4().hex
    prepare(office, claim_id)
    answer = client.post(f"/fhir/Claim/{claim_id}/$submit")
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == [expression]
    assert office.settle() == 0


def test_an_ai_claim_with_a_verifier_goes_out(office: Office, client: TestClient):
    """The Provenance of the person who has decided is what an AI's Claim needs."""
    claim_id = uuid4().hex
    _unverified(office, claim_id)
    verifier = {
        "resourceType": "Provenance",
        "target": [{"reference": f"Claim/{claim_id}"}],
        "recorded": instant_of(0),
        "agent": [
            {
                "type": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
                            "code": "verifier",
                        }
                    ]
                },
                "who": {"display": "A. Coder"},
            }
        ],
    }
    office.store.transact(lambda tx: tx.create(verifier))
    assert client.post(f"/fhir/Claim/{claim_id}/$submit").status_code == 202


def test_another_version_of_an_answered_claim_is_a_conflict(office: Office, client: TestClient):
    """A correction is a new Claim: the next version of one that the payer has is 409."""
    claim_id = uuid4().hex
    office.submit(claim_id)
    office.settle()
    changed = claim(claim_id, created="2026-11-27")
    office.store.transact(lambda tx: tx.put(changed))
    answer = client.post(f"/fhir/Claim/{claim_id}/$submit")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (409, "conflict")


def test_two_claims_of_one_identifier_are_not_sent(office: Office, client: TestClient):
    """The payer is asked by identifier: a second Claim by the same would take the answer of the first."""
    claim_id, other = uuid4().hex, uuid4().hex
    office.submit(claim_id)
    office.settle()
    twin = claim(other, identifier=claim(claim_id)["identifier"])
    office.store.transact(lambda tx: tx.put(twin))
    answer = client.post(f"/fhir/Claim/{other}/$submit")
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (
        409,
        ["Claim.identifier"],
    )


@pytest.mark.parametrize("value", ["1,2", "a|b", "$5", "back\\slash", "ü & ?=#"])
def test_identifiers_of_any_signs_find_their_answer(office: Office, value: str):
    """An identifier with signs that searches and URLs know is asked for as it is."""
    claim_id = uuid4().hex
    system = "https://hospital.example/claims"
    office.payer.next(submit=["cut"], inquire=["404"])
    task_id = office.submit(
        claim_id, identifier=[{"system": system, "value": f"{value}{claim_id}"}]
    )
    office.settle()
    assert office.state(task_id) == "answered"
    assert office.payer.claims().count(f"{system}|{value}{claim_id}") == 1


def test_a_refused_claim_is_put_right_and_goes_out_again(office: Office, client: TestClient):
    """What the payer has refused may be sent again after it was changed, as another request."""
    claim_id = uuid4().hex
    office.payer.next(submit=["refuse"])
    office.submit(claim_id)
    office.settle()
    changed = claim(claim_id, created="2026-11-27")
    office.store.transact(lambda tx: tx.put(changed))
    assert client.post(f"/fhir/Claim/{claim_id}/$submit").status_code == 202
    office.settle()
    assert office.payer.claims().count(name_of(claim_id)) == 1
    assert len(office.responses(claim_id)) == 1


def test_a_claim_that_was_changed_before_it_left_is_not_sent(office: Office):
    """A newer version overtakes a queued one: what goes out is what was approved last, or nothing."""
    claim_id = uuid4().hex
    task_id = office.submit(claim_id)
    office.store.transact(lambda tx: tx.put(claim(claim_id, status="cancelled")))
    office.settle()
    assert office.state(task_id) == "superseded"
    assert name_of(claim_id) not in office.payer.claims()


def test_a_review_that_is_opened_after_the_approval_holds_the_claim_back(office: Office):
    """What a person is asked about again, notes that were withdrawn say, does not go out meanwhile."""
    claim_id = uuid4().hex
    task_id = office.submit(claim_id)
    review = new_task(
        uuid4().hex, REVIEW, f"Claim/{claim_id}", office.store.read("Patient", "ann").last_updated
    )
    office.store.transact(lambda tx: tx.put(review))
    office.settle()
    assert set(office.follow_ups(task_id)) == {"not-sent"}
    assert name_of(claim_id) not in office.payer.claims()


def test_a_job_that_may_have_reached_the_payer_is_not_cancelled(office: Office, client: TestClient):
    """Before the first attempt a submission can be withdrawn, afterwards it is 409."""
    office.payer.next(submit=["cut"])
    begun, waiting = office.submit(uuid4().hex), office.submit(uuid4().hex)
    office.step()
    assert client.delete(f"/fhir/$job-status/{begun}").status_code == 409
    assert client.delete(f"/fhir/$job-status/{waiting}").status_code == 202


def test_a_providers_request_is_passed_on(office: Office, client: TestClient):
    """As an intermediary the answer of the payer comes back: a PAS Response Bundle, ClaimResponse first."""
    claim_id = uuid4().hex
    answer = client.post(
        "/fhir/Claim/$submit", json=_request(office, claim(claim_id)), headers=FHIR
    )
    bundle = answer.json()
    assert (answer.status_code, bundle["type"]) == (200, "collection")
    assert bundle["entry"][0]["resource"]["resourceType"] == "ClaimResponse"
    assert office.payer.claims().count(name_of(claim_id)) == 1


MINE = {"identifier": [{"system": INSURER, "value": "us"}], "active": True}


def _for_us(office: Office, claim_id: str, **changed: Any) -> dict[str, Any]:
    """A request whose insurer is this server."""
    bundle = _request(office, claim(claim_id, **changed))
    for entry in bundle["entry"]:
        if entry["resource"].get("identifier", [{}])[0].get("system") == INSURER:
            entry["resource"].update(MINE)
    return bundle


def test_a_claim_for_this_payer_is_answered(office: Office, client: TestClient):
    """Where we are the insurer the answer is a PAS Response Bundle whose request names the Claim."""
    claim_id = uuid4().hex
    ann = {**(office.payers.read("Patient", "ann") or {}), "gender": "female"}
    clinic = {**(office.payers.read("Organization", "clinic") or {}), "active": True}

    def complete(tx: Any) -> None:
        tx.put(ann)
        tx.put(clinic)

    office.store.transact(complete)
    request = _for_us(office, claim_id, use="preauthorization")
    bundle = client.post("/fhir/Claim/$submit", json=request, headers=FHIR).json()
    response = bundle["entry"][0]["resource"]
    assert (bundle["type"], bundle["meta"]["profile"]) == ("collection", [PAS_RESPONSE])
    assert response["request"]["identifier"]["value"] == claim_id
    assert response["outcome"] in ("queued", "error")
    urls = {entry["fullUrl"].removeprefix("http://testserver/fhir/") for entry in bundle["entry"]}
    assert {response[name]["reference"] for name in ("patient", "insurer")} <= urls


def _restful(bundle: dict[str, Any]) -> dict[str, Any]:
    """The same request with full URLs of a server and relative references, as PAS examples have them."""
    text = json.dumps(bundle)
    for entry in bundle["entry"]:
        key = f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        text = text.replace(
            f'"fullUrl": "{entry["fullUrl"]}"', f'"fullUrl": "https://c.example/fhir/{key}"'
        )
        text = text.replace(f'"{entry["fullUrl"]}"', f'"{key}"')
    made: dict[str, Any] = json.loads(text)
    return made


def test_relative_references_of_a_request_are_understood(office: Office, client: TestClient):
    """A Bundle with full URLs of a server and relative references is stored under our ids, and answered."""
    claim_id = uuid4().hex
    request = _restful(_for_us(office, claim_id))
    answer = client.post("/fhir/Claim/$submit", json=request, headers=FHIR)
    assert answer.status_code == 200, answer.text
    response = answer.json()["entry"][0]["resource"]
    stored = office.store.read(*response["request"]["reference"].split("/")).json()
    assert stored["patient"]["reference"] == "Patient/ann"
    coverage = stored["insurance"][0]["coverage"]["reference"]
    kept = office.store.read(*coverage.split("/")).json()
    assert kept["beneficiary"]["reference"] == "Patient/ann"


def test_a_request_that_comes_twice_is_stored_once(office: Office, client: TestClient):
    """The same request again changes nothing and has the same answer."""
    request = _for_us(office, uuid4().hex)
    before = office.store.status()["resources"]
    first = client.post("/fhir/Claim/$submit", json=request, headers=FHIR).json()
    between = office.store.status()["resources"]
    again = client.post("/fhir/Claim/$submit", json=request, headers=FHIR).json()
    assert before < between == office.store.status()["resources"]
    assert first["entry"][0] == again["entry"][0]


def test_a_known_patient_is_not_written_over(office: Office, client: TestClient):
    """Who is here under an identifier is meant, and what a provider writes of him stays outside."""
    request = _for_us(office, uuid4().hex)
    for entry in request["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"]["birthDate"] = "2000-01-01"
    bundle = client.post("/fhir/Claim/$submit", json=request, headers=FHIR).json()
    assert bundle["entry"][0]["resource"]["patient"]["reference"] == "Patient/ann"
    assert office.store.read("Patient", "ann").json()["birthDate"] == "1970-01-01"


def test_a_request_with_an_invalid_resource_leaves_nothing(office: Office, client: TestClient):
    """One resource that is no valid R4 refuses the request as a whole."""
    request = _for_us(office, uuid4().hex)
    request["entry"][-1]["resource"]["status"] = "none of R4"
    before = office.store.status()["resources"]
    answer = client.post("/fhir/Claim/$submit", json=request, headers=FHIR)
    assert answer.status_code in (400, 422)
    assert office.store.status()["resources"] == before


@pytest.mark.parametrize(
    ("trouble", "status"), [("html", 504), ("cut", 504), ("503", 429), ("refuse", 422)]
)
def test_trouble_behind_an_intermediary_is_said(
    office: Office, client: TestClient, trouble: str, status: int
):
    """What became of a request that was passed on is said, with what to do when it is not known."""
    office.payer.next(submit=[trouble])
    request = _request(office, claim(uuid4().hex))
    answer = client.post("/fhir/Claim/$submit", json=request, headers=FHIR)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "changed",
    [{"type": "batch"}, {"identifier": None}, {"timestamp": None}, {"entry": []}],
)
def test_what_is_no_request_bundle_is_refused(
    office: Office, client: TestClient, changed: dict[str, Any]
):
    """A Bundle that is no PAS Request Bundle is 400 before anything is passed on."""
    bundle = {**_request(office, claim(uuid4().hex)), **changed}
    bundle = {name: value for name, value in bundle.items() if value is not None}
    answer = client.post("/fhir/Claim/$submit", json=bundle, headers=FHIR)
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["$inquire", "$inquiry"])
def test_an_inquiry_finds_the_answer_of_its_claim(office: Office, client: TestClient, name: str):
    """A Bundle with the ClaimResponse of the Claim that the identifiers name, for the same patient."""
    claim_id = uuid4().hex
    office.submit(claim_id)
    office.submit(uuid4().hex)
    office.settle()
    moment = office.store.read("Patient", "ann").last_updated
    inquiry = build_inquiry(_request(office, claim(claim_id)), f"urn:uuid:{uuid4()}", moment)
    bundle = client.post(f"/fhir/Claim/{name}", json=inquiry, headers=FHIR).json()
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert kinds.count("ClaimResponse") == 1
    assert kinds[0] == "ClaimResponse"
    request = bundle["entry"][0]["resource"]["request"]
    assert (request["reference"], request["identifier"]["value"]) == (f"Claim/{claim_id}", claim_id)


def test_an_inquiry_about_another_patient_finds_nothing(office: Office, client: TestClient):
    """The identifiers of a Claim with another patient's name no answer: nobody learns of another's."""
    claim_id = uuid4().hex
    office.submit(claim_id)
    office.settle()
    request = _request(office, claim(claim_id))
    for entry in request["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"]["identifier"][0]["value"] = "2"
        if entry["resource"].get("identifier", [{}])[0].get("system") == INSURER:
            entry["resource"]["identifier"][0]["value"] = "nobody"
    bundle = client.post("/fhir/Claim/$inquire", json=request, headers=FHIR).json()
    assert bundle["entry"] == []
