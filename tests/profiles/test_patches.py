"""Patches: FHIRPath Patch (R4 fhirpatch.html) and JSON Patch (RFC 6902), each operation and each error."""

import copy

import pytest

from profiles.outcome import OperationOutcomeError
from profiles.patch.fhirpath_patch import fhirpath_patch
from profiles.patch.json_patch import json_patch

NOTE = {"extension": [{"url": "https://n", "valueString": "n"}]}
PATIENT = {
    "resourceType": "Patient",
    "id": "a",
    "birthDate": "1990-01-01",
    "deceasedBoolean": False,
    "maritalStatus": {"text": "single"},
    "identifier": [
        {"system": "https://s", "value": "0"},
        {"system": "https://t", "value": "1"},
        {"system": "https://s", "value": "2"},
    ],
    "name": [
        {"use": "official", "given": ["Ann", "Eva"], "_given": [None, NOTE]},
        {"use": "usual", "given": ["Annie"]},
    ],
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Ward"}],
    "managingOrganization": {"reference": "#o"},
    "generalPractitioner": [{"reference": "Practitioner/p"}],
}


def operation(kind, path=None, /, **parts):
    """One operation of a FHIRPath Patch; a keyword is the value of its part, a dict the part itself."""
    given = [{"name": "type", "valueCode": kind}]
    if path is not None:
        given.append({"name": "path", "valueString": path})
    for name, value in parts.items():
        one = value if isinstance(value, dict) else {_ending(value): value}
        given.append({"name": name, **one})
    return {"name": "operation", "part": given}


def _ending(value):
    return "valueInteger" if isinstance(value, int) else "valueString"


def parameters(*operations):
    """The Parameters of some operations."""
    return {"resourceType": "Parameters", "parameter": list(operations)}


def patched(*operations, resource=PATIENT):
    """The resource after the operations, and the promise that the given one is as it was."""
    before = copy.deepcopy(resource)
    try:
        return fhirpath_patch(resource, parameters(*operations))
    finally:
        assert resource == before


def parts(**members):
    """A value that is given by its parts."""
    return {"part": [{"name": name, **value} for name, value in members.items()]}


