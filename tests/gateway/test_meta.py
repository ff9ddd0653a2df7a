"""``$meta`` where a label is no more than a text (R4 resource-operation-meta.html)."""

FHIR = {"Content-Type": "application/fhir+json"}
URGENT, LATER = {"display": "Urgent"}, {"display": "later"}


def _put(client, kind: str, key: str, **elements: object) -> None:
    resource = {"resourceType": kind, "id": key, **elements}
    answer = client.put(f"/fhir/{kind}/{key}", json=resource, headers=FHIR)
    assert answer.status_code in (200, 201), answer.text


def _meta(client, address: str) -> dict:
    parameters = client.get(f"/fhir/{address}").json().get("parameter")
    return parameters[0]["valueMeta"] if parameters else {}


def _post(client, address: str, *tags: dict) -> None:
    meta = {"name": "meta", "valueMeta": {"tag": list(tags)}}
    body = {"resourceType": "Parameters", "parameter": [meta]}
    assert client.post(f"/fhir/{address}", json=body, headers=FHIR).status_code == 200


def test_labels_without_a_code_are_in_the_meta_of_everything(client):
    """Of a type and of the server, each once, and gone with the last that has it."""
    tags = [URGENT, LATER, {"display": "urgent"}]
    for at, tag in enumerate([*tags, URGENT]):
        _put(client, "Patient", f"p{at}", meta={"tag": [tag]})
    _put(client, "Basic", "b", code={"text": "b"}, meta={"security": [{"display": "Staff"}]})
    assert _meta(client, "Patient/$meta") == {"tag": tags}
    assert _meta(client, "$meta") == {"tag": tags, "security": [{"display": "Staff"}]}
    client.delete("/fhir/Patient/p1")
    assert LATER not in _meta(client, "Patient/$meta")["tag"]


def test_labels_without_a_code_are_told_apart_by_their_text(client):
    """One is added beside another, and only the one that is named is removed."""
    _put(client, "Patient", "a", meta={"tag": [URGENT]})
    _post(client, "Patient/a/$meta-add", LATER, URGENT)
    assert _meta(client, "Patient/a/$meta")["tag"] == [URGENT, LATER]
    _post(client, "Patient/a/$meta-delete", URGENT)
    assert _meta(client, "Patient/a/$meta")["tag"] == [LATER]
