"""A note that arrived is reviewed on the page of a real gateway, through a kill, up to an active Claim."""

import base64
import html
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.make_gateway import GatewayProcess, wait_until

NOTE = "Assessment: hypertension <b>stable</b>; knee pain.\nFatigue was mentioned.\n"


@pytest.fixture
def practice(tmp_path):
    """A gateway whose coder knows a few words, with a patient, a payer and a coverage."""
    gateway = GatewayProcess(tmp_path, light=True, lanes="coding", code_settle_s=0.05)
    gateway.start()
    _put(gateway, "Patient", "p", gender="female", birthDate="1960-02-03")
    _put(gateway, "Organization", "payer", name="Payer")
    coverage = {
        "status": "active",
        "beneficiary": {"reference": "Patient/p"},
        "payor": [{"reference": "Organization/payer"}],
    }
    _put(gateway, "Coverage", "c", **coverage)
    yield gateway
    gateway.stop()


def _put(gateway, kind, key, **elements):
    body = {"resourceType": kind, "id": key, **elements}
    status, answer, _ = gateway.request("PUT", f"/fhir/{kind}/{key}", body)
    assert status in (200, 201), answer


def _page(gateway, path, form=None):
    """Status and text of a page, as a browser without a script gets it."""
    data = None if form is None else urllib.parse.urlencode(form).encode()
    address = gateway.base + path
    request = urllib.request.Request(address, data)  # noqa: S310 - our own loopback server
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _hidden(text, name):
    return re.search(rf'name="{name}" value="([^"]*)"', text)[1]


def test_a_note_is_reviewed_on_its_page(practice):
    """The page marks the words of the note; what one form corrects outlives a kill, the next one approves."""
    attachment = {"contentType": "text/plain", "data": base64.b64encode(NOTE.encode()).decode()}
    note = {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "date": "2026-03-02T10:00:00Z",
        "content": [{"attachment": attachment}],
    }
    assert practice.request("POST", "/fhir/DocumentReference", note)[0] == 201
    (review,) = wait_until(
        lambda: practice.search("Task?code=review&status=requested"), "the review"
    )
    path = f"/claims/{review['focus']['reference'].partition('/')[2]}"
    status, text = _page(practice, path)
    assert status == 200
    assert "&lt;b&gt;stable" in text
    marked = re.findall(r"<mark[^>]*>(?:<span[^>]*></span>)*([^<]*)", text)
    assert [html.unescape(words).strip() for words in marked] == ["hypertension", "knee pain"]
    form = {"task": _hidden(text, "task"), "version": _hidden(text, "version"), "performer": "Cora"}
    status, text = _page(practice, path, {**form, "diagnosis-2-decision": "reject"})
    assert (status, "Rejected so far: M25.569" in text) == (200, True)
    practice.kill()
    practice.start()
    status, text = _page(practice, path)
    assert "Rejected so far: M25.569" in text
    form["version"] = _hidden(text, "version")
    approved = {**form, "decision": "approved"}
    status, text = _page(practice, path, approved)
    assert (status, 'role="alert"' in text) == (422, True)
    status, text = _page(practice, path, {**approved, "override": "billed by hand"})
    assert status == 200
    (claim,) = practice.search("Claim?status=active")
    assert claim["enterer"]["display"] == "Cora"
    assert practice.get(f"Task/{review['id']}")["businessStatus"]["coding"][0]["code"] == "modified"
    assert _page(practice, path, approved)[0] == 409
