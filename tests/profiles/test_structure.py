"""The structure check: what R4 allows passes, what it does not is named with its place."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.admission import MOST_NAMED, issues, require_admissible
from profiles.builders.imaging_result import build_imaging_result
from profiles.definitions.r4 import definitions
from profiles.fast_schema import passes
from profiles.outcome import OperationOutcomeError
from profiles.primitives import is_valid
from profiles.structure import problems
from profiles.xhtml import is_narrative
from tests.make_findings import absent, context, present, refused

PATIENT = {
    "resourceType": "Patient",
    "id": "a",
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Ada</p></div>',
    },
    "contained": [{"resourceType": "Organization", "id": "o", "name": "H"}],
    "extension": [{"url": "https://example.org/x", "valueDecimal": 1.5}],
    "active": True,
    "name": [{"family": "Example", "given": ["A", None], "_given": [None, {"id": "g"}]}],
    "gender": "female",
    "_birthDate": {"extension": [{"url": "https://example.org/y", "valueTime": "10:00:00"}]},
    "birthDate": "1970-02-28",
    "deceasedBoolean": False,
    "contact": [{"name": {"text": "B"}}],
    "managingOrganization": {"reference": "#o"},
    "link": [{"other": {"reference": "Patient/b"}, "type": "seealso"}],
}


def _said(resource: dict) -> list[tuple[str, str]]:
    return [(p.code, p.expression) for p in problems(resource)]


def test_a_rich_resource_has_no_problem():
    """Primitives with extensions, null pairing, contained resources, choices and references pass."""
    assert _said(PATIENT) == []


@pytest.mark.parametrize("findings", [present(2), absent(), refused()])
def test_what_we_write_has_no_problem(findings):
    """Every resource of a result passes our own door."""
    for resource in build_imaging_result(findings, context(contrast_agent="x")).resources:
        assert _said(resource) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"colour": "red"}, ("structure", "Patient.colour")),
        ({"name": {"family": "X"}}, ("structure", "Patient.name")),
        ({"active": [True]}, ("structure", "Patient.active")),
        ({"active": "true"}, ("value", "Patient.active")),
        ({"gender": "f"}, ("code-invalid", "Patient.gender")),
        ({"birthDate": "1970-02-30"}, ("value", "Patient.birthDate")),
        ({"birthDate": ""}, ("value", "Patient.birthDate")),
        ({"name": []}, ("structure", "Patient.name")),
        ({"name": [{}]}, ("structure", "Patient.name[0]")),
        ({"name": [{"given": ["A", None]}]}, ("structure", "Patient.name[0].given[1]")),
        ({"deceasedDateTime": "2020"}, ("structure", "Patient.deceased")),
        ({"link": [{"type": "seealso"}]}, ("required", "Patient.link[0].other")),
        (
            {"generalPractitioner": [{"reference": "Patient/x"}]},
            ("value", "Patient.generalPractitioner[0].reference"),
        ),
        ({"multipleBirthInteger": 1.5}, ("value", "Patient.multipleBirth.ofType(integer)")),
        ({"_gender": "x"}, ("structure", "Patient.gender")),
        ({"_name": [{"id": "x"}]}, ("structure", "Patient._name")),
        ({"contained": [{"resourceType": "Organisation"}]}, ("structure", "Patient.contained[0]")),
        ({"id": "a b"}, ("value", "Patient.id")),
        ({"extension": [{"valueString": "x"}]}, ("required", "Patient.extension[0].url")),
        ({"text": {"status": "generated", "div": "<div>x</div>"}}, ("value", "Patient.text.div")),
    ],
)
def test_each_problem_is_named_with_its_place(change, expected):
    """Names, lists, types, codes, dates, nulls, choices, cardinality, targets, ids and narrative."""
    assert _said({**copy.deepcopy(PATIENT), **change}) == [expected]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"_id": {"id": "x"}}, "Patient._id"),
        ({"name": [{"id": "n", "_id": {"id": "x"}}]}, "Patient.name[0]._id"),
        ({"text": {**PATIENT["text"], "_div": {"id": "x"}}}, "Patient.text._div"),
        (
            {
                "extension": [
                    {"url": "https://example.org/x", "_url": {"id": "x"}, "valueCode": "x"}
                ]
            },
            "Patient.extension[0]._url",
        ),
    ],
)
def test_a_value_that_is_no_element_has_no_extension(change, place):
    """R4 element.html#id, narrative.html: ids, narratives and the urls of extensions are bare values."""
    changed = {**PATIENT, **change}
    assert not passes(changed)
    assert _said(changed) == [("structure", place)]


