"""Claims as interchanges and as faults, for the tests of both kinds of claims."""

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.x12.claim_837 import Sending, claim_set
from adapters.x12.envelope import Addressing, interchange
from adapters.x12.segments import Delimiters
from profiles.outcome import OperationOutcomeError
from tests.make_x12 import judged, resources

MOMENT = datetime(2026, 5, 6, 8, 9, tzinfo=UTC)
SENDING = Sending("1", MOMENT)


def written(claim: Any, around: Any = None, sending: Sending = SENDING) -> str:
    """The interchange of a Claim."""
    known = resources() if around is None else around
    delimiters = Delimiters()
    made = claim_set(claim, lambda given: known.get(given["reference"]), sending, delimiters)
    addressing = Addressing(("30", made.submitter), ("ZZ", made.receiver), 1, MOMENT)
    return interchange([("837", made.version, made.segments)], addressing, delimiters)


def segments(claim: Any, around: Any = None, sending: Sending = SENDING) -> list[str]:
    """Its segments, after pyx12 has found no error in them."""
    text = written(claim, around, sending)
    assert judged(text) == []
    return text.split("~")


def faults(claim: Any, around: Any = None) -> dict[str, str]:
    """What is said of a Claim that cannot be written, by FHIRPath."""
    with pytest.raises(OperationOutcomeError) as caught:
        written(claim, around)
    return {expression: text for _, text, expression in caught.value.issues}
