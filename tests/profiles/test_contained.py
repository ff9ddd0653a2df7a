"""Contained resources and what looks like a link to one."""

import pytest

from profiles.admission import issues
from profiles.contained import contained_problems

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'


def _errors(resource: dict) -> list[tuple[str, str]]:
    return [(text[:5], at) for _, _, text, at in issues(resource, warnings=False)]


def _patient(**members) -> dict:
    return {"resourceType": "Patient", **members}


def _ward(kind: str = "Organization") -> dict:
    return {"resourceType": kind, "id": "w", **({"name": "W"} if kind == "Organization" else {})}


def test_a_link_leads_to_a_contained_resource_of_an_allowed_type():
    """The element's target types hold for what is contained as for everything else."""
    link = {"managingOrganization": {"reference": "#w"}}
    assert not _errors(_patient(contained=[_ward()], **link))
    wrong = _errors(_patient(contained=[_ward("Patient")], **link))
    assert [at for _, at in wrong] == ["Patient.managingOrganization.reference"]


def test_a_link_to_nothing_is_refused():
    """ref-1."""
    found = _errors(_patient(managingOrganization={"reference": "#nothing"}))
    assert found == [("ref-1", "Patient.managingOrganization.reference")]


@pytest.mark.parametrize(
    "members",
    [
        {"extension": [{"url": "https://example.org/x", "valueMarkdown": "#head"}]},
        {"extension": [{"url": "https://example.org/x", "valueUri": "#place"}]},
        {
            "extension": [
                {
                    "url": "https://example.org/x",
                    "valueExpression": {"language": "text/cql", "reference": "#library"},
                }
            ]
        },
        {"name": [{"text": "#1 Smith"}]},
        {"text": {"status": "generated", "div": DIV}},
    ],
)
def test_other_texts_may_begin_with_a_number_sign(members):
    """Only Reference.reference has to lead to something (ref-1)."""
    assert not _errors(_patient(**members))


def test_an_entry_of_a_bundle_has_contained_resources_of_its_own():
    """A local reference leads within its entry, and not into another one."""
    organization = {"resourceType": "Organization", "id": "o", "name": "H"}
    linked = {"resourceType": "Patient", "managingOrganization": {"reference": "#o"}}
    whole = {"resource": {**linked, "contained": [organization]}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [whole]}
    assert list(contained_problems(bundle)) == []
    bundle["entry"] = [whole, {"resource": linked}]
    found = [problem.expression for problem in contained_problems(bundle)]
    assert found == ["Bundle.entry[1].resource.managingOrganization.reference"]


def test_a_contained_resource_of_an_entry_is_referred_to_from_there():
    """dom-3 holds within a Bundle and within Parameters."""
    lost = {
        "resourceType": "Patient",
        "contained": [{"resourceType": "Organization", "id": "o", "name": "H"}],
    }
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "p", "resource": lost}]}
    found = [problem.expression for problem in contained_problems(parameters)]
    assert found == ["Parameters.parameter[0].resource.contained[0]"]


def test_a_contained_resource_is_not_held_by_itself():
    """dom-3: the link comes from elsewhere in the resource, or it leads back."""
    ward = {**_ward(), "partOf": {"reference": "#w"}}
    found = _errors(_patient(contained=[ward]))
    assert found == [("dom-3", "Patient.contained[0]")]
    assert not _errors(_patient(contained=[ward], managingOrganization={"reference": "#w"}))


@pytest.mark.parametrize("link", ["#", "#p"])
def test_links_between_contained_resources_are_of_an_allowed_type(link):
    """Organization.partOf leads to an Organization, within the resource as well."""
    ward = {**_ward(), "partOf": {"reference": link}}
    person = {"resourceType": "Patient", "id": "p"}
    resource = _patient(
        contained=[ward, person],
        managingOrganization={"reference": "#w"},
        link=[{"other": {"reference": "#p"}, "type": "seealso"}],
    )
    assert [at for _, at in _errors(resource)] == ["Patient.contained[0].partOf.reference"]
