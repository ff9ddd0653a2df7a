"""What an operation is given fits its definition, or is refused with its place (R4 operations.html)."""

import pytest

FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = {"resourceType": "Patient", "id": "a"}
META = {"name": "meta", "valueMeta": {"tag": [{"system": "https://t", "code": "x"}]}}
MANY = {"name": "expression", "valueString": "1"}


@pytest.fixture
def known(client):
    """A client of a store with one Patient."""
    client.put("/fhir/Patient/a", json=PATIENT, headers=FHIR)
    return client


def _refused(answer) -> str:
    assert answer.status_code == 400, answer.text
    (issue,) = answer.json()["issue"]
    return issue["expression"][0]


@pytest.mark.parametrize(
    ("operation", "parts", "place"),
    [
        ("$meta-add", [], "meta"),
        ("$meta-add", [META, META], "meta"),
        ("$meta-add", [META, {"name": "colour", "valueString": "red"}], "Parameters.parameter[1]"),
        ("$meta-add", [{"name": "meta", "valueString": "x"}], "Parameters.parameter[0]"),
        ("$meta-add", [{"name": "meta"}], "Parameters.parameter[0]"),
        ("$meta-add", [{"name": "meta", "resource": PATIENT}], "Parameters.parameter[0]"),
        ("$meta-add", [{"valueMeta": META["valueMeta"]}], "Parameters.parameter[0]"),
        (
            "$meta-add",
            [{"name": "meta", "valueMeta": {"colour": 1}}],
            "Parameters.parameter[0].value.ofType(Meta).colour",
        ),
        ("$meta-add", [{**META, "resource": PATIENT}], "Parameters.parameter[0]"),
        ("$meta-add", [META, 1], "Parameters.parameter"),
        ("$fhirpath", [MANY, MANY], "expression"),
        ("$fhirpath", [{"name": "expression", "valueInteger": 1}], "Parameters.parameter[0]"),
        ("$everything", [{"name": "start", "valueDateTime": "2020"}], "Parameters.parameter[0]"),
        ("$everything", [{"name": "_count", "valueString": "2"}], "Parameters.parameter[0]"),
        ("$meta", [META], "Parameters.parameter[0]"),
        ("$meta", [{"name": {"id": 1}, "valueString": "x"}], "Parameters.parameter[0]"),
    ],
)
def test_a_body_fits_the_definition(known, operation, parts, place):
    """Names, types and how often: 400 with where it is wrong."""
    body = {"resourceType": "Parameters", "parameter": parts} if parts else None
    answer = known.post(f"/fhir/Patient/a/{operation}", json=body, headers=FHIR)
    assert _refused(answer).startswith(place)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("Patient/a/$fhirpath?expression=1&expression=2", "expression"),
        ("Patient/a/$fhirpath?colour=red&expression=1", "colour"),
        ("Patient/a/$everything?start=2020-02-30", "start"),
        ("Patient/a/$validate?mode=%20", "mode"),
        ("Patient/a/$validate?resource=x", "resource"),
        ("$meta?_colour=x", "_colour"),
        ("$versions?x=y", "x"),
    ],
)
def test_a_query_fits_the_definition(known, address, place):
    """As a body; what is no primitive value cannot stand in a URL."""
    assert _refused(known.get(f"/fhir/{address}")) == place


def test_a_specialised_primitive_is_what_it_specialises(known):
    """R4 datatypes.html: a canonical is a uri, a positiveInt is an integer, a code is a string."""
    base = "http://hl7.org/fhir/StructureDefinition/Patient"
    for value in ({"valueCanonical": base}, {"valueUrl": base}, {"valueUri": base}):
        parts = [{"name": "resource", "resource": PATIENT}, {"name": "profile", **value}]
        body = {"resourceType": "Parameters", "parameter": parts}
        assert known.post("/fhir/Patient/$validate", json=body, headers=FHIR).status_code == 200
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "_count", "valuePositiveInt": 1}],
    }
    answer = known.post("/fhir/Patient/a/$everything", json=body, headers=FHIR)
    assert len(answer.json()["entry"]) == 1


def test_a_bare_resource_comes_with_primitives_in_the_url(known):
    """R4 operations.html#request: one resource as the body, the rest in the query."""
    answer = known.post("/fhir/Patient/$validate?mode=create", json=PATIENT, headers=FHIR)
    assert answer.status_code == 200
    found = known.post("/fhir/$fhirpath?expression=id", json=PATIENT, headers=FHIR).json()
    assert found["parameter"][-1]["part"][-1]["valueId"] == "a"
    assert _refused(known.post("/fhir/Patient/a/$meta", json=PATIENT, headers=FHIR)) == (
        "resourceType"
    )


@pytest.mark.parametrize("parts", [[{"name": {"id": 1}}], 5, {"name": "expression"}])
def test_parameters_that_are_none_are_refused_where_they_may_be_the_subject_too(known, parts):
    """A name that is no text, and what is no list, are 400, not a fault of the server."""
    body = {"resourceType": "Parameters", "parameter": parts}
    answer = known.post("/fhir/Parameters/$fhirpath", json=body, headers=FHIR)
    assert answer.status_code == 400


@pytest.mark.parametrize("kind", [{"a": 1}, [1], 5, None])
def test_a_resource_whose_type_is_no_text_is_judged_as_none(known, kind):
    """An issue of $validate, 400 of $fhirpath; no fault of the server."""
    held = {"name": "resource", "resource": {"resourceType": kind, "id": "a"}}
    body = {"resourceType": "Parameters", "parameter": [held]}
    answer = known.post("/fhir/Patient/$validate", json=body, headers=FHIR)
    assert (answer.status_code, answer.json()["issue"][0]["severity"]) == (200, "error")
    body["parameter"].append(MANY)
    assert known.post("/fhir/$fhirpath", json=body, headers=FHIR).status_code == 400


@pytest.mark.parametrize("operation", ["$meta-add", "$meta-delete"])
def test_what_changes_something_is_not_done_by_get(known, operation):
    """R4 operations.html: GET is for what affects no state."""
    answer = known.get(f"/fhir/Patient/a/{operation}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")


def test_an_operation_on_what_is_not_there_says_so(known):
    """404 for what never was, 410 for what was deleted, on every operation of an instance."""
    known.put("/fhir/Patient/gone", json={**PATIENT, "id": "gone"}, headers=FHIR)
    known.delete("/fhir/Patient/gone")
    meta = {"resourceType": "Parameters", "parameter": [META]}
    for key, status in (("nobody", 404), ("gone", 410)):
        for name in ("$meta", "$everything", "$validate", "$fhirpath?expression=1"):
            assert known.get(f"/fhir/Patient/{key}/{name}").status_code == status, name
        for name in ("$meta-add", "$meta-delete"):
            answer = known.post(f"/fhir/Patient/{key}/{name}", json=meta, headers=FHIR)
            assert answer.status_code == status, name


def test_the_version_of_fhir_is_told(known):
    """R4 capabilitystatement-operation-versions.html."""
    for answer in (known.get("/fhir/$versions"), known.post("/fhir/$versions")):
        said = {part["name"]: part["valueCode"] for part in answer.json()["parameter"]}
        assert said == {"version": "4.0", "default": "4.0"}
