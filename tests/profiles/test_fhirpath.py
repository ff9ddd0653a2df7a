"""FHIRPath: what expressions give, by FHIRPath N1 and the additions of R4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.fhirpath.engine import compile_expression
from profiles.outcome import OperationOutcomeError

PATIENT = {
    "resourceType": "Patient",
    "id": "x",
    "active": True,
    "birthDate": "1974-12-25",
    "_birthDate": {
        "extension": [{"url": "https://e", "valueDateTime": "1974-12-25T14:35:45-05:00"}]
    },
    "name": [
        {"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
        {"use": "usual", "given": ["Jim"]},
    ],
    "deceasedBoolean": False,
    "multipleBirthInteger": 2,
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Ward"}],
    "managingOrganization": {"reference": "#o"},
}

VALUES = [
    ("Patient.name.given", ["Peter", "James", "Jim"]),
    ("name.where(use = 'official').given.first()", ["Peter"]),
    ("name[0].given[1]", ["James"]),
    ("name.given.skip(1).take(1)", ["James"]),
    ("name.given contains 'Jim'", [True]),
    ("'Jim' in name.given", [True]),
    ("name.exists(given = 'Jim')", [True]),
    ("name.all(given.exists())", [True]),
    ("name.select(given.first() & ' ' & family)", ["Peter Chalmers", "Jim "]),
    ("name.given.join(',')", ["Peter,James,Jim"]),
    ("(1 | 2 | 2).count()", [2]),
    ("(1 | 2 | 3).aggregate($this + $total, 0)", [6]),
    ("deceased is boolean", [True]),
    ("deceased.ofType(boolean).not()", [True]),
    ("multipleBirth.as(integer) + 1", [3]),
    ("birthDate.extension('https://e').exists()", [True]),
    ("managingOrganization.resolve().name", ["Ward"]),
    ("Patient.type().name", ["Patient"]),
    ("1 + 2 * 3", [7]),
    ("7 div 2", [3]),
    ("7 mod 2", [1]),
    ("1 / 0", []),
    ("{} = 1", []),
    ("true and {}", []),
    ("false and {}", [False]),
    ("true or {}", [True]),
    ("false implies {}", [True]),
    ("{} implies true", [True]),
    ("1 = 1.0", [True]),
    ("1.1 ~ 1.10", [True]),
    ("'ABC' ~ 'abc'", [True]),
    ("@2012-04 = @2012-04-01", []),
    ("@2012-04-15 > @2012-03", [True]),
    ("@2012-04-15T10:00:00Z = @2012-04-15T12:00:00+02:00", [True]),
    ("@2012-01-31 + 1 month = @2012-02-29", [True]),
    ("@T14:30 + 45 minutes = @T15:15", [True]),
    ("birthDate < today()", [True]),
    ("4 'g' = 4000 'mg'", [True]),
    ("10 days > 1 'wk'", [True]),
    ("1 year = 1 'a'", []),
    ("'2020-01-01'.toDate() = @2020-01-01", [True]),
    ("'x'.toInteger()", []),
    ("'1.5'.convertsToDecimal()", [True]),
    ("'abcdef'.substring(1, 2)", ["bc"]),
    ("'a-b'.split('-')", ["a", "b"]),
    ("'ab'.matches('^a')", [True]),
    ("'12/1'.replaceMatches('(\\\\d+)/(\\\\d+)', '$2-$1')", ["1-12"]),
    ("iif(active, 'yes', 'no')", ["yes"]),
    ("name.select(iif(use = 'usual', $index, {}))", [1]),
    (
        "name.select(defineVariable('n', given.first()).select(%n & use))",
        ["Peterofficial", "Jimusual"],
    ),
    ("{}.iif(true, 'yes')", ["yes"]),
    ("1 'cm'.comparable(1 '[in_i]')", [True]),
    ("1 'cm'.comparable(1 's')", [False]),
    ("1.587.lowBoundary(2) = 1.58 and 1.587.highBoundary(2) = 1.59", [True]),
    ("(-1.587).lowBoundary(0)", [-2]),
    ("12.500.highBoundary(4) = 12.5005", [True]),
    ("@2014.highBoundary(6) = @2014-12", [True]),
    ("@T10:30.highBoundary(9) = @T10:30:59.999", [True]),
    ("1.58700.precision()", [5]),
    ("@T10:30:00.000.precision()", [9]),
    ("@1973-12-25 + 1 'wk' = @1974-01-01", [True]),
    ("(1 | 2 | 3).sort(-$this).first()", [3]),
    ("'a,b'.escape('html') & '\"'.escape('html')", ["a,b&quot;"]),
    ("(-1.5).abs().round(0) = 2", [True]),
    ("2.power(3)", [8]),
    ("name.repeat(given).count()", [3]),
    ("Patient.descendants().ofType(HumanName).count()", [2]),
    ("%resource.id", ["x"]),
    ("'a'.encode('base64')", ["YQ=="]),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_expressions_give_what_the_specification_says(expression, expected):
    """Paths, operators, three-valued logic, dates, quantities, functions."""
    assert compile_expression(expression).values(PATIENT) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "1 +",
        "name.",
        "nothing()",
        "'a' + 1",
        "(1 | 2) + 1",
        "@2020-13-01",
        "name.is(Nothing)",
        "%x",
        "(1 | 2).iif(true, 1)",
        "(true | 'x').allTrue()",
        "@1973-12-25 + 1 'mo'",
        "@1973-12-25 + 1 'a'",
        "-1.convertsToInteger()",
        "defineVariable('a').defineVariable('a')",
    ],
)
def test_mistakes_are_said(expression):
    """A clear error, at compilation or at evaluation."""
    with pytest.raises(OperationOutcomeError):
        compile_expression(expression).evaluate(PATIENT)


def test_an_endless_expression_is_refused():
    """Neither deep nesting nor a repetition without end holds the process."""
    with pytest.raises(OperationOutcomeError):
        compile_expression("(" * 5000 + "1" + ")" * 5000)
    with pytest.raises(OperationOutcomeError):
        compile_expression("1.repeat($this + 1)").evaluate(PATIENT)


@given(st.text(alphabet="abP.()[]{}'`|&=!~<>+-*/@T$%0123 :,\\", max_size=40))
def test_no_text_breaks_the_parser(text):
    """Whatever is written, it compiles or is refused."""
    try:
        compile_expression(text).evaluate(PATIENT)
    except OperationOutcomeError:
        return
