"""The CapabilityStatement is true: everything that it claims is tried."""

from urllib.parse import quote

import pytest

from gateway.interactions.capabilities import INTERACTIONS, SYSTEM
from profiles.admission import issues
from profiles.definitions.r4 import definitions
from tests.make_resources import minimal

FHIR = {"Content-Type": "application/fhir+json"}
STRICT = {"Prefer": "handling=strict"}
VALUES = {
    "date": "2026-01-01",
    "number": "1",
    "quantity": "1",
    "composite": "a$1",
    "near": "1|1",
    "code-value-date": "a$2026",
}
THREE_PARTS = {
    "chromosome-variant-coordinate",
    "chromosome-window-coordinate",
    "referenceseqid-variant-coordinate",
    "referenceseqid-window-coordinate",
}
CLAIMS = {
    "type",
    "profile",
    "interaction",
    "versioning",
    "readHistory",
    "updateCreate",
    "conditionalCreate",
    "conditionalRead",
    "conditionalUpdate",
    "conditionalDelete",
    "referencePolicy",
    "searchInclude",
    "searchRevInclude",
    "searchParam",
    "operation",
}
"""What is claimed of a type; each is tried by a test of this file."""
TYPES = sorted(definitions().resources)
MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
def rest(client) -> dict:
    """What the running server claims to do."""
    statement = client.get("/fhir/metadata").json()
    assert (statement["fhirVersion"], statement["resourceType"]) == ("4.0.1", "CapabilityStatement")
    return statement["rest"][0]


def test_nothing_is_claimed_that_no_test_tries(client, rest):
    """A new element of the statement needs a test here; every type claims the same of itself."""
    assert set(rest) == {"mode", "security", "resource", "interaction", "operation", "compartment"}
    assert [resource["type"] for resource in rest["resource"]] == TYPES
    for resource in rest["resource"]:
        assert set(resource) - {"searchRevInclude"} == CLAIMS - {"searchRevInclude"}
        assert [one["code"] for one in resource["interaction"]] == list(INTERACTIONS)
        flags = {name: value for name, value in resource.items() if name.startswith("conditional")}
        assert flags == {
            "conditionalCreate": True,
            "conditionalRead": "full-support",
            "conditionalUpdate": True,
            "conditionalDelete": "single",
        }


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("full", "CapabilityStatement"),
        ("normative", "CapabilityStatement"),
        ("terminology", "TerminologyCapabilities"),
    ],
)
def test_every_mode_is_answered_with_what_it_asks_for(client, mode, kind):
    """R4 http.html#capabilities: valid, and without what is for trial use where that is asked for."""
    answer = client.get(f"/fhir/metadata?mode={mode}")
    assert (answer.status_code, answer.json()["resourceType"]) == (200, kind)
    assert issues(answer.json()) == []
    text = answer.text
    assert ("conditionalCreate" in text, "referencePolicy" in text) == ((mode == "full"),) * 2
    assert client.get("/fhir/metadata?mode=other").status_code == 400


def test_terminology_names_the_code_systems_that_are_stored(client):
    """Each with its versions, because a search can name what is below their codes."""
    for key, version in (("a", "1"), ("b", "2")):
        system = {
            "resourceType": "CodeSystem",
            "id": key,
            "url": "https://site.example/codes",
            "version": version,
            "status": "active",
            "content": "complete",
        }
        client.put(f"/fhir/CodeSystem/{key}", json=system, headers=FHIR)
    said = client.get("/fhir/metadata?mode=terminology").json()
    assert {
        "uri": "https://site.example/codes",
        "subsumption": True,
        "version": [{"code": "1"}, {"code": "2"}],
    } in said["codeSystem"]
    assert issues(said) == []


@pytest.mark.parametrize("path", ["/fhir", "/fhir/", "/fhir/metadata"])
def test_options_is_answered_with_the_statement(client, path):
    """As clients of older versions ask for it."""
    answer = client.options(path)
    assert (answer.status_code, answer.json()["resourceType"]) == (200, "CapabilityStatement")
    assert "OPTIONS" in answer.headers["allow"]


