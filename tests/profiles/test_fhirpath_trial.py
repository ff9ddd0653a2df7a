"""FHIRPath for trial use: components of moments, the first that is there, repetition without end."""

import pytest

from profiles.fhirpath.engine import compile_expression
from profiles.outcome import OperationOutcomeError
from tests.profiles.test_fhirpath_clauses import shown

PATIENT = {
    "resourceType": "Patient",
    "birthDate": "1974-12-25",
    "name": [{"given": ["A", "A"], "family": "B"}],
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("birthDate.yearOf()", [1974]),
        ("birthDate.hourOf()", []),
        ("@2014.monthOf()", []),
        ("@2014-01-05T10:30:15.25+02:30.dayOf()", [5]),
        ("@2014-01-05T10:30:15.25+02:30.secondOf()", [15]),
        ("@2014-01-05T10:30:15.25+02:30.millisecondOf()", [250]),
        ("@2014-01-05T10:30:15Z.millisecondOf()", []),
        ("@2014-01-05T10:30:15+02:30.timezoneOffsetOf() = 2.5", [True]),
        ("@2014-01-05T10:30.timezoneOffsetOf()", []),
        ("@2014-01-05T10:30:15-05:00.dateOf() = @2014-01-05", [True]),
        ("@2014-01-05T10:30:15-05:00.timeOf() = @T10:30:15", [True]),
        ("@2014-01-05.timeOf()", []),
        ("@T10:30.minuteOf()", [30]),
        ("@T10:30.yearOf()", []),
        ("@T10:30.dateOf()", []),
        ("'a'.yearOf()", []),
        ("coalesce({}, name.given, 1/0)", ["A", "A"]),
        ("coalesce({}, {})", []),
        ("coalesce(1, ('a' | 'b').single())", [1]),
        ("name.repeatAll(given)", ["A", "A"]),
        ("name.repeat(given)", ["A"]),
        ("name.repeatAll({})", []),
    ],
)
def test_what_is_for_trial_use(expression, expected):
    """Nothing for what a value does not say; what is not needed is not evaluated."""
    assert shown(expression, PATIENT) == expected


def test_repetition_without_end_is_stopped():
    """Nothing makes repeatAll() stop but the meter."""
    with pytest.raises(OperationOutcomeError) as refusal:
        compile_expression("name.repeatAll($this)").evaluate(PATIENT)
    assert refusal.value.kind_name == "too-costly"
