"""Parameters with one value at most, of which an order need not compare several."""

import pytest

from profiles.search.extract import Extractor
from profiles.search.parameters import parameters_of
from profiles.search.single import is_single


@pytest.mark.parametrize(
    ("kind", "code", "single"),
    [
        ("Observation", "status", True),
        ("Observation", "date", True),
        ("Observation", "subject", True),
        ("Observation", "code", False),
        ("Observation", "category", False),
        ("Observation", "performer", False),
        ("Observation", "combo-code", False),
        ("Observation", "value-string", False),
        ("Patient", "gender", True),
        ("Patient", "family", False),
        ("Patient", "name", False),
        ("Patient", "identifier", False),
        ("Encounter", "class", True),
        ("Encounter", "location", False),
        ("PlanDefinition", "date", True),
        ("QuestionnaireResponse", "questionnaire", True),
    ],
)
def test_one_element_that_is_no_list_has_one_value(kind, code, single):
    """An element on the way that repeats, two elements, or a type that holds several values: not one."""
    assert is_single(kind, parameters_of(kind)[code]) == single


def test_what_is_single_has_one_row():
    """A period as one range, a coded element by its code alone."""
    known = parameters_of("Encounter")
    encounter = {
        "resourceType": "Encounter",
        "id": "a",
        "status": "finished",
        "class": {"system": "https://s.example", "code": "AMB"},
        "period": {"start": "2020-01-01", "end": "2021-01-01"},
        "subject": {"reference": "Patient/a", "identifier": {"value": "b"}},
        "serviceProvider": {"reference": "Organization/a"},
    }
    tables = ("tok", "dat", "str", "num", "qty", "ref")
    rows = [row for row in Extractor("Encounter", known).rows(encounter) if row[0] in tables]
    for code, parameter in known.items():
        if is_single("Encounter", parameter):
            assert len([row for row in rows if row[1] == code]) <= 1