APPLIED = [
    (
        operation("add", "Patient", name="active", value={"valueBoolean": True}),
        ("active",),
        True,
    ),
    (
        operation("add", "Patient.name[1]", name="given", value={"valueString": "Bea"}),
        ("name", 1, "given"),
        ["Annie", "Bea"],
    ),
    (
        operation("add", "Patient.name[1]", name="given", value={"_valueString": NOTE}),
        ("name", 1, "_given"),
        [None, NOTE],
    ),
    (
        operation("add", "Patient.name[0]", name="given", value={"valueString": "Bea"}),
        ("name", 0, "_given"),
        [None, NOTE, None],
    ),
    (
        operation(
            "add",
            "Patient",
            name="contact",
            value=parts(name={"valueHumanName": {"text": "C"}}, gender={"valueCode": "male"}),
        ),
        ("contact",),
        [{"name": {"text": "C"}, "gender": "male"}],
    ),
    (
        operation(
            "add",
            "Patient.birthDate",
            name="extension",
            value=parts(url={"valueUri": "https://n"}, value={"valueString": "n"}),
        ),
        ("_birthDate",),
        NOTE,
    ),
    (
        operation(
            "add",
            "Patient.name[0].given[0]",
            name="extension",
            value=parts(url={"valueUri": "https://n"}, value={"valueString": "n"}),
        ),
        ("name", 0, "_given"),
        [NOTE, NOTE],
    ),
    (
        operation("add", "Patient.name[0].given[1]", name="id", value={"valueString": "i"}),
        ("name", 0, "_given"),
        [None, {**NOTE, "id": "i"}],
    ),
    (
        operation(
            "add",
            "Patient",
            name="extension",
            value=parts(
                url={"valueUri": "https://x"},
                extension=parts(url={"valueUri": "y"}, value={"valueCode": "c"}),
            ),
        ),
        ("extension",),
        [{"url": "https://x", "extension": [{"url": "y", "valueCode": "c"}]}],
    ),
    (
        operation(
            "add",
            "Patient",
            name="contained",
            value={"resource": {"resourceType": "Practitioner", "id": "p"}},
        ),
        ("contained", 1, "id"),
        "p",
    ),
    (
        operation("add", "Patient.contained[0]", name="active", value={"valueBoolean": True}),
        ("contained", 0, "active"),
        True,
    ),
    (
        operation("add", "Patient", name="multipleBirth[x]", value={"valueInteger": 2}),
        ("multipleBirthInteger",),
        2,
    ),
    (
        operation(
            "insert", "Patient.identifier", index=1, value={"valueIdentifier": {"value": "x"}}
        ),
        ("identifier", 1),
        {"value": "x"},
    ),
    (
        operation("insert", "Patient.name[0].given", index=0, value={"valueString": "Z"}),
        ("name", 0, "_given"),
        [None, None, NOTE],
    ),
    (
        operation("insert", "Patient.name[0].given", index=2, value={"valueString": "Z"}),
        ("name", 0, "given"),
        ["Ann", "Eva", "Z"],
    ),
    (
        operation(
            "insert",
            "Patient.identifier.where(system = 'https://s')",
            index=0,
            value={"valueIdentifier": {"value": "x"}},
        ),
        ("identifier", 0),
        {"value": "x"},
    ),
    (operation("delete", "Patient.birthDate"), ("birthDate",), None),
    (operation("delete", "Patient.deceased"), ("deceasedBoolean",), None),
    (operation("delete", "Patient.maritalStatus.text"), ("maritalStatus",), None),
    (operation("delete", "Patient.name[0].given[0]"), ("name", 0, "_given"), [NOTE]),
    (operation("delete", "Patient.name[0].given[1]"), ("name", 0, "_given"), None),
    (operation("delete", "Patient.name[0].given[1].extension"), ("name", 0, "_given"), None),
    (operation("delete", "Patient.generalPractitioner[0]"), ("generalPractitioner",), None),
    (operation("delete", "Patient.identifier.where(value = '1')"), ("identifier", 1, "value"), "2"),
    (operation("delete", "Patient.nothing"), ("id",), "a"),
    (operation("delete", "Patient.photo[3]"), ("id",), "a"),
    (
        operation("replace", "Patient.birthDate", value={"valueDate": "1991"}),
        ("birthDate",),
        "1991",
    ),
    (
        operation("replace", "Patient.deceased", value={"valueDateTime": "2020"}),
        ("deceasedDateTime",),
        "2020",
    ),
    (
        operation("replace", "Patient.deceased", value={"valueDateTime": "2020"}),
        ("deceasedBoolean",),
        None,
    ),
    (
        operation("replace", "Patient.name[0].given[1]", value={"valueString": "Z"}),
        ("name", 0, "_given"),
        None,
    ),
    (
        operation("replace", "Patient.name[1]", value={"valueHumanName": {"text": "Z"}}),
        ("name", 1),
        {"text": "Z"},
    ),
    (
        operation("replace", "Patient.name[1]", value=parts(given={"valueString": "Z"})),
        ("name", 1),
        {"given": ["Z"]},
    ),
    (
        operation("replace", "Patient.name[0].use", value={"valueCode": "old"}),
        ("name", 0, "use"),
        "old",
    ),
    (
        operation("move", "Patient.identifier", source=2, destination=0),
        ("identifier", 0, "value"),
        "2",
    ),
    (
        operation("move", "Patient.identifier", source=0, destination=2),
        ("identifier", 2, "value"),
        "0",
    ),
    (
        operation("move", "Patient.name[0].given", source=1, destination=0),
        ("name", 0, "_given"),
        [NOTE, None],
    ),
]


@pytest.mark.parametrize(("one", "place", "expected"), APPLIED)
def test_a_fhirpath_patch_changes_the_one_place(one, place, expected):
    """Lists, primitives with extensions, choices, values by parts, deep paths and conditions."""
    found = patched(one)
    for step in place:
        found = found[step] if isinstance(step, int) else found.get(step)
    assert found == expected


