"""The operations on codes, over ICD-10-CM, stored resources, R4's own code systems and UCUM."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from adapters.store import Store
from gateway.fetch import fetch_on_arrival
from gateway.http import Services, build_app
from gateway.settings import TERMINOLOGY, load_settings
from profiles.admission import issues
from terminology.systems import CPT, HCPCS
from tests.make_tables import HCPCS_TEXT, imported
from tests.make_terminology import terminology_folder

FHIR = {"Content-Type": "application/fhir+json"}
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
DATE = {"date": "2026-05-01"}
COLOURS = {
    "resourceType": "CodeSystem",
    "id": "colours",
    "url": "https://example.org/colours",
    "version": "1",
    "name": "Colours",
    "status": "active",
    "content": "complete",
    "caseSensitive": False,
    "property": [
        {"code": "wave", "type": "string"},
        {"code": "notSelectable", "type": "boolean"},
        {"code": "inactive", "type": "boolean"},
    ],
    "concept": [
        {
            "code": "warm",
            "display": "Warm colour",
            "property": [{"code": "notSelectable", "valueBoolean": True}],
            "concept": [
                {
                    "code": "red",
                    "display": "Red",
                    "designation": [{"language": "de", "value": "Rot"}],
                    "property": [{"code": "wave", "valueString": "long"}],
                },
                {
                    "code": "puce",
                    "display": "Puce",
                    "property": [{"code": "inactive", "valueBoolean": True}],
                },
            ],
        },
        {"code": "blue", "display": "Blue", "definition": "As the sky."},
    ],
}
WARM = {
    "resourceType": "ValueSet",
    "id": "warm",
    "url": "https://example.org/warm",
    "version": "1",
    "status": "active",
    "compose": {
        "include": [
            {
                "system": COLOURS["url"],
                "filter": [{"property": "concept", "op": "descendent-of", "value": "warm"}],
            }
        ]
    },
}
MAP = {
    "resourceType": "ConceptMap",
    "id": "map",
    "url": "https://example.org/map",
    "status": "active",
    "sourceUri": "https://example.org/warm",
    "targetUri": "https://example.org/paint",
    "group": [
        {
            "source": COLOURS["url"],
            "target": "https://example.org/paint",
            "element": [
                {
                    "code": "red",
                    "target": [
                        {"code": "p1", "display": "Paint 1", "equivalence": "wider"},
                        {
                            "code": "p2",
                            "equivalence": "equivalent",
                            "dependsOn": [
                                {"property": "https://example.org/gloss", "value": "matt"}
                            ],
                        },
                    ],
                },
                {"code": "puce", "target": [{"equivalence": "unmatched"}]},
            ],
        }
    ],
}


@pytest.fixture
def client(store: Store, tmp_path: Path) -> Iterator[TestClient]:
    """A client of an endpoint whose data folder has the base release of ICD-10-CM."""
    folder = tmp_path / "store" / TERMINOLOGY
    folder.mkdir()
    for file in terminology_folder().glob("icd10cm-*.sqlite"):
        shutil.copy(file, folder)
    services = Services(request_analysis=lambda *_: "", on_created=fetch_on_arrival)
    settings = replace(load_settings({}), data=str(tmp_path / "store"))
    with TestClient(build_app(store, settings, services), raise_server_exceptions=False) as made:
        for resource in (COLOURS, WARM, MAP):
            made.put(
                f"/fhir/{resource['resourceType']}/{resource['id']}", json=resource, headers=FHIR
            )
        yield made


@pytest.fixture
def ask(client: TestClient) -> Callable[..., dict[str, Any]]:
    """Ask an operation by GET; the answer, whose status is what was expected."""

    def asked(address: str, status: int = 200, **query: Any) -> dict[str, Any]:
        answer = client.get(f"/fhir/{address}", params=query)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        assert issues(found, warnings=False) == []
        return found

    return asked


def _values(answer: dict[str, Any]) -> dict[str, Any]:
    """Parameters with one value, by name."""
    return {
        one["name"]: next(v for k, v in one.items() if k.startswith("value"))
        for one in answer["parameter"]
        if "part" not in one
    }


def _properties(answer: dict[str, Any]) -> list[tuple[str, Any]]:
    found = []
    for one in answer["parameter"]:
        if one["name"] == "property":
            part = {p["name"]: next(v for k, v in p.items() if k != "name") for p in one["part"]}
            found.append((part["code"], part.get("value")))
    return found


def _codes(answer: dict[str, Any]) -> list[str]:
    return [one["code"] for one in answer["expansion"].get("contains", ())]


def test_lookup_says_what_icd_10_cm_knows(ask: Callable[..., dict[str, Any]]) -> None:
    """Parents, children, billability, inclusion terms and inherited notes are properties."""
    answer = ask("CodeSystem/$lookup", system=ICD, code="E11.21", **DATE)
    assert _values(answer) == {
        "name": "ICD-10-CM",
        "version": "2026-04",
        "display": "Type 2 diabetes mellitus with diabetic nephropathy",
    }
    properties = _properties(answer)
    assert ("parent", "E11.2") in properties
    assert ("billable", True) in properties
    assert ("excludes1", "gestational diabetes (O24.4-)") in properties
    category = ask("CodeSystem/$lookup", system=ICD, code="E11.2", property="child", **DATE)
    assert _properties(category) == [
        ("child", "E11.21"),
        ("child", "E11.22"),
        ("child", "E11.29"),
    ]


def test_lookup_by_coding_and_of_an_instance(
    client: TestClient, ask: Callable[..., dict[str, Any]]
) -> None:
    """A Coding in Parameters and the code system of the address are other ways to ask."""
    coding = {"name": "coding", "valueCoding": {"system": ICD, "code": "I10"}}
    body = {"resourceType": "Parameters", "parameter": [coding]}
    answer = client.post("/fhir/CodeSystem/$lookup", json=body, headers=FHIR).json()
    assert _values(answer)["display"] == "Essential (primary) hypertension"
    own = ask("CodeSystem/colours/$lookup", code="RED", displayLanguage="de")
    assert _values(own)["display"] == "Rot"
    assert ("wave", "long") in _properties(own)
    ask("CodeSystem/colours/$lookup", 400, code="red", system=ICD)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"system": ICD, "code": "E11.999"}, 404, "not-found"),
        ({"system": ICD, "code": "E1121"}, 404, "not-found"),
        ({"system": ICD, "code": "E08-E13"}, 404, "not-found"),
        ({"system": "https://example.org/none", "code": "x"}, 404, "not-found"),
        ({"system": ICD, "code": "I10", "version": "1999"}, 404, "not-found"),
        ({"system": ICD}, 400, "required"),
        ({"code": "I10"}, 400, "required"),
        ({"system": ICD, "code": "I10", "colour": "red"}, 400, "invalid"),
        ({"system": ICD, "code": "I10", "date": "yesterday"}, 400, "invalid"),
    ],
)
def test_lookup_of_what_is_not_there(
    ask: Callable[..., dict[str, Any]], query: dict[str, str], status: int, code: str
) -> None:
    """Unknown codes, systems and versions, and incomplete questions, say so and repeat no code."""
    (issue,) = ask("CodeSystem/$lookup", status, **query)["issue"]
    assert issue["code"] == code
    assert "E11" not in issue["diagnostics"]


@pytest.mark.parametrize(
    ("query", "result", "said"),
    [
        ({"url": ICD, "code": "E11.21"}, True, None),
        ({"url": ICD, "code": "E11.2"}, True, "groups others"),
        ({"url": ICD, "code": "E11.2", "abstract": "false"}, False, "groups others"),
        ({"url": ICD, "code": "E11.2", "abstract": "true"}, True, None),
        ({"url": ICD, "code": "E11.99"}, False, "not in the code system"),
        ({"url": ICD, "code": "I10", "display": "essential (PRIMARY) hypertension"}, True, None),
        ({"url": ICD, "code": "I10", "display": "Asthma"}, False, "display"),
        ({"url": ICD, "code": "I10", "date": "2026-12-01"}, True, "nearest"),
        ({"url": "http://unitsofmeasure.org", "code": "mg/dL"}, True, None),
        ({"url": "http://unitsofmeasure.org", "code": "Cel"}, True, None),
        ({"url": "http://unitsofmeasure.org", "code": "furlongs"}, False, "not in the code system"),
        ({"url": "http://hl7.org/fhir/administrative-gender", "code": "female"}, True, None),
        ({"url": "http://hl7.org/fhir/administrative-gender", "code": "x"}, False, "not in"),
        ({"url": "https://example.org/colours", "code": "Blue"}, True, None),
        ({"url": "https://example.org/colours", "code": "puce"}, True, "inactive"),
    ],
)
def test_a_code_is_validated_in_its_code_system(
    ask: Callable[..., dict[str, Any]], query: dict[str, str], result: bool, said: str | None
) -> None:
    """Result, and what a person should know besides."""
    found = _values(ask("CodeSystem/$validate-code", **{**DATE, **query}))
    assert found["result"] is result
    assert (said or "") in found.get("message", "")
    assert (said is None) == ("message" not in found)


def test_one_coding_of_several_is_enough(client: TestClient) -> None:
    """A CodeableConcept is valid when one of its codings is."""
    codings = [{"system": "https://other.example", "code": "I10"}, {"system": ICD, "code": "I10"}]
    parts = [
        {"name": "url", "valueUri": ICD},
        {"name": "date", "valueDateTime": "2026-05-01"},
        {"name": "codeableConcept", "valueCodeableConcept": {"coding": codings}},
    ]
    body = {"resourceType": "Parameters", "parameter": parts}
    answer = client.post("/fhir/CodeSystem/$validate-code", json=body, headers=FHIR).json()
    assert _values(answer)["result"] is True


@pytest.mark.parametrize(
    ("query", "result"),
    [
        ({"url": "https://example.org/warm", "system": COLOURS["url"], "code": "red"}, True),
        ({"url": "https://example.org/warm|1", "system": COLOURS["url"], "code": "warm"}, False),
        ({"url": f"{ICD}?fhir_vs", "system": ICD, "code": "I10"}, True),
        ({"url": f"{ICD}?fhir_vs=isa/E11", "system": ICD, "code": "E11.21"}, True),
        ({"url": f"{ICD}?fhir_vs=isa/E11", "system": ICD, "code": "I10"}, False),
        (
            {
                "url": "http://hl7.org/fhir/ValueSet/administrative-gender",
                "system": "http://hl7.org/fhir/administrative-gender",
                "code": "male",
            },
            True,
        ),
        (
            {
                "url": "http://terminology.hl7.org/ValueSet/v3-ActPriority",
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActPriority",
                "code": "EM",
            },
            True,
        ),
    ],
)
def test_a_code_is_validated_in_a_value_set(
    ask: Callable[..., dict[str, Any]], query: dict[str, str], result: bool
) -> None:
    """Stored value sets, implicit ones, and those of R4."""
    assert _values(ask("ValueSet/$validate-code", **DATE, **query))["result"] is result


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ("E11", "E11.21", "subsumes"),
        ("E11.21", "E11", "subsumed-by"),
        ("E11.21", "E11.21", "equivalent"),
        ("E10", "E11.21", "not-subsumed"),
    ],
)
def test_subsumption(ask: Callable[..., dict[str, Any]], a: str, b: str, outcome: str) -> None:
    """The four outcomes of R4, over the hierarchy of ICD-10-CM."""
    answer = ask("CodeSystem/$subsumes", system=ICD, codeA=a, codeB=b)
    assert _values(answer) == {"outcome": outcome}


def test_subsumption_of_an_instance_and_of_unknown_codes(
    ask: Callable[..., dict[str, Any]],
) -> None:
    """The code system of the address is asked; what it does not have is an error."""
    answer = ask("CodeSystem/colours/$subsumes", codeA="warm", codeB="Red")
    assert _values(answer) == {"outcome": "subsumes"}
    ask("CodeSystem/colours/$subsumes", 404, codeA="warm", codeB="none")
    ask("CodeSystem/$subsumes", 400, codeA="warm", codeB="red")


def test_expansion_in_pages(ask: Callable[..., dict[str, Any]]) -> None:
    """Pages have the whole as their total, and put together they are it."""
    url = {"url": f"{ICD}?fhir_vs=isa/E11", **DATE}
    whole = ask("ValueSet/$expand", **url)
    total = whole["expansion"]["total"]
    pages = [
        ask("ValueSet/$expand", offset=offset, count=40, **url) for offset in range(0, total, 40)
    ]
    assert [code for page in pages for code in _codes(page)] == _codes(whole)
    assert {page["expansion"]["total"] for page in pages} == {total}
    assert ask("ValueSet/$expand", count=0, **url)["expansion"]["total"] == total
    first = whole["expansion"]["contains"][0]
    assert (first["code"], first["abstract"]) == ("E11", True)
    used = [p for p in whole["expansion"]["parameter"] if p["name"] == "version"]
    assert used == [{"name": "version", "valueUri": f"{ICD}|2026-04"}]


def test_an_expansion_that_is_too_large_is_refused(ask: Callable[..., dict[str, Any]]) -> None:
    """All of ICD-10-CM at once is too costly, in pages it is not."""
    (issue,) = ask("ValueSet/$expand", 413, url=f"{ICD}?fhir_vs", **DATE)["issue"]
    assert issue["code"] == "too-costly"
    page = ask("ValueSet/$expand", url=f"{ICD}?fhir_vs", count=10, offset=50_000, **DATE)
    assert len(_codes(page)) == 10
    assert page["expansion"]["total"] == 98_186
    ask("ValueSet/$expand", 413, url="http://unitsofmeasure.org?fhir_vs")


def test_a_filter_ranks(ask: Callable[..., dict[str, Any]]) -> None:
    """Words of a person find the code by title or inclusion term, within the value set."""
    found = ask("ValueSet/$expand", url=f"{ICD}?fhir_vs", filter="high blood pressure", count=3)
    assert _codes(found)[0] == "I10"
    typing = ask("ValueSet/$expand", url=f"{ICD}?fhir_vs", filter="type 2 diab neph", count=3)
    assert _codes(typing)[0] == "E11.21"
    within = ask(
        "ValueSet/$expand", url=f"{ICD}?fhir_vs=isa/E10", filter="nephropathy", count=5, **DATE
    )
    assert _codes(within)[0] == "E10.21"
    assert all(code.startswith("E10") for code in _codes(within))


def test_stored_value_sets_expand(ask: Callable[..., dict[str, Any]]) -> None:
    """Hierarchy filters, designations, inactive codes and the definition follow the parameters."""
    assert _codes(ask("ValueSet/warm/$expand")) == ["red", "puce"]
    active = ask("ValueSet/$expand", url=WARM["url"], activeOnly="true", includeDesignations="true")
    (red,) = active["expansion"]["contains"]
    assert red["designation"] == [{"language": "de", "value": "Rot"}]
    assert "compose" not in active
    assert "compose" in ask("ValueSet/warm/$expand", includeDefinition="true")


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ({"property": "concept", "op": "is-a", "value": "warm"}, ["warm", "red", "puce"]),
        ({"property": "concept", "op": "is-not-a", "value": "warm"}, ["blue"]),
        ({"property": "concept", "op": "generalizes", "value": "red"}, ["warm", "red"]),
        ({"property": "concept", "op": "in", "value": "red,blue"}, ["red", "blue"]),
        ({"property": "concept", "op": "not-in", "value": "red,blue"}, ["warm", "puce"]),
        ({"property": "code", "op": "regex", "value": "[bp]l?u.+"}, ["puce", "blue"]),
        ({"property": "wave", "op": "=", "value": "long"}, ["red"]),
        ({"property": "wave", "op": "exists", "value": "true"}, ["red"]),
        ({"property": "parent", "op": "=", "value": "warm"}, ["red", "puce"]),
    ],
)
def test_every_filter_of_r4_is_applied(
    client: TestClient, rule: dict[str, str], codes: list[str]
) -> None:
    """A value set that comes with the request is expanded with each operator."""
    include = {"system": COLOURS["url"], "filter": [rule]}
    value_set = {"resourceType": "ValueSet", "status": "active", "compose": {"include": [include]}}
    answer = client.post("/fhir/ValueSet/$expand", json=value_set, headers=FHIR)
    assert answer.status_code == 200, answer.text
    assert _codes(answer.json()) == codes


def test_composition(client: TestClient) -> None:
    """Includes are joined, value sets inside one include are cut, excludes are taken away."""
    compose = {
        "include": [
            {"system": COLOURS["url"], "valueSet": [WARM["url"]]},
            {"system": COLOURS["url"], "concept": [{"code": "blue", "display": "Azure"}]},
        ],
        "exclude": [{"system": COLOURS["url"], "concept": [{"code": "puce"}]}],
    }
    value_set = {"resourceType": "ValueSet", "status": "active", "compose": compose}
    found = client.post("/fhir/ValueSet/$expand", json=value_set, headers=FHIR).json()
    assert [(one["code"], one["display"]) for one in found["expansion"]["contains"]] == [
        ("red", "Red"),
        ("blue", "Azure"),
    ]


@pytest.mark.parametrize(
    ("include", "status"),
    [
        ({"valueSet": ["https://example.org/none"]}, 422),
        ({"system": "https://example.org/none"}, 422),
        ({"system": COLOURS["url"], "filter": [{"property": "x", "op": "=", "value": "y"}]}, 422),
        ({"valueSet": ["https://example.org/self"]}, 422),
    ],
)
def test_what_cannot_be_known_is_refused(
    client: TestClient, include: dict[str, Any], status: int
) -> None:
    """A value set is never taken for smaller than it is."""
    value_set = {
        "resourceType": "ValueSet",
        "url": "https://example.org/self",
        "status": "active",
        "compose": {"include": [include]},
    }
    answer = client.post("/fhir/ValueSet/$expand", json=value_set, headers=FHIR)
    assert answer.status_code == status, answer.text


def test_a_given_resource_has_to_be_valid(client: TestClient) -> None:
    """What is no ValueSet of R4 is refused with the place where it is wrong."""
    wrong = {"resourceType": "ValueSet", "status": "purple"}
    answer = client.post("/fhir/ValueSet/$expand", json=wrong, headers=FHIR)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["ValueSet.status"]
    other = {"resourceType": "Patient"}
    assert client.post("/fhir/ValueSet/$expand", json=other, headers=FHIR).status_code == 400


@pytest.mark.parametrize(
    ("query", "result", "matches"),
    [
        ({"url": MAP["url"], "code": "red"}, True, [("wider", "p1")]),
        ({"source": "https://example.org/warm", "code": "red"}, True, [("wider", "p1")]),
        ({"targetsystem": "https://example.org/paint", "code": "red"}, True, [("wider", "p1")]),
        ({"url": MAP["url"], "code": "puce"}, False, [("unmatched", None)]),
        ({"url": MAP["url"], "code": "blue"}, False, []),
        ({"url": MAP["url"], "code": "red", "targetsystem": "https://example.org/x"}, False, []),
    ],
)
def test_translation(
    ask: Callable[..., dict[str, Any]],
    query: dict[str, str],
    result: bool,
    matches: list[tuple[str, str | None]],
) -> None:
    """Every match with its equivalence; what is said to have no match is no translation."""
    answer = ask("ConceptMap/$translate", system=COLOURS["url"], **query)
    assert _values(answer)["result"] is result
    found = []
    for one in answer["parameter"]:
        if one["name"] == "match":
            part = {p["name"]: p for p in one["part"]}
            coding = part.get("concept", {}).get("valueCoding", {})
            found.append((part["equivalence"]["valueCode"], coding.get("code")))
    assert found == matches


def test_translation_in_reverse_and_with_a_dependency(client: TestClient) -> None:
    """Which codes are mapped to a code, and a mapping that another element decides."""
    reverse = client.get(
        "/fhir/ConceptMap/map/$translate",
        params={"system": "https://example.org/paint", "code": "p1", "reverse": "true"},
    ).json()
    (match,) = [one for one in reverse["parameter"] if one["name"] == "match"]
    part = {p["name"]: p for p in match["part"]}
    assert part["concept"]["valueCoding"]["code"] == "red"
    assert part["equivalence"]["valueCode"] == "narrower"
    concept = {"coding": [{"code": "matt"}]}
    dependency = [
        {"name": "element", "valueUri": "https://example.org/gloss"},
        {"name": "concept", "valueCodeableConcept": concept},
    ]
    parts = [
        {"name": "coding", "valueCoding": {"system": COLOURS["url"], "code": "red"}},
        {"name": "dependency", "part": dependency},
    ]
    body = {"resourceType": "Parameters", "parameter": parts}
    found = client.post("/fhir/ConceptMap/map/$translate", json=body, headers=FHIR).json()
    assert sum(one["name"] == "match" for one in found["parameter"]) == 2


def test_operations_answer_inside_a_batch(client: TestClient) -> None:
    """A batch may ask for codes too, and sees what is stored."""
    request = {
        "method": "GET",
        "url": "CodeSystem/$lookup?system=https://example.org/colours&code=red",
    }
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": request}]}
    answer = client.post("/fhir", json=bundle, headers=FHIR).json()
    (entry,) = answer["entry"]
    assert entry["response"]["status"].startswith("200"), entry
    assert _values(entry["resource"])["display"] == "Red"


def test_without_a_release_the_code_system_is_not_known(store: Store, tmp_path: Path) -> None:
    """A gateway without an imported release says so, and other code systems answer."""
    services = Services(request_analysis=lambda *_: "", on_created=fetch_on_arrival)
    settings = replace(load_settings({}), data=str(tmp_path / "other"))
    with TestClient(build_app(store, settings, services)) as made:
        answer = made.get("/fhir/CodeSystem/$lookup", params={"system": ICD, "code": "I10"})
        assert answer.status_code == 404
        unit = {"system": "http://unitsofmeasure.org", "code": "kg"}
        assert made.get("/fhir/CodeSystem/$lookup", params=unit).status_code == 200


def test_the_terminology_statement_lists_what_can_be_asked(
    client: TestClient, ask: Callable[..., dict[str, Any]]
) -> None:
    """Every listed code system is known to $lookup, and every expansion parameter to $expand."""
    said = client.get("/fhir/metadata?mode=terminology").json()
    listed = {one["uri"]: one for one in said["codeSystem"]}
    (release,) = listed[ICD]["version"]
    assert (release["code"], release["isDefault"]) == ("2026-04", True)
    assert "excludes1" in release["property"]
    assert {COLOURS["url"], "http://unitsofmeasure.org"} <= set(listed)
    for url in list(listed)[::100]:
        (issue,) = ask("CodeSystem/$lookup", 404, system=url, code="no-such-code-here")["issue"]
        assert issue["diagnostics"] == "the code system has no such code"
    definition = client.get("/fhir/OperationDefinition/expand").json()
    taken = {p["name"] for p in definition["parameter"] if p["use"] == "in"}
    assert {p["name"] for p in said["expansion"]["parameter"]} == taken
    assert issues(said) == []


def test_imported_procedure_codes_are_code_systems(
    tmp_path: Path, ask: Callable[..., dict[str, Any]]
) -> None:
    """HCPCS and the site's CPT numbers are looked up and expanded; a code that has ended is inactive."""
    imported(tmp_path / "store" / TERMINOLOGY, "hcpcs", "HCPC2026_JAN_ANWEB.txt", HCPCS_TEXT)
    imported(tmp_path / "store" / TERMINOLOGY, "cpt", "numbers.txt", "99213\n99214\n")
    tray = ask("CodeSystem/$lookup", system=HCPCS, code="A4550", **DATE)
    assert _values(tray)["display"] == "Surgical trays for the operating room"
    assert ("inactive", True) in _properties(tray)
    assert ("expirationDate", "2025-12-31") in _properties(tray)
    before = ask("CodeSystem/$lookup", system=HCPCS, code="A4550", date="2025-06-01")
    assert ("inactive", False) in _properties(before)
    cpt = ask("ValueSet/$expand", url=f"{CPT}?fhir_vs", **DATE)
    assert [(one["code"], one["display"]) for one in cpt["expansion"]["contains"]] == [
        ("99213", "99213"),
        ("99214", "99214"),
    ]
    active = ask("ValueSet/$expand", url=f"{HCPCS}?fhir_vs", activeOnly="true", **DATE)
    assert "A4550" not in _codes(active)
    assert "J1100" in _codes(active)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (f"code:below={ICD}|E11", ["c0"]),
        (f"code:above={ICD}|E11.21", ["c0"]),
        (f"code:below={ICD}|E10", []),
        (f"code:in={ICD}?fhir_vs=isa/E11", ["c0"]),
        (f"code:below={ICD}|I10", ["c1"]),
    ],
)
def test_a_search_knows_the_hierarchy_of_icd_10_cm(
    client: TestClient, query: str, found: list[str]
) -> None:
    """Codes below a category, above a code, and in an implicit value set."""
    for number, code in enumerate(("E11.21", "I10")):
        condition = {
            "resourceType": "Condition",
            "id": f"c{number}",
            "subject": {"display": "somebody"},
            "code": {"coding": [{"system": ICD, "code": code}]},
        }
        client.put(f"/fhir/Condition/c{number}", json=condition, headers=FHIR)
    name, _, value = query.partition("=")
    answer = client.get("/fhir/Condition", params={name: value})
    assert answer.status_code == 200, answer.text
    assert [one["resource"]["id"] for one in answer.json().get("entry", ())] == found


