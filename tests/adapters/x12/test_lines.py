"""Lines of a claim say who rendered them and which drug was given; what has no room is refused."""

import pytest

from adapters.x12.drugs import eleven_digits
from tests.adapters.x12.make_set import faults, segments
from tests.make_x12 import CATEGORY, ROLE, make_claim, stay

NDC = "http://hl7.org/fhir/sid/ndc"


def _team():
    other = {
        "sequence": 2,
        "provider": {"reference": "Practitioner/d2"},
        "role": {"coding": [{"system": ROLE, "code": "rendering"}]},
    }
    return [*make_claim()["careTeam"], other]


def test_a_line_of_another_provider_names_them():
    """2420A stands on the line that another rendered, and on no other."""
    claim = make_claim(careTeam=_team())
    claim["item"][0]["careTeamSequence"] = [1]
    claim["item"][1]["careTeamSequence"] = [2]
    made = segments(claim)
    assert made.count("NM1*82*1*Okafor*Ben****XX*1679576722") == 1
    assert made.index("NM1*82*1*Okafor*Ben****XX*1679576722") > made.index("LX*2")


def _drug(ndc, **quantity):
    product = {"coding": [{"system": NDC, "code": ndc}]}
    return {"sequence": 1, "productOrService": product, "quantity": quantity}


@pytest.mark.parametrize("make", [make_claim, stay])
def test_a_drug_is_named_with_its_amount(make):
    """The NDC of a detail stands below its line, in eleven digits and in its own unit."""
    claim = make()
    claim["item"][0]["detail"] = [_drug("0002-8215-01", value=2.5, code="mL")]
    made = segments(claim)
    at = made.index("LIN**N4*00002821501")
    assert made[at + 1] == "CTP****2.5*ML"


def test_a_drug_without_a_known_code_or_a_second_one_is_refused():
    """Ten digits do not tell their parts, and one line has room for one drug."""
    claim = make_claim()
    claim["item"][0]["detail"] = [_drug("1234567890", value=1), _drug("00002821501", value=1)]
    assert set(faults(claim)) == {
        "Claim.item[0].detail[0].productOrService",
        "Claim.item[0].detail[1]",
    }


def test_the_parts_of_a_drug_code_are_filled():
    """4-4-2, 5-3-2 and 5-4-1 become 5-4-2."""
    given = ["1234-5678-90", "12345-678-90", "12345-6789-0", "12345678901", "123-4-5", "1234567890"]
    made = [eleven_digits(code) for code in given]
    assert made == ["01234567890", "12345067890", "12345678900", "12345678901", "", ""]


def test_what_has_no_room_is_refused_and_not_dropped():
    """A second note of the claim, of a line, and a second authorization are each named."""
    info = {"coding": [{"system": CATEGORY, "code": "info"}]}
    notes = [{"sequence": at, "category": info, "valueString": f"note {at}"} for at in range(1, 5)]
    claim = make_claim(supportingInfo=notes)
    claim["item"][0]["informationSequence"] = [1, 2]
    claim["insurance"][0]["preAuthRef"] = ["A", "B"]
    assert set(faults(claim)) == {
        "Claim.supportingInfo[1].value",
        "Claim.supportingInfo[3].value",
        "Claim.insurance[0].preAuthRef[0]",
    }
