"""``$fhirpath``: parameters and answers as the FHIRPath Lab has them (fhirpath-lab ``server-api.md``)."""

import json

import pytest

from profiles.admission import require_admissible

FHIR = {"content-type": "application/fhir+json"}
LAB = "http://fhir.forms-lab.com/StructureDefinition"
PATIENT = {
    "resourceType": "Patient",
    "name": [{"text": "A"}, {"given": ["B", "C"]}],
    "deceasedBoolean": False,
    "contact": [{"gender": "male"}],
    "_birthDate": {"extension": [{"url": "https://u", "valueCode": "c"}]},
    "contained": [{"resourceType": "Organization", "id": "o", "name": "W"}],
}

NO_VALUE = {
    "_valueString": {
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                "valueCode": "unsupported",
            }
        ]
    }
}


def _asked(client, expression, resource, *more):
    parameters = [
        {"name": "expression", "valueString": expression},
        {"name": "resource", "resource": resource},
        *more,
    ]
    body = {"resourceType": "Parameters", "parameter": parameters}
    return client.post("/fhir/$fhirpath", json=body, headers=FHIR)


def _results(answer):
    assert answer.status_code == 200, answer.text
    return [one for one in answer.json()["parameter"] if one["name"] == "result"]


def _shown(part):
    """Name of the type, path, JSON of an extension, and ``value[x]`` of one part."""
    said = {
        one["url"].removeprefix(f"{LAB}/"): one["valueString"] for one in part.pop("extension", ())
    }
    return (part.pop("name"), said.get("resource-path"), said.get("json-value"), part)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("name[1].given[0]", ("string", "Patient.name[1].given[0]", None, {"valueString": "B"})),
        ("name[0]", ("HumanName", "Patient.name[0]", None, {"valueHumanName": {"text": "A"}})),
        ("deceased", ("boolean", "Patient.deceased", None, {"valueBoolean": False})),
        ("contact", ("Patient.contact", "Patient.contact[0]", '{"gender":"male"}', NO_VALUE)),
        (
            "birthDate.extension.value",
            ("code", "Patient.birthDate.extension[0].value", None, {"valueCode": "c"}),
        ),
        (
            "birthDate",
            (
                "date",
                "Patient.birthDate",
                None,
                {"_valueDate": {"extension": [{"url": "https://u", "valueCode": "c"}]}},
            ),
        ),
        ("contained.name", ("string", "Patient.contained[0].name", None, {"valueString": "W"})),
        (
            "contained",
            ("Organization", "Patient.contained[0]", None, {"resource": PATIENT["contained"][0]}),
        ),
        ("1.50", ("System.Decimal", None, None, {"valueDecimal": 1.50})),
        ("2 + 2", ("System.Integer", None, None, {"valueInteger": 4})),
        ("3000000000L", ("System.Long", None, None, {"valueString": "3000000000"})),
        ("''", ("empty-string", None, None, NO_VALUE)),
        ("@2020-01", ("System.Date", None, None, {"valueDate": "2020-01"})),
        ("@2020-01-01T10:00", ("System.DateTime", None, None, {"valueString": "2020-01-01T10:00"})),
        ("@T10:00", ("System.Time", None, None, {"valueString": "10:00"})),
        (
            "2 weeks",
            ("System.Quantity", None, None, {"valueQuantity": {"value": 2, "unit": "week"}}),
        ),
        ("Patient.type()", ("System.TypeInfo", None, None, {"valueString": "FHIR.Patient"})),
    ],
)
def test_a_value_is_answered_in_its_type(client, expression, expected):
    """The name is the type; an extension has the place, and the JSON where a parameter has no such type."""
    (result,) = _results(_asked(client, expression, PATIENT))
    (part,) = result["part"]
    assert _shown(part) == expected


def test_an_answer_is_a_valid_resource(client):
    """Without a context and a trace that saw something, whatever the types of the values are."""
    person = {**PATIENT, "contact": [{"name": {"text": "N"}}], "birthDate": "2000"}
    for expression in ("contact | name | 1.5 | '' | {}.trace('none')", "name.period", "contained"):
        answer = _asked(client, expression, person, {"name": "validate", "valueBoolean": True})
        assert answer.status_code == 200
        require_admissible(answer.json())


