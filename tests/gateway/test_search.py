"""What a searchset says beside its matches: totals, links, parts, compartments (R4 search.html)."""

import pytest

OBSERVATION = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"text": "pressure"},
    "subject": {"reference": "Patient/a"},
    "component": [{"code": {"text": "low"}, "valueString": "x", "interpretation": [{"text": "y"}]}],
}
PATIENTS = [
    {"resourceType": "Patient", "id": key, "gender": "female", "maritalStatus": {"text": "m"}}
    for key in "abc"
]
ENCOUNTER = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "finished",
    "class": {"code": "AMB"},
    "subject": {"reference": "Patient/a"},
}


@pytest.fixture
def filled(client, store):
    """A client of an endpoint with a small record."""
    store.transact(lambda tx: [tx.put(r) for r in (*PATIENTS, OBSERVATION, ENCOUNTER)])
    return client


def _found(answer) -> list[str]:
    return sorted(entry["resource"]["id"] for entry in answer.json().get("entry", ()))


@pytest.mark.parametrize(
    "query", ["_summary=count", "_count=0", "_count=0&_sort=_id", "_count=0&_sort=-_lastUpdated"]
)
def test_a_count_counts_every_match(filled, query):
    """_summary=count and _count=0 give the total and nothing else, whatever else is asked."""
    bundle = filled.get(f"/fhir/Patient?{query}").json()
    assert (bundle["total"], bundle.get("entry")) == (3, None)
    assert [link["relation"] for link in bundle["link"]] == ["self"]


def test_the_self_link_of_a_page_leads_to_that_page(filled):
    """Whoever follows it sees the same matches again."""
    second = filled.get("/fhir/Patient?_count=2").json()["link"][1]["url"]
    page = filled.get(second)
    own = next(link["url"] for link in page.json()["link"] if link["relation"] == "self")
    assert _found(filled.get(own)) == _found(page) == ["a"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("Patient/a/*", ["a", "e", "o"]),
        ("Patient/a/*?_type=Encounter,Observation", ["e", "o"]),
        ("Patient/a/*?_type=Location", []),
        ("Patient/a/Observation", ["o"]),
        ("Encounter/e/Encounter", ["e"]),
        ("Encounter/e/*", ["e"]),
    ],
)
def test_a_compartment_has_its_own_resource_and_the_types_that_are_asked_for(
    filled, address, found
):
    """``{def}`` of a CompartmentDefinition, and _type beside ``*``."""
    assert _found(filled.get(f"/fhir/{address}")) == found


def test_a_type_beside_a_type_is_not_said_to_be_used(filled):
    """_type belongs to searches of several types; in one of a single type it is refused or said."""
    lenient = filled.get("/fhir/Patient?_type=Observation").json()
    assert "_type" not in lenient["link"][0]["url"]
    strict = filled.get("/fhir/Patient?_type=Observation", headers={"Prefer": "handling=strict"})
    assert strict.status_code == 400


def test_a_parameter_without_a_value_does_not_count(filled):
    """Lenient or strict: a form that was left empty is no error (R4 search.html)."""
    for headers in ({}, {"Prefer": "handling=strict"}):
        bundle = filled.get("/fhir/Patient?family=&_count=&_sort=", headers=headers).json()
        assert (bundle["total"], bundle["link"][0]["url"].partition("?")[1]) == (3, "")


def test_a_summary_leaves_out_what_is_none_inside_of_elements_too(filled):
    """Observation.component is summary, its interpretation is not."""
    found = filled.get("/fhir/Observation?_summary=true").json()["entry"][0]["resource"]
    assert found["component"] == [{"code": {"text": "low"}, "valueString": "x"}]


@pytest.mark.parametrize(
    ("elements", "whole"),
    [("Patient.gender", {"Observation"}), ("subject", {"Patient"}), ("subject,Patient.id", set())],
)
def test_elements_speak_of_matches_or_of_the_type_that_they_name(filled, elements, whole):
    """An included resource is cut down only where its own type is named."""
    query = f"_id=o&_include=Observation:subject&_elements={elements}"
    resources = [e["resource"] for e in filled.get(f"/fhir/Observation?{query}").json()["entry"]]
    assert {r["resourceType"] for r in resources if "tag" not in r["meta"]} == whole


@pytest.mark.parametrize("address", ["Patient/d?", "Patient?_id=d&"])
def test_a_part_keeps_every_digit(filled, address):
    """A decimal in a part is written as it came (R4 datatypes.html#decimal)."""
    body = (
        b'{"resourceType":"Patient","id":"d","address":[{"extension":[{"url":"https://x.example/y",'
        b'"valueDecimal":1.10}]}]}'
    )
    headers = {"Content-Type": "application/fhir+json"}
    assert filled.put("/fhir/Patient/d", content=body, headers=headers).status_code == 201
    assert b"1.10" in filled.get(f"/fhir/{address}_elements=address").content


