"""From a coder's draft over a person's decision to the payer's 837 and back as an 835."""

from typing import Any

from gateway.claim_x12 import EDI
from profiles.builders.claim_context import Fee
from tests.make_coding import COVERAGE
from tests.make_review import FHIR, drafted, parameters, review_client
from tests.make_x12 import address, judged, resources
from tests.make_x12_835 import paid, remittance


def _around() -> list[dict[str, Any]]:
    """What a site must know of biller, payer, patient and coverage before it can bill."""
    known = resources()
    patient = {**known["Patient/p1"], "id": "p", "address": [address("1 Oak", "Barre", "05641")]}
    return [
        patient,
        {**known["Organization/clinic"], "id": "clinic"},
        {**known["Organization/payer"], "id": "payer"},
        {**COVERAGE, "subscriberId": "W1"},
        {
            "resourceType": "Encounter",
            "id": "e",
            "status": "finished",
            "class": {"code": "EMER"},
            "subject": {"reference": "Patient/p"},
        },
    ]


def test_a_decided_draft_goes_out_and_its_remittance_comes_back(store, tmp_path):
    """Nothing is typed twice: what the coder, the fee table and the record say is enough for both ways."""
    fees = {"99213": Fee("92.50", "USD")}
    draft = drafted(store, fees=fees)
    with review_client(store, tmp_path / "data") as client:
        claim_url = f"/fhir/Claim/{draft.claim['id']}"
        edi = {"Accept": EDI}
        assert client.post(f"{claim_url}/$x12", headers=edi).status_code == 422
        decision = parameters(decision="accepted")
        decided = client.post(f"/fhir/Task/{draft.task['id']}/$decide", json=decision, headers=FHIR)
        assert decided.status_code == 200, decided.text
        lacking = client.post(f"{claim_url}/$x12", headers=edi)
        assert lacking.status_code == 400
        for resource in _around():
            path = f"/fhir/{resource['resourceType']}/{resource['id']}"
            assert client.put(path, json=resource, headers=FHIR).status_code in (200, 201)

        sent = client.post(f"{claim_url}/$x12", headers=edi)
        assert sent.status_code == 200, sent.text
        assert judged(sent.text) == []
        made = sent.text.split("~")
        assert "HI*ABK:E1121*ABF:I10" in made
        assert "SV1*HC:99213*92.5*UN*1***1:2" in made
        number = next(one for one in made if one.startswith("CLM*")).split("*")[1]

        line = "SVC*HC:99213*92.5*70**1~DTM*472*20260504~CAS*CO*45*22.5~REF*6R*1~"
        text = remittance(
            paid(control=number, charge="92.5", amount="70", lines=(line,)), amount="70"
        )
        answer = client.post(
            "/fhir/$x12-remittance", content=text.encode(), headers={"Content-Type": EDI}
        )
        assert answer.status_code == 200, answer.text
        outcome, _, response = (entry["resource"] for entry in answer.json()["entry"])
        assert [one["severity"] for one in outcome["issue"]] == ["information"]
        assert response["request"] == {"reference": f"Claim/{draft.claim['id']}"}
        assert response["item"][0]["itemSequence"] == 1
