"""``Claim/[id]/$x12``: approved Claims leave as X12, under control numbers of the store."""

import base64
from typing import Any

import pytest

from adapters.x12.envelope import read_interchanges
from gateway.cli import main
from tests.make_x12 import judged, make_claim, resources

JSON = {"Content-Type": "application/fhir+json"}
EDI = {"Accept": "application/EDI-X12"}


@pytest.fixture
def put(client) -> Any:
    """Store a resource under its id."""

    def store(resource: dict[str, Any]) -> None:
        kind, id_ = resource["resourceType"], resource["id"]
        answer = client.put(f"/fhir/{kind}/{id_}", json=resource, headers=JSON)
        assert answer.status_code in (200, 201), answer.text

    return store


@pytest.fixture
def claim(put) -> dict[str, Any]:
    """A stored Claim with everything around it."""
    for resource in resources().values():
        put(resource)
    made = make_claim()
    put(made)
    return made


@pytest.mark.usefixtures("claim")
def test_a_claim_leaves_as_x12_or_as_a_binary(client):
    """The content is answered to who asks for it, a Binary that holds it to everybody else."""
    plain = client.post("/fhir/Claim/claim1/$x12", headers=EDI)
    assert plain.status_code == 200, plain.text
    assert plain.headers["content-type"] == "application/EDI-X12"
    assert judged(plain.text) == []
    binary = client.post("/fhir/Claim/claim1/$x12").json()
    assert binary["resourceType"] == "Binary"
    assert binary["contentType"] == "application/EDI-X12"
    assert judged(base64.b64decode(binary["data"]).decode()) == []
    assert client.post("/fhir/Claim/claim1/$x12", headers={"Accept": "text/csv"}).status_code == 406


@pytest.mark.usefixtures("claim")
def test_control_numbers_count_and_are_not_used_up_by_faults(client, put):
    """Each interchange has the next number; a Claim that cannot be written takes none."""

    def control() -> int:
        text = client.post("/fhir/Claim/claim1/$x12", headers=EDI).text
        return int(read_interchanges(text)[0].control)

    assert [control(), control()] == [1, 2]
    put(make_claim(id="lacking", diagnosis=None))
    assert client.post("/fhir/Claim/lacking/$x12").status_code == 400
    assert control() == 3
    own = client.post("/fhir/Claim/claim1/$x12?control=777", headers=EDI).text
    assert int(read_interchanges(own)[0].control) == 777
    too_long = client.post("/fhir/Claim/claim1/$x12?control=1000000000", headers=EDI)
    assert too_long.status_code == 422
    assert control() == 4


@pytest.mark.usefixtures("claim")
def test_everything_that_is_missing_is_an_issue(client, put):
    """The outcome names each missing element, and the Claim stays as it was."""
    lacking = make_claim(id="lacking", identifier=None, provider={"display": "unknown"})
    put({**lacking, "insurance": [{**lacking["insurance"][0], "coverage": {"display": "none"}}]})
    answer = client.post("/fhir/Claim/lacking/$x12", headers=EDI)
    assert answer.status_code == 400
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    places = {issue["expression"][0] for issue in outcome["issue"]}
    assert places == {"Claim.provider.resolve()", "Claim.insurance[0].coverage.resolve()"}
    assert client.get("/fhir/Claim/lacking").json()["meta"]["versionId"] == "1"


@pytest.mark.usefixtures("claim")
def test_a_claim_without_a_short_identifier_is_given_one(client, put):
    """CLM01 and the Claim say the same number, once and for all."""
    put(make_claim(id="unnamed", identifier=[{"value": "x" * 40}]))
    texts = [client.post("/fhir/Claim/unnamed/$x12", headers=EDI).text for _ in range(2)]
    claim = client.get("/fhir/Claim/unnamed").json()
    number = claim["identifier"][1]["value"]
    assert claim["meta"]["versionId"] == "2"
    assert len(number) <= 20
    assert all(f"CLM*{number}*" in text for text in texts)


@pytest.mark.usefixtures("claim")
def test_a_draft_is_not_sent(client, put):
    """Until a person has approved the Claim it has no X12."""
    put(make_claim(id="draft", status="draft"))
    assert client.post("/fhir/Claim/draft/$x12").status_code == 422
    assert client.post("/fhir/Claim/none/$x12").status_code == 404


def test_the_command_line_writes_the_same(client, claim, store, tmp_path, monkeypatch, capsys):
    """`isthmus x12 export` works on the store, with the site's addresses, and lists what is missing."""
    monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path / "store"))
    monkeypatch.setenv("ISTHMUS_X12_RECEIVER", "ZZ:CLEARING")
    monkeypatch.setenv("ISTHMUS_X12_USAGE", "P")
    out = tmp_path / "claims.x12"
    assert main(["x12", "export", claim["id"], "--out", str(out)]) == 0
    (read,) = read_interchanges(out.read_text())
    assert judged(out.read_text()) == []
    assert (read.header.at(8).strip(), read.header.at(15)) == ("CLEARING", "P")
    lacking = make_claim(id="lacking", diagnosis=None)
    client.put("/fhir/Claim/lacking", json=lacking, headers=JSON)
    assert main(["x12", "export", "lacking"]) == 2
    assert "Claim.diagnosis: a diagnosis is missing" in capsys.readouterr().err
    monkeypatch.setenv("ISTHMUS_X12_SENDER", "nobody")
    assert main(["x12", "export", claim["id"]]) == 2


def test_several_claims_share_an_interchange(claim, put, tmp_path, monkeypatch, capsys):
    """Claims of one biller to one payer are transaction sets of one group."""
    put(make_claim(id="second", identifier=[{"value": "CL-2"}]))
    monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path / "store"))
    assert main(["x12", "export", claim["id"], "second"]) == 0
    text = capsys.readouterr().out
    assert judged(text) == []
    assert len(read_interchanges(text)[0].groups[0].sets) == 2
