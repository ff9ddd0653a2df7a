"""Ids within a resource and full URLs within a Bundle."""

import pytest

from profiles.admission import issues

PATIENT = {"resourceType": "Patient", "id": "a"}


def _refused(resource: dict) -> list[tuple[str, str]]:
    return [(code, at) for _, code, _, at in issues(resource, warnings=False)]


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"name": [{"id": "x", "family": "A"}, {"id": "x", "family": "B"}]}, "name[1].id"),
        (
            {"name": [{"id": "x", "family": "A"}], "birthDate": "1970", "_birthDate": {"id": "x"}},
            "birthDate.id",
        ),
    ],
)
def test_the_id_of_an_element_is_unique_within_its_resource(members, place):
    """R4 element.html: the id of an element is for references within the resource."""
    assert _refused({**PATIENT, **members}) == [("invariant", f"Patient.{place}")]


def test_another_resource_may_have_the_same_ids():
    """The id of the resource, of what it contains and of its entries are of other spaces."""
    organization = {
        "resourceType": "Organization",
        "id": "a",
        "address": [{"id": "n", "city": "B"}],
    }
    patient = {
        **PATIENT,
        "name": [{"id": "a", "family": "A"}, {"id": "n", "family": "B"}],
        "contained": [{**organization, "name": "H"}],
        "managingOrganization": {"reference": "#a"},
    }
    entries = [{"resource": patient}, {"resource": patient}]
    assert _refused(patient) == []
    assert _refused({"resourceType": "Bundle", "type": "collection", "entry": entries}) == []


def test_an_id_is_unique_within_the_resource_of_an_entry():
    """The place leads through the entry."""
    patient = {**PATIENT, "name": [{"id": "x", "family": "A"}, {"id": "x", "family": "B"}]}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}
    assert _refused(bundle) == [("invariant", "Bundle.entry[0].resource.name[1].id")]


@pytest.mark.parametrize(
    ("url", "agrees"),
    [
        ("http://example.org/r4/Patient/a", True),
        ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", True),
        ("http://example.org/something", True),
        ("http://example.org/r4/Patient/b", False),
        ("http://example.org/r4/Group/a", False),
        ("Patient/a", False),
    ],
)
def test_a_full_url_agrees_with_its_resource(url, agrees):
    """R4 bundle.html: absolute, and not in disagreement with the type and the id beside it."""
    entry = {"fullUrl": url, "resource": PATIENT}
    found = _refused({"resourceType": "Bundle", "type": "collection", "entry": [entry]})
    assert found == ([] if agrees else [("value", "Bundle.entry[0].fullUrl")])


@pytest.mark.parametrize(("kind", "required"), [("message", True), ("collection", False)])
def test_the_entries_of_a_message_have_full_urls(kind, required):
    """R4 bundle.html: their references lead to entries by nothing else."""
    header = {
        "resourceType": "MessageHeader",
        "id": "m",
        "eventUri": "https://example.org/e",
        "source": {"endpoint": "https://example.org"},
    }
    entries = [{"resource": header}, {"resource": PATIENT}]
    found = _refused({"resourceType": "Bundle", "type": kind, "entry": entries})
    places = [("required", f"Bundle.entry[{at}].fullUrl") for at in (0, 1)]
    assert found == (places if required else [])
