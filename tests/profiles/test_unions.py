"""Search parameters that need no index rows of their own."""

from profiles.definitions.r4 import definitions
from profiles.search.extract import Extractor
from profiles.search.parameters import parameters_of


def test_only_the_combined_parameters_of_observation_are_unions():
    """Each is the values of the resource and those of its components; R4 has no other union."""
    found = {
        (kind, code): parameter.sources
        for kind in definitions().resources
        for code, parameter in parameters_of(kind).items()
        if parameter.sources
    }
    assert {kind for kind, _ in found} == {"Observation"}
    assert {code for _, code in found} == {
        code for code in parameters_of("Observation") if code.startswith("combo-")
    }
    assert found["Observation", "combo-code"] == ("code", "component-code")


def test_a_union_adds_no_rows():
    """The value of an Observation is indexed once."""
    extractor = Extractor("Observation", parameters_of("Observation"))
    rows = extractor.rows({"resourceType": "Observation", "valueQuantity": {"value": 1}})
    assert [row[1] for row in rows] == ["value-quantity"]
