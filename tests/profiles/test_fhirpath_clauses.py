"""FHIRPath: expressions whose meaning was in doubt, each with the clause of FHIRPath N1 that decides it."""

import pytest

from profiles.fhirpath.engine import compile_expression
from profiles.fhirpath.quantities import Quantity
from profiles.fhirpath.temporal import Temporal
from profiles.outcome import OperationOutcomeError

ERROR = object()

QUANTITIES = [
    ("5.5", "1 = 1 '1'", [True]),
    ("5.5", "1.0 ~ 1 '1'", [True]),
    ("5.5", "1 < 2 '1'", [True]),
    ("5.5", "1 + 1 '1'", ["2 '1'"]),
    ("5.5", "1 + 1 'kg'", []),
    ("5.5", "1 'kg' > 1", []),
    ("6.1.1", "1 'mmol/L' = 1000 'umol/L'", [True]),
    ("6.1.1", "1 'kg.m/s2' = 1 'N'", [True]),
    ("6.1.1", "1 '10*3/uL' = 1 '10*9/L'", [True]),
    ("6.1.1", "60 '/min' = 1 '/s'", [True]),
    ("6.1.1", "1 'mL/min/{1.73_m2}' = 1 'mL/min'", [True]),
    ("6.1.1", "1 'mmol/(8.h.kg)' = 1 'mmol/8/h/kg'", [True]),
    ("6.1.1", "1 '[iU]/L' = 1 'm[iU]/mL'", [True]),
    ("6.1.1", "1 '[iU]' = 1 'kat'", []),
    ("6.1.1", "1 'cm' = 1 's'", []),
    ("6.1.1", "37 'Cel' = 37 'Cel'", [True]),
    ("6.1.1", "37 'Cel' = 98.6 '[degF]'", []),
    ("6.1.1", "1 'm' = 1 'm/'", []),
    ("6.1.1", "1 year = 12 months", [True]),
    ("6.1.1", "1 year > 364 days", [True]),
    ("6.1.1", "1 month = 30 days", [True]),
    ("6.1.1", "1 year = 1 'a'", []),
    ("6.2", "1 year > 1 'mo'", []),
    ("6.2", "1 day < 1 'mo'", []),
    ("6.1.1", "1 week = 1 'wk'", [True]),
    ("6.1.1", "1 'a' = 365.25 'd'", [True]),
    ("6.1.2", "1 year ~ 1 'a'", [True]),
    ("6.1.2", "4 'g' ~ 4040 'mg'", [True]),
    ("6.1.2", "4.0 'g' ~ 4040 'mg'", [True]),
    ("6.1.2", "4.1 'g' ~ 4040 'mg'", [False]),
    ("6.6.3", "3 'm' + 3 'cm'", ["303 'cm'"]),
    ("6.6.4", "3 'm' - 3 'cm'", ["297 'cm'"]),
    ("6.6.3", "1 year + 1 month", ["13 month"]),
    ("6.6.3", "1 year + 1 'a'", []),
    ("6.6.3", "1 week + 1 year", []),
    ("6.6.1", "12 'cm' * 3 'cm'", ["36 'cm2'"]),
    ("6.6.1", "10 'm/s' * 10 's'", ["100 'm'"]),
    ("6.6.1", "2 * 3 'cm'", ["6 'cm'"]),
    ("6.6.1", "1 'kg' * 1 week", []),
    ("6.6.2", "12 'cm2' / 3 'cm'", ["4 'cm'"]),
    ("6.6.2", "60 / 1 's'", ["60 '/s'"]),
    ("6.6.2", "1 'kg' / 1 'g'", ["1000 '1'"]),
    ("6.6.2", "1 'kg' / 0 'g'", []),
    ("5.5", "(1 | 1 '1').count()", [1]),
    ("5.5", "1 year.comparable(1 'a')", [False]),
    ("5.5", "1.comparable(2)", [True]),
    ("5.5", "'a'.comparable(2)", []),
]