@pytest.mark.parametrize("kind", TYPES)
def test_every_interaction_of_every_type_is_served(client, kind):
    """From its creation to its history, each with the status that R4 http.html names."""
    body = minimal(kind)
    made = client.post(f"/fhir/{kind}", json=body, headers=FHIR)
    assert made.status_code == 201, made.text
    address = f"/fhir/{kind}/{made.json()['id']}"
    named = {**body, "id": "a"}
    language = {"language": "en"}
    done = {
        "read": client.get(address).status_code,
        "vread": client.get(f"{address}/_history/1").status_code,
        "update": client.put(f"/fhir/{kind}/a", json=named, headers=FHIR).status_code,
        "patch": client.patch(f"/fhir/{kind}/a", json=language, headers=MERGE).status_code,
        "history-instance": client.get(f"/fhir/{kind}/a/_history").status_code,
        "search-type": client.get(f"/fhir/{kind}?_id=a", headers=STRICT).status_code,
        "delete": client.delete(address).status_code,
        "history-type": client.get(f"/fhir/{kind}/_history").status_code,
        "create": 201,
    }
    assert set(done) == set(INTERACTIONS)
    expected = dict.fromkeys(INTERACTIONS, 200) | {"create": 201, "update": 201, "delete": 204}
    assert done == expected
    assert client.get(address).status_code == 410


@pytest.mark.parametrize("kind", TYPES)
def test_every_conditional_form_of_every_type_is_served(client, kind):
    """versioned-update, conditionalRead, -Create, -Update, and -Delete of one match."""
    named = minimal(kind, "a")
    address = f"/fhir/{kind}/a"
    assert client.put(address, json=named, headers=FHIR).status_code == 201
    stale = client.put(address, json=named, headers={**FHIR, "If-Match": 'W/"9"'})
    unchanged = client.get(address, headers={"If-None-Match": 'W/"1"'})
    assert (stale.status_code, unchanged.status_code) == (412, 304)
    again = client.post(
        f"/fhir/{kind}", json=minimal(kind), headers={**FHIR, "If-None-Exist": "_id=a"}
    )
    updated = client.put(f"/fhir/{kind}?_id=a", json=named, headers=FHIR)
    assert (again.status_code, updated.status_code) == (200, 200)
    dated = {"If-Modified-Since": client.get(address).headers["last-modified"]}
    assert client.get(address, headers=dated).status_code == 304
    assert client.delete(f"/fhir/{kind}?_id=a").status_code == 204
    assert client.get(address).status_code == 410


def test_every_search_parameter_and_include_is_served(client, rest):
    """With handling=strict, so that nothing that is claimed is passed over."""
    for resource in rest["resource"]:
        kind = resource["type"]
        for parameter in resource["searchParam"]:
            name = parameter["name"]
            value = "a$1$2" if name in THREE_PARTS else ""
            value = value or VALUES.get(name) or VALUES.get(parameter["type"], "x")
            found = client.get(f"/fhir/{kind}?{name}={value}", headers=STRICT)
            assert found.status_code == 200, (kind, name, found.text)
        # One request for all: each is refused by its name where it is not known.
        includes = [("_include", name) for name in resource["searchInclude"]]
        includes += [("_revinclude", name) for name in resource.get("searchRevInclude", ())]
        for start in range(0, len(includes), 50):
            query = "&".join(f"{key}={quote(name)}" for key, name in includes[start : start + 50])
            found = client.get(f"/fhir/{kind}?_id=x&{query}", headers=STRICT)
            assert found.status_code == 200, (kind, found.text)


def test_every_operation_is_defined_and_answers(client, rest):
    """Its definition can be read, and a call at each of its levels is understood."""
    claimed = {
        (r["type"], o["definition"]) for r in rest["resource"] for o in r.get("operation", ())
    }
    claimed |= {("", operation["definition"]) for operation in rest["operation"]}
    for kind, url in sorted(claimed):
        definition = client.get(f"/fhir/OperationDefinition/{url.rpartition('/')[2]}").json()
        assert definition["url"] == url
        paths = []
        if not kind and definition["system"]:
            paths.append(f"/fhir/${definition['code']}")
        if kind and definition["type"]:
            paths.append(f"/fhir/{kind}/${definition['code']}")
        if kind and definition["instance"]:
            paths.append(f"/fhir/{kind}/nobody/${definition['code']}")
        assert issues(definition) == []
        for path in paths:
            answers = [client.post(path, json={"resourceType": "Parameters"}, headers=FHIR)]
            if not definition["affectsState"]:
                answers.append(client.get(path))
            for answer in answers:
                assert answer.status_code in (200, 202, 400, 404, 410, 422), (path, answer.text)
                # Not "nothing at this address": the operation itself has answered.
                assert "at this address" not in answer.text, path