NO_VALUE = operation("add", "Patient", name="active")
REFUSED = [
    ("invalid", {"name": "other"}),
    ("invalid", {"name": "operation"}),
    ("invalid", operation("explode", "Patient")),
    ("invalid", operation("delete")),
    ("invalid", operation("delete", "Patient.(")),
    ("invalid", operation("delete", "Patient.id", other="x")),
    ("invalid", {**NO_VALUE, "part": [*NO_VALUE["part"], {"name": "type", "valueCode": "add"}]}),
    ("invalid", NO_VALUE),
    ("invalid", operation("add", "Patient", name="active", value={"valueBoolean": None})),
    ("invalid", operation("move", "Patient.identifier", source="x", destination=0)),
    ("invariant", operation("add", "Patient.photo", name="title", value={"valueString": "x"})),
    ("invariant", operation("add", "Patient.name", name="text", value={"valueString": "x"})),
    ("invariant", operation("add", "Patient", name="nothing", value={"valueString": "x"})),
    ("invariant", operation("add", "Patient", name="birthDate", value={"valueDate": "1991"})),
    ("invariant", operation("add", "Patient", name="deceased", value={"valueDateTime": "1991"})),
    ("invariant", operation("add", "Patient", name="active", value={"valueString": "true"})),
    ("invariant", operation("add", "Patient", name="multipleBirth", value=parts(x={}))),
    ("invariant", operation("add", "'x'", name="id", value={"valueString": "x"})),
    (
        "invariant",
        operation(
            "add",
            "Patient.generalPractitioner.resolve()",
            name="active",
            value={"valueBoolean": True},
        ),
    ),
    ("invariant", operation("insert", "Patient.photo", index=0, value=parts(title={}))),
    (
        "invariant",
        operation("insert", "Patient.birthDate", index=0, value={"valueDate": "1991"}),
    ),
    (
        "invariant",
        operation("insert", "Patient.name.given", index=0, value={"valueString": "x"}),
    ),
    (
        "invariant",
        operation("insert", "Patient.identifier", index=4, value={"valueIdentifier": {}}),
    ),
    ("invariant", operation("insert", "Patient.identifier", index=0, value={"valueString": "x"})),
    ("invariant", operation("delete", "Patient.identifier")),
    ("invariant", operation("delete", "Patient")),
    ("invariant", operation("replace", "Patient.photo", value={"valueString": "x"})),
    ("invariant", operation("replace", "Patient.identifier", value={"valueIdentifier": {}})),
    ("invariant", operation("replace", "Patient", value={"resource": PATIENT})),
    ("invariant", operation("replace", "Patient.deceased", value={"valueString": "x"})),
    ("invariant", operation("move", "Patient.identifier", source=3, destination=0)),
    ("invariant", operation("move", "Patient.identifier", source=0, destination=3)),
    ("invariant", operation("move", "Patient.birthDate", source=0, destination=0)),
]


@pytest.mark.parametrize(("kind", "one"), REFUSED)
def test_a_fhirpath_patch_that_cannot_be_applied_is_refused(kind, one):
    """``invalid`` for a malformed operation, ``invariant`` for one that does not fit the resource."""
    with pytest.raises(OperationOutcomeError) as refused:
        patched(operation("delete", "Patient.maritalStatus"), one)
    assert refused.value.kind.code == kind


DOCUMENT = {"a": {"b": [1, 2, 3], "~/": True}, "n": None}
JSON_APPLIED = [
    ({"op": "add", "path": "/a/b/1", "value": 9}, {"a": {"b": [1, 9, 2, 3], "~/": True}}),
    ({"op": "add", "path": "/a/b/-", "value": 9}, {"a": {"b": [1, 2, 3, 9], "~/": True}}),
    ({"op": "add", "path": "/a/b/3", "value": 9}, {"a": {"b": [1, 2, 3, 9], "~/": True}}),
    ({"op": "add", "path": "/a/b", "value": 9}, {"a": {"b": 9, "~/": True}}),
    ({"op": "remove", "path": "/a/b/0"}, {"a": {"b": [2, 3], "~/": True}}),
    ({"op": "remove", "path": "/a/~0~1"}, {"a": {"b": [1, 2, 3]}}),
    ({"op": "replace", "path": "/a/b/2", "value": 9}, {"a": {"b": [1, 2, 9], "~/": True}}),
    ({"op": "replace", "path": "", "value": {"x": 1}}, {"x": 1}),
    ({"op": "move", "from": "/a/b/0", "path": "/a/b/2"}, {"a": {"b": [2, 3, 1], "~/": True}}),
    ({"op": "move", "from": "/a/b", "path": "/a/b"}, {"a": {"b": [1, 2, 3], "~/": True}}),
    ({"op": "copy", "from": "/a/b/0", "path": "/a/b/-"}, {"a": {"b": [1, 2, 3, 1], "~/": True}}),
    ({"op": "copy", "from": "/a", "path": "/a/c"}, {"a": {**DOCUMENT["a"], "c": DOCUMENT["a"]}}),
    ({"op": "test", "path": "/a/b", "value": [1, 2.0, 3], "more": 1}, {"a": DOCUMENT["a"]}),
    ({"op": "test", "path": "/n", "value": None}, {"a": DOCUMENT["a"]}),
]