def test_a_search_for_too_many_codes_is_refused(client: TestClient) -> None:
    """A search does not look for tens of thousands of codes."""
    answer = client.get("/fhir/Condition", params={"code:in": f"{ICD}?fhir_vs"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("unmapped", "matches"),
    [
        ({"mode": "provided"}, [("equal", "blue")]),
        ({"mode": "fixed", "code": "p0"}, [("inexact", "p0")]),
        ({"mode": "other-map", "url": "https://example.org/other"}, [("equal", "p9")]),
    ],
)
def test_codes_that_a_map_does_not_name(
    client: TestClient, unmapped: dict[str, str], matches: list[tuple[str, str]]
) -> None:
    """They stay as they are, get one fixed code, or are left to another map, as the group says."""
    group = {"source": COLOURS["url"], "target": "https://example.org/paint"}
    named = {"code": "blue", "target": [{"code": "p9", "equivalence": "equal"}]}
    other = {**MAP, "id": "other", "url": "https://example.org/other"}
    other["group"] = [{**group, "element": [named]}]
    client.put("/fhir/ConceptMap/other", json=other, headers=FHIR)
    own = {**MAP, "group": [{**MAP["group"][0], "unmapped": unmapped}]}
    client.put("/fhir/ConceptMap/map", json=own, headers=FHIR)
    query = {"url": MAP["url"], "system": COLOURS["url"], "code": "blue"}
    answer = client.get("/fhir/ConceptMap/$translate", params=query).json()
    found = []
    for one in answer["parameter"]:
        if one["name"] == "match":
            part = {p["name"]: p for p in one["part"]}
            coding = part["concept"]["valueCoding"]["code"]
            found.append((part["equivalence"]["valueCode"], coding))
    assert found == matches


def test_an_expansion_for_a_picker(ask: Callable[..., dict[str, Any]]) -> None:
    """Codes that only group others, a code system and other versions are left out when that is asked."""
    url = {"url": f"{ICD}?fhir_vs=isa/E11.2", **DATE}
    assert _codes(ask("ValueSet/$expand", excludeNotForUI="true", **url)) == [
        "E11.21",
        "E11.22",
        "E11.29",
    ]
    assert _codes(ask("ValueSet/$expand", **{"exclude-system": ICD}, **url)) == []
    named = ask("ValueSet/$expand", **{"system-version": f"{ICD}|2026-04"}, **url)
    assert len(_codes(named)) == 4
    recorded = [p["name"] for p in named["expansion"]["parameter"]]
    assert recorded == ["date", "system-version", "version"]
    ask("ValueSet/$expand", 404, **{"system-version": f"{ICD}|1999"}, **url)