def test_every_interaction_of_the_system_is_served(client, rest):
    """batch, transaction, search over types, and the history of everything."""
    assert {one["code"] for one in rest["interaction"]} == set(SYSTEM)
    entry = {"request": {"method": "PUT", "url": "Patient/a"}, "resource": minimal("Patient", "a")}
    for kind in ("batch", "transaction"):
        bundle = {"resourceType": "Bundle", "type": kind, "entry": [entry]}
        answer = client.post("/fhir", json=bundle, headers=FHIR)
        assert (answer.status_code, answer.json()["type"]) == (200, f"{kind}-response")
    found = client.get("/fhir?_type=Patient,Basic", headers=STRICT).json()
    history = client.get("/fhir/_history").json()
    assert (found["total"], history["type"]) == (1, "history")


def test_every_compartment_is_searched(client, rest):
    """By each type that the compartment's definition lists, and by all of them at once."""
    compartments = [url.rpartition("/")[2] for url in rest["compartment"]]
    names = {name.lower(): name for name in TYPES}
    for compartment in compartments:
        owner = names[compartment]
        client.put(f"/fhir/{owner}/a", json=minimal(owner, "a"), headers=FHIR)
        found = client.get(f"/fhir/{owner}/a/Observation")
        assert found.status_code in (200, 404), found.text
        assert client.get(f"/fhir/{owner}/a/*").status_code == 200


def test_every_kind_of_reference_is_taken(client, rest):
    """``referencePolicy``: to a resource, by an identifier, and into the resource itself."""
    assert rest["resource"][0]["referencePolicy"] == ["literal", "logical", "local"]
    references = (
        {"reference": "Patient/nobody"},
        {"identifier": {"system": "https://s", "value": "1"}},
        {"reference": "#p"},
    )
    for reference in references:
        condition = {
            "resourceType": "Condition",
            "contained": [{"resourceType": "Patient", "id": "p"}],
            "subject": reference,
            "asserter": {"reference": "#p"},
        }
        answer = client.post("/fhir/Condition", json=condition, headers=FHIR)
        assert answer.status_code == 201, answer.text


def test_every_format_is_taken_and_given(client):
    """``format`` as Accept and as _format; ``patchFormat`` as the type of a patch."""
    client.put("/fhir/Patient/a", json=minimal("Patient", "a"), headers=FHIR)
    statement = client.get("/fhir/metadata").json()
    for one in statement["format"]:
        assert client.get(f"/fhir/Patient/a?_format={quote(one)}").status_code == 200
        accepted = client.get("/fhir/Patient/a", headers={"Accept": one})
        assert accepted.status_code == 200 or "/" not in one
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "add"},
                    {"name": "path", "valueString": "Patient"},
                    {"name": "name", "valueString": "language"},
                    {"name": "value", "valueCode": "en"},
                ],
            }
        ],
    }
    patches = {
        "application/json-patch+json": [{"op": "add", "path": "/active", "value": True}],
        "application/fhir+json": parameters,
        "application/merge-patch+json": {"active": None},
    }
    assert set(statement["patchFormat"]) == set(patches)
    for kind, patch in patches.items():
        answer = client.patch("/fhir/Patient/a", json=patch, headers={"Content-Type": kind})
        assert answer.status_code == 200, (kind, answer.text)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fhir/Nothing"),
        ("GET", "/fhir/Patient/a/$nothing"),
        ("POST", "/fhir/Patient/a"),
        ("PUT", "/fhir"),
        ("DELETE", "/fhir/Patient/a/_history/1"),
        ("PATCH", "/fhir/metadata/a/b"),
    ],
)
def test_what_is_not_claimed_is_refused(client, method, path):
    """404 or 405 with an OperationOutcome."""
    answer = client.request(method, path, json=minimal("Patient"), headers=FHIR)
    assert answer.status_code in (404, 405)
    assert answer.json()["resourceType"] == "OperationOutcome"
