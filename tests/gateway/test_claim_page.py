"""The coding review in a browser: evidence marked, everything escaped, the form decides as $decide does."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from adapters.store import Store
from gateway.claim_content import Mark, pieces
from profiles.builders.claim import ClaimDraft
from profiles.task import FOLLOW_UP, new_task
from terminology.ai_transparency import CONFIDENCE
from terminology.claims import CODE_DECISION, CODE_EVIDENCE
from terminology.fees import Fee
from tests.make_coding import FATIGUE, coding_result, diagnosis
from tests.make_resources import minimal
from tests.make_review import drafted, review_client


@pytest.fixture
def reviewer(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """A browser that follows redirects, on an endpoint with code systems."""
    with review_client(store, tmp_path / "data") as client:
        yield client


@pytest.fixture
def draft(store: Store) -> ClaimDraft:
    """E11.21, I10, a visit, and R53.83 below the threshold."""
    return drafted(store)


def _post(client: TestClient, draft: ClaimDraft, version: int = 1, **fields: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    form = {"task": draft.task["id"], "version": str(version), "performer": "Cora", **named}
    return client.post(f"/claims/{draft.claim['id']}", data=form)


def _claim(store: Store, draft: ClaimDraft) -> dict[str, Any]:
    found: dict[str, Any] = store.read("Claim", draft.claim["id"]).json()
    return found


def test_the_page_shows_note_codes_remarks_and_scrub(reviewer, draft):
    """Marked evidence, codes with score and rule, remarks; strict policy, no script, note text escaped."""
    answer = reviewer.get(f"/claims/{draft.claim['id']}")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert "&lt;b&gt;" in answer.text
    assert "<b>type" not in answer.text
    assert '<mark class="c0">' in answer.text
    for text in (
        "E11.21",
        "score 0.91",
        "I.A.15",
        "Long-term insulin",
        "R53.83",
        "No edit applies",
    ):
        assert text in answer.text
    assert "Ada &lt;Example&gt;" in answer.text


def test_the_form_approves(reviewer, store, draft):
    """Approving without a change accepts the Claim; the page then shows who did and has no form."""
    answer = _post(reviewer, draft, decision="approved")
    assert answer.status_code == 200
    assert _claim(store, draft)["status"] == "active"
    assert store.read("Task", draft.task["id"]).json()["output"][0]["valueCode"] == "accepted"
    assert "decided by Cora" in answer.text
    assert "<form" not in answer.text


def test_the_form_decides_code_by_code(reviewer, store, draft):
    """A typed code modifies, a choice rejects, a tick adds with its evidence, a line gets its pointers."""
    answer = _post(
        reviewer,
        draft,
        diagnosis_1_code="e1122",
        diagnosis_2_decision="reject",
        consider_2="on",
        add_1_code="N18.31",
        add_1_position="1",
        add_2_code="J1815",
        add_2_element="item",
        add_2_pointers="1",
        item_1_pointers="n18.31 1",
        item_1_units="2",
        item_1_modifiers="25, 95",
        decision="",
    )
    assert answer.status_code == 200, answer.text
    claim = _claim(store, draft)
    codes = [d["diagnosisCodeableConcept"]["coding"][0]["code"] for d in claim["diagnosis"]]
    assert (claim["status"], codes) == ("draft", ["N18.31", "E11.22", "R53.83"])
    visit, drug = claim["item"]
    assert (visit["diagnosisSequence"], visit["quantity"]["value"]) == ([1, 2], 2)
    assert [m["coding"][0]["code"] for m in visit["modifier"]] == ["25", "95"]
    assert drug["productOrService"]["coding"][0]["system"].endswith("HCPCSReleaseCodeSets")
    assert drug["diagnosisSequence"] == [2]
    assert FATIGUE.evidence[0].text in str(claim["diagnosis"][2]["extension"])
    assert "Rejected so far: I10" in answer.text


def test_what_the_form_leaves_alone_is_not_decided(reviewer, store, draft):
    """Fields as they were shown are no decision: nothing to decide is said, nothing is written."""
    shown = {"item_1_units": "1", "item_1_pointers": "1 2", "item_1_modifiers": ""}
    answer = _post(reviewer, draft, decision="", **shown)
    assert answer.status_code == 400
    assert "nothing is decided" in answer.text
    assert store.read("Claim", draft.claim["id"]).version == 1


def test_a_refused_decision_keeps_what_was_entered(reviewer, store, draft):
    """The reasons are shown as an alert, and the fields hold what was typed, escaped."""
    reason = '"><script>alert(1)</script>'
    answer = _post(
        reviewer,
        draft,
        diagnosis_1_decision="modify",
        diagnosis_1_code="E11.2",
        diagnosis_1_reason=reason,
        decision="approved",
    )
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "not at its full length" in answer.text
    assert 'value="E11.2"' in answer.text
    assert "<script>" not in answer.text
    assert store.read("Claim", draft.claim["id"]).version == 1


def test_errors_of_the_scrub_ask_for_a_reason(reviewer, store):
    """Approval is refused with the errors until the field for the reason is filled."""
    draft = drafted(store, coverages=())
    answer = _post(reviewer, draft, decision="approved")
    assert (answer.status_code, "coverage-missing" in answer.text) == (422, True)
    assert 'name="override"' in answer.text
    assert _post(reviewer, draft, decision="approved", override="self-pay").status_code == 200
    assert _claim(store, draft)["status"] == "active"


def test_a_page_that_is_out_of_date_decides_nothing(reviewer, draft):
    """Of two people with the same page the second sees the new version with empty fields."""
    assert _post(reviewer, draft, diagnosis_2_decision="reject").status_code == 200
    late = _post(reviewer, draft, diagnosis_1_decision="reject", diagnosis_1_reason="lost words")
    assert late.status_code == 409
    assert "newer version" in late.text
    assert "lost words" not in late.text
    assert 'name="version" value="2"' in late.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"performer": " "},
        {"diagnosis_1_position": "first"},
        {"item_1_units": "0"},
        {"decision": "perhaps"},
    ],
)
def test_a_form_that_says_nothing_valid_is_shown_again(reviewer, store, draft, wrong):
    """A missing name or a number that is none is said on the page."""
    answer = _post(reviewer, draft, **{"diagnosis_1_decision": "accept", **wrong})
    assert answer.status_code in (400, 422)
    assert 'role="alert"' in answer.text
    assert store.read("Claim", draft.claim["id"]).version == 1


def test_a_form_of_another_site_decides_nothing(reviewer, draft):
    """A POST with a foreign Origin is forbidden."""
    elsewhere = {"Origin": "https://elsewhere.example"}
    answer = reviewer.post(f"/claims/{draft.claim['id']}", data={}, headers=elsewhere)
    assert answer.status_code == 403


def test_an_unknown_claim_is_a_page_that_says_so(reviewer):
    """An old link is a sentence with 404."""
    answer = reviewer.get("/claims/none")
    assert (answer.status_code, "Not here" in answer.text) == (404, True)


def test_claims_of_other_systems_are_shown_as_they_are(reviewer, store):
    """Nothing but what R4 requires need be there, and our extensions may hold anything."""
    marks = [
        {"url": CODE_DECISION},
        {"url": CODE_EVIDENCE, "extension": [{"url": "start", "valueString": "x"}]},
        {"url": CONFIDENCE, "valueString": "high"},
    ]
    odd = {
        **minimal("Claim", "odd"),
        "extension": marks,
        "diagnosis": [
            {"sequence": 1, "extension": marks, "diagnosisReference": {"display": "x"}},
            {"sequence": 2, "extension": marks[:1], "diagnosisCodeableConcept": {"text": "y"}},
        ],
        "item": [{"sequence": 1, "productOrService": {"text": "z"}, "extension": marks}],
    }
    store.transact(lambda tx: [tx.put(minimal("Claim", "plain")), tx.put(odd)])
    for key in ("plain", "odd"):
        assert reviewer.get(f"/claims/{key}").status_code == 200
    assert "/claims/odd" in reviewer.get("/").text


def test_the_codes_beside_a_code_are_offered(reviewer, draft):
    """A list of billable neighbours, those of the same category first, stands behind the field."""
    text = reviewer.get(f"/claims/{draft.claim['id']}").text
    assert 'list="diagnosis-1-code-list"' in text
    offered = text.partition('id="diagnosis-1-code-list">')[2].partition("</datalist>")[0]
    assert '<option value="E11.22">' in offered
    assert '<option value="E11.2">' not in offered
    assert 'id="item-1-code-list"' not in text


def test_the_start_page_leads_to_the_review(reviewer, draft):
    """The worklist, the Claim and its Task lead to the page on which it is decided."""
    text = reviewer.get("/").text
    assert text.count(f'href="/claims/{draft.claim["id"]}"') == 3


def test_a_decided_claim_is_closed_or_replaced(reviewer, store, draft):
    """A later coding opens a form without rejection; a change in it makes the Claim that replaces it."""
    _post(reviewer, draft, decision="approved")
    later = drafted(store, task_id="later")
    text = reviewer.get(f"/claims/{draft.claim['id']}").text
    assert "after the claim was decided" in text
    assert 'value="rejected"' not in text
    answer = _post(reviewer, later, version=2, decision="approved", diagnosis_2_decision="reject")
    assert answer.status_code == 200
    found = [m.json() for m in store.search("Claim", [("status", "active")]).matches]
    (replacing,) = [claim for claim in found if "related" in claim]
    assert "This Claim replaces" in reviewer.get(f"/claims/{replacing['id']}").text


def test_charges_are_shown_as_the_fee_table_has_them(reviewer, store):
    """A line's charge and the total keep their digits; without fees there is neither."""
    plain = drafted(store)
    assert "Total" not in reviewer.get(f"/claims/{plain.claim['id']}").text
    priced = drafted(store, fees={"99213": Fee("92.10", "USD")}, encounter="Encounter/priced")
    text = reviewer.get(f"/claims/{priced.claim['id']}").text
    assert "points to 1 2, 92.10 USD" in text
    assert "Total 92.10 USD" in text


