"""``Task/$decide`` on a Claim: code by code and as a whole, once per version, in one transaction."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from adapters.store import Store
from profiles.admission import require_admissible
from profiles.builders.claim import ClaimDraft
from profiles.builders.coded_element import decision_of
from profiles.builders.decision_record import decisions_in
from terminology.x12 import PAYER_CONTROL
from tests.make_coding import DOCUMENT, TEXT
from tests.make_resources import minimal
from tests.make_review import FHIR, code, drafted, icd, parameters, review_client


@pytest.fixture
def reviewer(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """A client of an endpoint with code systems."""
    with review_client(store, tmp_path / "data") as client:
        yield client


@pytest.fixture
def draft(store: Store) -> ClaimDraft:
    """E11.21, I10 and a visit, drafted, version 1."""
    return drafted(store)


def _decide(client: TestClient, draft: ClaimDraft, given: dict[str, Any]) -> Any:
    return client.post(f"/fhir/Task/{draft.task['id']}/$decide", json=given, headers=FHIR)


def _claim(store: Store, draft: ClaimDraft) -> dict[str, Any]:
    found: dict[str, Any] = store.read("Claim", draft.claim["id"]).json()
    require_admissible(found)
    return found


def _task(store: Store, draft: ClaimDraft) -> dict[str, Any]:
    found: dict[str, Any] = store.read("Task", draft.task["id"]).json()
    return found


def _codes(claim: dict[str, Any]) -> list[str]:
    return [d["diagnosisCodeableConcept"]["coding"][0]["code"] for d in claim["diagnosis"]]


def _said(answer: Any) -> str:
    return " ".join(issue["diagnostics"] for issue in answer.json()["issue"])


def _records(store: Store) -> list[Any]:
    found = store.search("Basic", [("_sort", "_lastUpdated")]).matches
    return [record for basic in found for record in decisions_in(basic.json())]


def test_an_accepted_claim_is_active_and_a_person_stands_for_it(reviewer, store, draft):
    """accepted: active, the person is enterer and verifier, the Task has ended, the label stays."""
    answer = _decide(reviewer, draft, parameters(decision="accepted"))
    assert answer.status_code == 200, answer.text
    claim = _claim(store, draft)
    assert (claim["status"], claim["enterer"]) == ("active", {"display": "Cora Coder"})
    assert [label["code"] for label in claim["meta"]["security"]] == ["AIAST"]
    assert "accepted by Cora Coder" in claim["text"]["div"]
    assert _task(store, draft)["status"] == "completed"
    kinds = [e["resource"]["resourceType"] for e in answer.json()["entry"]]
    assert kinds == ["Claim", "Provenance", "Basic", "OperationOutcome"]
    provenance = answer.json()["entry"][1]["resource"]
    assert provenance["agent"][0]["type"]["coding"][0]["code"] == "verifier"
    for entry in answer.json()["entry"]:
        require_admissible(entry["resource"])


def test_a_rejected_claim_was_never_in_force(reviewer, store, draft):
    """rejected: entered-in-error, nobody enters it, the Task has ended as rejected."""
    given = parameters(decision="rejected", reason="wrong patient")
    assert _decide(reviewer, draft, given).status_code == 200
    claim = _claim(store, draft)
    assert (claim["status"], "enterer" in claim) == ("entered-in-error", False)
    assert _task(store, draft)["businessStatus"]["coding"][0]["code"] == "rejected"
    assert {r.decision for r in _records(store)} == {"reject"}


def test_codes_are_decided_and_the_claim_approved_in_one_call(reviewer, store, draft):
    """modify, reject and add change the elements; sequences and pointers are numbered again."""
    given = parameters(
        code("modify", sequence=1, coding=icd("e11.22"), reason="stage is stated"),
        code("reject", sequence=2),
        code("add", coding=icd("N18.31")),
        code("modify", element="item", sequence=1, units=2, pointer=["N18.31", "1"]),
        decision="modified",
        version="1",
    )
    answer = _decide(reviewer, draft, given)
    assert answer.status_code == 200, answer.text
    claim = _claim(store, draft)
    assert claim["status"] == "active"
    assert _codes(claim) == ["E11.22", "N18.31"]
    assert [d["sequence"] for d in claim["diagnosis"]] == [1, 2]
    assert claim["item"][0]["diagnosisSequence"] == [2, 1]
    assert claim["item"][0]["quantity"] == {"value": 2}
    first = claim["diagnosis"][0]
    coding = first["diagnosisCodeableConcept"]["coding"][0]
    assert "diabetic chronic kidney disease" in coding["display"]
    assert coding["version"].startswith("2026")
    said = decision_of(first)
    assert (said["decision"], said["replaces"]["code"]) == ("modify", "E11.21")
    assert said["performer"] == {"display": "Cora Coder"}


def test_a_partial_decision_leaves_the_review_open(reviewer, store, draft):
    """Codes alone: the next version is still a draft, the Task still awaits, the edits stand."""
    given = parameters(code("reject", target=icd("I10")), version="1")
    answer = _decide(reviewer, draft, given)
    assert answer.status_code == 200, answer.text
    claim = _claim(store, draft)
    assert (claim["status"], _codes(claim), claim["meta"]["versionId"]) == (
        "draft",
        ["E11.21"],
        "2",
    )
    assert claim["item"][0]["diagnosisSequence"] == [1]
    assert _task(store, draft)["status"] == "requested"
    assert _decide(reviewer, draft, parameters(decision="modified")).status_code == 200
    assert _claim(store, draft)["status"] == "active"


def test_a_diagnosis_moves_with_its_pointers(reviewer, store, draft):
    """position: the second becomes the first-listed; the line still points to the same diagnoses."""
    given = parameters(code("accept", sequence=2, position=1), version="1")
    assert _decide(reviewer, draft, given).status_code == 200
    claim = _claim(store, draft)
    assert _codes(claim) == ["I10", "E11.21"]
    assert claim["item"][0]["diagnosisSequence"] == [2, 1]


def test_evidence_of_an_addition_is_taken_from_the_note(reviewer, store, draft):
    """The span's text is looked up in what the coder read; a span beyond it is refused."""
    start = TEXT.index("nephropathy")
    span = [
        {"name": "document", "valueReference": {"reference": DOCUMENT}},
        {"name": "start", "valueUnsignedInt": start},
        {"name": "end", "valueUnsignedInt": start + 11},
    ]
    given = parameters(code("add", coding=icd("N08"), evidence=span), version="1")
    assert _decide(reviewer, draft, given).status_code == 200
    added = _claim(store, draft)["diagnosis"][2]
    parts = {p["url"]: p for p in added["extension"][0]["extension"]}
    assert parts["text"]["valueString"] == "nephropathy"
    beyond = [*span[:2], {"name": "end", "valueUnsignedInt": 10_000}]
    given = parameters(code("add", coding=icd("R80.9"), evidence=beyond), version="2")
    assert _decide(reviewer, draft, given).status_code == 422


