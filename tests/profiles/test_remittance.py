"""Whatever a payer writes, what is made of it is valid R4, or the file is refused."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.x12.remittance import read_remittances
from profiles.admission import issues
from profiles.builders.remittance import claim_response, payment_reconciliation
from profiles.outcome import OperationOutcomeError
from profiles.remittance_balance import imbalances
from tests.make_x12 import make_claim
from tests.make_x12_835 import paid, remittance, reversal

PLB = "PLB*1234567893*20261231*WO:PAYER-0*25~"
LINE = "SVC*N4:00002821501*0*0~DTM*472*20260504~LQ*HE*N130~"
TEXT = remittance(
    reversal(),
    paid(own="CAS*CO*45*0~", lines=(LINE,), charge="0", amount="0"),
    adjustments=PLB,
    amount="0",
)
COUNT = re.search(r"SE\*(\d+)", TEXT)[1]
TEXT = TEXT.replace("DTM*405", "CUR*PR*USD~DTM*405").replace(f"SE*{COUNT}", f"SE*{int(COUNT) + 1}")
STRANGE = st.sampled_from(
    ["", " ", "0", "-1", "x  y", "é", "1e5", "99999999", "20260230", "A:B", "."]
)


def _mutated(text, at, element, value):
    """The file with one element of one segment replaced, its counts left alone."""
    segments = text.split("~")
    number = 3 + at % (len(segments) - 7)  # what stands between ST and SE
    elements = segments[number].split("*")
    if len(elements) > 1:
        elements[1 + element % (len(elements) - 1)] = value
    segments[number] = "*".join(elements)
    return "~".join(segments)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 20), STRANGE), max_size=3))
def test_a_strange_remittance_makes_valid_resources_or_none(changes):
    """No element that a payer may garble makes anything but valid resources or an error."""
    text = TEXT
    for change in changes:
        text = _mutated(text, *change)
    for remitted in _read(text):
        responses = {
            one.number: claim_response(remitted, one, {**make_claim(), "id": "c"})
            for one in remitted.claims
        }
        findings = [said for _, said in imbalances(remitted)]
        payment = payment_reconciliation(remitted, responses, None, findings)
        for resource in (payment, *responses.values()):
            assert [one for one in issues(resource) if one[0] == "error"] == []


def _read(text):
    try:
        return read_remittances(text)
    except OperationOutcomeError:
        return []


def test_the_file_of_these_tests_is_read_unchanged():
    """Without changes there is something to be made valid."""
    (remitted,) = _read(TEXT)
    assert len(remitted.claims) == 2
