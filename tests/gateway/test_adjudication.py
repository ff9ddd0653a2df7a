"""Claims that arrive are answered: queued, refused with reasons, once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from adapters.store import Store
from gateway.arrivals import arrivals
from gateway.http import Services, build_app
from gateway.settings import load_settings
from profiles.admission import require_admissible
from profiles.outcome import OperationOutcomeError
from profiles.scrub.code_system import edits_code_system
from terminology.systems import CLAIM_EDIT
from tests.make_claim import COVERAGE, INSURER, PATIENT, PROVIDER, make_claim

Send = Callable[..., Any]


@pytest.fixture
def payer(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """A gateway that receives Claims and knows the parties of ``make_claim``."""
    settings = replace(load_settings({}), data=str(tmp_path / "store"))
    services = Services(request_analysis=lambda *_: "", on_created=arrivals(settings))
    for one in (PATIENT, COVERAGE, INSURER, PROVIDER):
        store.transact(lambda tx, one=one: tx.put(one))
    app = build_app(store, settings, services)
    with TestClient(app, raise_server_exceptions=False) as connected:
        yield connected


def post(payer: TestClient, claim: dict[str, Any], status: int = 201) -> dict[str, Any]:
    """Create a Claim; it as it was stored."""
    answer = payer.post("/fhir/Claim", json=claim)
    assert answer.status_code == status, answer.text
    stored: dict[str, Any] = answer.json()
    return stored


def found(payer: TestClient, query: str) -> list[dict[str, Any]]:
    """What a search finds; every ClaimResponse of it is valid."""
    bundle = payer.get(f"/fhir/{query}").json()
    resources = [entry["resource"] for entry in bundle.get("entry", ())]
    for one in resources:
        require_admissible(one)
    return resources


def the_answer(payer: TestClient, claim: dict[str, Any]) -> dict[str, Any]:
    """The one ClaimResponse of a Claim."""
    answers = found(payer, f"ClaimResponse?request=Claim/{claim['id']}")
    assert len(answers) == 1
    return answers[0]


def rules_of(answer: dict[str, Any]) -> set[str]:
    """The edits that an answer names as errors."""
    codings = [one for error in answer.get("error", ()) for one in error["code"]["coding"]]
    return {one["code"] for one in codings if one["system"] == CLAIM_EDIT}


def test_a_clean_claim_is_queued_for_a_person(payer: TestClient) -> None:
    """A Claim without errors is answered with what it asks for, a Provenance of the rules, and a Task."""
    claim = post(payer, make_claim())
    answer = the_answer(payer, claim)
    assert (answer["outcome"], answer["status"], answer["use"]) == ("queued", "active", "claim")
    assert answer["patient"] == claim["patient"]
    assert answer["insurer"] == claim["insurer"]
    assert answer["type"] == claim["type"]
    assert answer["total"][0]["amount"] == claim["total"]
    assert "preAuthRef" not in answer
    assert "security" not in answer["meta"]
    (task,) = found(payer, f"Task?focus=ClaimResponse/{answer['id']}")
    assert task["status"] == "requested"
    (provenance,) = found(payer, f"Provenance?target=ClaimResponse/{answer['id']}")
    assert provenance["entity"][0]["what"]["reference"] == f"Claim/{claim['id']}/_history/1"


def test_an_authorization_gets_its_number(payer: TestClient) -> None:
    """A request for authorization is queued under a number by which it can be asked about."""
    answer = the_answer(payer, post(payer, make_claim(use="preauthorization")))
    assert answer["preAuthRef"].startswith("PA")


def test_a_faulty_claim_is_answered_with_its_reasons(payer: TestClient) -> None:
    """Errors stand by line, with our code, X12's number and a note; no Task is made."""
    faulty = make_claim(lines=({"diagnosisSequence": [7]}, {"code": "99214"}))
    answer = the_answer(payer, post(payer, faulty))
    assert answer["outcome"] == "error"
    assert rules_of(answer) == {"pointer-dangling"}
    assert answer["error"][0]["itemSequence"] == 1
    (item,) = answer["item"]
    assert item["adjudication"][0]["amount"] == {"value": 10, "currency": "USD"}
    reason = item["adjudication"][0]["reason"]["coding"]
    assert [one["code"] for one in reason] == ["16", "pointer-dangling"]
    assert all("display" not in one for one in reason if "x12" in one["system"])
    assert answer["processNote"][item["noteNumber"][0] - 1]["text"].startswith("error: ")
    assert found(payer, f"Task?focus=ClaimResponse/{answer['id']}") == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"patient": {"reference": "Patient/unknown"}}, "reference-not-found"),
        (
            {
                "insurance": [
                    {"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/x"}}
                ]
            },
            "reference-not-found",
        ),
        (
            {"provider": {"extension": [{"url": "http://x.test/a", "valueCode": "a"}]}},
            "provider-missing",
        ),
        ({"total": {"value": 99, "currency": "USD"}}, "total-mismatch"),
    ],
)
def test_what_does_not_fit_is_said(payer: TestClient, changes: dict[str, Any], rule: str) -> None:
    """Parties that are missing or unknown and sums that are wrong are errors of the answer."""
    answer = the_answer(payer, post(payer, make_claim(**changes)))
    assert answer["outcome"] == "error"
    assert rule in rules_of(answer)


