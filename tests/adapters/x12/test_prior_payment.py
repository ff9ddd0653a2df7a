"""A claim to a later payer tells what the earlier one has paid, to the cent, or is not written."""

from decimal import Decimal

import pytest

from adapters.x12.remittance import read_remittances
from profiles.builders.remittance import claim_response
from tests.adapters.x12.make_set import faults, segments
from tests.make_x12 import make_claim, resources, stay
from tests.make_x12_835 import paid, remittance

ANSWER = {"reference": "ClaimResponse/first"}


def _insurance(**first):
    return [
        {
            "sequence": 1,
            "focal": False,
            "coverage": {"reference": "Coverage/c1"},
            "claimResponse": ANSWER,
            **first,
        },
        {"sequence": 2, "focal": True, "coverage": {"reference": "Coverage/c2"}},
    ]


def _around(claim, advice):
    """The record after the primary payer's remittance has come in."""
    (remitted,) = read_remittances(advice)
    response = claim_response(remitted, remitted.claims[0], claim)
    return {**resources(), "ClaimResponse/first": response}


def test_a_secondary_claim_names_what_was_paid_line_by_line():
    """2320 has the payment and the payer's number, 2430 every adjustment; lines add up to their charge."""
    claim = make_claim(insurance=_insurance())
    made = segments(claim, _around(claim, remittance(paid())))
    assert "SBR*S********ZZ" in made
    assert "SBR*P*18*G-100******12" in made
    for wanted in [
        "AMT*D*150",
        "REF*F8*PAYER-1",
        "SVD*66666*101.5*HC:99214:25**1",
        "CAS*CO*45*40",
        "CAS*PR*3*10",
        "SVD*66666*48.5*HC:G0108**2",
        "DTP*573*D8*20260520",
    ]:
        assert wanted in made, wanted
    assert made.count("DTP*573*D8*20260520") == 2


def test_an_answer_for_the_claim_as_a_whole_stands_at_the_payer():
    """Without lines the adjustments and the day stand in 2320 and 2330B; six reasons fill one CAS."""
    claim = make_claim(insurance=_insurance())
    cas = "CAS*CO*45*1*1*97*2**A1*3**B7*4**109*5**16*6~CAS*CO*29*-7~CAS*OA*23*10~"
    advice = remittance(paid(amount="176", own=cas, lines=()), amount="176")
    made = segments(claim, _around(claim, advice))
    assert "CAS*CO*45*1**97*2**A1*3**B7*4**109*5**16*6" in made
    assert "CAS*CO*29*-7" in made
    assert "CAS*OA*23*10" in made
    assert "AMT*D*176" in made
    assert made.count("DTP*573*D8*20260520") == 1
    assert not [one for one in made if one.startswith("SVD")]


def test_an_institutional_claim_has_the_revenue_code_of_the_line():
    """SVD names the revenue code; a room has no procedure."""
    claim = stay(insurance=_insurance())
    line = "SVC*NU:0120*3600*3000**3~CAS*CO*45*600~REF*6R*1~"
    advice = remittance(paid(charge="3600", amount="3000", lines=(line,)), amount="3000")
    made = segments(claim, _around(claim, advice))
    assert "SVD*66666*3000**0120*3" in made
    assert "CAS*CO*45*600" in made


@pytest.mark.parametrize("members", [{"claimResponse": None}, {"claimResponse": {"display": "x"}}])
def test_without_the_earlier_answer_the_claim_is_not_written(members):
    """The later payer is not asked before the earlier one has answered."""
    assert "Claim.insurance[0].claimResponse" in faults(make_claim(insurance=_insurance(**members)))


def test_an_answer_that_does_not_add_up_is_not_passed_on():
    """A line and a claim whose sums are wrong are named by their place."""
    claim = make_claim(insurance=_insurance())
    around = _around(claim, remittance(paid()))
    response = around["ClaimResponse/first"]
    response["item"][0]["adjudication"][2]["amount"]["value"] = 100
    found = faults(claim, around)
    assert "Claim.insurance[0].claimResponse.resolve().item[0]" in found
    response["item"][0]["adjudication"].pop()
    found = faults(claim, around)
    assert "Claim.insurance[0].claimResponse.resolve()" in found


def test_an_adjustment_without_a_group_is_named():
    """Who bears an adjustment must be known: a reason code alone does not tell it."""
    claim = make_claim(insurance=_insurance())
    around = _around(claim, remittance(paid()))
    around["ClaimResponse/first"]["item"][0]["adjudication"][3]["category"] = {"text": "other"}
    place = "Claim.insurance[0].claimResponse.resolve().item[0].adjudication[3].category"
    assert place in faults(claim, around)


def test_amounts_of_the_answer_are_exact():
    """What came as 101.10 goes on as 101.1, and nothing is rounded on the way."""
    claim = make_claim(insurance=_insurance())
    lines = (
        "SVC*HC:99214:25*151.5*101.10**1~CAS*CO*45*50.40~REF*6R*1~",
        "SVC*HC:G0108*48.5*0.01**2~CAS*CO*45*48.49~REF*6R*2~",
    )
    advice = remittance(paid(amount="101.11", lines=lines), amount="101.11")
    made = segments(claim, _around(claim, advice))
    amounts = [Decimal(one.split("*")[2]) for one in made if one.startswith("SVD")]
    assert amounts == [Decimal("101.1"), Decimal("0.01")]
    assert "AMT*D*101.11" in made
