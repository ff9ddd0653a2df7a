"""Links out of the patches of a transaction (R4 http.html#trules, http.html#patch)."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.interactions.patch_links import patch_places
from gateway.interactions.transaction import Prepared

BASE = "https://ours/fhir"
PLACEHOLDER = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"


def _post(url: str = PLACEHOLDER) -> dict:
    request = {"method": "POST", "url": "Patient"}
    return {"fullUrl": url, "resource": {"resourceType": "Patient"}, "request": request}


def _patch(document: dict, key: str = "a", kind: str = "Basic") -> dict:
    return {"request": {"method": "PATCH", "url": f"{kind}/{key}"}, "resource": document}


def _basic(**members: object) -> dict:
    return {"resourceType": "Basic", "code": {"text": "x"}, **members}


def _filled(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, text) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, text) for inner in value]
    return value.replace("@", text) if isinstance(value, str) else value


def _json_patch(operations: list) -> dict:
    data = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}


def test_links_in_patches_are_followed(client, send_bundle):
    """In the Parameters of FHIRPath Patch and in the values of JSON Patch."""
    for key in ("a", "b", "c"):
        client.put(f"/fhir/Basic/{key}", json=_basic(id=key))
    reference = {"reference": PLACEHOLDER}
    parts = [
        {"name": "type", "valueCode": "add"},
        {"name": "path", "valueString": "Basic"},
        {"name": "name", "valueString": "subject"},
        {"name": "value", "valueReference": reference},
    ]
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    documents = [
        parameters,
        _json_patch([{"op": "add", "path": "/subject", "value": reference}]),
        _json_patch(
            [
                {"op": "add", "path": "/subject", "value": {}},
                {"op": "add", "path": "/subject/reference", "value": PLACEHOLDER},
            ]
        ),
    ]
    patches = [_patch(document, key) for key, document in zip("abc", documents, strict=True)]
    made = send_bundle("transaction", *patches, _post(), Prefer="return=representation")["entry"]
    for one in made[:3]:
        assert one["resource"]["subject"]["reference"] == f"Patient/{made[3]['resource']['id']}"


DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="{}">x</a></div>'
TYPED = {
    "reference": ("/subject/reference", PLACEHOLDER, "@"),
    "uri": ("/extension/0/valueUri", PLACEHOLDER, "@"),
    "url": ("/extension/-/valueUrl", f"{PLACEHOLDER}#x", "@#x"),
    "narrative": ("/text/div", DIV.format(PLACEHOLDER), DIV.format("@")),
    "extension": (
        "/extension",
        [{"url": PLACEHOLDER, "valueUri": PLACEHOLDER}],
        [{"url": PLACEHOLDER, "valueUri": "@"}],
    ),
    "extension of a primitive": (
        "/_created",
        {"extension": [{"url": "https://e/x", "valueReference": {"reference": PLACEHOLDER}}]},
        {"extension": [{"url": "https://e/x", "valueReference": {"reference": "@"}}]},
    ),
    "resource": ("", _basic(id=PLACEHOLDER, author={"reference": PLACEHOLDER}), None),
    "contained": (
        "/contained/0",
        {"resourceType": "Basic", "subject": {"reference": PLACEHOLDER}},
        {"resourceType": "Basic", "subject": {"reference": "@"}},
    ),
    "inside contained": ("/contained/0/subject/reference", PLACEHOLDER, "@"),
    "canonical": ("/extension/0/valueCanonical", PLACEHOLDER, PLACEHOLDER),
    "oid": ("/extension/0/valueOid", "urn:oid:1.2.3", "urn:oid:1.2.3"),
    "uuid": ("/extension/0/valueUuid", PLACEHOLDER, PLACEHOLDER),
    "string": ("/extension/0/valueString", PLACEHOLDER, PLACEHOLDER),
    "name": ("/identifier/0/system", PLACEHOLDER, PLACEHOLDER),
    "value": ("/identifier/0", {"value": PLACEHOLDER}, {"value": PLACEHOLDER}),
    "nothing of the type": ("/colour/reference/0", PLACEHOLDER, PLACEHOLDER),
}


@pytest.mark.parametrize("name", TYPED)
def test_a_json_patch_has_the_links_of_the_elements_that_it_names(name):
    """Its paths say the types: links are replaced where a resource has them, and nothing else is."""
    path, value, wanted = TYPED[name]
    operation = {"op": "add", "path": path, "value": value}
    entries = [_patch(_json_patch([operation])), _post(), _post("urn:oid:1.2.3")]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    patch, patient, _ = Prepared(bundle, BASE, True, lambda one: None).entries
    if wanted is None:
        wanted = _basic(id=PLACEHOLDER, author={"reference": "@"})
    assert patch.document[0]["value"] == _filled(wanted, f"Patient/{patient.new_id}")


def _operation(**parts: object) -> dict:
    """A FHIRPath Patch of one operation."""
    listed = [
        {"name": name, **(value if isinstance(value, dict) else {"valueString": value})}
        for name, value in parts.items()
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": listed}]}


@pytest.mark.parametrize(
    "document",
    [
        _operation(type="replace", path="Basic.subject.reference", value=PLACEHOLDER),
        _operation(type="add", path="Basic.subject", name="reference", value=PLACEHOLDER),
        _operation(
            type="replace",
            path="Basic.subject",
            value={"part": [{"name": "reference", "valueString": PLACEHOLDER}]},
        ),
    ],
)
def test_a_fhirpath_patch_may_give_a_reference_as_its_text(client, send_bundle, document):
    """Where its path or a name says that the string is the literal reference."""
    subject = {"display": "x"} if "add" in str(document) else {"reference": "Group/g"}
    client.put("/fhir/Basic/a", json=_basic(id="a", subject=subject))
    made = send_bundle("transaction", _patch(document), _post(), Prefer="return=representation")[
        "entry"
    ]
    assert made[0]["resource"]["subject"]["reference"] == f"Patient/{made[1]['resource']['id']}"


def test_a_fhirpath_patch_keeps_other_texts(client, send_bundle):
    """A display that looks like a link is none."""
    client.put("/fhir/Basic/a", json=_basic(id="a", subject={"display": "x"}))
    document = _operation(type="replace", path="Basic.subject.display", value=PLACEHOLDER)
    made = send_bundle("transaction", _patch(document), _post(), Prefer="return=representation")[
        "entry"
    ]
    assert made[0]["resource"]["subject"]["display"] == PLACEHOLDER


def test_the_entries_of_a_stored_bundle_are_its_own_affair():
    """As in a Bundle that is an entry: nothing in it is a link out of it."""
    value = {"resource": _basic(subject={"reference": PLACEHOLDER})}
    operation = {"op": "add", "path": "/entry/0", "value": value}
    entries = [_patch(_json_patch([operation]), kind="Bundle"), _post()]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    patch = Prepared(bundle, BASE, True, lambda one: None).entries[0]
    assert patch.document[0]["value"]["resource"]["subject"]["reference"] == PLACEHOLDER


_MEMBERS = st.sampled_from(
    ["op", "path", "value", "name", "part", "parameter", "resourceType", "reference", "valueString"]
)
_TEXTS = st.sampled_from(["", "/", "/subject/0/reference", "/contained/-/text", "x.reference"])


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), _TEXTS, _MEMBERS),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(_MEMBERS, inner, max_size=4)
        ),
        max_leaves=20,
    ),
    st.sampled_from(["Basic", "Bundle", "Patient"]),
)
def test_a_patch_of_any_shape_has_links_or_none(document, kind):
    """What is malformed is refused where it is applied; each link stands where it is said to."""
    for place in patch_places(document, kind):
        assert place.holder[place.key] == place.text
