"""An approved institutional Claim becomes an 837I that pyx12 finds no error in."""

import pytest

from tests.adapters.x12.make_set import faults, segments
from tests.make_claim import diagnosis
from tests.make_x12 import ROLE, stay


def _info(claim, category):
    return next(
        one for one in claim["supportingInfo"] if one["category"]["coding"][0]["code"] == category
    )


def test_a_stay_is_written_segment_by_segment():
    """Bill, dates, codes of the stay, diagnoses by kind with their presence, procedures and lines."""
    made = segments(stay())
    for wanted in [
        "CLM*CL-2026-0001*3600***11:A:1**A*Y*Y",
        "DTP*096*TM*1405",
        "DTP*434*RD8*20260501-20260504",
        "DTP*435*DT*202605010930",
        "CL1*1*1*01",
        "HI*ABK:J189:::::::Y",
        "HI*ABJ:R059",
        "HI*DR:193",
        "HI*ABF:I10:::::::Y*ABF:E119",
        "HI*BBR:0BJ08ZZ:D8:20260502",
        "NM1*71*1*O'Hara*Joan***III*XX*1245319599",
        "PRV*AT*PXC*207Q00000X",
        "SV2*0120**3600*UN*3",
        "REF*6R*1",
    ]:
        assert wanted in made, wanted
    assert made[1].endswith("005010X223A2")


def test_an_outpatient_bill_needs_no_admission():
    """Without a stay the dates of admission are left out, and a line has its day and its code."""
    claim = stay(procedure=None)
    claim["supportingInfo"] = [
        one
        for one in claim["supportingInfo"]
        if one["category"]["coding"][0]["code"] in ("typeofbill", "discharge-status")
    ]
    _info(claim, "typeofbill")["code"]["coding"][0]["code"] = "131"
    item = claim["item"][0]
    item["productOrService"] = {
        "coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "71046"}]
    }
    item["servicedDate"] = "2026-05-04"
    made = segments(claim)
    assert "CLM*CL-2026-0001*3600***13:A:1**A*Y*Y" in made
    assert "SV2*0120*HC:71046*3600*UN*3" in made
    assert "DTP*472*D8*20260504" in made
    assert not [one for one in made if one.startswith(("DTP*435", "DTP*096"))]


def test_other_providers_are_named():
    """An attending provider goes before a primary one; who operated and referred is said."""
    team = [
        {
            "sequence": at,
            "provider": {"reference": "Practitioner/d2"},
            "role": {"coding": [{"system": ROLE, "code": code}]},
        }
        for at, code in enumerate(("operating", "referring", "attending"), 2)
    ]
    made = segments(stay(careTeam=[*stay()["careTeam"], *team]))
    for entity in ("71", "72", "DN"):
        assert f"NM1*{entity}*1*Okafor*Ben****XX*1679576722" in made


def test_many_diagnoses_take_several_segments():
    """Twelve codes stand in one HI; the next begin another."""
    many = [diagnosis(n, "I10") for n in range(5, 26)]
    made = segments(stay(diagnosis=[*stay()["diagnosis"], *many]))
    others = [one for one in made if one.startswith("HI*ABF")]
    assert [one.count("ABF:") for one in others] == [12, 11]
    too_many = [diagnosis(n, "I10") for n in range(5, 30)]
    assert "Claim.diagnosis" in faults(stay(diagnosis=[*stay()["diagnosis"], *too_many]))


def test_a_bill_that_replaces_another_says_so():
    """The frequency of a replacement is 7 whatever the bill's own digit says, with the payer's number."""
    related = [{"relationship": {"coding": [{"code": "prior"}]}, "reference": {"value": "P-1"}}]
    made = segments(stay(related=related))
    assert "CLM*CL-2026-0001*3600***11:A:7**A*Y*Y" in made
    assert "REF*F8*P-1" in made


@pytest.mark.parametrize(
    ("category", "place"),
    [("typeofbill", "Claim.supportingInfo"), ("discharge-status", "Claim.supportingInfo")],
)
def test_what_a_bill_lacks_is_named(category, place):
    """Type of bill and discharge status have no default."""
    claim = stay()
    claim["supportingInfo"].remove(_info(claim, category))
    assert place in faults(claim)


def test_every_missing_element_of_a_bill_is_named():
    """Attending provider, revenue code, statement dates and principal diagnosis are said at once."""
    claim = stay(careTeam=None, billablePeriod=None)
    claim["diagnosis"] = [claim["diagnosis"][1]]
    del claim["item"][0]["revenue"]
    assert set(faults(claim)) == {
        "Claim.careTeam",
        "Claim.billablePeriod.start",
        "Claim.billablePeriod.end",
        "Claim.diagnosis",
        "Claim.item[0].revenue",
    }
