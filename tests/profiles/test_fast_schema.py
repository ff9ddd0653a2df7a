"""The quick check: it never passes what the walker refuses, and passes what is usual."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.definitions.r4 import definitions
from profiles.exact_json import loads_exact
from profiles.fast_schema import passes
from profiles.primitives import is_valid
from profiles.schema.types import INNER
from profiles.structure import problems

DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Ada</p></div>'
CODE = {
    "coding": [{"system": "http://loinc.org", "code": "1-8", "userSelected": True}],
    "text": "x",
}
EXTENSION = {"url": "http://example.org/x", "valueQuantity": {"value": 1.5, "comparator": "<"}}
PATIENT = {
    "resourceType": "Patient",
    "id": "a.b-1",
    "meta": {"lastUpdated": "2024-02-29T10:00:60.5+14:00", "tag": [{"code": "t"}]},
    "text": {"status": "generated", "div": DIV},
    "contained": [{"resourceType": "Organization", "id": "o", "name": "H"}],
    "extension": [EXTENSION, {"url": "http://example.org/y", "extension": [EXTENSION]}],
    "name": [{"family": "Example", "given": ["A", "B"], "_family": {"extension": [EXTENSION]}}],
    "gender": "female",
    "birthDate": "2000-02-29",
    "_birthDate": {"id": "b"},
    "multipleBirthInteger": 2,
    "photo": [{"contentType": "image/png", "data": "QUI="}],
    "managingOrganization": {"reference": "#o"},
    "generalPractitioner": [{"reference": "http://example.org/r4/Practitioner/1/_history/2"}],
    "link": [{"other": {"reference": "Patient/b"}, "type": "seealso"}],
}
OBSERVATION = {
    "resourceType": "Observation",
    "status": "final",
    "code": CODE,
    "subject": {"reference": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"},
    "performer": [{"reference": "Practitioner?identifier=a|b"}],
    "effectivePeriod": {"start": "2023", "end": "2023-05"},
    "valueQuantity": {"value": 1, "unit": "mg"},
    "component": [{"code": CODE, "valueTime": "10:00:00"}],
}
REQUEST = {
    "resourceType": "MedicationRequest",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/a"},
    "medicationCodeableConcept": CODE,
    "dosageInstruction": [
        {"sequence": 1, "timing": {"repeat": {"boundsDuration": {"value": 2}, "frequency": 1}}}
    ],
}
COMPOSITION = {
    "resourceType": "Composition",
    "status": "final",
    "type": CODE,
    "date": "2023-04-30T10:00:00Z",
    "author": [{"display": "B"}],
    "title": "t",
    "section": [{"title": "s", "section": [{"text": {"status": "additional", "div": DIV}}]}],
}
BUNDLE = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a",
            "resource": PATIENT,
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "response": {
                "status": "400",
                "outcome": {
                    "resourceType": "OperationOutcome",
                    "issue": [{"severity": "error", "code": "invalid"}],
                },
            }
        },
    ],
}
PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "a", "part": [{"name": "b", "resource": OBSERVATION}]},
        {"name": "c", "valueReference": {"reference": "Group/1"}},
    ],
}
VALID = [PATIENT, OBSERVATION, REQUEST, COMPOSITION, BUNDLE, PARAMETERS]
SPOILS = [
    *(
        None,
        True,
        1,
        1.0,
        0,
        -1,
        2**31,
        1.5,
        [],
        {},
        [None],
        [{}],
        ["a"],
        "",
        " ",
        "a",
        "a\n",
        "a b",
    ),
    *("a  b", "a\xa0b", "a\x1c", "\x0b", "\ud800", "2023-02-30", "1900-02-29", "0000", "2023-13"),
    *("2023-04-31T10:00:00Z", "2023-01-01T10:00:00", "24:00:00", "Q===", "Group/1", "Patient/1"),
    *("http://a/Group/1/_history/1", "http://a/Patient/1/_history/Group/2", "final", "seealso"),
    *({"url": "urn:a"}, {"reference": "Group/1"}, {"display": "x"}, {"value": "1"}, {"id": "i"}),
    *({"resourceType": "Patient"}, [{"resourceType": "Patient", "contained": []}]),
    *({"status": "generated", "div": "<div>x</div>"}, [{"resourceType": "Nothing"}]),
]
NAMES = sorted(
    {
        n
        for kind in ("Patient", "Observation", "Extension", "Timing")
        for n in definitions().types[kind].members
    }
)


def _refused(resource: Any) -> bool:
    return next(problems(resource), None) is not None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            yield from _objects(part)


def _spoilt(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The resource with one member of one object left out, replaced, added, listed or unlisted."""
    copied = copy.deepcopy(resource)
    for owner in list(_objects(copied)):
        before = dict(owner)
        changes = [{k: v for k, v in before.items() if k != name} for name in before]
        changes += [{**before, name: spoil} for name in before for spoil in SPOILS]
        changes += [{**before, f"_{name}": spoil} for name in before for spoil in SPOILS[:12]]
        changes += [{**before, name: [value]} for name, value in before.items()]
        changes += [{**before, n: v[0]} for n, v in before.items() if isinstance(v, list)]
        changes += [
            {**before, "colour": "red"},
            {**before, "valueString": "x", "valueBoolean": True},
        ]
        for change in changes:
            owner.clear()
            owner.update(change)
            yield copied
        owner.clear()
        owner.update(before)


