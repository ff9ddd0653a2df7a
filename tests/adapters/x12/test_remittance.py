"""An 835 is read to the cent, and what does not add up is said."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.x12.remittance import read_remittances
from profiles.outcome import OperationOutcomeError
from profiles.remittance_balance import imbalances
from profiles.remittance_records import Adjustment
from tests.make_x12 import judged
from tests.make_x12_835 import paid, remittance, reversal


def test_our_test_files_are_what_payers_write():
    """pyx12 finds no error in the remittances that these tests are made of."""
    plb = "PLB*1234567893*20261231*WO:PAYER-0*25~"
    for text in [
        remittance(paid()),
        remittance(reversal(), paid(), amount="0"),
        remittance(paid(), adjustments=plb, amount="125"),
        remittance(paid(status="4", amount="0", own="CAS*CO*29*200~", lines=()), amount="0"),
    ]:
        assert judged(text) == []


def test_payment_claims_lines_and_adjustments_are_read():
    """Every figure and code stands in the records as the payer wrote it."""
    (found,) = read_remittances(remittance(paid()))
    assert (found.trace, found.originator, found.amount) == ("EFT1001", "1999999999", 150)
    assert (found.date, found.payer, found.payee_id) == (
        "2026-05-20",
        "EXAMPLE HEALTH PLAN",
        "1234567893",
    )
    (claim,) = found.claims
    assert (claim.control, claim.status, claim.payer_control) == ("CL-2026-0001", "1", "PAYER-1")
    assert (claim.charge, claim.paid, claim.patient_share) == (200, 150, 10)
    first, second = claim.lines
    assert (first.code, first.modifiers, first.control) == ("99214", ("25",), "1")
    assert (first.charge, first.paid, first.allowed) == (
        Decimal("151.5"),
        Decimal("101.5"),
        Decimal("111.5"),
    )
    assert first.adjustments == (
        Adjustment("CO", "45", Decimal(40)),
        Adjustment("PR", "3", Decimal(10)),
    )
    assert (second.units, second.begins) == (2, "2026-05-04")
    assert list(imbalances(found)) == []


def test_a_cas_holds_up_to_six_reasons():
    """Triples of reason, amount and quantity, with empty quantities between."""
    cas = "CAS*CO*45*1.10*2*97*2.20**A1*3.30**B7*4*1*109*5**16*6~"
    text = remittance(paid(amount="178.40", own=cas, lines=()), amount="178.40")
    (claim,) = read_remittances(text)[0].claims
    assert [(one.reason, one.amount) for one in claim.adjustments] == [
        ("45", Decimal("1.10")),
        ("97", Decimal("2.20")),
        ("A1", Decimal("3.30")),
        ("B7", 4),
        ("109", 5),
        ("16", 6),
    ]
    assert claim.adjustments[0].quantity == 2


def test_provider_adjustments_and_a_debit_are_read():
    """A PLB has pairs of reason and amount; a debit is a negative payment."""
    plb = "PLB*1234567893*20261231*WO:PAYER-0*200*FB:NEXT*-10.5~"
    text = remittance(paid(), adjustments=plb, amount="39.5", flag="D")
    (found,) = read_remittances(text)
    assert [(one.reason, one.reference, one.amount) for one in found.adjustments] == [
        ("WO", "PAYER-0", 200),
        ("FB", "NEXT", Decimal("-10.5")),
    ]
    assert found.amount == Decimal("-39.5")
    assert list(imbalances(found)) == []


def test_remark_codes_of_claim_and_line_are_read():
    """RARC stand in MOA, MIA and LQ."""
    line = "SVC*HC:99214*200*150~CAS*CO*45*50~LQ*HE*N130~LQ*HE*M76~"
    own = "CAS*OA*23*0~"
    after = "NM1*QC*1*MULLER~MOA***MA01*MA18~"
    text = remittance(paid(own=own, lines=(line,))).replace(
        "NM1*QC*1*MULLER*ANA****MI*W1234567~", after
    )
    (claim,) = read_remittances(_counted(text))[0].claims
    assert claim.remarks == ("MA01", "MA18")
    assert claim.lines[0].remarks == ("N130", "M76")


def _counted(text):
    """The file with the true count in SE."""
    segments = text.split("~")
    start = next(at for at, one in enumerate(segments) if one.startswith("ST*"))
    end = next(at for at, one in enumerate(segments) if one.startswith("SE*"))
    segments[end] = f"SE*{end - start + 1}*0001"
    return "~".join(segments)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (remittance(paid(), amount="149.99"), [0]),
        (remittance(paid(amount="149"), amount="149"), [1]),
        (remittance(paid(charge="201"), amount="150"), [1, 1]),
        (remittance(paid(), paid(control="B").replace("*101.5**", "*101.4**"), amount="300"), [2]),
    ],
)
def test_what_does_not_add_up_is_said(text, numbers):
    """Each broken sum is named once, at its claim or at the payment."""
    (found,) = read_remittances(text)
    assert [number for number, _ in imbalances(found)] == numbers


@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.lists(st.integers(-(10**5), 10**6), max_size=7)),
        min_size=1,
        max_size=6,
    )
)
def test_a_remittance_that_adds_up_has_no_finding(claims):
    """However charges are adjusted, exact decimals balance to the cent."""
    made, whole = [], Decimal(0)
    for at, (cents, reductions) in enumerate(claims):
        charge = Decimal(cents) / 100
        amounts = [Decimal(one) / 100 for one in reductions]
        own = "".join(f"CAS*CO*45*{one:f}~" for one in amounts)
        amount = charge - sum(amounts, Decimal(0))
        whole += amount
        made.append(paid(f"C{at}", charge=f"{charge:f}", amount=f"{amount:f}", own=own, lines=()))
    flag = "D" if whole < 0 else "C"
    (found,) = read_remittances(remittance(*made, amount=f"{abs(whole):f}", flag=flag))
    assert list(imbalances(found)) == []
    assert sum(claim.paid for claim in found.claims) == whole


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda t: t.replace("*151.5*", "*15I.5*"), r"segment 15: SVC02 is no amount"),
        (lambda t: t.replace("*151.5*", "*1E9*"), r"SVC02 is no amount"),
        (lambda t: t.replace("*151.5*", "*NaN*"), r"SVC02 is no amount"),
        (lambda t: t.replace("*151.5*", "**"), r"SVC02 is empty"),
        (lambda t: t.replace("DTM*472*20260504", "DTM*472*20260231", 1), r"DTM02 is no date"),
        (lambda t: _counted(t.replace("TRN*1*EFT1001*1999999999~", "")), "no TRN segment"),
        (lambda t: t.replace("CLP*CL-2026-0001", "CLP*"), "CLP01 is empty"),
    ],
)
def test_a_figure_that_cannot_be_read_is_refused(damage, said):
    """A wrong amount or date is refused by the number of its segment: no payment is guessed."""
    with pytest.raises(OperationOutcomeError, match=said):
        read_remittances(damage(remittance(paid())))


@pytest.mark.parametrize(
    "text",
    [
        remittance(paid()).replace("005010X221A1", "004010X091A1"),
        remittance(paid()).replace("ST*835", "ST*837"),
    ],
)
def test_another_transaction_is_not_supported(text):
    """Other guides and other transactions are not read as if they were this one."""
    with pytest.raises(OperationOutcomeError) as caught:
        read_remittances(text)
    assert caught.value.kind_name == "not-supported"
