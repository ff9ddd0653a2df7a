"""Links between the entries of a transaction (R4 http.html#trules, bundle.html#references)."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.interactions.entry import read_entries
from gateway.interactions.full_urls import FullUrls, follow
from gateway.interactions.links import places
from gateway.interactions.transaction import Prepared

BASE = "https://ours/fhir"
PLACEHOLDER = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
AWAY = "https://away/fhir/Patient/p"


def _patient(url: str = PLACEHOLDER, **members: object) -> dict:
    return _post({"resourceType": "Patient", **members}, url)


def _post(resource: dict, url: str = "") -> dict:
    request = {"method": "POST", "url": resource["resourceType"]}
    return {"resource": resource, "request": request, **({"fullUrl": url} if url else {})}


def _prepared(*entries: dict) -> list:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": copy.deepcopy(list(entries)),
    }
    return Prepared(bundle, BASE, True, lambda one: None).entries


def _basic(**members: object) -> dict:
    return {"resourceType": "Basic", "code": {"text": "x"}, **members}


def _extended(name: str, value: object) -> dict:
    return _basic(extension=[{"url": "https://e/x", name: value}])


def _narrated(div: str) -> dict:
    text = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{div}</div>'}
    return _basic(text=text)


LINKS = {
    "reference": (_basic(subject={"reference": "@"}), lambda r: r["subject"]["reference"]),
    "reference in an extension": (
        _extended("valueReference", {"reference": "@"}),
        lambda r: r["extension"][0]["valueReference"]["reference"],
    ),
    "reference in an extension of a primitive": (
        _basic(created="2024", _created=_extended("valueReference", {"reference": "@"})),
        lambda r: r["_created"]["extension"][0]["valueReference"]["reference"],
    ),
    "contained": (
        _basic(
            author={"reference": "#c"},
            contained=[
                {
                    "resourceType": "RelatedPerson",
                    "id": "c",
                    "patient": {"reference": "@"},
                }
            ],
        ),
        lambda r: r["contained"][0]["patient"]["reference"],
    ),
    "uri": (_extended("valueUri", "@"), lambda r: r["extension"][0]["valueUri"]),
    "url": (_extended("valueUrl", "@"), lambda r: r["extension"][0]["valueUrl"]),
    "attachment": (
        _extended("valueAttachment", {"url": "@"}),
        lambda r: r["extension"][0]["valueAttachment"]["url"],
    ),
    "href": (_narrated('<a href="@">x</a>'), lambda r: r["text"]["div"].split('"')[3]),
    "href in apostrophes": (
        _narrated("<a title='x' href = '@'>x</a>"),
        lambda r: r["text"]["div"].split("'")[3],
    ),
    "src": (_narrated('<img alt="x" src="@"/>'), lambda r: r["text"]["div"].split('"')[5]),
}
for _resource, _ in LINKS.values():
    _resource.get("_created", {}).pop("resourceType", None)
    _resource.get("_created", {}).pop("code", None)


def _filled(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, text) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, text) for inner in value]
    return value.replace("@", text) if isinstance(value, str) else value


@pytest.mark.parametrize("url", [PLACEHOLDER, "urn:oid:1.2.3", AWAY])
@pytest.mark.parametrize("end", ["", "#part", "/_history/7", "/_history/7#part"])
@pytest.mark.parametrize("link", LINKS)
def test_a_link_leads_to_what_was_created(link, url, end):
    """Wherever R4 has links; a fragment stays, a version becomes the one that is made."""
    resource, found = LINKS[link]
    patient, basic = _prepared(_patient(url), _post(_filled(resource, url + end)))
    version = "/_history/1" if "_history" in end else ""
    fragment = "#part" if "#" in end else ""
    assert found(basic.resource) == f"Patient/{patient.new_id}{version}{fragment}"


NO_LINKS = {
    "canonical": _extended("valueCanonical", PLACEHOLDER),
    "profile": _basic(meta={"profile": [PLACEHOLDER]}),
    "string": _extended("valueString", PLACEHOLDER),
    "code": _extended("valueCode", PLACEHOLDER),
    "oid": _extended("valueOid", "urn:oid:1.2.3"),
    "uuid": _extended("valueUuid", PLACEHOLDER),
    "extension": _basic(extension=[{"url": PLACEHOLDER, "valueCode": "x"}]),
    "system": _basic(identifier=[{"system": PLACEHOLDER, "value": PLACEHOLDER}]),
    "display": _basic(subject={"display": PLACEHOLDER}),
    "text of a narrative": _narrated(f"{PLACEHOLDER} <b title='{PLACEHOLDER}'>{AWAY}</b>"),
    "local": _basic(
        subject={"reference": "#p"}, contained=[{"resourceType": "Patient", "id": "p"}]
    ),
    "relative": _basic(subject={"reference": "Patient/p"}),
    "elsewhere": _basic(subject={"reference": "https://elsewhere/fhir/Patient/p"}),
    "not in the Bundle": _basic(subject={"reference": "urn:uuid:none"}),
}


@pytest.mark.parametrize("name", NO_LINKS)
def test_what_is_no_link_into_the_bundle_stays(name):
    """Canonicals, names, texts, local references, and references to other places."""
    entries = _prepared(
        _patient(), _patient("urn:oid:1.2.3"), _patient(AWAY), _post(NO_LINKS[name], "urn:uuid:own")
    )
    assert entries[3].resource == NO_LINKS[name]


def test_a_definition_keeps_its_url():
    """Though its full URL is its canonical one, and a uri elsewhere names it."""
    url = "https://away/fhir/CodeSystem/c"
    definition = {"resourceType": "CodeSystem", "url": url, "status": "draft"}
    definition["content"] = "not-present"
    user = _extended("valueUri", url)
    entries = _prepared(_post(definition, url), _post(user))
    assert entries[0].resource["url"] == url
    assert entries[1].resource == user


def test_relative_links_stand_on_the_full_url_of_their_entry():
    """Two servers may have the same type and id; an entry without a RESTful full URL means this server."""
    entries = _prepared(
        _patient("https://a/fhir/Patient/p"),
        _patient("https://b/fhir/Patient/p"),
        _post(_basic(subject={"reference": "Patient/p"}), "https://a/fhir/Basic/1"),
        _post(_basic(subject={"reference": "Patient/p"}), "https://b/fhir/Basic/1"),
        _post(_basic(subject={"reference": "Patient/p"}), "https://c/fhir/Basic/1"),
        _post(_basic(subject={"reference": "Patient/p"}), "urn:uuid:1"),
        _patient(f"{BASE}/Patient/q"),
        _post(_basic(subject={"reference": "Patient/q"})),
    )
    assert entries[7].resource["subject"]["reference"] == f"Patient/{entries[6].new_id}"
    made = [entry.resource["subject"]["reference"] for entry in entries[2:6]]
    assert made[:2] == [f"Patient/{entries[0].new_id}", f"Patient/{entries[1].new_id}"]
    assert made[2:] == ["Patient/p", "Patient/p"]


def test_one_full_url_with_two_versions_is_two_entries(client, send_bundle):
    """A link has to say which; without that, or when the versions are equal, the Bundle is refused."""
    first, second = (_patient(meta={"versionId": version}) for version in "12")
    basic = _basic(subject={"reference": f"{PLACEHOLDER}/_history/2"})
    entries = _prepared(first, second, _post(basic))
    assert entries[2].resource["subject"]["reference"] == f"Patient/{entries[1].new_id}/_history/1"
    either = _post(_basic(subject={"reference": PLACEHOLDER}))
    answer = send_bundle("transaction", first, second, either, status=400)
    assert answer["issue"][0]["expression"] == ["Bundle.entry[2]"]
    answer = send_bundle("transaction", first, first, status=400)
    assert answer["issue"][0]["expression"] == ["Bundle.entry[1].fullUrl"]


def test_versions_of_updates_are_those_that_are_made(client, send_bundle):
    """Of an update, of a patch, and of a create that found what it would create."""
    for key in ("a", "b", "c"):
        client.put(
            f"/fhir/Patient/{key}",
            json={
                "resourceType": "Patient",
                "id": key,
                "identifier": [{"value": key}],
            },
        )
    patch = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "add"},
                    {"name": "path", "valueString": "Patient"},
                    {"name": "name", "valueString": "gender"},
                    {"name": "value", "valueCode": "male"},
                ],
            }
        ],
    }
    resource = {"resourceType": "Patient", "id": "a"}
    requests = [
        ({"method": "PUT", "url": "Patient/a"}, resource),
        ({"method": "PATCH", "url": "Patient?identifier=b"}, patch),
        (
            {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=c"},
            {"resourceType": "Patient"},
        ),
    ]
    entries = [
        {"fullUrl": f"urn:uuid:{at}", "request": request, "resource": body}
        for at, (request, body) in enumerate(requests)
    ]
    basics = [_post(_basic(subject={"reference": f"urn:uuid:{at}/_history/1"})) for at in range(3)]
    made = send_bundle("transaction", *basics, *entries, Prefer="return=representation")["entry"]
    links = [one["resource"]["subject"]["reference"] for one in made[:3]]
    assert links == ["Patient/a/_history/2", "Patient/b/_history/2", "Patient/c/_history/1"]
    for link in links:
        assert client.get(f"/fhir/{link}").status_code == 200


def test_entries_may_refer_to_each_other_in_a_circle(client, send_bundle):
    """And to themselves."""
    entries = [
        _patient(
            f"urn:uuid:{at}",
            link=[{"type": "seealso", "other": {"reference": f"urn:uuid:{to}"}} for to in (0, 1)],
        )
        for at in (0, 1)
    ]
    made = send_bundle("transaction", *entries, Prefer="return=representation")["entry"]
    ids = [f"Patient/{one['resource']['id']}" for one in made]
    for one in made:
        assert [link["other"]["reference"] for link in one["resource"]["link"]] == ids


URLS = st.sampled_from([PLACEHOLDER, "urn:oid:1.2.3", AWAY, "https://b/fhir/Patient/p"])
TEXTS = st.one_of(URLS, st.sampled_from(["Patient/p", "Basic/1", "#x", "urn:uuid:none"]), st.text())
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "reference",
                    "url",
                    "valueUri",
                    "valueUrl",
                    "valueCanonical",
                    "valueString",
                    "extension",
                    "contained",
                    "subject",
                    "text",
                    "div",
                    "system",
                    "value",
                    "code",
                    "coding",
                    "profile",
                    "meta",
                    "resource",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(["subject", "extension", "text", "contained", "meta"]), VALUES)
)
def test_nothing_but_links_is_changed(members):
    """Of any resource, valid or not; and no link to an entry is left where links stand."""
    before = _basic(**members)
    after = copy.deepcopy(before)
    urls = [PLACEHOLDER, "urn:oid:1.2.3", AWAY, "https://b/fhir/Patient/p"]
    entries: list[Any] = read_entries(
        {"entry": [*map(_patient, urls), _post(after, "https://b/fhir/Basic/1")]}, BASE
    )
    table = FullUrls(entries)
    for place in places(after):
        assert follow(place, entries[4], table, lambda entry, versioned: f"Patient/n{entry.at}")
    known = {url: f"Patient/n{at}" for at, url in enumerate(urls)}
    known |= {"Patient/p": "Patient/n3", "Basic/1": "Patient/n4"}
    leaves = {place.text for place in places(before) if place.leaf != "xhtml"}
    for old, new in zip(_texts(before), _texts(after), strict=True):
        assert new in (old, known.get(old, old))
        assert new == old or old in leaves
    assert not {p.text for p in places(after) if p.leaf != "xhtml"} & known.keys()


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []
