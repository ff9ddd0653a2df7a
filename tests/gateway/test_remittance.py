"""An 835 that comes in answers our Claims, once; what is not ours is said and kept."""

import base64
from decimal import Decimal
from typing import Any

import pytest

from gateway.cli import main
from profiles.admission import issues
from profiles.exact_json import loads_exact
from tests.make_x12 import make_claim, resources
from tests.make_x12_835 import LINES, paid, remittance, reversal

JSON = {"Content-Type": "application/fhir+json"}
EDI = {"Content-Type": "application/EDI-X12"}
CARC = "https://x12.org/codes/claim-adjustment-reason-codes"


@pytest.fixture
def send(client) -> Any:
    """Send a remittance; the answer's outcome and its resources by type."""
    for resource in [*resources().values(), make_claim()]:
        path = f"/fhir/{resource['resourceType']}/{resource['id']}"
        assert client.put(path, json=resource, headers=JSON).status_code == 201

    def post(text: str, status: int = 200) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        answer = client.post("/fhir/$x12-remittance", content=text.encode(), headers=EDI)
        assert answer.status_code == status, answer.text
        if status != 200:
            return answer.json(), {}
        found: dict[str, list[Any]] = {}
        for entry in loads_exact(answer.content)["entry"]:
            found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
        return found["OperationOutcome"][0], found

    return post


def _warnings(outcome: dict[str, Any]) -> list[str]:
    return [one["diagnostics"] for one in outcome["issue"] if one["severity"] == "warning"]


def test_a_paid_claim_has_its_answer_line_by_line(client, send):
    """Charges, payments, reasons and totals stand at the items of our Claim, exactly."""
    outcome, found = send(remittance(paid()))
    assert _warnings(outcome) == []
    (response,) = found["ClaimResponse"]
    assert response["request"] == {"reference": "Claim/claim1"}
    assert [item["itemSequence"] for item in response["item"]] == [1, 2]
    first = response["item"][0]["adjudication"]
    amounts = [
        (one["category"]["coding"][0]["code"], Decimal(repr(one["amount"]["value"])))
        for one in first
    ]
    assert amounts == [
        ("submitted", Decimal("151.5")),
        ("eligible", Decimal("111.5")),
        ("benefit", Decimal("101.5")),
        ("CO", Decimal(40)),
        ("PR", Decimal(10)),
    ]
    assert first[3]["reason"] == {"coding": [{"system": CARC, "code": "45"}]}
    assert response["payment"]["identifier"]["value"] == "EFT1001"
    (payment,) = found["PaymentReconciliation"]
    assert payment["paymentAmount"] == {"value": 150, "currency": "USD"}
    assert payment["detail"][0]["response"] == {"reference": f"ClaimResponse/{response['id']}"}
    found = client.get("/fhir/ClaimResponse?request=Claim/claim1&identifier=PAYER-1").json()
    assert found["total"] == 1


def test_the_same_file_changes_nothing(client, send):
    """A second import, even in another interchange, writes no version of anything."""
    send(remittance(paid()))
    before = client.get("/fhir/ClaimResponse?identifier=PAYER-1").json()["entry"][0]["resource"]
    outcome, found = send(remittance(paid()))
    assert outcome["issue"][0]["diagnostics"] == "nothing new in this file"
    send(remittance(paid(), control=8))
    assert found["ClaimResponse"][0]["meta"] == before["meta"]
    assert client.get("/fhir/ClaimResponse?identifier=PAYER-1").json()["total"] == 1
    assert found["PaymentReconciliation"][0]["meta"]["versionId"] == "1"


def test_another_content_under_the_same_number_is_refused(client, send):
    """A payment that was imported is not written over by a file that says otherwise."""
    send(remittance(paid()))
    changed = paid(amount="140").replace("*101.5**", "*91.5**").replace("CO*45*40", "CO*45*50")
    outcome, _ = send(remittance(changed, amount="140"), status=409)
    assert "said otherwise" in outcome["issue"][0]["diagnostics"]
    (payment,) = client.get("/fhir/PaymentReconciliation").json()["entry"]
    assert payment["resource"]["meta"]["versionId"] == "1"


def test_a_denied_claim_becomes_work_for_a_person(client, send):
    """A Task with the payer's reasons asks for it, once."""
    denied = paid(status="4", amount="0", own="CAS*CO*29*200~", lines=()).replace("*10*12", "*0*12")
    _, found = send(remittance(denied, amount="0"))
    send(remittance(denied, amount="0"))
    (response,) = found["ClaimResponse"]
    assert response["disposition"] == "Denied"
    assert response["adjudication"][0]["reason"]["coding"][0]["code"] == "29"
    tasks = client.get("/fhir/Task?code=payer-follow-up").json()
    assert tasks["total"] == 1
    task = tasks["entry"][0]["resource"]
    assert task["focus"] == {"reference": f"ClaimResponse/{response['id']}"}
    assert task["input"][1]["valueCodeableConcept"]["coding"][0]["code"] == "29"


def test_a_claim_that_is_not_ours_is_said_and_its_payment_kept(client, send):
    """The finding names the place in the file, the payment has the amount, a person is asked."""
    other = paid(control="SOMEBODY-ELSE", payer_control="PAYER-9")
    outcome, found = send(remittance(paid(), other, amount="300"))
    (warning,) = _warnings(outcome)
    assert warning.startswith("claim 2 (segment ")
    assert "SOMEBODY" not in warning
    assert len(found["ClaimResponse"]) == 1
    (payment,) = found["PaymentReconciliation"]
    assert payment["outcome"] == "partial"
    assert payment["detail"][1]["request"]["identifier"]["value"] == "SOMEBODY-ELSE"
    assert payment["detail"][1]["amount"]["value"] == 150
    tasks = client.get("/fhir/Task?code=payer-follow-up").json()
    assert [one["resource"]["focus"]["reference"] for one in tasks["entry"]] == [
        f"PaymentReconciliation/{payment['id']}"
    ]


def test_a_claim_that_is_there_later_is_matched_by_the_same_file(client, send):
    """Sending the file again after the Claim has come writes what was missing, and only that."""
    text = remittance(paid(), paid(control="LATER", payer_control="PAYER-2"), amount="300")
    _, first = send(text)
    later = make_claim(id="later", identifier=[{"value": "LATER"}])
    client.put("/fhir/Claim/later", json=later, headers=JSON)
    outcome, second = send(text)
    assert _warnings(outcome) == []
    assert len(second["ClaimResponse"]) == 2
    assert second["ClaimResponse"][0]["meta"] == first["ClaimResponse"][0]["meta"]
    assert second["PaymentReconciliation"][0]["outcome"] == "complete"


def test_drafts_and_ambiguous_numbers_are_not_matched(client, send):
    """A draft is not what the payer has seen, and of two Claims nobody knows which is meant."""
    draft = make_claim(id="draft", status="draft", identifier=[{"value": "DRAFT"}])
    twin = make_claim(id="twin")
    for claim in (draft, twin):
        client.put(f"/fhir/Claim/{claim['id']}", json=claim, headers=JSON)
    outcome, found = send(remittance(paid(control="DRAFT"), paid(), amount="300"))
    texts = _warnings(outcome)
    assert "no approved Claim" in texts[0]
    assert "several Claims" in texts[1]
    assert "ClaimResponse" not in found


def test_a_reversal_takes_the_earlier_answer_back(client, send):
    """The earlier ClaimResponse is cancelled, the reversal is kept, and the correction stands."""
    _, first = send(remittance(paid()))
    corrected = paid(amount="160").replace("*101.5**", "*111.5**").replace("CAS*PR*3*10~", "")
    text = remittance(reversal(), corrected, amount="10", trace="EFT1002")
    outcome, second = send(text)
    assert _warnings(outcome) == []
    earlier = client.get(f"/fhir/ClaimResponse/{first['ClaimResponse'][0]['id']}").json()
    assert earlier["status"] == "cancelled"
    taken, stands = second["ClaimResponse"]
    assert (taken["status"], stands["status"]) == ("active", "active")
    assert taken["total"][1]["amount"]["value"] == -150
    assert stands["total"][1]["amount"]["value"] == 160
    send(remittance(paid()))
    send(text)
    assert client.get(f"/fhir/ClaimResponse/{earlier['id']}").json() == earlier


def test_a_reversal_of_what_never_came_is_said(send):
    """Money that is taken back without a known payment is a finding."""
    outcome, _ = send(remittance(reversal(), amount="150", flag="D"))
    assert _warnings(outcome) == ["claim 1: what it takes back was never imported"]


def test_a_reversal_settles_what_a_denial_has_asked(client, send):
    """The Task of a denial that the payer takes back is completed."""
    denied = paid(status="4", amount="0", own="CAS*CO*29*200~", lines=()).replace("*10*12", "*0*12")
    taken = paid(status="22", charge="-200", amount="0", own="CAS*CO*29*-200~", lines=()).replace(
        "*10*12", "*0*12"
    )
    send(remittance(denied, amount="0"))
    send(remittance(taken, paid(), trace="EFT2"))
    (task,) = client.get("/fhir/Task?code=payer-follow-up").json()["entry"]
    assert task["resource"]["status"] == "completed"


@pytest.mark.parametrize("number", ["A|B,C", "$1", "a\\b", "CL 1", "X'Y"])
def test_any_patient_control_number_finds_its_claim(client, send, number):
    """Signs that mean something in a search are only themselves here."""
    claim = make_claim(id="odd", identifier=[{"value": number}])
    client.put("/fhir/Claim/odd", json=claim, headers=JSON)
    _, found = send(remittance(paid(control=number)))
    assert found["ClaimResponse"][0]["request"] == {"reference": "Claim/odd"}


def test_lines_are_found_by_control_number_then_by_code(send):
    """Without control numbers a line is found by its code; one that is not ours is an added item."""
    foreign = "SVC*HC:99070*0*0~DTM*472*20260504~"
    lines = [one.replace("REF*6R*1~", "").replace("REF*6R*2~", "") for one in LINES]
    outcome, found = send(remittance(paid(lines=[*reversed(lines), foreign])))
    (response,) = found["ClaimResponse"]
    assert [item["itemSequence"] for item in response["item"]] == [2, 1]
    assert response["addItem"][0]["productOrService"]["coding"][0]["code"] == "99070"
    assert _warnings(outcome) == ["claim 1: 1 lines are none of the Claim's"]


def test_what_does_not_add_up_is_kept_and_asked_of_a_person(client, send):
    """Nothing is corrected silently: the amounts stay as they came, with a finding."""
    outcome, found = send(remittance(paid(), amount="149"))
    assert "payments of the claims" in _warnings(outcome)[0]
    (payment,) = found["PaymentReconciliation"]
    assert payment["paymentAmount"]["value"] == 149
    assert payment["processNote"][0]["text"] == _warnings(outcome)[0]
    cause = client.get("/fhir/Task?code=payer-follow-up").json()["entry"][0]["resource"]["input"]
    assert cause[0]["valueCodeableConcept"]["coding"][0]["code"] == "unbalanced"


def test_provider_adjustments_are_part_of_the_payment(send):
    """A withheld amount stands beside the claims with its reason and reference."""
    plb = "PLB*1234567893*20261231*WO:PAYER-0*25~"
    outcome, found = send(remittance(paid(), adjustments=plb, amount="125"))
    assert _warnings(outcome) == []
    detail = found["PaymentReconciliation"][0]["detail"][1]
    assert detail["amount"]["value"] == -25
    assert detail["identifier"]["value"] == "PAYER-0"
    assert [one["code"] for one in detail["type"]["coding"]] == ["adjustment", "WO"]


def test_everything_that_is_written_is_valid(send):
    """Answers with added items, remarks and findings pass the check at our own door."""
    line = "SVC*HC:99070*0*0~DTM*472*20260504~LQ*HE*N130~"
    other = paid(control="NOBODY")
    text = remittance(paid(lines=[*LINES, line]), other, reversal(), amount="149")
    _, found = send(text)
    for resources_of_type in found.values():
        for resource in resources_of_type:
            assert [one for one in issues(resource) if one[0] == "error"] == []


def test_the_file_is_kept_as_the_source(client, send):
    """The Provenance leads to the file, byte for byte."""
    text = remittance(paid())
    _, found = send(text)
    target = f"ClaimResponse/{found['ClaimResponse'][0]['id']}"
    (entry,) = client.get(f"/fhir/Provenance?target={target}").json()["entry"]
    source = entry["resource"]["entity"][0]["what"]["reference"]
    binary = client.get(f"/fhir/{source}", headers={"Accept": "application/fhir+json"}).json()
    assert base64.b64decode(binary["data"]).decode() == text


def test_a_binary_is_taken_too(client, send):
    """Who cannot send X12 as itself sends a Binary that holds it."""
    data = base64.b64encode(remittance(paid()).encode()).decode()
    binary = {"resourceType": "Binary", "contentType": "application/EDI-X12", "data": data}
    answer = client.post("/fhir/$x12-remittance", json=binary, headers=JSON)
    assert answer.status_code == 200
    broken = {**binary, "data": "A==="}
    assert client.post("/fhir/$x12-remittance", json=broken, headers=JSON).status_code == 400
    empty = {"resourceType": "Patient"}
    assert client.post("/fhir/$x12-remittance", json=empty, headers=JSON).status_code == 400


def test_a_remittance_may_be_an_entry_of_a_bundle(client, send):
    """In a batch the file comes as a Binary, with the same answer."""
    del send
    data = base64.b64encode(remittance(paid()).encode()).decode()
    binary = {"resourceType": "Binary", "contentType": "application/EDI-X12", "data": data}
    entry = {"resource": binary, "request": {"method": "POST", "url": "$x12-remittance"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    answer = client.post("/fhir", json=bundle, headers=JSON).json()
    assert answer["entry"][0]["response"]["status"].startswith("200"), answer
    assert client.get("/fhir/ClaimResponse?identifier=PAYER-1").json()["total"] == 1


@pytest.mark.parametrize("text", ["", "hello", remittance(paid())[:400]])
def test_a_broken_file_leaves_the_store_as_it_was(client, send, text):
    """What is no 835 is refused with a reason, and nothing of it is kept."""
    del send
    answer = client.post("/fhir/$x12-remittance", content=text.encode(), headers=EDI)
    assert answer.status_code == 400
    assert client.get("/fhir/PaymentReconciliation").json()["total"] == 0
    assert client.get("/fhir/ClaimResponse?identifier=PAYER-1").json()["total"] == 0


def test_the_command_line_takes_files_in(send, tmp_path, monkeypatch, capsys):
    """`isthmus x12 import` says what it wrote and ends with 1 when a person must look."""
    del send
    monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path / "store"))
    good, bad = tmp_path / "good.x12", tmp_path / "bad.x12"
    good.write_text(remittance(paid()))
    bad.write_text(remittance(paid(control="NOBODY"), trace="EFT2"))
    assert main(["x12", "import", str(good)]) == 0
    assert main(["x12", "import", str(good), str(bad)]) == 1
    said = capsys.readouterr().out
    assert "good.x12: 0 resources written" in said
    assert "finding: claim 1" in said
    assert main(["x12", "import", str(tmp_path / "none")]) == 2