@pytest.mark.parametrize(
    ("codes", "word", "status"),
    [
        ([code("modify", sequence=1, coding=icd("E11.2"))], "modified", 422),  # not billable
        ([code("modify", sequence=1, coding=icd("Q99.99"))], "modified", 422),  # none
        ([code("modify", sequence=1, coding={"system": "http://x", "code": "I10"})], "", 422),
        ([code("add", coding=icd("I10"))], "", 409),  # is there already
        ([code("add", element="item", coding={"code": "9921"})], "", 422),
        ([code("reject", sequence=3)], "", 422),
        ([code("reject", sequence=1), code("accept", sequence=1)], "", 422),
        ([code("reject", sequence=1)], "accepted", 422),
        ([code("reject", sequence=1)], "rejected", 422),
        ([], "modified", 422),
        ([], "perhaps", 422),
        ([], "", 400),
        ([code("perhaps", sequence=1)], "", 422),
        ([code("accept")], "", 400),
        ([code("add")], "", 400),
        ([code("modify", sequence=1)], "", 400),
        ([code("modify", sequence=1, units=2)], "", 422),
        ([code("reject", sequence=1, units=2)], "", 422),
        ([code("modify", element="item", sequence=1, pointer=["7"])], "", 422),
        ([{"name": "code", "part": [{"name": "perhaps", "valueString": "x"}]}], "", 400),
        ([{"name": "code", "valueString": "accept"}], "", 400),
    ],
)
def test_a_decision_that_does_not_fit_changes_nothing(reviewer, store, draft, codes, word, status):
    """An unknown or unbillable code, a wrong target or a contradiction is said; the draft stays as it was."""
    given = parameters(*codes, version="1", **({"decision": word} if word else {}))
    answer = _decide(reviewer, draft, given)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert store.read("Claim", draft.claim["id"]).version == 1
    assert _records(store) == []