def test_nested_contained_resources_are_refused():
    """dom-2: what is contained contains nothing."""
    inner = {"resourceType": "Organization", "contained": [{"resourceType": "Patient"}]}
    assert ("structure", "Patient.contained[0].contained") in _said(
        {"resourceType": "Patient", "contained": [inner]}
    )


def test_every_problem_is_an_issue_and_no_value_is_repeated():
    """One answer names all problems; what was sent does not stand in it."""
    with pytest.raises(OperationOutcomeError) as refusal:
        require_admissible({"resourceType": "Patient", "gender": "SECRET", "birthDate": "SECRET"})
    outcome = refusal.value.to_resource()
    assert [i["expression"] for i in outcome["issue"]] == [
        ["Patient.gender"],
        ["Patient.birthDate"],
    ]
    assert "SECRET" not in json.dumps(outcome)


def test_an_answer_that_names_not_everything_says_so():
    """After a hundred problems it stops, and its last issue tells that there may be more."""
    names = [{"use": "wrong"}] * (MOST_NAMED + 5)
    with pytest.raises(OperationOutcomeError) as refusal:
        require_admissible({"resourceType": "Patient", "name": names})
    issues = refusal.value.to_resource()["issue"]
    assert len(issues) == MOST_NAMED + 1
    assert issues[-1]["code"] == "too-costly"


def test_all_types_of_r4_are_there():
    """146 concrete resources, with source, version and licence of the definitions."""
    assert len(definitions().resources) == 146
    assert definitions().source["version"] == "4.0.1"
    assert definitions().source["licence"] == "CC0-1.0"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "_given", "given", "id", "extension", "contact", "link", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(PATIENT)), JSON, max_size=6))
def test_no_json_breaks_the_check(members):
    """Any JSON is judged; no exception escapes."""
    list(problems({**members, "resourceType": "Patient"}))


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("instant", "2026-01-02T10:00:00.1Z", "2026-01-02"),
        ("dateTime", "2026-01-02T10:00:00+01:00", "2026-01-02T10:00:00"),
        ("date", "2026-01", "2026-13"),
        ("code", "a b", " a"),
        ("positiveInt", 1, 0),
        ("base64Binary", "QUJD", "QUJ"),
        ("uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "c757873d"),
        ("oid", "urn:oid:1.2.3", "1.2.3"),
        ("boolean", True, 1),
        ("decimal", 1.5, "1.5"),
    ],
)
def test_primitives_follow_their_patterns(kind, good, bad):
    """One value that is allowed and one that is not, per type."""
    assert is_valid(kind, good)
    assert not is_valid(kind, bad)


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        (DIV.format("<p>a <b>b</b></p>"), True),
        (DIV.format('<img src="x.png"/>'), True),
        (DIV.format("<script>x</script>"), False),
        (DIV.format('<p onclick="x">a</p>'), False),
        (DIV.format('<a href="javascript:x">a</a>'), False),
        (DIV.format("   "), False),
        (DIV.format("<p>a"), False),
        ("<p>a</p>", False),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + DIV.format("&a;"), False),
        (DIV.format("<p>a</p>") + DIV.format("<p>a</p>"), False),
    ],
)
def test_narrative_is_the_allowed_part_of_xhtml(text, allowed):
    """Formatting passes; scripts, events, entities, emptiness and broken markup do not."""
    assert is_narrative(text) is allowed


OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}


@pytest.mark.parametrize(
    ("subject", "place"),
    [
        ({"type": "Medication", "display": "x"}, "type"),
        ({"type": "Foo", "display": "x"}, "type"),
        ({"type": "http://hl7.org/fhir/StructureDefinition/Patient", "display": "x"}, "type"),
        ({"reference": "Patient/1", "type": "Group"}, "type"),
        ({"reference": "Patient/a b"}, "reference"),
        ({"reference": " Patient/1"}, "reference"),
    ],
)
def test_a_reference_is_a_url_and_its_type_is_a_type_that_may_stand_there(subject, place):
    """R4 references.html: the type is relative, allowed here and that of the literal reference."""
    observation = {**OBSERVATION, "subject": subject}
    assert not passes(observation)
    assert _said(observation) == [("value", f"Observation.subject.{place}")]


@pytest.mark.parametrize(
    "subject",
    [
        {"reference": "Patient/1", "type": "Patient"},
        {"reference": "http://example.org/r4/Group/1", "type": "Group"},
        {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "type": "Group"},
        {"reference": "Patient?identifier=a|b c"},
        {"type": "Device", "identifier": {"value": "1"}},
    ],
)
def test_a_reference_may_say_its_type(subject):
    """A type that agrees with the reference is right, and so is one without a reference."""
    observation = {**OBSERVATION, "subject": subject}
    assert _said(observation) == []
    require_admissible(observation)


