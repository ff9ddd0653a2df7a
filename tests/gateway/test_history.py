"""history over HTTP (R4 http.html#history): what an entry says, what selects, how pages are linked."""

from datetime import datetime, timedelta

import pytest

FHIR = {"Content-Type": "application/fhir+json"}
PATIENT = {"resourceType": "Patient", "id": "a", "gender": "male"}


def _put(client, resource: dict):
    address = f"/fhir/{resource['resourceType']}/{resource['id']}"
    return client.put(address, json=resource, headers=FHIR)


@pytest.fixture
def lived(client):
    """A client of a store where a Patient was made, patched, deleted and made again, and a Group once."""
    _put(client, PATIENT)
    patch = [{"op": "replace", "path": "/gender", "value": "female"}]
    kind = {"Content-Type": "application/json-patch+json"}
    assert client.patch("/fhir/Patient/a", json=patch, headers=kind).status_code == 200
    assert client.delete("/fhir/Patient/a").status_code == 204
    _put(client, PATIENT)
    group = {"resourceType": "Group", "type": "person", "actual": False}
    assert client.post("/fhir/Group", json=group, headers=FHIR).status_code == 201
    return client


def _history(client, query: str = "", path: str = "/fhir/Patient/a/_history") -> dict:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def _tags(bundle: dict) -> list[str]:
    return [entry["response"]["etag"] for entry in bundle.get("entry", ())]


@pytest.mark.parametrize("path", ["Patient/a/_history", "Patient/_history", "_history?_type=x"])
def test_an_entry_says_what_made_its_version(lived, path):
    """Method, address, status and time; a deletion has no resource; the last creation is 201 again."""
    bundle = lived.get(f"/fhir/{path}").json()
    entries = [e for e in bundle["entry"] if e["request"]["url"] != "Group"]
    assert [(e["request"]["method"], e["response"]["status"]) for e in entries] == [
        ("PUT", "201"),
        ("DELETE", "204"),
        ("PATCH", "200"),
        ("PUT", "201"),
    ]
    assert ["resource" in entry for entry in entries] == [True, False, True, True]
    assert {(e["request"]["url"], e["fullUrl"].endswith("/fhir/Patient/a")) for e in entries} == {
        ("Patient/a", True)
    }
    assert _tags({"entry": entries}) == ['W/"4"', 'W/"3"', 'W/"2"', 'W/"1"']
    for entry in entries:
        if "resource" in entry:
            assert entry["response"]["lastModified"] == entry["resource"]["meta"]["lastUpdated"]
    assert bundle["total"] == len(bundle["entry"])


def test_a_create_is_told_with_the_address_that_it_was_sent_to(lived):
    """POST to the type, 201."""
    (entry,) = _history(lived, path="/fhir/Group/_history")["entry"]
    assert (entry["request"], entry["response"]["status"]) == (
        {"method": "POST", "url": "Group"},
        "201",
    )


@pytest.mark.parametrize("path", ["/fhir/Patient/a/_history", "/fhir/Patient/_history"])
def test_at_shows_what_was_current_at_some_moment_of_a_period(store, client, path):
    """A moment shows one version, a partial date all that were current in it, a prefix bounds."""
    moments = []
    for gender in ("male", "female", "other"):
        _put(client, {**PATIENT, "gender": gender})
        moments.append(store.read("Patient", "a").last_updated)
        # A version has a time of whole milliseconds: the next one must have another.
        while store.transact(lambda tx: tx.moment) < moments[-1] + timedelta(milliseconds=2):
            pass

    def at(moment: datetime, prefix: str = "") -> list[str]:
        return _tags(
            _history(client, f"_at={prefix}{moment:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z", path)
        )

    assert at(moments[0] - timedelta(milliseconds=1)) == []
    assert at(moments[0]) == ['W/"1"']
    assert at(moments[1] - timedelta(milliseconds=1)) == ['W/"1"']
    assert at(moments[1]) == ['W/"2"']
    assert at(moments[2] + timedelta(milliseconds=1)) == ['W/"3"']
    assert at(moments[1], "lt") == ['W/"1"']
    assert at(moments[1], "ge") == ['W/"3"', 'W/"2"']
    assert at(moments[1], "gt") == ['W/"3"', 'W/"2"']
    year = moments[0].year
    assert len(_tags(_history(client, f"_at={year - 1}&_at={year}", path))) == 0
    assert len(_tags(_history(client, f"_at=ge{year}&_at=lt{year + 1}", path))) == 3
    assert _tags(_history(client, "_at=1999", path)) == []
    assert _tags(_history(client, "_at=2999-12", path)) == ['W/"3"']