def test_a_contained_resource_has_the_address_of_its_container(filled, store):
    """The fullUrl is that of the container, then # and the own id; a container is a match like any other."""
    inner = {"resourceType": "Patient", "id": "in", "birthDate": "1970"}
    held = {**OBSERVATION, "id": "box", "contained": [inner], "subject": {"reference": "#in"}}
    store.transact(lambda tx: tx.put(held))
    query = "/fhir/Patient?birthdate=1970&_contained=true&_containedType="
    shown = filled.get(f"{query}contained").json()["entry"][0]
    assert shown["fullUrl"].endswith("/fhir/Observation/box#in")
    assert (shown["resource"], shown["search"]["mode"]) == (inner, "match")
    assert filled.get(f"{query}container").json()["entry"][0]["resource"]["id"] == "box"
    everything = filled.get("/fhir?_count=100").json()
    assert everything["total"] == len(everything["entry"]) == 6


@pytest.mark.parametrize(
    ("form", "accept", "status"),
    [
        ("_format=json", "application/fhir+xml", 200),
        ("_format=application/fhir%2Bjson", "text/html", 200),
        ("_format=xml", "application/fhir+json", 406),
        ("_pretty=true", "application/fhir+json", 200),
        ("_summary=nonsense", "application/fhir+json", 400),
    ],
)
def test_a_form_says_what_an_address_may(filled, form, accept, status):
    """_format, _pretty, _summary and _elements count in the body of a POST search as in the address."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": accept}
    answer = filled.post("/fhir/Patient/_search", content=f"_id=a&{form}", headers=headers)
    assert answer.status_code == status
    assert answer.text.startswith("{\n") == ("_pretty" in form)


@pytest.mark.parametrize("shape", ["_summary=true", "_elements=gender"])
def test_a_form_says_which_part_is_wanted(filled, shape):
    """The same part as by GET."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = filled.post("/fhir/Patient/_search", content=f"_id=a&{shape}", headers=headers)
    got = filled.get(f"/fhir/Patient?_id=a&{shape}")
    assert posted.json()["entry"] == got.json()["entry"]
    assert "maritalStatus" not in posted.text


@pytest.mark.parametrize(
    "address",
    ["Observation?subject=Patient/a", "Patient/a/Observation", "Observation?patient=a"],
)
def test_a_reference_by_our_own_address_is_found(filled, address):
    """A client that writes the whole address of a Patient of this server finds by its id."""
    headers = {"Content-Type": "application/fhir+json"}
    written = {
        **OBSERVATION,
        "id": "w",
        "subject": {"reference": "http://testserver/fhir/Patient/a"},
    }
    assert filled.put("/fhir/Observation/w", json=written, headers=headers).status_code == 201
    assert _found(filled.get(f"/fhir/{address}")) == ["o", "w"]


@pytest.mark.parametrize("modifier", ["in", "not-in"])
def test_a_value_set_that_is_not_known_is_refused(filled, modifier):
    """400 with an OperationOutcome: nothing can be said of what is in it."""
    answer = filled.get(f"/fhir/Observation?code:{modifier}=http://nowhere.example/vs")
    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")


@pytest.mark.parametrize("query", ["_count=1", "_sort=_id", "_summary=true", "_format=json", ""])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_a_condition_that_selects_nothing_is_refused(filled, method, query):
    """412 for a write whose condition has no criterion; nothing is written (R4 http.html#cond-update)."""
    kind = "application/merge-patch+json" if method == "PATCH" else "application/fhir+json"
    headers = {"Content-Type": kind} | ({"If-None-Exist": query} if method == "POST" else {})
    address = "/fhir/Patient" if method == "POST" else f"/fhir/Patient?{query}"
    body = {"gender": "male"} if method == "PATCH" else {"resourceType": "Patient"}
    answer = filled.request(method, address, json=body, headers=headers)
    assert answer.status_code == 412
    assert filled.get("/fhir/_history?_summary=count").json()["total"] == 5


def test_a_search_for_words_says_what_is_not_indexed_yet(filled, monkeypatch):
    """A warning beside the matches, and no total that would be wrong."""
    monkeypatch.setattr("adapters.store.MOST_AWAITED", 0)
    monkeypatch.setattr("adapters.store.BATCH", 1)
    found = filled.get("/fhir/Patient?_content=nobody").json()
    (entry,) = found["entry"]
    (issue,) = entry["resource"]["issue"]
    assert (entry["search"]["mode"], issue["severity"]) == ("outcome", "warning")
    assert issue["code"] == "incomplete"
    assert "total" not in found