def test_what_was_asked_is_answered_with_who_answers(client):
    """The engine with its version, the tree of the expression, and each parameter."""
    variable = {"name": "variables", "part": [{"name": "v", "valueCode": "x"}]}
    answer = _asked(client, "gender = %v", {"resourceType": "Patient", "gender": "male"}, variable)
    asked, result = answer.json()["parameter"]
    parts = {part["name"]: part for part in asked["part"]}
    assert parts["evaluator"]["valueString"].startswith("Isthmus ")
    assert parts["evaluator"]["valueString"].endswith(" (R4)")
    assert parts["expression"]["valueString"] == "gender = %v"
    assert parts["resource"]["resource"]["gender"] == "male"
    assert parts["variables"] == variable
    tree = json.loads(parts["parseDebugTree"]["valueString"])
    assert (tree["ExpressionType"], tree["Name"]) == ("BinaryExpression", "=")
    assert tree["Arguments"][0]["ExpressionType"] == "ChildExpression"
    assert tree["Arguments"][1] == {"ExpressionType": "VariableRefExpression", "Name": "v"}
    assert result["part"] == [{"name": "System.Boolean", "valueBoolean": False}]


def test_each_element_of_the_context_has_its_own_result(client):
    """``%context`` is the element, ``%resource`` the whole; the result says which element it is of."""
    context = {"name": "context", "valueString": "name"}
    found = _results(_asked(client, "given.count() + %context.count()", PATIENT, context))
    assert [(one["valueString"], one["part"][0]["valueInteger"]) for one in found] == [
        ("Patient.name[0]", 1),
        ("Patient.name[1]", 3),
    ]
    context["valueString"] = "1 | 2"
    found = _results(_asked(client, "$this + %resource.name.count()", PATIENT, context))
    assert [(one["valueString"], one["part"][0]["valueInteger"]) for one in found] == [
        ("1 | 2[0]", 3),
        ("1 | 2[1]", 4),
    ]


def test_a_trace_is_a_part_of_its_result(client):
    """The name that the expression gives, and what was seen there, each with its place."""
    (result,) = _results(_asked(client, "name.trace('seen', given).count()", PATIENT))
    count, trace = result["part"]
    assert count["valueInteger"] == 2
    assert (trace["name"], trace["valueString"]) == ("trace", "seen")
    assert [_shown(part)[:2] for part in trace["part"]] == [
        ("string", "Patient.name[1].given[0]"),
        ("string", "Patient.name[1].given[1]"),
    ]
    (result,) = _results(_asked(client, "name.given.where(false).trace('none')", PATIENT))
    assert result["part"] == [{"name": "trace", "valueString": "none"}]


@pytest.mark.parametrize(
    ("part", "expression", "expected"),
    [
        ({"valueQuantity": {"value": 2, "unit": "g"}}, "%v.unit", "g"),
        ({"valueCode": "a"}, "%v & 'b'", "ab"),
        ({"valueDateTime": "2020-01-01"}, "(%v + 1 day).toString()", "2020-01-02"),
        ({"resource": {"resourceType": "Patient", "id": "x"}}, "%v.id", "x"),
    ],
)
def test_a_variable_has_the_type_of_its_value(client, part, expression, expected):
    """FHIR types and resources; the name is for the caller to choose."""
    given = {"name": "variables", "part": [{"name": "v", **part}]}
    (result,) = _results(_asked(client, expression, PATIENT, given))
    (value,) = result["part"]
    assert [value[name] for name in value if name.startswith("value")] == [expected]


@pytest.mark.parametrize("names", [["resource"], ["context"], ["v", "v"]])
def test_a_variable_is_set_once(client, names):
    """What the evaluation sets itself is not for the caller to set."""
    given = {"name": "variables", "part": [{"name": name, "valueCode": "x"} for name in names]}
    answer = _asked(client, "1", PATIENT, given)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "invalid")


def test_an_expression_is_checked_against_the_types_on_request(client):
    """What a type cannot have is named, with the type of the result where that is known."""
    validate = {"name": "validate", "valueBoolean": True}
    context = {"name": "context", "valueString": "contact"}
    wrong = _asked(client, "relationship.given", PATIENT, context, validate).json()
    parts = {part["name"]: part for part in wrong["parameter"][0]["part"]}
    (issue,) = parts["validation"]["resource"]["issue"]
    assert issue["diagnostics"] == "CodeableConcept: there is no given"
    fine = _asked(client, "name.given", PATIENT, validate).json()
    parts = {part["name"]: part for part in fine["parameter"][0]["part"]}
    assert parts["expectedReturnType"]["valueString"] == "string"
    assert parts["validation"]["resource"]["issue"][0]["severity"] == "information"


