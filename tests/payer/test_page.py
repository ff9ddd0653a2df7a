"""The page of a Claim: sending it, what the payer has said, and what a person has to do."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from gateway.fetch import fetch_on_arrival
from gateway.http import Services, build_app
from gateway.settings import load_settings
from tests.make_payer import claim, name_of
from tests.payer.conftest import Office


@pytest.fixture
def browser(office: Office) -> Iterator[TestClient]:
    """A browser that follows redirects."""
    services = Services(
        request_analysis=lambda *_: "", on_created=fetch_on_arrival, payers=office.payers
    )
    app = build_app(office.store, load_settings({}), services)
    with TestClient(app, raise_server_exceptions=False) as connected:
        yield connected


def test_an_active_claim_is_sent_from_its_page(office: Office, browser: TestClient):
    """One button; afterwards the page shows the submission and the answer, and the button is gone."""
    claim_id = uuid4().hex
    office.store.transact(lambda tx: tx.put(claim(claim_id)))
    assert "Send to the payer" in browser.get(f"/claims/{claim_id}").text
    shown = browser.post(f"/claims/{claim_id}/submit")
    assert shown.status_code == 200
    assert "Send to the payer" not in shown.text
    office.settle()
    assert "Answered by the payer" in browser.get(f"/claims/{claim_id}").text
    assert office.payer.claims().count(name_of(claim_id)) == 1


def test_a_denial_is_shown_with_its_codes(office: Office, browser: TestClient):
    """What a person has to do stands on the page with the payer's reason codes."""
    claim_id = uuid4().hex
    office.payer.next(submit=["denied"])
    office.submit(claim_id)
    office.settle()
    text = browser.get(f"/claims/{claim_id}").text
    assert "The payer has denied the Claim (96)" in text


def test_a_claim_that_may_not_go_out_says_why(office: Office, browser: TestClient):
    """The reason is on the page, and nothing is queued."""
    claim_id = uuid4().hex
    office.store.transact(lambda tx: tx.put(claim(claim_id, insurer={"display": "Nobody"})))
    shown = browser.post(f"/claims/{claim_id}/submit")
    assert shown.status_code == 422
    assert "no payer is known" in shown.text
    assert office.settle() == 0


def test_a_form_of_another_site_sends_nothing(office: Office, browser: TestClient):
    """Only our own page may send."""
    claim_id = uuid4().hex
    office.store.transact(lambda tx: tx.put(claim(claim_id)))
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert browser.post(f"/claims/{claim_id}/submit", headers=elsewhere).status_code == 403
    assert office.settle() == 0