@pytest.mark.parametrize(("one", "expected"), JSON_APPLIED)
def test_a_json_patch_does_what_the_rfc_says(one, expected):
    """Each operation, on objects, lists and the whole document."""
    found = json_patch(DOCUMENT, [one])
    assert found == ({**expected, "n": None} if "a" in expected else expected)


JSON_REFUSED = [
    ("invalid", 1),
    ("invalid", {"op": "add", "value": 1}),
    ("invalid", {"path": "/a"}),
    ("invalid", {"op": "ADD", "path": "/x", "value": 1}),
    ("invalid", {"op": "add", "path": "/x"}),
    ("invalid", {"op": "test", "path": "/a"}),
    ("invalid", {"op": "add", "path": "x", "value": 1}),
    ("invalid", {"op": "add", "path": "/a/~2", "value": 1}),
    ("invalid", {"op": "add", "path": "/a/~", "value": 1}),
    ("invalid", {"op": "move", "path": "/a"}),
    ("invalid", {"op": "move", "from": "/a", "path": "/a/b/0"}),
    ("invariant", {"op": "add", "path": "/x/y", "value": 1}),
    ("invariant", {"op": "add", "path": "/a/b/4", "value": 1}),
    ("invariant", {"op": "add", "path": "/a/b/01", "value": 1}),
    ("invariant", {"op": "add", "path": "/a/b/x", "value": 1}),
    ("invariant", {"op": "add", "path": "/a/b/0/x", "value": 1}),
    ("invariant", {"op": "remove", "path": "/a/b/-"}),
    ("invariant", {"op": "remove", "path": "/x"}),
    ("invariant", {"op": "remove", "path": ""}),
    ("invariant", {"op": "replace", "path": "/x", "value": 1}),
    ("invariant", {"op": "replace", "path": "/a/b/-", "value": 1}),
    ("invariant", {"op": "move", "from": "/x", "path": "/y"}),
    ("invariant", {"op": "copy", "from": "/a/b/3", "path": "/y"}),
    ("invariant", {"op": "test", "path": "/x", "value": 1}),
    ("invariant", {"op": "test", "path": "/a/b", "value": [1, 3, 2]}),
    ("invariant", {"op": "test", "path": "/a/b", "value": [True, 2, 3]}),
    ("invariant", {"op": "test", "path": "/a/~0~1", "value": 1}),
]


@pytest.mark.parametrize(("kind", "one"), JSON_REFUSED)
def test_a_json_patch_that_cannot_be_applied_is_refused(kind, one):
    """``invalid`` for a malformed operation, ``invariant`` for one that does not fit; nothing changes."""
    document = copy.deepcopy(DOCUMENT)
    with pytest.raises(OperationOutcomeError) as refused:
        json_patch(document, [{"op": "remove", "path": "/n"}, one])
    assert (refused.value.kind.code, document) == (kind, DOCUMENT)


def test_a_patch_cannot_grow_without_end():
    """A document that is copied into itself again and again, and a patch of endless operations, stop."""
    doubling = [{"op": "copy", "from": "", "path": f"/x{at}"} for at in range(60)]
    for operations in (doubling, [{"op": "test", "path": "", "value": {}}] * 1001):
        with pytest.raises(OperationOutcomeError) as refused:
            json_patch({}, operations)
        assert refused.value.kind.code == "too-costly"
    with pytest.raises(OperationOutcomeError) as refused:
        patched(*[operation("delete", "Patient.photo")] * 1001)
    assert refused.value.kind.code == "too-costly"