def test_marks_may_overlap(reviewer, store):
    """Two codes on overlapping words are both marked, and the text is whole."""
    long = diagnosis("E11.21", "Diabetes", "type 2 diabetes</b> with nephropathy")
    short = diagnosis("N28.9", "Kidney", "nephropathy")
    draft = drafted(store, coding_result(long, short))
    text = reviewer.get(f"/claims/{draft.claim['id']}").text
    assert text.count("<mark") == 2
    assert ">D1</a>" in text
    assert ">D2</a>" in text


@given(
    text=st.text(max_size=40),
    spans=st.lists(st.tuples(st.integers(-3, 45), st.integers(-3, 45)), max_size=6),
)
def test_marks_never_lose_a_character(text, spans):
    """Whatever the spans, the pieces joined are the note, and a mark lies over its own words alone."""
    clean = "".join(c for c in text if c.isprintable())
    marks = [Mark(f"m{n}", "d", a, b, "D1", "#x", 0) for n, (a, b) in enumerate(spans)]
    found = pieces(clean, marks)
    assert "".join(piece["text"] for piece in found) == clean
    for mark in marks:
        over = "".join(piece["text"] for piece in found if mark in piece["marks"])
        within = 0 <= mark.start < mark.end <= len(clean)
        assert over == (clean[mark.start : mark.end] if within else "")


def test_a_follow_up_is_settled_on_the_page(reviewer, store, draft):
    """What a payer has said stands there as a thing to do, until a named person has settled it."""
    focus = f"Claim/{draft.claim['id']}"
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    said = "The payer has denied the Claim"
    task = new_task("f", FOLLOW_UP, focus, moment, state="awaiting-person", reason=said)
    store.transact(lambda tx: tx.put(task))
    path = f"/claims/{draft.claim['id']}"
    assert said in reviewer.get(path).text
    nobody = reviewer.post(f"{path}/follow-up", data={"task": "f", "performer": " "})
    assert (nobody.status_code, "named person" in nobody.text) == (400, True)
    done = reviewer.post(f"{path}/follow-up", data={"task": "f", "performer": "Cora"})
    assert (done.status_code, said in done.text) == (200, False)
    assert store.read("Task", "f").json()["output"][1]["valueReference"] == {"display": "Cora"}