NUMBERS = [
    ("6.1.2", "1.10 ~ 1.12", [True]),
    ("6.1.2", "2.5 ~ 3", [True]),
    ("6.1.2", "100 ~ 101", [False]),
    ("6.6", "2147483647 + 1", []),
    ("6.6", "-2147483647 - 2", []),
    ("6.6", "2147483647 * 2.0", ["4294967294.0"]),
    ("6.6", "1 div 0", []),
    ("6.6.5", "-5 div 3", [-1]),
    ("6.6.6", "-5 mod 3", [-2]),
    ("6.6.6", "5.5 mod 0.7", ["0.6"]),
    ("6.2", "1 < 'a'", ERROR),
    ("6.2", "true < false", ERROR),
    ("6.6.7", "1 & 'a'", ERROR),
    ("6.6.7", "{} & 'a'", ["a"]),
    ("5.5", "'2147483648'.toInteger()", []),
    ("5.5", "'+5'.toInteger()", [5]),
    ("5.5", "' 1'.toInteger()", []),
    ("5.5", "'\u0663'.toInteger()", []),
    ("5.5", "1.0.toInteger()", []),
]

TIMES = [
    ("6.7.2", "@2012-04-15 - 25 hours", ["2012-04-14"]),
    ("6.7.2", "@2012-04-15T10 - 90 minutes", ["2012-04-15T09"]),
    ("6.7.1", "@2012-04-15T10:30 + 61 seconds", ["2012-04-15T10:31"]),
    ("6.7.1", "@2014 + 24 months", ["2016"]),
    ("6.7.1", "@2014 + 23 months", ["2015"]),
    ("6.7.2", "@2014 - 23 months", ["2013"]),
    ("6.7.1", "@2012-04-15T10:00:00.5 + 1500 milliseconds", ["2012-04-15T10:00:02.000"]),
    ("6.7.1", "@2012-04-15 + 1.9 days", ["2012-04-16"]),
    ("6.7.1", "@T10 + 1 week", ERROR),
    ("6.7.1", "@T10 + 1 day", ERROR),
    ("6.7.1", "@T23:30 + 45 minutes", ["00:15"]),
    ("6.7.2", "@T10 - 90 minutes", ["09"]),
    ("6.7.1", "@2012-04-15 + 1 'cm'", ERROR),
    ("6.1.1", "@2012 = @2012T", [True]),
    ("6.1.1", "@2012-04-15T10:00:00 = @2012-04-15T10:00:00.0", [True]),
    ("6.1.1", "@2012-04-15T10:00 = @2012-04-15T10:00:00", []),
    ("6.2", "@2012-04-15T10:00:00 < @2012-04-15T15:00:00Z", []),
    ("6.2", "@2012-04-15T10:00:00 < @2012-04-16T15:00:00Z", [True]),
    ("6.2", "@2012-04-17T10:00:00Z > @2012-04-16T15:00:00", [True]),
    ("6.1.1", "@2012-04-15T10:00:00 = @2013-04-15T10:00:00Z", [False]),
    ("6.1.2", "@2012-04 ~ @2012-04-15", [False]),
    ("5.5", "'2012-04-15T10:00:00Z'.convertsToDate()", [False]),
    ("5.5", "@2012-04-15T10:00:00Z.toDate()", ["2012-04-15"]),
    ("5.5", "'2012-13-01'.toDate()", []),
]


PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "meta": {"lastUpdated": "2020-01-02T03:04:05+00:00"},
    "active": True,
    "gender": "female",
    "_gender": {"extension": [{"url": "https://g", "valueBoolean": True}]},
    "birthDate": "1974-12-25",
    "name": [
        {"use": "official", "family": "B", "given": ["Ann", "Eva"]},
        {"use": "usual", "family": "A", "given": ["Ann"]},
        {"use": "official", "family": "B", "given": ["Ann", "Eva"]},
    ],
    "text": {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
    "address": [{"_city": {"extension": [{"url": "https://none", "valueCode": "unknown"}]}}],
    "maritalStatus": {"coding": [{"system": "http://s", "code": "M"}]},
    "deceasedBoolean": False,
    "extension": [
        {
            "url": "https://age",
            "valueAge": {
                "value": 3,
                "unit": "years",
                "system": "http://unitsofmeasure.org",
                "code": "a",
            },
        },
        {"url": "https://text", "valueMarkdown": "m"},
    ],
}