@pytest.mark.parametrize("resource", VALID, ids=lambda resource: resource["resourceType"])
def test_a_usual_resource_passes(resource):
    """Extensions, narrative, contained and inner resources, references and choices need no walker."""
    assert (passes(resource), _refused(resource)) == (True, False)


@pytest.mark.parametrize("resource", VALID, ids=lambda resource: resource["resourceType"])
def test_no_single_change_passes_that_the_walker_refuses(resource):
    """Whatever one member becomes, a resource with a structural problem does not pass."""
    assert [copy.deepcopy(r) for r in _spoilt(resource) if passes(r) and _refused(r)] == []


@pytest.mark.parametrize(
    ("resource", "change"),
    [
        (OBSERVATION, {"status": "done"}),
        (OBSERVATION, {"valueString": "x"}),
        (OBSERVATION, {"subject": {"reference": "Practitioner/1"}}),
        (REQUEST, {"medicationReference": {"reference": "Medication/1"}}),
        (PATIENT, {"deceasedBoolean": True, "deceasedDateTime": "2020"}),
        (PATIENT, {"birthDate": "2023-02-30"}),
        (PATIENT, {"multipleBirthInteger": 1.0}),
        (PATIENT, {"extension": [{"url": "urn:a"}]}),
        (PATIENT, {"extension": [{"url": "urn:a", "_url": {"id": "b"}}]}),
        (PATIENT, {"extension": [{"url": "urn:a", "id": "b", "valueCode": "x", "valueId": "x"}]}),
        (PATIENT, {"name": [{"given": ["A", None]}]}),
        (PATIENT, {"contained": [{"resourceType": "Group", "contained": [PATIENT]}]}),
        (COMPOSITION, {"section": [{"text": {"status": "empty", "div": "<div>x</div>"}}]}),
        (BUNDLE, {"entry": [{"resource": {**OBSERVATION, "status": "done"}}]}),
        (BUNDLE, {"entry": [{"response": {"status": "400", "outcome": OBSERVATION | {"x": 1}}}]}),
        (
            PARAMETERS,
            {"parameter": [{"name": "a", "part": [{"name": "b", "resource": {"id": "x"}}]}]},
        ),
    ],
)
def test_what_is_wrong_does_not_pass(resource, change):
    """Codes, choices, targets, calendar, numbers, ids, nulls, narrative and inner resources are seen."""
    spoilt = {**resource, **change}
    assert (passes(spoilt), _refused(spoilt)) == (False, True)


