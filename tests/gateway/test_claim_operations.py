"""``Claim/$scrub`` and ``Claim/$risk-adjustment``: questions about a Claim that store nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from adapters.store import Store
from gateway.http import Services, build_app
from gateway.settings import load_settings
from profiles.admission import require_admissible
from tests.make_claim import COVERAGE, INSURER, PATIENT, PROVIDER, make_claim
from tests.make_tables import every_table
from tests.make_terminology import terminology_folder


@pytest.fixture
def asking(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """A gateway with tables and the parties of ``make_claim``."""
    every_table(tmp_path / "terminology")
    for file in terminology_folder().glob("icd10cm-*.sqlite"):
        (tmp_path / "terminology" / file.name).symlink_to(file)
    settings = replace(load_settings({}), data=str(tmp_path))
    for one in (PATIENT, COVERAGE, INSURER, PROVIDER):
        store.transact(lambda tx, one=one: tx.put(one))
    services = Services(request_analysis=lambda *_: "", on_created=lambda *_: None)
    with TestClient(build_app(store, settings, services), raise_server_exceptions=False) as client:
        yield client


def asked(client: TestClient, path: str, claim: Any = None, status: int = 200, **given: str) -> Any:
    """Call an operation; its valid answer."""
    parameter = [{"name": name, "valueString": value} for name, value in given.items()]
    if claim is not None:
        parameter.append({"name": "resource", "resource": claim})
    body: dict[str, Any] = {"resourceType": "Parameters"}
    if parameter:
        body["parameter"] = parameter
    answer = client.post(f"/fhir/{path}", json=body)
    assert answer.status_code == status, answer.text
    require_admissible(answer.json())
    return answer.json()


def test_a_claim_is_scrubbed_without_being_stored(asking: TestClient, store: Store) -> None:
    """The findings of a Claim that is sent, or of one that is stored, come as an OperationOutcome."""
    claim = make_claim(("E11", "I10"), lines=({"code": "20610", "units": 3},))
    said = asked(asking, "Claim/$scrub", claim)
    rules = [issue["details"]["coding"][0]["code"] for issue in said["issue"]]
    assert rules == ["diagnosis-not-billable", "mue-line"]
    assert store.count(("Claim",)) == 0
    store.transact(lambda tx: tx.put({**make_claim(("I10",)), "id": "c"}))
    assert asked(asking, "Claim/c/$scrub")["issue"][0]["severity"] == "information"


def test_what_is_no_claim_is_refused(asking: TestClient) -> None:
    """Neither nothing, nor another resource, nor an invalid Claim is scrubbed."""
    asked(asking, "Claim/$scrub", status=400)
    asked(asking, "Claim/$scrub", PATIENT, 400)
    asked(asking, "Claim/$scrub", {"resourceType": "Claim", "status": "active"}, 400)
    asked(asking, "Claim/unknown/$scrub", status=404)


def test_the_factor_of_a_claim_is_what_cms_publishes(asking: TestClient, store: Store) -> None:
    """Demographics, categories after hierarchies and interactions add up to the score."""
    store.transact(lambda tx: tx.put({**PATIENT, "birthDate": "1959-05-04"}))
    claim = make_claim(("E11.22", "I50.9", "N18.30", "E11.9"))
    said = asked(asking, "Claim/$risk-adjustment", claim, model="CMS-HCC Model V28")
    values = {one["name"]: one.get("valueDecimal") for one in said["parameter"]}
    assert (values["score"], values["demographic"]) == (1.271, 0.33)
    parts = [one["part"] for one in said["parameter"] if one["name"] == "category"]
    codes = {part[0]["valueString"]: part for part in parts}
    assert set(codes) == {"37", "226", "329"}
    assert codes["37"][-1]["valueCoding"]["code"] == "E11.22"
    weights = [
        one["part"][1]["valueDecimal"] for one in said["parameter"] if one["name"] == "coefficient"
    ]
    assert sum(weights) == pytest.approx(1.271)


def test_a_factor_needs_a_model_and_a_person(asking: TestClient, store: Store) -> None:
    """An unknown model, a recorded sex that the models do not know and a missing birth date are said."""
    asked(asking, "Claim/$risk-adjustment", make_claim(), 422, model="V99")
    store.transact(lambda tx: tx.put({**PATIENT, "gender": "other"}))
    asked(asking, "Claim/$risk-adjustment", make_claim(), 422)
    store.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "p1"}))
    asked(asking, "Claim/$risk-adjustment", make_claim(), 422)
