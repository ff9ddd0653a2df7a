"""From the decision of a person to the answer of the payer, as a site has set it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from gateway.app import compose
from gateway.fetch import fetch_on_arrival
from gateway.http import Services, build_app
from gateway.settings import Settings, load_settings
from profiles.outcome import OperationOutcomeError
from tests.make_payer import TrialPayer
from tests.make_review import FHIR, drafted, parameters
from tests.make_terminology import terminology_folder
from tests.payer.conftest import Office


@pytest.fixture
def office(tmp_path: Path, running_payer: TrialPayer) -> Iterator[Office]:
    """An office whose payer is known by the reference of its Organization."""
    running_payer.forget()
    made = Office(tmp_path, running_payer, organization=["Organization/payer"])
    yield made
    made.store.close()


def _settings(tmp_path: Path, submission: str) -> Settings:
    folder = tmp_path / "data" / "terminology"
    folder.mkdir(parents=True)
    for file in terminology_folder().glob("icd10cm-*.sqlite"):
        (folder / file.name).symlink_to(file)
    data = str(tmp_path / "data")
    return replace(load_settings({}), data=data, claim_submission=submission)


def _client(office: Office, settings: Settings) -> TestClient:
    services = Services(
        request_analysis=lambda *_: "", on_created=fetch_on_arrival, payers=office.payers
    )
    return TestClient(build_app(office.store, settings, services), raise_server_exceptions=False)


@pytest.mark.parametrize(("submission", "sent"), [("auto", 1), ("manual", 0)])
def test_an_accepted_draft_goes_out_as_the_site_has_set_it(
    office: Office, tmp_path: Path, submission: str, sent: int
):
    """auto: the decision and the submission are one transaction; manual: a person calls $submit."""
    draft = drafted(office.store)
    client = _client(office, _settings(tmp_path, submission))
    decided = client.post(
        f"/fhir/Task/{draft.task['id']}/$decide",
        json=parameters(decision="accepted", override="trial"),
        headers=FHIR,
    )
    assert decided.status_code == 200, decided.text
    office.settle()
    assert len(office.responses(draft.claim["id"])) == sent


def test_a_rejected_draft_stays_here(office: Office, tmp_path: Path):
    """What a person has rejected is not sent."""
    draft = drafted(office.store)
    client = _client(office, _settings(tmp_path, "auto"))
    client.post(
        f"/fhir/Task/{draft.task['id']}/$decide",
        json=parameters(decision="rejected", reason="trial"),
        headers=FHIR,
    )
    assert office.settle() == 0


def test_a_decision_stands_when_its_claim_cannot_go_out(office: Office, tmp_path: Path):
    """Without an insurer the Claim is approved all the same; that it was not sent is a person's Task."""
    draft = drafted(office.store, coverages=())
    client = _client(office, _settings(tmp_path, "auto"))
    decided = client.post(
        f"/fhir/Task/{draft.task['id']}/$decide",
        json=parameters(decision="accepted", override="trial"),
        headers=FHIR,
    )
    assert decided.status_code == 200, decided.text
    assert office.settle() == 0
    page = office.store.search("Task", [("code", "payer-follow-up")])
    assert [match.json()["focus"]["reference"] for match in page.matches] == [
        f"Claim/{draft.claim['id']}"
    ]


def test_a_setting_that_is_none_stops_the_start(tmp_path: Path):
    """claim_submission is manual or auto; a typing error sends nothing by mistake."""
    settings = replace(load_settings({}), data=str(tmp_path), claim_submission="Auto")
    with pytest.raises(OperationOutcomeError, match="claim_submission"):
        compose(settings)


def test_an_explanation_of_benefit_is_linked(office: Office):
    """An ExplanationOfBenefit that comes with the answer stands beside it, with our references."""
    claim_id = uuid4().hex
    office.payer.next(submit=["benefit"])
    insurer = {"reference": "Organization/payer"}
    drafted(office.store)
    office.submit(claim_id, insurer=insurer)
    office.settle()
    page = office.store.search("ExplanationOfBenefit", [("claim", f"Claim/{claim_id}")])
    benefit = page.matches[0].json()
    (response,) = office.responses(claim_id)
    assert benefit["claimResponse"] == {"reference": f"ClaimResponse/{response['id']}"}
    assert (benefit["patient"], benefit["insurer"]) == ({"reference": "Patient/ann"}, insurer)