@given(data=st.data())
def test_no_mixture_of_members_passes_that_the_walker_refuses(data):
    """Members of any type with values from anywhere never make the quick check the laxer one."""
    resource = copy.deepcopy(data.draw(st.sampled_from(VALID)))
    parts = st.sampled_from(SPOILS + list(_objects(VALID)))
    for _ in range(data.draw(st.integers(1, 3))):
        owner = data.draw(st.sampled_from(list(_objects(resource))))
        name = data.draw(st.sampled_from(NAMES) | st.sampled_from(sorted(owner) or NAMES))
        value = copy.deepcopy(data.draw(parts))
        owner[name] = [value] if data.draw(st.booleans()) else value
    assert (passes(resource) and _refused(resource)) is False


@given(
    kind=st.sampled_from(["date", "dateTime", "instant"]),
    year=st.sampled_from(["0001", "0100", "0400", "1900", "2000", "2023", "2024", "2100", "9999"]),
    month=st.integers(0, 13),
    day=st.integers(0, 32),
    rest=st.sampled_from(["", "T10:00:00Z", "T23:59:60.1-13:59", "T24:00:00Z", "T10:00:00", "\n"]),
)
def test_every_day_of_the_calendar_and_no_other_passes(kind, year, month, day, rest):
    """Leap years and lengths of months are those of the calendar."""
    value = f"{year}-{month:02}-{day:02}{rest}"
    extension = {"url": "urn:a", f"value{kind[0].upper()}{kind[1:]}": value}
    assert passes({"resourceType": "Basic", "code": CODE, "extension": [extension]}) == is_valid(
        kind, value
    )


@given(value=st.text(max_size=6))
def test_no_text_passes_that_is_none(value):
    """White space and other signs of Unicode are judged alike in strings, codes, uris and ids."""
    for kind in ("String", "Markdown", "Code", "Uri", "Id", "Base64Binary"):
        found = passes(
            {
                "resourceType": "Basic",
                "code": CODE,
                "extension": [{"url": "urn:a", f"value{kind}": value}],
            }
        )
        assert (found and not is_valid(kind[0].lower() + kind[1:], value)) is False


def test_every_type_has_a_schema():
    """All 146 compile, and refuse a member that no type has."""
    kinds = definitions().resources
    assert [k for k in sorted(kinds) if passes({"resourceType": k, "colour": "red"})] == []


def test_every_place_of_an_inner_resource_is_known():
    """A place that is not looked into would let anything pass."""
    places = {
        (name, member)
        for name, definition in definitions().types.items()
        for member, (_, kind) in definition.members.items()
        if kind == "Resource" and member != "contained"
    }
    assert places == set(INNER)


@pytest.mark.parametrize("levels", [20, 1000, 100_000])
def test_deep_nesting_does_not_exhaust_the_stack(levels):
    """What is nested as deeply as we allow passes; what is deeper is left to the walker."""
    deep: dict[str, Any] = {"url": "urn:a", "valueString": "x"}
    for _ in range(levels):
        deep = {"url": "urn:a", "extension": [deep]}
    assert passes({"resourceType": "Patient", "extension": [deep]}) == (levels == 20)


def test_a_large_attachment_passes():
    """Base64 has no longest length."""
    assert (
        passes({"resourceType": "Binary", "contentType": "a/b", "data": "QUJD" * 500_000}) is True
    )


@pytest.mark.parametrize(
    ("member", "expected"), [("valueDecimal", True), ("valueInteger", False), ("valueCode", False)]
)
def test_a_number_that_keeps_its_text_is_a_decimal(member, expected):
    """Numbers as they are read exactly pass where a decimal stands, and nowhere else."""
    body = b'{"resourceType":"Patient","extension":[{"url":"urn:a","%s":1.00}]}' % member.encode()
    assert passes(loads_exact(body)) == expected


@pytest.mark.parametrize("value", [{}, {"resourceType": []}, {"resourceType": "Element"}, {1: 2}])
def test_what_is_no_resource_does_not_pass(value):
    """Without a resource type of R4 there is nothing to check."""
    assert passes(value) is False