def test_errors_of_the_scrub_block_unless_a_person_says_why(reviewer, store):
    """Without a Coverage the Claim cannot be approved, until an override is given and kept."""
    draft = drafted(store, coverages=())
    answer = _decide(reviewer, draft, parameters(decision="accepted"))
    assert answer.status_code == 422
    assert "coverage-missing" in _said(answer)
    assert _claim(store, draft)["status"] == "draft"
    given = parameters(decision="accepted", override="self-pay, sent on paper")
    answer = _decide(reviewer, draft, given)
    assert answer.status_code == 200, answer.text
    outcome = answer.json()["entry"][-1]["resource"]
    assert "coverage-missing" in str(outcome)
    provenance = answer.json()["entry"][1]["resource"]
    assert provenance["reason"][0]["text"] == "self-pay, sent on paper"
    assert "coverage-missing" in [c["code"] for c in provenance["reason"][0]["coding"]]
    outputs = {o["type"]["text"]: o for o in _task(store, draft)["output"]}
    assert "self-pay" in outputs["overridden"]["valueString"]


def test_a_line_that_lost_its_diagnoses_is_an_error(reviewer, store, draft):
    """Rejecting what a line points to leaves it without a pointer, which the scrub reports."""
    codes = [
        code("reject", sequence=1),
        code("reject", sequence=2),
        code("add", coding=icd("R05.9")),
    ]
    answer = _decide(reviewer, draft, parameters(*codes, decision="modified", version="1"))
    assert answer.status_code == 422
    assert "pointer-missing" in _said(answer)


def test_a_review_that_has_ended_is_a_conflict(reviewer, draft):
    """The second decision on the whole is 409."""
    assert _decide(reviewer, draft, parameters(decision="accepted")).status_code == 200
    assert _decide(reviewer, draft, parameters(decision="rejected")).status_code == 409


def test_decisions_on_codes_are_about_a_version(reviewer, draft):
    """Without the version 400; about an older one 409."""
    reject = code("reject", sequence=2)
    assert _decide(reviewer, draft, parameters(reject)).status_code == 400
    assert _decide(reviewer, draft, parameters(reject, version="1")).status_code == 200
    assert _decide(reviewer, draft, parameters(reject, version="1")).status_code == 409
    answer = _decide(reviewer, draft, parameters(decision="accepted", version="1"))
    assert answer.status_code == 409


@pytest.mark.parametrize("partial", [True, False])
def test_of_people_who_decide_at_once_one_wins(reviewer, store, draft, partial):
    """Eight decisions on one version: exactly one is taken, seven are conflicts."""
    whole = parameters(decision="accepted", version="1")
    given = parameters(code("reject", sequence=2), version="1") if partial else whole
    answers = []

    def decide() -> None:
        answers.append(_decide(reviewer, draft, given).status_code)

    threads = [threading.Thread(target=decide) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, *[409] * 7]
    assert store.read("Claim", draft.claim["id"]).version == 2


def test_a_decided_claim_is_left_as_it_is(reviewer, store, draft):
    """The review of documents that came after the decision can only be closed."""
    assert _decide(reviewer, draft, parameters(decision="accepted")).status_code == 200
    later = drafted(store, task_id="later")
    answer = _decide(reviewer, later, parameters(code("reject", sequence=1), version="2"))
    assert answer.status_code == 422
    assert _decide(reviewer, later, parameters(decision="rejected")).status_code == 422
    assert _decide(reviewer, later, parameters(decision="accepted")).status_code == 200
    assert store.read("Claim", draft.claim["id"]).version == 2


