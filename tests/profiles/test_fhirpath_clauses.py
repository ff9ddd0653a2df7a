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
    ("6.1.2", "@2012-04 ~ @2012-04-15", [False]),
    ("5.5", "'2012-04-15T10:00:00Z'.convertsToDate()", [False]),
    ("5.5", "@2012-04-15T10:00:00Z.toDate()", ["2012-04-15"]),
    ("5.5", "'2012-13-01'.toDate()", []),
]


def shown(expression, resource):
    """The result as the tables write it: numbers of Decimal, quantities and times as text."""
    return [
        str(value) if isinstance(value, Quantity | Temporal) else _plain(value)
        for value in compile_expression(expression).values(resource)
    ]


def _plain(value):
    return value if isinstance(value, bool | int | str | dict) else str(value)


@pytest.mark.parametrize(("clause", "expression", "expected"), [*QUANTITIES, *NUMBERS, *TIMES])
def test_values_follow_their_clause(clause, expression, expected):
    """What a clause says of numbers, quantities and times is what comes out, an error included."""
    if expected is ERROR:
        with pytest.raises(OperationOutcomeError):
            shown(expression, {"resourceType": "Patient"})
    else:
        assert shown(expression, {"resourceType": "Patient"}) == expected, clause