@pytest.mark.parametrize("path", ["Patient/a/_history", "Patient/_history", "_history"])
def test_pages_are_linked_to_the_end_and_say_the_total(lived, path):
    """Each version once; a link of one list is no link of another."""
    everything = _tags(_history(lived, path=f"/fhir/{path}"))
    seen, following = [], f"/fhir/{path}?_count=1"
    while following:
        page = lived.get(following).json()
        assert page["total"] == len(everything)
        seen += _tags(page)
        links = {link["relation"]: link["url"] for link in page["link"]}
        following = links.get("next", "")
        if following:
            cursor = following.rpartition("_cursor=")[2]
    assert seen == everything
    for other in ("Basic/_history", "Patient/a/$everything", "Patient", "Patient?_sort=birthdate"):
        join = "&" if "?" in other else "?"
        answer = lived.get(f"/fhir/{other}{join}_cursor={cursor}")
        assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")


@pytest.mark.parametrize("path", ["Patient/a/_history", "Patient/_history", "_history"])
def test_a_count_of_zero_is_the_number_alone(lived, path):
    """As _summary=count says it."""
    for query in ("_count=0", "_summary=count"):
        bundle = _history(lived, query, f"/fhir/{path}")
        assert (bundle["total"], "entry" in bundle) == (4 + (path == "_history"), False)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("_since=yesterday", "_since"),
        ("_since=2026-13-01", "_since"),
        ("_at=x", "_at"),
        ("_at=ne2026", "_at"),
        ("_count=-1", "_count"),
        ("_count=x", "_count"),
        ("_sort=_lastUpdated", "_sort"),
        ("_summary=all", "_summary"),
        ("_cursor=AAAA", None),
    ],
)
def test_what_is_malformed_is_refused(lived, query, place):
    """400 that names the parameter, at each level."""
    for path in ("Patient/a/_history", "Patient/_history", "_history"):
        answer = lived.get(f"/fhir/{path}?{query}")
        assert answer.status_code == 400
        assert answer.json()["issue"][0].get("expression", [None]) == [place]


def test_what_is_not_known_is_not_in_the_self_link(lived):
    """And is an error where the client wants that; a list cannot select here, which is said."""
    bundle = _history(lived, "_since=2000&colour=red&_sort=-_lastUpdated")
    assert bundle["link"][0]["url"].endswith("/_history?_since=2000&_sort=-_lastUpdated")
    strict = {"Prefer": "handling=strict"}
    assert lived.get("/fhir/_history?colour=red", headers=strict).status_code == 400
    assert lived.get("/fhir/_history?_list=x").status_code == 422


def test_a_history_of_parts_is_marked(lived):
    """_summary and _elements, as on any interaction."""
    for query in ("_summary=true", "_elements=gender"):
        found = _history(lived, query)["entry"][0]["resource"]
        assert found["gender"] == "male"
        assert found["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_the_history_of_what_never_was_is_not_found(lived):
    """404 for a resource; an empty list for a type of which nothing is stored."""
    assert lived.get("/fhir/Patient/b/_history").status_code == 404
    bundle = _history(lived, path="/fhir/Basic/_history")
    assert (bundle["total"], "entry" in bundle) == (0, False)