TEXTS = [
    ("5.6.9", "'abc'.matches('B')", [False]),
    ("5.6.9", "'abc'.matches('b')", [True]),
    ("5.6.9", "'abc'.matches('B', 'i')", [True]),
    ("5.6.9", "'a\\nb'.matches('^b$')", [False]),
    ("5.6.9", "'a\\nb'.matches('^b$', 'm')", [True]),
    ("5.6.9", "'a\\nb'.matches('a.b')", [True]),
    ("5.6.9", "'abc'.matches('b', 'x')", ERROR),
    ("5.6.9", "'\u00c9'.matches('^\\\\p{Lu}$')", [True]),
    ("5.6.9", "'e'.matches('^\\\\P{Lu}$')", [True]),
    ("5.6.9", "'e1'.matches('^[\\\\p{L}0-9]+$')", [True]),
    ("5.6.9", "'e'.matches('[^\\\\p{L}]')", [False]),
    ("5.6.9", "'e'.matches('\\\\p{Xx}')", ERROR),
    ("5.6.9", "'e'.matches('[')", ERROR),
    ("5.6.9", "'a('.matches('[(?<]')", [True]),
    ("5.6.10", "'1/2'.replaceMatches('(?<d>\\\\d)/(?<m>\\\\d)', '${m}-${d}')", ["2-1"]),
    ("5.6.10", "'abc'.replaceMatches('', 'x')", ["abc"]),
    ("5.6.10", "'abc'.replaceMatches('B', 'x', 'i')", ["axc"]),
    ("5.6.8", "'abc'.replace('', 'x')", ["xaxbxcx"]),
    ("5.6.8", "'abc'.replace('b', {})", []),
    ("5.6.8", "'a.b'.replace('.', '$&')", ["a$&b"]),
    ("5.6.1", "'abc'.indexOf('')", [0]),
    ("5.6.2", "'abc'.substring(3)", []),
    ("5.6.2", "'abc'.substring(-1)", []),
    ("5.6.2", "'abc'.substring(1, {})", ["bc"]),
    ("5.6.2", "'abc'.substring(1, 0)", [""]),
    ("5.6", "1.length()", ERROR),
    ("5.6", "birthDate.substring(0, 4)", ["1974"]),
    ("6.6.7", "birthDate & '!'", ["1974-12-25!"]),
    ("6.6.7", "@1974-12-25 & '!'", ERROR),
    ("highBoundary", "9999999999999999999999999999.0.highBoundary(5)", []),
    ("5.6", "@1974-12-25.substring(0, 4)", ERROR),
    ("2.1", "'\\ud83d\\ude00'.length()", [1]),
    ("2.1", "'\\ud83d'", ERROR),
    ("2.1", "'\\p'", ["p"]),
    ("join", "(1 | 2).join(',')", ERROR),
    ("join", "name.given.join(',')", ["Ann,Eva,Ann,Ann,Eva"]),
    ("decode", "'ff'.decode('hex')", []),
    ("decode", "'zz'.decode('hex')", ERROR),
    ("decode", "'c3ViamVjdHM_X2Q'.decode('urlbase64')", ["subjects?_d"]),
    ("round", "1.55 'kg'.round(1)", ["1.6 'kg'"]),
    ("round", "1.round(-1)", ERROR),
    ("ceiling", "1.1 'kg'.ceiling()", ["2 'kg'"]),
    ("power", "10.power(400)", []),
    ("power", "(-1).power(0.5)", []),
]

