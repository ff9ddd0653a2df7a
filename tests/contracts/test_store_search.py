"""Search in any store: what each parameter finds, by the words of R4 search.html."""

import pytest

from adapters.store import Store
from profiles.outcome import OperationOutcomeError
from profiles.search.request import understand
from tests.contracts.search_plans import PLANS, force, pages

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def _observation(key: str, code: str, value: float, day: str, patient: str = "p1") -> dict:
    return {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code, "display": f"Test {code}"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": day,
        "valueQuantity": {"value": value, "system": UCUM, "code": "mg", "unit": "mg"},
    }


def _substance(key: str, value: float, unit: str, system: str = UCUM) -> dict:
    quantity = {"value": value, "code": unit, "unit": unit, "system": system}
    return {
        "resourceType": "Substance",
        "id": key,
        "code": {"text": key},
        "instance": [{"quantity": quantity}],
    }


def _questionnaire(key: str, version: str, title: str) -> dict:
    address = {"url": "https://q.example", "version": version}
    return {"resourceType": "Questionnaire", "id": key, **address, "title": title}


def _answers(key: str, questionnaire: str) -> dict:
    return {"resourceType": "QuestionnaireResponse", "id": key, "questionnaire": questionnaire}


RECORD = [
    {
        "resourceType": "Patient",
        "id": "p1",
        "identifier": [
            {
                "system": "https://h.example",
                "value": "1,2",
                "type": {"coding": [{"system": "https://t.example", "code": "MR"}]},
            }
        ],
        "name": [{"family": "Müller", "given": ["Ana", "Maria"]}],
        "gender": "female",
        "birthDate": "1970-05-05",
        "deceasedDateTime": "2020",
        "generalPractitioner": [{"reference": "Practitioner/dr"}],
        "managingOrganization": {
            "identifier": {"system": "https://o.example", "value": "77"},
            "display": "Town hospital",
        },
        "meta": {"tag": [{"system": "https://tag.example", "code": "a"}]},
    },
    {
        "resourceType": "Patient",
        "id": "p2",
        "name": [{"family": "Muellermann", "given": ["Bo"]}],
        "gender": "male",
        "birthDate": "1980-06",
        "active": True,
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">likes chess</div>',
        },
    },
    {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "House"}]},
    _observation("o1", "a", 5.4, "2020-01-10T10:00:00Z"),
    _observation("o2", "a", 9, "2021-03-01"),
    _observation("o3", "b", 120, "2020-06-30", "p2"),
    {
        "resourceType": "Observation",
        "id": "o4",
        "status": "amended",
        "code": {"text": "Blood pressure", "coding": [{"code": "note"}]},
        "valueString": "Mild pain",
        "subject": {"reference": "Patient/p2"},
        "effectivePeriod": {"start": "2020-01-01", "end": "2020-12-31"},
        "component": [
            {
                "code": {"coding": [{"system": LOINC, "code": "sys"}]},
                "valueQuantity": {"value": 140, "unit": "mmHg"},
            },
            {
                "code": {"coding": [{"system": LOINC, "code": "dia"}]},
                "valueQuantity": {"value": 90, "unit": "mmHg"},
            },
        ],
    },
    {
        "resourceType": "Location",
        "id": "here",
        "status": "active",
        "position": {"latitude": 48.2, "longitude": 16.37},
    },
    {
        "resourceType": "Location",
        "id": "room",
        "status": "active",
        "partOf": {"reference": "Location/here"},
    },
    {"resourceType": "Location", "id": "bed", "partOf": {"reference": "Location/room"}},
    {"resourceType": "Location", "id": "ring", "partOf": {"reference": "Location/ring"}},
    {"resourceType": "Procedure", "id": "op", "location": {"reference": "Location/bed"}},
    _questionnaire("q1", "1.0", "First"),
    _questionnaire("q2", "2.0", "Second"),
    _answers("any", "https://q.example"),
    _answers("one", "https://q.example|1.0"),
    {
        "resourceType": "ValueSet",
        "id": "vs",
        "url": "https://vs.example/a/b",
        "status": "active",
        "compose": {"include": [{"system": LOINC, "concept": [{"code": "a"}]}]},
    },
    {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "in-progress",
        "class": {"system": "https://c.example", "code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2020-05-01", "end": "9999-12-31"},
    },
    {
        "resourceType": "InsurancePlan",
        "id": "plan",
        "alias": ["Silver"],
        "meta": {"profile": ["https://p.example/plan|2"]},
    },
    {
        "resourceType": "Device",
        "id": "scale",
        "identifier": [
            {"system": "https://d.example", "value": "SN-Ab12"},
            {"system": ACT, "value": "X"},
        ],
        "type": {"coding": [{"system": "https://k.example", "code": "Scale"}]},
        "udiCarrier": [{"deviceIdentifier": "Ab-1"}],
    },
    {
        "resourceType": "Device",
        "id": "visitor",
        "identifier": [{"system": "https://d.example", "value": "sn-Ab13"}],
        "type": {"coding": [{"system": ACT, "code": "AMB"}, {"system": ACT, "code": "OBSENC"}]},
    },
    _substance("warm", 98.6, "[degF]"),
    _substance("half", 0.5, "g"),
    _substance("little", 0.00054, "g"),
    _substance("pieces", 12, "{pieces}"),
    _substance("odd", 3, "scoops"),
    {
        "resourceType": "Substance",
        "id": "over",
        "code": {"text": "over"},
        "instance": [
            {
                "quantity": {
                    "value": 7,
                    "comparator": ">",
                    "code": "cm",
                    "system": UCUM,
                    "unit": "cm",
                }
            }
        ],
    },
    {
        "resourceType": "RiskAssessment",
        "id": "between",
        "status": "final",
        "subject": {"reference": "Patient/p3"},
        "prediction": [{"probabilityRange": {"low": {"value": 10}, "high": {"value": 30}}}],
    },
    _substance("euro", 500, "mg", "https://u.example"),
    {"resourceType": "List", "id": "l", "entry": [{"item": {"reference": "Patient/p2"}}]},
    {
        "resourceType": "RiskAssessment",
        "id": "ra",
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "prediction": [{"probabilityDecimal": 0.25}],
    },
]

