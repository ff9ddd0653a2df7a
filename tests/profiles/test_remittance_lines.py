"""Lines of a remittance find the items of a Claim, each item once, and nothing is dropped."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from profiles.builders.remittance_lines import added, matched
from profiles.remittance_records import PaidLine
from tests.make_claim import line


def _paid(code="99213", control="", modifiers=(), original="", qualifier="HC"):
    return PaidLine(
        control=control,
        qualifier=qualifier,
        code=code,
        modifiers=tuple(modifiers),
        original=original,
        revenue="",
        charge=Decimal(10),
        paid=Decimal(5),
        units=None,
        begins="2026-05-04",
        ends="2026-05-04",
        allowed=None,
        adjustments=(),
        remarks=(),
    )


CODES = st.sampled_from(["99213", "99214", "G0108"])
PAID = st.lists(st.builds(_paid, CODES, st.sampled_from(["", "1", "2", "7", "x"])), max_size=6)
ITEMS = st.lists(CODES, max_size=5).map(
    lambda codes: [line(at, code=code) for at, code in enumerate(codes, 1)]
)


@given(PAID, ITEMS)
def test_no_item_is_paid_twice(lines, items):
    """However a payer numbers its lines, each item answers at most one of them, and its own first."""
    found = matched(lines, items)
    taken = [one for one in found if one is not None]
    assert len(found) == len(lines)
    assert len(set(taken)) == len(taken)
    assert set(taken) <= {item["sequence"] for item in items}


def test_modifiers_tell_lines_of_one_code_apart():
    """Two lines of one code are told apart by their modifiers, never by a guess."""
    items = [line(1, code="99213", modifiers=("25",)), line(2, code="99213")]
    assert matched([_paid(), _paid(modifiers=("25",))], items) == [2, 1]
    twins = [line(1, code="99213"), line(2, code="99213")]
    assert matched([_paid()], twins) == [None]


def test_a_line_that_was_paid_under_another_code_is_found_by_the_submitted_one():
    """A payer that changes a code names the submitted one beside it."""
    assert matched([_paid("99212", original="99213")], [line(1, code="99213")]) == [1]


def test_a_facility_line_is_found_by_its_revenue_center():
    """A room has no procedure code: its revenue code is what both sides name."""
    room = line(1, productOrService={"text": "room"}, revenue={"coding": [{"code": "0120"}]})
    assert matched([_paid("0120", qualifier="NU")], [room]) == [1]


def test_codes_of_added_lines_have_their_systems():
    """CPT numbers begin with a digit, HCPCS codes with a letter; revenue and drug codes have their own."""
    systems = [
        added(_paid(code, qualifier=qualifier), "USD")["productOrService"]["coding"][0].get(
            "system"
        )
        for code, qualifier in (("99213", "HC"), ("G0108", "HC"), ("0120", "NU"), ("1", "ZZ"))
    ]
    assert systems == [
        "http://www.ama-assn.org/go/cpt",
        "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "https://www.nubc.org/CodeSystem/RevenueCodes",
        None,
    ]