PATHS = [
    ("8.5", "div", ERROR),
    ("8.5", "day", ERROR),
    ("8.5", "`div`", []),
    ("8.5", "text.`div`.exists()", [True]),
    ("9", "defineVariable('a', 5).select(%a-1)", [4]),
    ("defineVariable", "defineVariable('a', 1) | %a", ERROR),
    ("defineVariable", "active.combine(defineVariable('a', 1)).where(%a = 1)", ERROR),
    ("6.3.2", "name as HumanName", ERROR),
    ("6.3.2", "name.as(HumanName)", ERROR),
    ("6.3.2", "name.ofType(HumanName).count()", [3]),
    ("6.3.2", "(name[0] as HumanName).family", ["B"]),
    ("6.3.1", "gender is code and gender is string", [True]),
    ("6.3.1", "gender is System.String", [False]),
    ("6.3.1", "extension[0].value is Quantity", [True]),
    ("6.3.1", "extension[1].value is string", [True]),
    ("6.3.1", "Patient is DomainResource and Patient is Resource", [True]),
    ("6.3.1", "1 is System.Any", [True]),
    ("6.3.1", "name is HumanName", ERROR),
    ("6.3.1", "{} is Integer", []),
    ("6.3.1", "active is FHIR.`boolean`", [True]),
    ("6.3.1", "active is FHIR.(boolean)", ERROR),
    ("resource.html", "id is id and id is string", [True]),
    ("resource.html", "children().where($this is id).count()", [1]),
    ("5.5", "meta.lastUpdated.toString()", ["2020-01-02T03:04:05+00:00"]),
    ("5.2.3", "name.repeat(given)", ["Ann", "Eva"]),
    ("5.2.3", "repeat(name).count()", [2]),
    ("sort", "name.sort(family, use desc).use", ["usual", "official", "official"]),
    ("sort", "name.sort(family desc).first().family", ["B"]),
    ("6.4.2", "{} in name.given", []),
    ("6.4.2", "'x' in {}", [False]),
    ("6.4.3", "{} contains 'x'", [False]),
    ("6.4.3", "name.given contains {}", []),
    ("6.4.2", "name.given in name.given", ERROR),
    ("4.5", "name.where(given)", ERROR),
    ("4.5", "iif(name.first(), 1, 2)", [1]),
    ("6.5.1", "{} and false", [False]),
    ("6.8", "true or false and false", [True]),
    ("6.8", "1 | 2 = 2", [False]),
    ("6.8", "-1.abs()", [-1]),
    ("fhirpath.html#types", "deceasedBoolean", []),
    ("fhirpath.html#types", "address.city.exists() and address.city.hasValue().not()", [True]),
    ("fhirpath.html#types", "gender.extension('https://g').value", [True]),
    ("fhirpath.html#quantity", "extension[0].value = 3 years", [True]),
    ("fhirpath.html#quantity", "extension[0].value = 3 'a'", [True]),
    ("fhirpath.html#quantity", "birthDate + extension[0].value", ["1977-12-25"]),
    ("fhirpath.html#functions", "gender.memberOf(%`vs-administrative-gender`)", [True]),
    ("fhirpath.html#functions", "gender.memberOf('http://x')", ERROR),
    ("fhirpath.html#functions", "maritalStatus.subsumes(maritalStatus.coding)", [True]),
    ("fhirpath.html#functions", "{}.htmlChecks()", []),
    ("fhirpath.html#functions", "name.slice('http://p', 's')", ERROR),
]


def shown(expression, resource):
    """The result as the tables write it: numbers of Decimal, quantities and times as text."""
    return [
        str(value) if isinstance(value, Quantity | Temporal) else _plain(value)
        for value in compile_expression(expression).values(resource)
    ]


def _plain(value):
    return value if isinstance(value, bool | int | str | dict) else str(value)


@pytest.mark.parametrize(
    ("clause", "expression", "expected"), [*QUANTITIES, *NUMBERS, *TIMES, *TEXTS, *PATHS]
)
def test_values_follow_their_clause(clause, expression, expected):
    """What a clause says of an expression is what comes out, an error included."""
    if expected is ERROR:
        with pytest.raises(OperationOutcomeError):
            shown(expression, PATIENT)
    else:
        assert shown(expression, PATIENT) == expected, clause


def test_a_reference_in_a_bundle_leads_to_its_entry():
    """``resolve()`` finds the resource of the entry with the full address, absolute or relative."""
    observation = {"resourceType": "Observation", "subject": {"reference": "Patient/p"}}
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "http://h/Patient/p", "resource": PATIENT},
            {"fullUrl": "http://h/Observation/o", "resource": observation},
        ],
    }
    expression = "entry.resource.ofType(Observation).subject.resolve().gender"
    assert shown(expression, bundle) == ["female"]
    observation["subject"]["reference"] = "http://h/Patient/p"
    assert shown(expression, bundle) == ["female"]
    observation["subject"]["reference"] = "Patient/other"
    assert shown(expression, bundle) == []