def test_the_stored_resource_of_an_address_is_asked(client):
    """GET on an instance; nothing is found where there is nothing."""
    stored = {"resourceType": "Patient", "id": "a", "gender": "male"}
    client.put("/fhir/Patient/a", json=stored, headers=FHIR)
    (result,) = _results(client.get("/fhir/Patient/a/$fhirpath?expression=Patient.gender"))
    assert _shown(result["part"][0]) == ("code", "Patient.gender", None, {"valueCode": "male"})
    (result,) = _results(client.get("/fhir/Patient/a/$fhirpath?expression={}"))
    assert set(result) == {"name", "_valueString"}


def test_codes_are_asked_in_the_value_sets_of_the_server(client):
    """A stored value set, and a code system that ships."""
    value_set = {
        "resourceType": "ValueSet",
        "url": "https://example.org/vs",
        "status": "active",
        "compose": {"include": [{"system": "https://example.org/cs", "concept": [{"code": "a"}]}]},
    }
    client.post("/fhir/ValueSet", json=value_set, headers=FHIR)
    coding = {"system": "https://example.org/cs", "code": "a"}
    marital = {"resourceType": "Patient", "maritalStatus": {"coding": [coding]}}
    expression = "maritalStatus.memberOf('https://example.org/vs')"
    (result,) = _results(_asked(client, expression, marital))
    assert result["part"][0]["valueBoolean"] is True
    coding["code"] = "b"
    (result,) = _results(_asked(client, expression, marital))
    assert result["part"][0]["valueBoolean"] is False


def test_a_decimal_keeps_its_digits(client):
    """As it was written, in the resource, in an element and in a trace."""
    body = (
        '{"resourceType": "Parameters", "parameter": ['
        '{"name": "expression", "valueString": "value.trace(\'seen\', value) | value.value"},'
        '{"name": "resource", "resource": {"resourceType": "Observation", "status": "final",'
        ' "code": {"text": "c"}, "valueQuantity": {"value": 1.50}}}]}'
    )
    answer = client.post("/fhir/$fhirpath", content=body, headers=FHIR)
    assert answer.text.replace(" ", "").count(":1.50") == 3


@pytest.mark.parametrize(
    "expression",
    [
        "name.given.select(%resource)",
        "name.given.trace('x', %resource).count()",
        "name.given.select(%resource.name.given.select(%resource.name.given))",
        "name.family.matches('(a+)+(?=b)')",
    ],
)
def test_what_would_cost_too_much_is_refused(client, expression):
    """An answer that repeats the resource for each of its parts, and a pattern that does not end."""
    name = {"given": [f"g{at}" for at in range(4000)], "family": "a" * 60}
    parameters = [
        {"name": "expression", "valueString": expression},
        {"name": "resource", "resource": {"resourceType": "Patient", "name": [name]}},
    ]
    body = {"resourceType": "Parameters", "parameter": parameters}
    answer = client.post("/fhir/$fhirpath", json=body, headers=FHIR)
    assert answer.status_code == 413
    assert answer.json()["issue"][0]["code"] == "too-costly"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("Patient/a/$fhirpath?expression=1%20%2B", 400),
        ("Patient/a/$fhirpath?expression=nothing()", 400),
        ("Patient/a/$fhirpath?expression=(1|2)%2B1", 400),
        ("Patient/a/$fhirpath?expression=id.memberOf(%27http://x%27)", 422),
        ("Patient/a/$fhirpath", 400),
        ("$fhirpath?expression=1", 400),
        ("$fhirpath?expression=1&resource=x", 400),
        ("Patient/nobody/$fhirpath?expression=1", 404),
    ],
)
def test_what_is_wrong_is_said(client, address, status):
    """A syntax error, an error of evaluation and a missing parameter are an OperationOutcome."""
    stored = {"resourceType": "Patient", "id": "a", "gender": "male"}
    client.put("/fhir/Patient/a", json=stored, headers=FHIR)
    answer = client.get(f"/fhir/{address}")
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
