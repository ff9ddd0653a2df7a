"""Whatever is sent to the endpoint, the answer is never an internal error, and the server goes on."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.operations.table import OPERATIONS
from profiles.admission import issues

FHIR = {"Content-Type": "application/fhir+json"}

_MEMBERS = (
    *("resourceType", "id", "meta", "entry", "request", "method", "url", "resource", "type"),
    *("name", "given", "value", "parameter", "contained", "extension", "text", "div"),
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_MEMBERS), inner, max_size=5)
    ),
    max_leaves=20,
)
_KINDS = st.sampled_from(["Patient", "Observation", "Bundle", "Parameters", "Binary", "ValueSet"])
_PATHS = st.sampled_from(
    (
        *("", "/x", "/x/_history", "/x/_history/1", "/_search", "/_history", "/$validate"),
        *("/x/$meta-add", "/x/$everything", "/$fhirpath", "/x/$fhirpath", "/$lastn"),
    )
)
_NAMES = st.sampled_from(
    (
        *("name", "_id", "_lastUpdated", "_sort", "_count", "_include", "_revinclude", "_type"),
        *("_has:Observation:patient:code", "birthdate", "identifier", "_cursor", "_summary"),
        *("_elements", "_total", "_since", "_at", "code:in", "value-quantity", "patient.name"),
        *("code-value-quantity", "expression", "name:exact"),
    )
)
_VALUES = st.text(alphabet="abge12-|$,.:\\*/TZ+%é\u0000 ", max_size=20)
_LIMITS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
    kind=_KINDS,
    path=_PATHS,
    query=st.lists(st.tuples(_NAMES, _VALUES), max_size=3),
    body=_JSON,
)
@_LIMITS
def test_no_request_makes_an_internal_error(client, method, kind, path, query, body):
    """Every route with every method, any JSON and any search."""
    answer = client.request(
        method,
        f"/fhir/{kind}{path}",
        params=query,
        content=json.dumps(body).encode(),
        headers=FHIR,
    )
    assert answer.status_code < 500, answer.text


_HEADERS = st.sampled_from(
    (
        *("Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "Prefer", "If-Match"),
        *("If-None-Match", "If-None-Exist", "If-Modified-Since", "If-Unmodified-Since", "Origin"),
        *("X-Security-Context", "Host", "Range"),
    )
)
_PIECES = st.sampled_from(
    (
        *(
            "application",
            "/",
            "fhir",
            "json",
            "+",
            "*",
            ";",
            "q",
            "=",
            "0",
            "1",
            ".",
            ",",
            '"',
            " ",
        ),
        *("W/", "gzip", "charset", "utf-8", "fhirVersion", "4.0", "return", "minimal", "?", "&"),
        *("identifier", "_summary", "Sun, 06 Nov 1994 08:49:37 GMT", "Patient", "\\", "\xe9", "\t"),
    )
)
_TEXTS = st.lists(_PIECES, max_size=8).map("".join)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    address=st.sampled_from(
        ("/Patient", "/Patient/a", "/Patient/a/_history/1", "/Binary/b", "/metadata", "/$validate")
    ),
    headers=st.lists(st.tuples(_HEADERS, _TEXTS), min_size=1, max_size=4),
)
@_LIMITS
def test_no_header_makes_an_internal_error(client, method, address, headers):
    """Headers put together from pieces of what they may hold, repeated ones among them."""
    body = b'{"resourceType":"Patient","id":"a"}'
    given_headers = [("Content-Type", "application/fhir+json"), *headers]
    encoded = [(name.encode(), text.encode("latin-1")) for name, text in given_headers]
    client.put("/fhir/Patient/a", content=body, headers=FHIR)
    client.put("/fhir/Binary/b", content=b"x", headers={"Content-Type": "image/png"})
    answer = client.request(method, f"/fhir{address}", content=body, headers=encoded)
    assert answer.status_code < 500, answer.text


_PATIENT = {"resourceType": "Patient", "id": "a"}
_TYPED = st.sampled_from(
    (
        {"valueString": "a"},
        {"valueCode": "update"},
        {"valueUri": "http://hl7.org/fhir/StructureDefinition/Patient"},
        {"valueBoolean": True},
        {"valueInteger": 0},
        {"valuePositiveInt": 1},
        {"valueDate": "9999"},
        {"valueInstant": "0001-01-01T00:00:00Z"},
        {"valueMeta": {"tag": [{"code": "x"}]}},
        {"valueReference": {"reference": "Patient/a"}},
        {"resource": _PATIENT},
        {"resource": {"resourceType": {"a": 1}}},
        {"part": []},
    )
)
_PARTS = st.fixed_dictionaries(
    {"name": st.sampled_from(sorted({p.name for o in OPERATIONS for p in o.parameters})) | _JSON}
)
_CALLS = st.sampled_from(
    [(method, path) for o in OPERATIONS for path in o.paths() for method in o.methods]
)


@given(
    call=_CALLS,
    kind=_KINDS,
    parts=st.lists(st.tuples(_PARTS, _TYPED | st.fixed_dictionaries({"value": _JSON})), max_size=4),
    query=st.lists(st.tuples(_NAMES, _VALUES), max_size=2),
)
@_LIMITS
def test_no_call_of_an_operation_makes_an_internal_error(client, call, kind, parts, query):
    """Every operation at each of its levels, with parameters that fit it and some that do not."""
    client.put("/fhir/Patient/a", json=_PATIENT, headers=FHIR)
    method, path = call
    address = path.replace("{type}", kind).replace("{id}", "a").replace("{version}", "1")
    given_parts = [{**name, **value} for name, value in parts]
    body = {"resourceType": "Parameters", "parameter": given_parts}
    content = None if method == "GET" else json.dumps(body).encode()
    answer = client.request(method, f"/fhir{address}", params=query, content=content, headers=FHIR)
    assert answer.status_code < 500, answer.text


@given(kind=st.sampled_from(["batch", "transaction"]), entries=st.lists(_JSON, max_size=4))
@_LIMITS
def test_no_bundle_makes_an_internal_error(client, kind, entries):
    """Entries of any shape."""
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    assert client.post("/fhir", json=bundle, headers=FHIR).status_code < 500


_TEXTS = st.sampled_from(["x", "", 'W/"1"', "*", "_id=a", "2020-01-01T00:00:00Z", "%", "a b"])
_LINKS = st.sampled_from(
    (
        *("urn:uuid:1", "urn:uuid:1#x", "urn:uuid:1/_history/2", "http://x/fhir/Patient/9"),
        *("Patient/9", "Patient?_id=a", "Patient?", "#", "?x"),
    )
)
_RESOURCES = st.fixed_dictionaries(
    {"resourceType": _KINDS}, optional={"id": _TEXTS, "contentType": _TEXTS, "data": _TEXTS}
) | st.builds(
    lambda link: {
        "resourceType": "Patient",
        "id": "a",
        "link": [{"type": "seealso", "other": {"reference": link}}],
    },
    _LINKS,
)
_ENTRIES = st.fixed_dictionaries(
    {
        "request": st.fixed_dictionaries(
            {
                "method": st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
                "url": st.builds("{}{}".format, st.sampled_from(["Patient", ""]), _PATHS)
                | st.sampled_from(["Patient/a", "Patient?_id=a", "Patient?", "?", "Patient/%"]),
            },
            optional=dict.fromkeys(
                ("ifMatch", "ifNoneMatch", "ifNoneExist", "ifModifiedSince"), _TEXTS
            ),
        )
    },
    optional={"resource": _RESOURCES, "fullUrl": _LINKS},
)


@given(kind=st.sampled_from(["batch", "transaction"]), entries=st.lists(_ENTRIES, max_size=4))
@_LIMITS
def test_no_entry_makes_an_internal_error(client, kind, entries):
    """Every method with every address, condition, resource and link; the answer is valid R4."""
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    answer = client.post("/fhir", json=bundle, headers=FHIR)
    assert answer.status_code < 500, answer.text
    assert '"status":"5' not in answer.text
    assert [issue for issue in issues(answer.json()) if issue[0] == "error"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"resourceType":"Patient","multipleBirthInteger":NaN}', 400),
        (b'{"resourceType":"Patient","id":"\\ud800"}', 400),
        (b'{"resourceType":"Patient","extension":[{"url":"u","valueDecimal":1e400}]}', 400),
        (b'{"resourceType":"Patient","id":"' + b"a" * 65 + b'"}', 422),
        (b'{"resourceType":"Patient","language":"a\\u0000b"}', 400),
        (b"[" * 500 + b"]" * 500, 400),
        (b'{"a":' * 100 + b"1" + b"}" * 100, 413),
        (b"\xff\xfe", 400),
        (
            b'{"resourceType":"Patient","text":{"status":"generated","div":'
            b'"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><script>x</script></div>"}}',
            422,
        ),
    ],
)
def test_hostile_json_gets_a_clear_answer(client, body, status):
    """NaN, lone surrogates, huge numbers and ids, NUL, deep nesting, scripts."""
    answer = client.post("/fhir/Patient", content=body, headers=FHIR)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


def test_search_bombs_are_bounded(client):
    """Cycles of includes, a thousand values, a page of a billion, a chain without end."""
    linked = {
        "resourceType": "Patient",
        "id": "a",
        "link": [{"other": {"reference": "Patient/a"}, "type": "seealso"}],
    }
    client.put("/fhir/Patient/a", json=linked, headers=FHIR)
    assert client.get("/fhir/Patient?_include:iterate=Patient:link").status_code == 200
    values = ",".join(map(str, range(1000)))
    assert client.get(f"/fhir/Patient?identifier={values}").status_code == 200
    assert client.get(f"/fhir/Patient?identifier={values},more").status_code == 413
    assert client.get("/fhir/Patient?_count=1000000000").status_code == 200
    chain = ".".join(["link"] * 40) + ".name"
    assert client.get(f"/fhir/Patient?{chain}=x").status_code == 413