def test_a_claim_on_the_coverage_of_another_is_refused(payer: TestClient, store: Store) -> None:
    """The beneficiary of the Coverage has to be the patient."""
    store.transact(lambda tx: tx.put({**PATIENT, "id": "p2"}))
    answer = the_answer(payer, post(payer, make_claim(patient={"reference": "Patient/p2"})))
    assert rules_of(answer) == {"coverage-of-another"}


def test_the_same_claim_is_decided_once(payer: TestClient) -> None:
    """The same content under another id, or the same identifier, is a duplicate that names the first."""
    mine = [{"system": "http://provider.test/claims", "value": "17"}]
    first = post(payer, make_claim(identifier=mine))
    again = the_answer(payer, post(payer, make_claim()))
    other = the_answer(payer, post(payer, make_claim(("E11.9",), identifier=mine)))
    for answer in (again, other):
        assert answer["outcome"] == "error"
        assert rules_of(answer) == {"claim-duplicate"}
        assert f"Claim/{first['id']}" in answer["error"][0]["code"]["text"]
    assert len(found(payer, "Task?code=adjudicate")) == 1


def test_of_claims_that_come_at_once_one_is_queued(payer: TestClient) -> None:
    """Six senders of one Claim at the same moment get one decision between them."""
    with ThreadPoolExecutor(6) as senders:
        answers = list(senders.map(lambda _: post(payer, make_claim()), range(6)))
    outcomes = [the_answer(payer, claim)["outcome"] for claim in answers]
    assert sorted(outcomes) == ["error"] * 5 + ["queued"]
    assert len(found(payer, "Task?code=adjudicate")) == 1


def test_an_identifier_may_hold_any_character(payer: TestClient) -> None:
    """Characters that a search gives a meaning are taken as they are."""
    mine = [{"system": "http://provider.test/a,b", "value": r"17|a,b\c$d"}]
    post(payer, make_claim(identifier=mine))
    other = post(payer, make_claim(("E11.9",), identifier=mine))
    assert rules_of(the_answer(payer, other)) == {"claim-duplicate"}


def test_contained_parties_are_named_in_the_answer(payer: TestClient) -> None:
    """A Claim that contains its parties is answered without pointing into it."""
    patient = {
        **PATIENT,
        "id": "pat",
        "identifier": [{"system": "http://member.test", "value": "1"}],
    }
    coverage = {**COVERAGE, "id": "cov", "beneficiary": {"reference": "#pat"}}
    claim = make_claim(
        contained=[patient, coverage],
        patient={"reference": "#pat"},
        insurance=[{"sequence": 1, "focal": True, "coverage": {"reference": "#cov"}}],
    )
    answer = the_answer(payer, post(payer, claim))
    assert answer["outcome"] == "queued", answer.get("error")
    assert answer["patient"]["identifier"]["value"] == "1"
    assert "reference" not in answer["patient"]
    assert len(found(payer, f"Task?focus=ClaimResponse/{answer['id']}")) == 1


def test_an_update_without_news_changes_nothing(payer: TestClient) -> None:
    """The same Claim again keeps its answer; a changed one gets the next version and a Task of its own."""
    claim = post(payer, make_claim())
    first = the_answer(payer, claim)
    payer.put(f"/fhir/Claim/{claim['id']}", json=claim)
    assert the_answer(payer, claim)["meta"]["versionId"] == first["meta"]["versionId"]
    changed = {**make_claim(("E11.9",)), "id": claim["id"]}
    assert payer.put(f"/fhir/Claim/{claim['id']}", json=changed).status_code == 200
    assert the_answer(payer, claim)["meta"]["versionId"] == "2"
    states = [task["status"] for task in found(payer, "Task?code=adjudicate")]
    assert sorted(states) == ["cancelled", "requested"]


def test_what_is_mended_is_answered_anew(payer: TestClient, store: Store) -> None:
    """A Claim that came before its Coverage is answered again when it is sent again."""
    insurance = [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/later"}}]
    claim = post(payer, make_claim(insurance=insurance))
    assert the_answer(payer, claim)["outcome"] == "error"
    store.transact(lambda tx: tx.put({**COVERAGE, "id": "later"}))
    payer.put(f"/fhir/Claim/{claim['id']}", json=claim)
    assert the_answer(payer, claim)["outcome"] == "queued"


def test_a_claim_that_was_not_processed_is_not_repeated_by_its_correction(
    payer: TestClient,
) -> None:
    """What was answered with errors may come again as a new Claim; what was queued may not."""
    post(payer, make_claim(lines=({"diagnosisSequence": [7]}, {"code": "99214"})))
    mended = post(payer, make_claim(lines=({}, {"code": "99214"})))
    assert the_answer(payer, mended)["outcome"] == "queued"
    again = make_claim(lines=({}, {"code": "99214"}, {"code": "99215"}))
    assert rules_of(the_answer(payer, post(payer, again))) == {"claim-repeated"}


def test_a_cancelled_claim_takes_its_answer_with_it(payer: TestClient) -> None:
    """Cancelling, by update or by a Claim that names the first, cancels answer and Task."""
    for send_again in (False, True):
        claim = post(payer, make_claim(created=f"2026-05-0{5 + send_again}"))
        cancelled = {**claim, "status": "cancelled"}
        if send_again:
            named = [{"claim": {"reference": f"Claim/{claim['id']}"}}]
            post(payer, {**make_claim(status="cancelled"), "related": named})
        else:
            payer.put(f"/fhir/Claim/{claim['id']}", json=cancelled)
        answer = the_answer(payer, claim)
        assert answer["status"] == "cancelled"
        (task,) = found(payer, f"Task?focus=ClaimResponse/{answer['id']}")
        assert task["status"] == "cancelled"


def test_a_correction_replaces_what_it_names(payer: TestClient, store: Store) -> None:
    """A Claim that names the prior one withdraws its answer; that of another patient it cannot name."""
    first = post(payer, make_claim())
    named = [{"claim": {"reference": f"Claim/{first['id']}"}}]
    second = post(payer, make_claim(("I10",), related=named))
    assert the_answer(payer, first)["status"] == "cancelled"
    assert the_answer(payer, second)["outcome"] == "queued"
    store.transact(lambda tx: tx.put({**PATIENT, "id": "p2"}))
    store.transact(
        lambda tx: tx.put({**COVERAGE, "id": "c2", "beneficiary": {"reference": "Patient/p2"}})
    )
    strange = make_claim(
        patient={"reference": "Patient/p2"},
        insurance=[{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/c2"}}],
        related=[{"claim": {"reference": f"Claim/{second['id']}"}}],
    )
    assert rules_of(the_answer(payer, post(payer, strange))) == {"related-of-another"}
    assert the_answer(payer, second)["status"] == "active"


def test_a_draft_and_a_cancellation_of_nothing(payer: TestClient) -> None:
    """A draft is not answered; a Claim that comes cancelled is said to be cancelled."""
    draft = post(payer, make_claim(status="draft"))
    assert found(payer, f"ClaimResponse?request=Claim/{draft['id']}") == []
    cancelled = the_answer(payer, post(payer, make_claim(status="cancelled")))
    assert (cancelled["status"], cancelled["outcome"]) == ("cancelled", "complete")


def test_a_transaction_answers_its_claims_with_its_own_parties(payer: TestClient) -> None:
    """Entries of a transaction may be the parties of its Claim; all is stored together."""
    patient, coverage = "urn:uuid:5b0e6a0e-0000-4000-8000-000000000001", "Coverage/c9"
    claim = make_claim(
        patient={"reference": patient},
        insurance=[{"sequence": 1, "focal": True, "coverage": {"reference": coverage}}],
    )
    entries = [
        {"resource": claim, "request": {"method": "POST", "url": "Claim"}},
        {
            "fullUrl": patient,
            "resource": {key: value for key, value in PATIENT.items() if key != "id"},
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "resource": {**COVERAGE, "id": "c9", "beneficiary": {"reference": patient}},
            "request": {"method": "PUT", "url": coverage},
        },
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answered = payer.post("/fhir", json=bundle)
    assert answered.status_code == 200, answered.text
    (answer,) = found(payer, "ClaimResponse")
    assert answer["outcome"] == "queued", answer.get("error")


def test_a_claim_that_comes_with_its_answer_is_a_record(payer: TestClient) -> None:
    """A Claim of a history, whose ExplanationOfBenefit comes with it, is not answered again."""
    url = "urn:uuid:5b0e6a0e-0000-4000-8000-000000000002"
    benefit = {
        "resourceType": "ExplanationOfBenefit",
        "status": "active",
        "type": {"text": "professional"},
        "use": "claim",
        "patient": {"reference": "Patient/p1"},
        "created": "2026-05-06",
        "insurer": {"reference": "Organization/o1"},
        "provider": {"reference": "Practitioner/d1"},
        "claim": {"reference": url},
        "outcome": "complete",
        "insurance": [{"focal": True, "coverage": {"reference": "Coverage/c1"}}],
    }
    entries = [
        {"fullUrl": url, "resource": make_claim(), "request": {"method": "POST", "url": "Claim"}},
        {"resource": benefit, "request": {"method": "POST", "url": "ExplanationOfBenefit"}},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answered = payer.post("/fhir", json=bundle)
    assert answered.status_code == 200, answered.text
    assert found(payer, "ClaimResponse") == []


def decide(
    payer: TestClient, task: dict[str, Any], status: int = 200, **given: Any
) -> dict[str, Any]:
    """Decide on a received Claim as a named person."""
    values = {"decision": "valueCode", "reason": "valueString", "resource": "resource"}
    parameter = [
        {"name": "performer", "valueReference": {"display": "Paula Payer"}},
        *({"name": name, values[name]: value} for name, value in given.items()),
    ]
    body = {"resourceType": "Parameters", "parameter": parameter}
    answer = payer.post(f"/fhir/Task/{task['id']}/$decide", json=body)
    assert answer.status_code == status, answer.text
    decided: dict[str, Any] = answer.json()
    return decided


def test_a_person_decides_on_a_received_claim(payer: TestClient) -> None:
    """Accepted makes every line eligible, rejected none and says why; a person stands for it, once."""
    first = post(payer, make_claim(use="preauthorization"))
    answer = the_answer(payer, first)
    (task,) = found(payer, f"Task?focus=ClaimResponse/{answer['id']}")
    assert "reason" in decide(payer, task, 400, decision="rejected")["issue"][0]["diagnostics"]
    decide(payer, task, decision="accepted")
    answer = the_answer(payer, first)
    assert (answer["outcome"], answer["disposition"]) == ("complete", "Accepted by Paula Payer.")
    eligible = answer["item"][0]["adjudication"][1]
    assert eligible["amount"]["value"] == 10
    assert "A1" in str(eligible["extension"])
    assert found(payer, f"Task?_id={task['id']}")[0]["status"] == "completed"
    decide(payer, task, 409, decision="accepted")
    changed = {**make_claim(("I10",)), "id": first["id"]}
    assert payer.put(f"/fhir/Claim/{first['id']}", json=changed).status_code == 409
    second = post(payer, make_claim(lines=({"code": "99214"},)))
    answer = the_answer(payer, second)
    (task,) = found(payer, f"Task?focus=ClaimResponse/{answer['id']}")
    decide(payer, task, decision="rejected", reason="not a member")
    answer = the_answer(payer, second)
    assert answer["total"][1]["amount"]["value"] == 0
    assert answer["item"][0]["adjudication"][1]["reason"]["text"] == "not a member"
    people = found(payer, f"Provenance?target=ClaimResponse/{answer['id']}")
    assert len(people) == 2


def test_a_person_may_adjudicate_line_by_line(payer: TestClient) -> None:
    """Modified takes the person's ClaimResponse, but neither its patient nor what it answers."""
    claim = post(payer, make_claim())
    answer = the_answer(payer, claim)
    (task,) = found(payer, f"Task?focus=ClaimResponse/{answer['id']}")
    edited = {**answer, "outcome": "partial", "patient": {"reference": "Patient/x"}}
    decide(payer, task, 422, decision="modified")
    decide(payer, task, decision="modified", resource={**edited, "disposition": "half"})
    answer = the_answer(payer, claim)
    assert (answer["outcome"], answer["disposition"]) == ("partial", "half")
    assert answer["patient"] == claim["patient"]


def test_the_payer_s_own_system_may_decide_by_an_update(payer: TestClient) -> None:
    """An update that completes the answer ends its Task."""
    answer = the_answer(payer, post(payer, make_claim()))
    done = payer.put(f"/fhir/ClaimResponse/{answer['id']}", json={**answer, "outcome": "complete"})
    assert done.status_code == 200, done.text
    (task,) = found(payer, f"Task?focus=ClaimResponse/{answer['id']}")
    assert task["status"] == "completed"


def test_a_claim_that_an_ai_has_labelled_elsewhere_is_answered(payer: TestClient) -> None:
    """The approved Claim of another gateway keeps its label, and is a Claim like any other."""
    label = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
    claim = make_claim(meta={"security": [{"system": label, "code": "AIAST"}]})
    assert the_answer(payer, post(payer, claim))["outcome"] == "queued"


def test_a_table_that_cannot_be_read_refuses_the_claim(payer: TestClient, tmp_path: Path) -> None:
    """A damaged table is said, with 503, and the Claim is not stored unchecked."""
    folder = tmp_path / "store" / "terminology"
    folder.mkdir()
    (folder / "mue-practitioner-2026-01-01.table").write_bytes(b"damaged")
    said = post(payer, make_claim(), 503)
    assert "mue-practitioner-2026-01-01.table" in said["issue"][0]["diagnostics"]
    assert found(payer, "Claim") == []


def test_a_person_decides_on_a_page(payer: TestClient) -> None:
    """The page shows what was asked for, refuses a denial without a reason, and decides as $decide does."""
    claim = post(
        payer, make_claim(("I10", "<b>x"), lines=({"modifiers": ("25",)}, {"code": "99214"}))
    )
    answer = the_answer(payer, claim)
    (task,) = found(payer, f"Task?focus=ClaimResponse/{answer['id']}")
    address = f"/received/{answer['id']}"
    assert address in payer.get("/").text
    shown = payer.get(address).text
    assert "99213 25" in shown
    assert "20 USD" in shown
    assert "<b>" not in shown
    form = {"task": task["id"], "version": "1", "performer": "Paula Payer", "decision": "rejected"}
    refused = payer.post(address, data=form)
    assert refused.status_code == 400
    assert "a rejection has a reason" in refused.text
    assert 'value="Paula Payer"' in refused.text
    stale = payer.post(address, data={**form, "version": "7", "reason": "no"})
    assert stale.status_code == 409
    done = payer.post(address, data={**form, "reason": "not <covered>"})
    assert done.status_code == 200
    assert "Rejected by Paula Payer. not &lt;covered&gt;" in done.text
    assert "<form" not in done.text
    assert payer.get("/received/unknown").status_code == 404
    strange = payer.post(address, data=form, headers={"Origin": "http://elsewhere.test"})
    assert strange.status_code == 403


def test_every_edit_can_be_looked_up(payer: TestClient) -> None:
    """The code of a finding has a display and a definition with its source; the system is valid."""
    asked = f"/fhir/CodeSystem/$lookup?system={CLAIM_EDIT}&code=excludes1"
    said = payer.get(asked).json()
    values = {one["name"]: one.get("valueString") for one in said["parameter"]}
    assert values["display"] == "Codes that exclude each other (Excludes1)"
    assert "I.A.12.a" in str(said)
    require_admissible(edits_code_system())


def test_a_site_may_keep_claims_without_answering(store: Store, tmp_path: Path) -> None:
    """With the setting off nothing is made; a wrong value stops the start, as do unreadable payer rules."""
    settings = replace(load_settings({}), data=str(tmp_path), receive_claims="off")
    written: list[Any] = []
    arrivals(settings)(written, {**make_claim(), "id": "a"})  # type: ignore[arg-type]
    assert written == []
    with pytest.raises(OperationOutcomeError, match="receive_claims"):
        arrivals(replace(settings, receive_claims="maybe"))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.json").write_text('{"colour": "red"}')
    with pytest.raises(OperationOutcomeError, match="there is no member colour"):
        arrivals(replace(settings, payer_rules=str(tmp_path / "rules")))