def test_only_the_url_of_an_inner_extension_is_relative():
    """R4 extensibility.html: an extension is named by an absolute URL, its parts by any."""
    part = {"url": "part", "valueCode": "x"}
    whole = {"url": "http://example.org/whole", "extension": [part]}
    assert passes({**OBSERVATION, "extension": [whole]})
    assert _said({**OBSERVATION, "extension": [whole]}) == []
    assert _said({**OBSERVATION, "extension": [part]}) == [
        ("value", "Observation.extension[0].url")
    ]
    assert not passes({**OBSERVATION, "extension": [part]})


def _refused(resource: dict) -> list[tuple[str, str, str]]:
    return [
        (code, text.split(":")[0], at) for _, code, text, at in issues(resource, warnings=False)
    ]


def test_a_constraint_holds_where_an_element_is_repeated_by_reference():
    """inv-1 of Parameters.parameter holds for its parts, which are the same element."""
    part = {"name": "a", "valueString": "x", "resource": {"resourceType": "Patient", "id": "p"}}
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "p", "part": [part]}]}
    assert _refused(parameters) == [("invariant", "inv-1", "Parameters.parameter[0].part[0]")]


@pytest.mark.parametrize(
    "resource",
    [
        {
            "resourceType": "Bundle",
            "type": "batch-response",
            "entry": [{"response": {"status": "200"}}],
        },
        {
            "resourceType": "RiskAssessment",
            "status": "final",
            "subject": {"display": "x"},
            "prediction": [{"outcome": {"text": "x"}}],
        },
    ],
)
def test_a_constraint_on_an_absent_element_holds(resource):
    """bdl-8 and ras-2 are about a fullUrl and a probability that need not be there."""
    require_admissible(resource)


def test_a_simple_quantity_has_no_comparator():
    """R4 datatypes.html#SimpleQuantity: the ends of a range are exact."""
    extension = {
        "url": "http://example.org/x",
        "valueRange": {"low": {"value": 1, "comparator": "<"}},
    }
    found = _refused({**OBSERVATION, "extension": [extension]})
    assert found == [("invariant", "sqty-1", "Observation.extension[0].value.ofType(Range).low")]


def test_text_alone_is_no_code_of_a_required_value_set():
    """R4 terminologies.html#required: the concept is one of the set."""
    allergy = {
        "resourceType": "AllergyIntolerance",
        "patient": {"display": "x"},
        "clinicalStatus": {"text": "active"},
        "verificationStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification",
                    "code": "confirmed",
                }
            ]
        },
    }
    assert ("code-invalid", "AllergyIntolerance.clinicalStatus") in [
        (code, at) for code, _, at in _refused(allergy)
    ]


def test_contained_resources_have_ids_of_their_own():
    """R4 references.html#contained: the id is unique in what contains it."""
    organization = {"resourceType": "Organization", "id": "o", "name": "H"}
    patient = {
        "resourceType": "Patient",
        "contained": [organization, organization],
        "managingOrganization": {"reference": "#o"},
    }
    assert [at for _, _, at in _refused(patient)] == ["Patient.contained[1].id"]


@pytest.mark.parametrize(
    ("inside", "allowed"),
    [
        ("<kbd>x</kbd>", True),
        ('<p xmlns:x="http://example.org/x">x</p>', True),
        ('<p xmlns="http://example.org/x">x</p>', False),
        ('<p xmlns:x="http://example.org/x"><x:y/></p>', False),
    ],
)
def test_a_narrative_is_of_one_namespace(inside, allowed):
    """A prefix may be declared but names nothing; kbd is HTML 4.0 chapter 9 (R4 narrative.html)."""
    assert is_narrative(f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>') is allowed


@pytest.mark.parametrize(
    ("tag", "allowed"),
    [
        *((tag, True) for tag in ("en", "de-CH", "zh-Hans", "sr-Latn-RS", "es-419", "x-private")),
        *((tag, False) for tag in ("english", "en_US", "e", "en-", "en--US")),
    ],
)
def test_a_language_is_a_well_formed_tag(tag, allowed):
    """R4 resource.html#language: whatever is preferred, the code is one of BCP 47."""
    found = {**OBSERVATION, "language": tag}
    assert passes(found) is allowed
    assert _said(found) == ([] if allowed else [("code-invalid", "Observation.language")])