FOUND = [
    # token
    ("Patient", "gender=male", "p2"),
    ("Patient", "gender:not=male", "p1"),
    ("Patient", "gender=http://hl7.org/fhir/administrative-gender|male", "p2"),
    ("Patient", "gender=https://other.example|male", ""),
    ("Patient", "gender:not=http://hl7.org/fhir/administrative-gender|male", "p1"),
    ("Patient", "active=http://terminology.hl7.org/CodeSystem/special-values|true", "p2"),
    ("Patient", "gender=male,female", "p1 p2"),
    ("Patient", "active:missing=true", "p1"),
    ("Patient", "active:missing=false", "p2"),
    ("Patient", "deceased=true", "p1"),
    ("Patient", "deceased=false", "p2"),
    ("Patient", "identifier=https://h.example|1\\,2", "p1"),
    ("Patient", "identifier=https://h.example|", "p1"),
    ("Patient", "identifier=|1\\,2", ""),
    ("Patient", "identifier:of-type=https://t.example|MR|1\\,2", "p1"),
    ("Patient", "_tag=https://tag.example|a", "p1"),
    ("Observation", f"code={LOINC}|a", "o1 o2"),
    ("Observation", "code:text=test a", "o1 o2"),
    ("Observation", "code:text=blood", "o4"),
    ("Observation", "code:in=https://vs.example/a/b", "o1 o2"),
    ("Observation", "code:not-in=ValueSet/vs", "o3 o4"),
    ("Observation", "status:not=final", "o4"),
    # token: in any case, except where the code system or the element tells codes apart by case
    ("Device", "identifier=sn-ab12", "scale"),
    ("Device", "identifier=https://d.example|SN-AB12,https://d.example|sn-ab13", "scale visitor"),
    ("Device", "identifier=SN-AB12,SN-AB13", "scale visitor"),
    ("Device", f"identifier={ACT}|x", "scale"),
    ("Device", "type=scale", "scale"),
    ("Device", "type=https://k.example|SCALE", "scale"),
    ("Device", "type=AMB", "visitor"),
    ("Device", "type=amb", ""),
    ("Device", f"type={ACT}|AMB", "visitor"),
    ("Device", f"type={ACT}|Amb", ""),
    ("Device", f"type={ACT}|Amb,{ACT}|OBSENC,{ACT}|imp", "visitor"),
    ("Device", "type=amb,SCALE,Obsenc", "scale"),
    ("Device", f"type={ACT}|", "visitor"),
    ("Device", f"type:not={ACT}|", "scale"),
    ("Device", "type=https://nothing.example|", ""),
    ("Device", "identifier=https://d.example|", "scale visitor"),
    ("Patient", "identifier:of-type=https://t.example|mr|1\\,2", "p1"),
    ("Patient", "organization:identifier=https://o.example|", "p1"),
    ("Patient", "gender=Male", ""),
    ("Patient", "active=TRUE", ""),
    ("Patient", "_id=P1", ""),
    ("Patient", "_tag=https://tag.example|A", "p1"),
    # string
    ("Patient", "family=mull", "p1"),
    ("Patient", "family:exact=Müller", "p1"),
    ("Patient", "family:exact=Muller", ""),
    ("Patient", "family:contains=LLER", "p1 p2"),
    ("Patient", "name=maria", "p1"),
    ("Patient", "given=ana,bo", "p1 p2"),
    # date
    ("Patient", "birthdate=1970", "p1"),
    ("Patient", "birthdate=ge1970&birthdate=lt1980", "p1"),
    ("Patient", "birthdate=gt1970", "p2"),
    ("Patient", "birthdate=le1970-05-05", "p1"),
    ("Patient", "birthdate=ne1970-05-05", "p2"),
    ("Observation", "date=2020", "o1 o3 o4"),
    ("Observation", "date=ge2020-06-30", "o2 o3 o4"),
    ("Observation", "date=sa2020-06-30", "o2"),
    ("Observation", "date=eb2020-06-30", "o1"),
    ("Observation", "date=2020-01-10T10:00:00%2B00:00", "o1"),
    ("Observation", "date=lt9999", "o1 o2 o3 o4"),
    ("Encounter", "date=9999", ""),
    ("Encounter", "date=gt9998-12-31", "visit"),
    ("Encounter", "date=eq9999-12", ""),
    ("Encounter", "date=eb9999-12-31", ""),
    # quantity and number
    ("Observation", f"value-quantity=5.4|{UCUM}|mg", "o1"),
    ("Observation", "value-quantity=gt8", "o2 o3"),
    ("Observation", "value-quantity=1.2e2", "o3"),
    ("Observation", "value-quantity=ap5||mg", "o1"),
    ("Observation", "value-quantity=ne9", "o1 o3"),
    ("Observation", "value-quantity=1e2", ""),
    ("Observation", "component-value-quantity=ge9e1", "o4"),
    ("Observation", f"value-quantity=5.4e-3|{UCUM}|g", "o1"),
    ("Observation", f"value-quantity=gt0.005|{UCUM}|g", "o1 o2 o3"),
    ("Observation", f"value-quantity=0.12|{UCUM}|g", "o3"),
    ("Observation", f"value-quantity=5.4|{UCUM}|mmol", ""),
    ("Substance", f"quantity=500|{UCUM}|mg", "half"),
    ("Substance", f"quantity=0.54|{UCUM}|mg", "little"),
    ("Substance", f"quantity=0.5|{UCUM}|mg", "little"),
    ("Substance", f"quantity=0.50|{UCUM}|mg", ""),
    ("Substance", f"quantity=ne0.54|{UCUM}|mg", "half"),
    ("Substance", f"quantity=gt540|{UCUM}|ug", "half"),
    ("Substance", f"quantity=ge540|{UCUM}|ug", "half little"),
    ("Substance", f"quantity=lt5.4e-7|{UCUM}|kg", ""),
    ("Substance", f"quantity=le5.4e-7|{UCUM}|kg", "little"),
    ("Substance", f"quantity=ap510|{UCUM}|mg", "half"),
    ("Substance", f"quantity=37.0|{UCUM}|Cel", "warm"),
    ("Substance", f"quantity=310.15|{UCUM}|K", "warm"),
    ("Substance", f"quantity=12|{UCUM}|1", "pieces"),
    ("Substance", f"quantity=1.2|{UCUM}|10*1", "pieces"),
    ("Substance", f"quantity=3|{UCUM}|scoops", "odd"),
    ("Substance", "quantity=0.5||g", "half"),
    ("Substance", "quantity=500||mg", "euro"),
    ("Substance", "quantity=500|https://u.example|mg", "euro"),
    ("Substance", f"quantity=0.5|{UCUM}|", "half"),
    ("Substance", f"quantity=gt1e300|{UCUM}|ym", "over"),
    ("RiskAssessment", "probability=0.25", "ra"),
    ("RiskAssessment", "probability=0.2", ""),
    ("RiskAssessment", "probability=0.3", "ra"),
    ("RiskAssessment", "probability=lt0.25", ""),
    *(
        ("RiskAssessment", f"probability={value}", "between")
        for value in ("gt5", "gt10", "gt29", "ge5", "ge10", "ge29", "sa9", "ap31", "ap20", "ap9.5")
    ),
    ("RiskAssessment", "probability=gt30", ""),
    ("RiskAssessment", "probability=ge30", ""),
    ("RiskAssessment", "probability=sa10", ""),
    ("RiskAssessment", "probability=le30", "between ra"),
    ("RiskAssessment", "probability=le10", "ra"),
    ("RiskAssessment", "probability=eb30", "ra"),
    ("RiskAssessment", "probability=eb31", "between ra"),
    ("Substance", f"quantity=gt0.1|{UCUM}|m", "over"),
    ("Substance", f"quantity=ge0.1|{UCUM}|m", "over"),
    ("Substance", f"quantity=ap100|{UCUM}|mm", "over"),
    ("Substance", f"quantity=sa6|{UCUM}|cm", "over"),
    ("Substance", f"quantity=lt0.1|{UCUM}|m", "over"),
    ("Substance", f"quantity=le0.07|{UCUM}|m", ""),
    ("Substance", f"quantity=eb1|{UCUM}|km", ""),
    ("Substance", f"quantity=10|{UCUM}|cm", ""),
    # reference
    ("Observation", "subject=Patient/p1", "o1 o2"),
    ("Observation", "patient=p1", "o1 o2"),
    ("Observation", "subject:Patient=p2", "o3 o4"),
    ("Observation", "subject=http://base.example/fhir/Patient/p1", "o1 o2"),
    ("Patient", "organization:identifier=https://o.example|77", "p1"),
    ("Patient", "organization:text=town", "p1"),
    ("Observation", "subject:Group=Patient/p1", ""),
    ("Patient", "_id=Observation/p1", ""),
    # hierarchies and canonical addresses
    ("Location", "partof:below=here", "bed room"),
    ("Location", "partof:above=bed", "bed room"),
    ("Location", "partof:below=ring", "ring"),
    ("Procedure", "location:below=Location/here", "op"),
    ("Procedure", "location:below=bed", "op"),
    ("Procedure", "location:above=room", ""),
    ("QuestionnaireResponse", "questionnaire=https://q.example", "any one"),
    ("QuestionnaireResponse", "questionnaire=https://q.example|1.0", "one"),
    ("QuestionnaireResponse", "questionnaire:below=https://q.example|1", "one"),
    ("QuestionnaireResponse", "questionnaire:above=https://q.example|1.0.7", "one"),
    ("QuestionnaireResponse", "questionnaire.title=first", "any one"),
    ("QuestionnaireResponse", "questionnaire.title=second", "any"),
    ("Questionnaire", "_has:QuestionnaireResponse:questionnaire:_id=any", "q1 q2"),
    ("Questionnaire", "_has:QuestionnaireResponse:questionnaire:_id=one", "q1"),
    # uri
    ("ValueSet", "url=https://vs.example/a/b", "vs"),
    ("ValueSet", "url:below=https://vs.example/a", "vs"),
    ("ValueSet", "url:above=https://vs.example/a/b/c", "vs"),
    ("ValueSet", "url:contains=EXAMPLE", "vs"),
    ("InsurancePlan", "name=silver", "plan"),
    ("InsurancePlan", "_profile=https://p.example/plan", "plan"),
    ("InsurancePlan", "_profile=https://p.example/plan|2", "plan"),
    ("InsurancePlan", "_profile=https://p.example/plan|1", ""),
    ("InsurancePlan", "_profile:below=https://p.example", "plan"),
    # chains
    ("Observation", "subject:Patient.family=mull", "o1 o2"),
    ("Observation", "patient.general-practitioner.family=house", "o1 o2"),
    ("Observation", "subject.gender:not=female", "o3 o4"),
    ("Encounter", "subject.gender:not=male", "visit"),
    ("Encounter", "subject:Group.type:not=person", ""),
    ("Encounter", "subject:Group.type:missing=true", ""),
    ("Encounter", "subject.active:missing=true", "visit"),
    ("Encounter", "subject:Patient._has:Observation:subject:_id=o1", "visit"),
    ("Encounter", "subject:Group._has:Observation:subject:_id=o1", ""),
    ("Patient", f"_has:Observation:patient:code={LOINC}|b", "p2"),
    ("Practitioner", "_has:Patient:general-practitioner:_has:Observation:patient:code=a", "dr"),
    ("Practitioner", "_has:Patient:general-practitioner:birthdate=lt1971", "dr"),
    ("Observation", "patient._has:RiskAssessment:patient:_id=ra", "o1 o2"),
    # composite and special
    ("Observation", "code-value-quantity=a$gt8", "o2"),
    ("Observation", f"code-value-quantity={LOINC}|a$gt0.0085|{UCUM}|g", "o2"),
    ("Observation", f"code-value-quantity=A$5.4e-3|{UCUM}|g", "o1"),
    ("Observation", f"code-value-quantity={LOINC}|A$le5400|{UCUM}|ug", "o1"),
    ("Observation", "code-value-quantity=a$5.4||mg", "o1"),
    ("Observation", f"combo-code-value-quantity=B$120000|{UCUM}|ug", "o3"),
    ("Observation", f"component-code-value-quantity={LOINC}|sys$140", "o4"),
    ("Observation", "component-code-value-quantity=dia$140", ""),
    ("Observation", "component-code-value-quantity=DIA$90", "o4"),
    ("Observation", "component-code-value-quantity=|dia$90", ""),
    ("Observation", "component-code-value-quantity=dia$90||mmHg", "o4"),
    ("Observation", f"component-code-value-quantity={LOINC}|$gt100", "o4"),
    ("Observation", "code-value-string=note$MILD", "o4"),
    ("Observation", "code-value-string=note$pain", ""),
    ("Observation", "combo-code-value-quantity=sys$gt100,b$gt100", "o3 o4"),
    ("Observation", "combo-code=b,sys", "o3 o4"),
    ("Observation", "combo-code:not=b,sys", "o1 o2"),
    ("Observation", "combo-code:text=test a", "o1 o2"),
    ("Observation", "combo-value-quantity=gt100", "o3 o4"),
    ("Observation", "combo-value-quantity:missing=false&code=a", "o1 o2"),
    ("Observation", "combo-value-quantity:missing=true", ""),
    ("Observation", "combo-value-concept:missing=false", ""),
    ("Observation", f"combo-code-value-quantity={LOINC}|dia$90", "o4"),
    ("Patient", "_has:Observation:patient:combo-code=dia", "p2"),
    ("Location", "near=48.21|16.36|5|km", "here"),
    ("Location", "near=40|16|100|km", ""),
    # of every resource
    ("Patient", "_id=p1,p2,nobody", "p1 p2"),
    ("Patient", "_list=l", "p2"),
    ("Patient", "_text=chess", "p2"),
    ("Patient", "_content=hospital", "p1"),
    ("Patient", "_lastUpdated=gt2020", "p1 p2"),
]


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with a small record."""
    store.transact(lambda tx: [tx.put(resource) for resource in RECORD])
    return store


def _pairs(query: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in query.replace("%2B", "+").split("&")]
    return [(name, value) for name, _, value in parts]


def test_each_parameter_finds_what_r4_says(filled):
    """Every kind, prefix, modifier, chain and reverse chain, in one record."""
    wrong = {}
    for kind, query, wanted in FOUND:
        page = filled.search(kind, _pairs(query), base="http://base.example/fhir")
        found = " ".join(sorted(match.id for match in page.matches))
        if found != wanted or page.ignored:
            wrong[f"{kind}?{query}"] = found
    assert wrong == {}


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("date", "o4 o1 o3 o2"),
        ("-date", "o2 o3 o1 o4"),
        ("value-quantity", "o1 o2 o3 o4"),
        ("-value-quantity", "o3 o2 o1 o4"),
        ("combo-value-quantity", "o1 o2 o4 o3"),
        ("status,-date", "o4 o2 o3 o1"),
        ("_id", "o1 o2 o3 o4"),
        ("code", "o1 o2 o3 o4"),
        ("-code", "o4 o3 o2 o1"),
        ("status", "o4 o1 o2 o3"),
        ("value-string", "o4 o3 o2 o1"),
        ("patient,_id", "o1 o2 o3 o4"),
    ],
)
def test_pages_follow_the_order_that_was_asked_for(filled, monkeypatch, sort, order):
    """One by one through all pages, listed or walked: the order of the values, what has none last.

    A period, that of o4, is where it begins.
    """
    expected = order.split()
    for plan in PLANS:
        force(monkeypatch, plan)
        assert _walk(filled, sort) == expected


@pytest.mark.parametrize("down", ["", "-"])
@pytest.mark.parametrize("code", ["performer", "_id", "encounter"])
@pytest.mark.parametrize("count", ["1", "2", "50"])
def test_an_order_by_references_is_walked_as_it_is_listed(store, monkeypatch, down, code, count):
    """By the ids of what is referred to, of any type, contained too; what leads nowhere here comes last."""
    performers = [
        ("m", "Patient/c"),
        ("a", "Practitioner/b", "Patient/z"),
        ("k", "Organization/a", "Patient/a"),
        ("z", "https://theirs.example/fhir/Patient/a"),
        ("b",),
        ("y", "#in"),
        ("c", "Patient/c", "Practitioner/b"),
        ("x", "https://theirs.example/fhir/Patient/a", "Patient/b"),
    ]
    inside = [{"resourceType": "Practitioner", "id": "in"}]
    made = [
        {
            "resourceType": "Observation",
            "id": key,
            "performer": [{"reference": text} for text in texts],
            **({"contained": inside} if "#in" in texts else {}),
        }
        for key, *texts in performers
    ]
    store.transact(lambda tx: [tx.put(one) for one in made])
    listed = _walk(store, f"{down}{code}", count=count)
    force(monkeypatch, "walked")
    assert _walk(store, f"{down}{code}", count=count) == listed
    assert sorted(listed) == sorted(key for key, *_ in performers)


SEVERAL_KEYS = (
    "patient,-date",
    "-patient,_id",
    "date,patient",
    "-date,-_id",
    "value-quantity,date",
    "status,-date",
    "-status,code,-value-quantity",
    "code,status",
    "-code,date,patient",
    "performer,-code",
    "-performer,date",
    "_lastUpdated,status",
    "-_lastUpdated,-date",
    "category,-_lastUpdated",
    "-combo-code,date",
    "date,combo-code",
)


def test_an_order_by_several_keys_is_walked_as_it_is_listed(store, monkeypatch):
    """Through all pages, however many share a value or have several, and with some that have none."""
    made = [
        _observation(f"o{at:02d}", "c", float(at % 4), f"202{at % 3}-01-01", f"p{at * at % 5}")
        for at in range(18)
    ]
    for at, one in enumerate(made):
        one["status"] = ("final", "amended", "preliminary")[at * at % 3]
        one["code"]["coding"] += [{"system": LOINC, "code": "bde"[at % 3]}][: at % 2]
        one["performer"] = [{"reference": f"Patient/p{at * n % 3}"} for n in range(at % 3)]
    for at, name in ((3, "subject"), (7, "effectiveDateTime"), (11, "valueQuantity")):
        del made[at][name]
    for start in (0, 9):
        store.transact(lambda tx, at=start: [tx.put(one) for one in made[at : at + 9]])
    listed = {sort: _walk(store, sort) for sort in SEVERAL_KEYS}
    force(monkeypatch, "walked")
    for sort, expected in listed.items():
        assert sorted(expected) == sorted(one["id"] for one in made)
        for near, count in ((0, "1"), (3, "2"), (0, "5"), (200, "5")):
            monkeypatch.setattr("adapters.sql.search.groups.NEAR", near)
            assert _walk(store, sort, count=count) == expected, (sort, near, count)


def _walk(store: Store, sort: str, kinds: str = "Observation", count: str = "1") -> list[str]:
    every = pages(store, kinds.split(","), [("_sort", sort), ("_count", count)])
    return [match.id for page in every for match in page.matches]


def test_walking_and_listing_find_the_same(filled, monkeypatch):
    """Whichever set drives the query, the result is the same."""
    force(monkeypatch, "walked")
    test_each_parameter_finds_what_r4_says(filled)


def test_includes_follow_references_both_ways_and_further(filled):
    """_include, _revinclude, :iterate, and a type that narrows."""

    def included(kind: str, *pairs: tuple[str, str]) -> set[str]:
        request = understand((kind,), pairs, filled.registry)
        return {version.id for version in filled.run(request).included}

    assert included("Observation", ("_id", "o1"), ("_include", "Observation:subject")) == {"p1"}
    assert included("Observation", ("_id", "o1"), ("_include", "*")) == {"p1"}
    narrowed = ("_include", "Observation:subject:Group")
    assert included("Observation", ("_id", "o1"), narrowed) == set()
    further = ("_include:iterate", "Patient:general-practitioner")
    first = ("_include", "Observation:patient")
    assert included("Observation", ("_id", "o1"), first, further) == {"p1", "dr"}
    back = ("_revinclude", "Observation:patient")
    assert included("Patient", ("_id", "p2"), back) == {"o3", "o4"}
    narrowed = ("_revinclude", "Observation:subject:Group")
    assert included("Patient", ("_id", "p2"), narrowed) == set()
    upwards = ("_include:iterate", "Location:partof")
    assert included("Procedure", ("_id", "op"), ("_include", "*"), upwards) == {
        "bed",
        "room",
        "here",
    }
    assert included("Location", ("_id", "ring"), upwards) == set()


def test_includes_follow_canonical_addresses(filled):
    """A version means one definition, none means every version of it; both ways."""

    def included(kind: str, *pairs: tuple[str, str]) -> set[str]:
        request = understand((kind,), pairs, filled.registry)
        return {version.id for version in filled.run(request).included}

    named = ("_include", "QuestionnaireResponse:questionnaire")
    assert included("QuestionnaireResponse", ("_id", "one"), named) == {"q1"}
    assert included("QuestionnaireResponse", ("_id", "any"), named) == {"q1", "q2"}
    naming = ("_revinclude", "QuestionnaireResponse:questionnaire")
    assert included("Questionnaire", ("_id", "q2"), naming) == {"any"}


LIBRARY = "https://l.example"


@pytest.fixture
def libraries(store: Store) -> Store:
    """Two versions of a definition, and what names them with a version, without one, and both ways."""
    types = {"type": {"coding": [{"code": "logic-library"}]}, "status": "active"}
    names = {"one": ["|1.0"], "any": [""], "both": ["", "|1.0"], "two": ["|1.0", "|2.0"]}
    made = [
        {"resourceType": "Library", "id": f"v{at}", "url": LIBRARY, "version": f"{at}.0", **types}
        for at in (1, 2)
    ]
    for key, ends in names.items():
        named = [f"{LIBRARY}{end}" for end in ends]
        one = {"resourceType": "ActivityDefinition", "id": key, "status": "active"}
        made.append({**one, "library": named, "meta": {"profile": named}})
    store.transact(lambda tx: [tx.put(resource) for resource in made])
    return store


@pytest.mark.parametrize("name", ["depends-on", "_profile"])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (LIBRARY, "any both one two"),
        (f"{LIBRARY}|1.0", "both one two"),
        (f"{LIBRARY}|2.0", "two"),
        (f"{LIBRARY}|3.0", ""),
        (f"{LIBRARY},{LIBRARY}|1.0", "any both one two"),
        (f"{LIBRARY}|1.0,{LIBRARY}|2.0", "both one two"),
        (f"{LIBRARY}|", ""),
        (f"https://nothing.example,{LIBRARY}|2.0", "two"),
    ],
)
def test_a_canonical_is_found_with_its_version_and_without(libraries, name, query, wanted):
    """One that names both ways is found both ways, and so is either of two values of a query."""
    found = libraries.search("ActivityDefinition", [(name, query)]).matches
    assert " ".join(sorted(match.id for match in found)) == wanted


@pytest.mark.parametrize(
    ("key", "wanted"), [("one", "v1"), ("any", "v1 v2"), ("both", "v1 v2"), ("two", "v1 v2")]
)
def test_a_canonical_without_a_version_means_every_one(libraries, key, wanted):
    """Beside one that has a version too: in an include, a chain and their reverses."""
    naming = [("_id", key), ("_include", "ActivityDefinition:depends-on")]
    request = understand(("ActivityDefinition",), naming, libraries.registry)
    assert {one.id for one in libraries.run(request).included} == set(wanted.split())
    for version in ("v1", "v2"):
        back = [("_id", version), ("_revinclude", "ActivityDefinition:depends-on")]
        request = understand(("Library",), back, libraries.registry)
        meant = version in wanted
        assert (key in {one.id for one in libraries.run(request).included}) == meant
        chained = libraries.search(
            "ActivityDefinition", [("depends-on:Library.version", f"{version[1]}.0")]
        )
        assert (key in {one.id for one in chained.matches}) == meant
    led = libraries.search("Library", [("_has:ActivityDefinition:depends-on:_id", key)])
    assert {one.id for one in led.matches} == set(wanted.split())


def test_a_canonical_may_name_a_version_with_capitals(filled):
    """As it is written: the definition is included."""
    made = [
        _questionnaire("beta", "3.0-Beta", "Third"),
        _answers("b", "https://q.example|3.0-Beta"),
    ]
    filled.transact(lambda tx: [tx.put(resource) for resource in made])
    pairs = [("_id", "b"), ("_include", "QuestionnaireResponse:questionnaire")]
    request = understand(("QuestionnaireResponse",), pairs, filled.registry)
    assert [one.id for one in filled.run(request).included] == ["beta"]


def test_a_negation_stays_within_its_type(filled):
    """Over several types, each is asked for its own values."""
    kinds = ("Patient", "Practitioner", "Location")
    request = understand(kinds, [("_tag:not", "https://tag.example|a")], filled.registry)
    found = {version.id for version in filled.run(request).matches}
    assert found == {"p2", "dr", "here", "room", "bed", "ring"}
    assert (
        len(filled.run(understand(kinds, [("gender:not", "male")], filled.registry)).matches) == 2
    )


def test_a_reference_finds_its_target_that_comes_later(store):
    """What is referred to before it is there is linked when it comes, and not shown before."""
    store.transact(lambda tx: tx.put(_observation("o1", "a", 1, "2020", "later")))
    assert store.search("Patient", []).matches == ()
    assert store.current("Patient", "later") is None
    store.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "later", "gender": "other"}))
    assert store.read("Patient", "later").version == 1
    assert len(store.search("Observation", [("patient.gender", "other")]).matches) == 1


def test_an_update_is_found_by_its_new_values_alone(filled):
    """Old index rows go with the old version, and all of them with a deletion."""
    filled.transact(lambda tx: tx.put({"resourceType": "Patient", "id": "p1", "gender": "other"}))
    assert filled.search("Patient", [("family", "mull")]).matches == ()
    assert len(filled.search("Patient", [("gender", "other")]).matches) == 1
    filled.transact(lambda tx: tx.delete("Patient", "p1"))
    assert filled.search("Patient", [("gender", "other")]).matches == ()
    assert filled.search("Patient", [("active:missing", "true")]).matches == ()


@pytest.mark.parametrize(
    "query",
    [
        "birthdate=yesterday",
        "birthdate=2020-02-30",
        "family:sounds=x",
        "gender=",
        "_has:Observation=x",
        "gender:missing=maybe",
        "organization:Nothing=1",
        "_sort=colour",
        "_include=Patient:name",
        "_count=-1",
        "_total=roughly",
        "_filter=gender eq male",
        "_query=mine",
        "_list=$current-problems",
        "_sort=_score",
        "_id:above=p1",
        "_text:exact=chess",
    ],
)
def test_what_is_malformed_is_refused(filled, query):
    """A clear error, never everything and never nothing."""
    if query == "gender=":
        assert filled.search("Patient", _pairs(query)).ignored == (("gender", ""),)
        return
    with pytest.raises(OperationOutcomeError) as refused:
        filled.search("Patient", _pairs(query))
    assert refused.value.kind.http == 400


CONTAINER = {
    "resourceType": "Observation",
    "id": "box",
    "contained": [
        {
            "resourceType": "Patient",
            "id": "in",
            "name": [{"family": "Inner"}],
            "managingOrganization": {"reference": "#org"},
        },
        {"resourceType": "Organization", "id": "org", "name": "Ward"},
        {"resourceType": "Provenance", "id": "pv", "target": [{"reference": "#"}]},
    ],
    "subject": {"reference": "#in"},
    "performer": [{"reference": "#org"}],
}


def _contained(store: Store, kind: str, query: str) -> str:
    found = store.run(understand((kind,), _pairs(query), store.registry)).matches
    return " ".join(sorted(version.id for version in found))


@pytest.mark.parametrize(
    ("kind", "query", "found"),
    [
        ("Patient", "family=inner", ""),
        ("Observation", "subject:Patient.family=inner", "box"),
        ("Observation", "patient.family=inner", "box"),
        ("Observation", "patient.family:missing=true", ""),
        ("Observation", "patient.organization.name=ward", "box"),
        ("Observation", "performer:Organization.name=ward", "box"),
        ("Patient", "family=inner&_contained=true", "box"),
        ("Patient", "family=inner&_contained=true&_containedType=contained", "Observation/box#in"),
        ("Patient", "_contained=true&_containedType=contained&family:missing=true", ""),
        ("Patient", "_contained=both&_containedType=contained", "Observation/box#in p1 p2"),
        ("Patient", "_contained=both&gender:not=male", "box p1"),
        ("Patient", "_contained=true&_id=in&_containedType=contained", "Observation/box#in"),
        ("Patient", "_contained=true&organization.name=ward", "box"),
        ("Patient", "family:contains=nne&_contained=true", "box"),
        ("Patient", "_content=inner&_contained=true", "box"),
        ("Patient", "_content=ward&_contained=true", ""),
        ("Patient", "_has:Observation:patient:status=final&_contained=true", ""),
        ("Observation", "subject:Patient.family:contains=nner", "box"),
        ("Provenance", "_contained=true&target=Observation/box", "box"),
        ("Observation", "_contained=false&status=amended", "o4"),
    ],
)
def test_contained_resources_are_found_where_they_are_asked_for(filled, kind, query, found):
    """By chains always, by _contained as matches, shown by their container or by themselves."""
    filled.transact(lambda tx: tx.put(CONTAINER))
    assert _contained(filled, kind, query) == found


def test_what_is_contained_goes_with_its_container(filled):
    """An update takes away what is contained no more, a deletion all of it; indexing anew changes nothing."""
    filled.transact(lambda tx: tx.put(CONTAINER))
    assert "#Patient" not in filled.kinds()
    filled.transact(lambda tx: tx.reindex_from(("Observation",), 0, 100))
    assert _contained(filled, "Patient", "_contained=true") == "box"
    other = {**CONTAINER, "contained": [{**CONTAINER["contained"][0], "name": [{"family": "New"}]}]}
    filled.transact(lambda tx: tx.put(other))
    assert _contained(filled, "Observation", "patient.family=inner") == ""
    assert _contained(filled, "Observation", "patient.family=new") == "box"
    assert _contained(filled, "Organization", "_contained=true") == ""
    filled.transact(lambda tx: tx.put({**CONTAINER, "contained": []}))
    assert _contained(filled, "Patient", "_contained=both&family=new") == ""
    filled.transact(lambda tx: tx.put(CONTAINER))
    assert _contained(filled, "Patient", "_contained=true&family=inner") == "box"
    filled.transact(lambda tx: tx.delete("Observation", "box"))
    assert _contained(filled, "Patient", "_contained=true") == ""


def test_what_is_contained_refers_to_others(filled):
    """A reverse chain asks contained resources too, and those of another value do not count."""
    inside = {**_observation("in", "x", 3, "2020", "p2"), "status": "amended"}
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": {"text": "r"},
        "contained": [inside],
        "result": [{"reference": "#in"}],
    }
    asked = [("_has:Observation:patient:code", f"{LOINC}|x")]
    assert filled.search("Patient", asked).matches == ()
    filled.transact(lambda tx: tx.put(report))
    assert [one.id for one in filled.search("Patient", asked).matches] == ["p2"]
    other = [("_has:Observation:patient:code", f"{LOINC}|y")]
    assert filled.search("Patient", other).matches == ()
    filled.transact(lambda tx: tx.delete("DiagnosticReport", "r"))
    assert filled.search("Patient", asked).matches == ()


@pytest.mark.parametrize("plan", PLANS)
def test_tokens_and_addresses_have_an_order_too(store, monkeypatch, plan):
    """By the smallest of several values upwards, by the largest downwards, page by page."""
    force(monkeypatch, plan)
    tokens = [[f"{7 * at % 23:02}", f"{5 * at % 23:02}"] for at in range(23)]
    put = [
        {
            "resourceType": "ValueSet",
            "id": f"v{at}",
            "url": f"https://v.example/{11 * at % 23:02}",
            "identifier": [{"system": "urn:s", "value": f"{value}-{at}"} for value in values],
        }
        for at, values in enumerate(tokens)
    ]
    store.transact(lambda tx: [tx.put(r) for r in (*put, {"resourceType": "ValueSet", "id": "no"})])
    ends = [[f"{value}-{at}" for value in values] for at, values in enumerate(tokens)]
    upwards = sorted(range(23), key=lambda at: min(ends[at]))
    downwards = sorted(range(23), key=lambda at: max(ends[at]), reverse=True)
    by_url = sorted(range(23), key=lambda at: put[at]["url"])
    for sort, order in (("identifier", upwards), ("-identifier", downwards), ("url", by_url)):
        assert _walk(store, sort, "ValueSet", "4") == [*(f"v{at}" for at in order), "no"], sort


@pytest.mark.parametrize(("sort", "order"), [("", "d p e"), ("_lastUpdated", "e p d")])
def test_several_types_are_in_one_order(store, monkeypatch, sort, order):
    """The newest of every type first unless something else is asked for, page by page."""
    force(monkeypatch, "walked")
    for kind, key in (("Encounter", "e"), ("Patient", "p"), ("Device", "d")):
        store.transact(lambda tx, kind=kind, key=key: tx.put({"resourceType": kind, "id": key}))
    assert _walk(store, sort, "Patient,Encounter,Device", "1") == order.split()
