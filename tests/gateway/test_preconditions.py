"""Preconditions of reads and writes (RFC 9110 13; R4 http.html#cread, #concurrency)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateway.preconditions import http_date

FHIR = {"Content-Type": "application/fhir+json"}
MERGE = {"Content-Type": "application/merge-patch+json"}
PATIENT = {"resourceType": "Patient", "id": "a", "gender": "male"}
NAMED = {"resourceType": "Patient", "identifier": [{"system": "https://s", "value": "1"}]}
WHERE = "/fhir/Patient?identifier=https://s|1"
PAST = "Sun, 06 Nov 1994 08:49:37 GMT"
FUTURE = "Fri, 06 Nov 2893 08:49:37 GMT"


def _put(client, resource=PATIENT, **headers: str):
    address = f"/fhir/{resource['resourceType']}/{resource['id']}"
    return client.put(address, json=resource, headers={**FHIR, **headers})


def _writes(client, headers):
    """Statuses of an update, a patch and a deletion of the same resource."""
    return [
        _put(client, **headers).status_code,
        client.patch("/fhir/Patient/a", json={}, headers={**MERGE, **headers}).status_code,
        client.delete("/fhir/Patient/a", headers=headers).status_code,
    ]


@pytest.mark.parametrize(
    "tags",
    ['W/"1"', '"1"', "*", ' W/"7" , W/"1"', '"x,y", W/"1"', ',, W/"1",', 'W/"1",W/"2",W/"3"'],
)
def test_if_match_lets_the_current_version_be_changed(client, tags):
    """Weak and strong tags, lists and the asterisk, on update."""
    _put(client)
    assert _put(client, **{"If-Match": tags}).status_code == 200


@pytest.mark.parametrize("tags", ['W/"2"', '"2"', 'W/"2", W/"3"', 'W/"01"', 'W/"abc"', '""'])
def test_if_match_protects_what_is_not_named(client, tags):
    """412 on update, patch and deletion; nothing changes."""
    _put(client)
    assert _writes(client, {"If-Match": tags}) == [412, 412, 412]
    assert client.get("/fhir/Patient/a").headers["etag"] == 'W/"1"'


@pytest.mark.parametrize(
    "tags", ['W/"1', '1"', "x", "01", "W/1", '"1" "2"', "", ",", '*, "1"', 'w/"1"']
)
@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
def test_what_is_no_list_of_tags_is_an_error(client, name, tags):
    """400 instead of a guess."""
    _put(client)
    assert _writes(client, {name: tags}) == [400, 400, 400]
    assert client.get("/fhir/Patient/a", headers={name: tags}).status_code == 400


def test_if_match_needs_something_to_match(client):
    """Nothing there, and what was deleted, meets no If-Match, not even the asterisk."""
    anything = {"If-Match": "*"}
    assert _put(client, **anything).status_code == 412
    assert client.delete("/fhir/Patient/a", headers=anything).status_code == 412
    assert (
        client.patch("/fhir/Patient/a", json={}, headers={**MERGE, **anything}).status_code == 404
    )
    _put(client)
    client.delete("/fhir/Patient/a")
    assert _put(client, **anything).status_code == 412
    assert (
        client.patch("/fhir/Patient/a", json={}, headers={**MERGE, **anything}).status_code == 410
    )


def test_a_stale_patch_is_told_so_before_it_is_tried(client):
    """412 wins over a patch that would not apply to the version that is current."""
    _put(client)
    headers = {"Content-Type": "application/json-patch+json", "If-Match": 'W/"7"'}
    patch = [{"op": "remove", "path": "/nothing"}]
    assert client.patch("/fhir/Patient/a", json=patch, headers=headers).status_code == 412


def test_a_conditional_write_with_if_match_creates_nothing(client):
    """No match is no version that could be current: 412, with an id in the body and without."""
    match = {**FHIR, "If-Match": 'W/"1"'}
    assert client.put(WHERE, json=NAMED, headers=match).status_code == 412
    assert client.put(WHERE, json={**NAMED, "id": "b"}, headers=match).status_code == 412
    assert client.delete(WHERE, headers=match).status_code == 412
    assert client.get("/fhir/Patient").json()["total"] == 0
    client.put(WHERE, json=NAMED, headers=FHIR)
    assert client.delete(WHERE, headers={"If-Match": 'W/"2"'}).status_code == 412
    assert client.put(WHERE, json=NAMED, headers=match).status_code == 200
    assert client.delete(WHERE, headers={"If-Match": 'W/"2"'}).status_code == 204


def test_if_none_match_creates_only(client):
    """The asterisk on a PUT: 201 for what is not there or deleted, 412 for what is."""
    new = {"If-None-Match": "*"}
    assert _put(client, **new).status_code == 201
    assert _put(client, **new).status_code == 412
    assert _put(client, **{"If-None-Match": 'W/"1"'}).status_code == 412
    assert _put(client, **{"If-None-Match": 'W/"7"'}).status_code == 200
    client.delete("/fhir/Patient/a")
    assert _put(client, **new).status_code == 201
    assert client.put(WHERE, json=NAMED, headers={**FHIR, **new}).status_code == 201
    assert client.put(WHERE, json=NAMED, headers={**FHIR, **new}).status_code == 412


@pytest.mark.parametrize("address", ["/fhir/Patient/a", "/fhir/Patient/a/_history/1"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": 'W/"1"'}, 304),
        ({"If-None-Match": '"1"'}, 304),
        ({"If-None-Match": 'W/"7", W/"1"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": "1"}, 304),
        ({"If-None-Match": 'W/"7"'}, 200),
        ({"If-None-Match": 'W/"7"', "If-Modified-Since": FUTURE}, 200),
        ({"If-None-Match": 'W/"1"', "If-Modified-Since": PAST}, 304),
        ({"If-Modified-Since": FUTURE}, 304),
        ({"If-Modified-Since": "Friday, 06-Nov-68 08:49:37 GMT"}, 304),
        ({"If-Modified-Since": "Sun Nov  6 08:49:37 2893"}, 304),
        ({"If-Modified-Since": PAST}, 200),
        ({"If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT"}, 200),
        ({"If-Modified-Since": "Sun Nov  6 08:49:37 1994"}, 200),
        ({"If-Modified-Since": "2893-11-06T08:49:37Z"}, 200),
        ({"If-Modified-Since": "Fri, 36 Nov 2893 08:49:37 GMT"}, 200),
        ({"If-Match": 'W/"1"'}, 200),
        ({"If-Match": 'W/"7"'}, 412),
        ({"If-Match": 'W/"7"', "If-None-Match": 'W/"1"'}, 412),
        ({"If-Match": 'W/"1"', "If-None-Match": 'W/"1"'}, 304),
        ({"If-Match": 'W/"1"', "If-Unmodified-Since": PAST}, 200),
        ({"If-Unmodified-Since": PAST}, 412),
        ({"If-Unmodified-Since": FUTURE}, 200),
        ({"If-Unmodified-Since": "soon"}, 200),
    ],
)
def test_a_read_under_conditions(client, address, headers, status):
    """In the order of RFC 9110 13.2.2, with the tag on 200 and 304 alike, for GET and for HEAD."""
    _put(client)
    for method in ("GET", "HEAD"):
        answer = client.request(method, address, headers=headers)
        assert answer.status_code == status
        if status != 412:
            assert answer.headers["etag"] == 'W/"1"'
            assert "last-modified" in answer.headers


def test_if_unmodified_since_protects_a_write(client):
    """412 for what was modified later; a date that is none is not heard."""
    stored = _put(client)
    assert _writes(client, {"If-Unmodified-Since": PAST}) == [412, 412, 412]
    same = {"If-Unmodified-Since": stored.headers["last-modified"]}
    assert _put(client, **same).status_code == 200
    assert _put(client, **{"If-Unmodified-Since": FUTURE}).status_code == 200
    assert _put(client, **{"If-Unmodified-Since": "yesterday"}).status_code == 200


def test_conditions_do_not_hide_what_is_wrong_without_them(client):
    """404, 410 and 400 come before 304 and 412 (RFC 9110 13.2.1)."""
    match = {"If-Match": 'W/"7"', "If-None-Match": "*"}
    assert client.get("/fhir/Patient/a", headers=match).status_code == 404
    _put(client)
    bad = {**PATIENT, "gender": "robot"}
    assert _put(client, bad, **{"If-Match": 'W/"7"'}).status_code == 422
    client.delete("/fhir/Patient/a")
    assert client.get("/fhir/Patient/a", headers=match).status_code == 410


def test_what_was_deleted_tells_its_tag(client):
    """410 with the version of the deletion, for who brings the resource back (R4 http.html#read)."""
    _put(client)
    deleted = client.delete("/fhir/Patient/a")
    read = client.get("/fhir/Patient/a")
    assert (read.status_code, read.headers["etag"]) == (410, deleted.headers["etag"])
    assert read.json()["issue"][0]["code"] == "deleted"
    version = client.get("/fhir/Patient/a/_history/2")
    assert (version.status_code, version.headers["etag"]) == (410, 'W/"2"')
    assert client.get("/fhir/Patient/a/_history/1").status_code == 200


@pytest.mark.parametrize("version", ["01", "0", "+1", "1.0", "\u0661", "2", "a", "9" * 40, "1%20"])
def test_a_version_has_one_name(client, version):
    """Only the version id that the server has given leads to a version."""
    _put(client)
    assert client.get(f"/fhir/Patient/a/_history/{version}").status_code == 404


def test_the_three_forms_of_a_date_mean_the_same():
    """IMF-fixdate, RFC 850 and asctime; two digits of a year are never far ahead (RFC 9110 5.6.7)."""
    forms = (PAST, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994")
    assert {http_date(form) for form in forms} == {datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)}
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=365 * 40)
    assert http_date(format_datetime(ahead, usegmt=True)) == ahead
    assert http_date(ahead.strftime("Monday, %d-%b-%y %H:%M:%S GMT")) == ahead