def test_an_active_claim_is_corrected_by_a_new_one(reviewer, store, draft):
    """The new Claim names the earlier one and its payer's number; the earlier one stays, and so on."""
    assert _decide(reviewer, draft, parameters(decision="accepted")).status_code == 200
    answer = {
        **minimal("ClaimResponse", "answer"),
        "request": {"reference": f"Claim/{draft.claim['id']}"},
        "identifier": [{"system": PAYER_CONTROL, "value": "ICN1"}],
    }
    store.transact(lambda tx: tx.put(answer))
    later = drafted(store, task_id="later")
    given = parameters(code("reject", sequence=2), decision="modified", version="2")
    answer = _decide(reviewer, later, given)
    assert answer.status_code == 200, answer.text
    corrected = answer.json()["entry"][0]["resource"]
    require_admissible(corrected)
    assert (corrected["status"], _codes(corrected)) == ("active", ["E11.21"])
    (related,) = corrected["related"]
    assert related["claim"]["reference"] == f"Claim/{draft.claim['id']}"
    assert related["reference"]["value"] == "ICN1"
    assert store.read("Claim", draft.claim["id"]).version == 2
    outputs = {o["type"]["text"]: o for o in _task(store, later)["output"]}
    assert outputs["claim"]["valueReference"]["reference"] == f"Claim/{corrected['id']}"
    assert [r.decision for r in _records(store) if not r.whole] == ["reject"]
    again = drafted(store, task_id="again")
    assert _task(store, again)["focus"]["reference"] == f"Claim/{corrected['id']}"
    given = parameters(code("add", coding=icd("I10")), decision="modified", version="1")
    answer = _decide(reviewer, again, given)
    assert answer.status_code == 200, answer.text
    third = answer.json()["entry"][0]["resource"]
    assert _codes(third) == ["E11.21", "I10"]
    assert third["related"][0]["claim"]["reference"] == f"Claim/{corrected['id']}"


def test_every_decision_is_kept_with_what_led_to_it(reviewer, store, draft):
    """Score, features, rules, term, coder and person; no text of the note and no reason."""
    codes = [
        code("modify", sequence=1, coding=icd("E11.22"), reason="secret words"),
        code("add", coding=icd("R53.83")),
    ]
    given = parameters(*codes, decision="modified", version="1")
    assert _decide(reviewer, draft, given).status_code == 200
    changed, added, implied, visit = _records(store)
    assert (changed.suggested.code, changed.chosen.code, changed.score) == (
        "E11.21",
        "E11.22",
        0.91,
    )
    assert changed.term == "type 2 diabetes mellitus with diabetic nephropathy"
    assert (changed.rules, changed.features[0]) == (("I.A.15",), ("lexical", 0.8))
    assert (added.suggested, added.status, added.score) == (None, "below-threshold", 0.2)
    assert (implied.decision, implied.whole, implied.chosen.code) == ("accept", True, "I10")
    assert (visit.element, visit.coder, visit.person) == ("item", "isthmus-coder", "Cora Coder")
    stored = store.search("Basic", []).matches[0].body.decode()
    assert "secret" not in stored
    assert "Assessment" not in stored


def test_prices_follow_the_fee_table(reviewer, store, draft, tmp_path):
    """A line that is changed is charged from the site's table, and the total with it."""
    fees = tmp_path / "data" / "terminology" / "fees.csv"
    fees.write_text("code,amount,currency\n99213,92.10,USD\n99214,130.00,USD\n")
    change = code("modify", element="item", sequence=1, coding={"code": "99214"}, units=2)
    assert _decide(reviewer, draft, parameters(change, version="1")).status_code == 200
    body = store.read("Claim", draft.claim["id"]).body
    assert b'"total":{"value":260.00,"currency":"USD"}' in body
    fees.write_text("code,amount,currency\n99213,ninety,USD\n")
    answer = _decide(reviewer, draft, parameters(change, version="2"))
    assert (answer.status_code, "row 2" in _said(answer)) == (422, True)


def test_without_code_systems_the_reason_is_said(store, draft, tmp_path, client):
    """A code cannot be checked where no release is: the answer says what to import."""
    del tmp_path
    given = parameters(code("add", coding=icd("R05.9")), version="1")
    answer = _decide(client, draft, given)
    assert (answer.status_code, "isthmus terminology" in _said(answer)) == (422, True)
