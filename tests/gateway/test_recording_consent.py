"""Which Consents let a visit be noted by a machine."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.recording_consent import why_not_consented
from gateway.settings import load_settings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
REQUIRED = replace(load_settings({}), recording_consent="required")
CATEGORY = "urn:example:consents|recording"


def _consent(kind="permit", code="recording", patient="p", status="active", **period):
    provision = {"type": kind, **({"period": period} if period else {})}
    return {
        "resourceType": "Consent",
        "status": status,
        "scope": {"text": "recording"},
        "category": [{"coding": [{"system": "urn:example:consents", "code": code}]}],
        "patient": {"reference": f"Patient/{patient}"},
        "policyRule": {"text": "recording"},
        "provision": provision,
    }


@pytest.mark.parametrize(
    ("consents", "permitted"),
    [
        ([], False),
        ([_consent()], True),
        ([_consent(status="inactive")], False),
        ([_consent(patient="other")], False),
        ([_consent("deny")], False),
        ([_consent(), _consent("deny")], False),
        ([_consent(end="2026-03-02")], True),
        ([_consent(end="2026-03-01")], False),
        ([_consent(start="2026-03-03")], False),
        ([_consent(), _consent("deny", start="2026-03-03")], True),
    ],
)
def test_a_consent_permits_while_it_is_in_force(store, consents, permitted):
    """Active, of this patient, in its period, and denied by no other."""
    store.transact(lambda tx: [tx.create(one) for one in consents])
    assert (why_not_consented(store, "Patient/p", REQUIRED, NOW) == "") is permitted


def test_a_site_may_name_the_category(store):
    """A Consent to something else neither permits nor denies."""
    store.transact(lambda tx: [tx.create(_consent()), tx.create(_consent("deny", "research"))])
    named = replace(REQUIRED, recording_consent_category=CATEGORY)
    assert why_not_consented(store, "Patient/p", named, NOW) == ""
    assert why_not_consented(store, "Patient/p", REQUIRED, NOW) != ""
    other = replace(REQUIRED, recording_consent_category="urn:other|recording")
    assert why_not_consented(store, "Patient/p", other, NOW) != ""


def test_without_the_setting_nobody_is_asked(store):
    """A site that does not require a Consent needs none."""
    assert why_not_consented(store, "Patient/p", load_settings({}), NOW) == ""
